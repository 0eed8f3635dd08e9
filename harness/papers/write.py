"""The papers of a period as files: ODT always, PDF where it can be made, tables as ODS and CSV besides."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.agency import Agency
from harness.documents.csv_file import csv_bytes
from harness.documents.paper import read_paper
from harness.documents.paper_html import html_page
from harness.documents.paper_odt import odt_bytes
from harness.documents.paper_template import shipped_templates, write_markdown
from harness.documents.pdf import pdf_bytes, sheet_pdf_bytes
from harness.documents.spreadsheet import write_ods
from harness.documents.table import Table
from harness.errors import WrongInput
from harness.kept_call import write_page
from harness.kept_sheet import kept_sheet
from harness.papers.edition import Edition, Paper, prefix_of
from harness.papers.gather import Gathered
from harness.papers.series_tables import LANG
from harness.store import Store
from harness.words import say

LONGEST_SHEET_NAME = 31
"""What other spreadsheets than LibreOffice still open."""


@dataclass(frozen=True)
class File:
    """One file of the edition."""

    name: str
    """Its place in the folder."""
    content: bytes
    """What is in it."""


def write_edition(
    edition: Edition,
    known: Gathered,
    folder: Path,
    *,
    pdf: bool,
    made_at: datetime,
    overwrite: bool = False,
    tick: Callable[[int, int], None] = lambda done, all_: None,
) -> list[Path]:
    """Write every file and give their places; WrongInput where one is there already, and then nothing is written.

    `tick` is told how many papers are done, and of how many. A clerk changes papers by hand: they are not replaced
    unless `overwrite`.
    """
    files: list[File] = []
    for done, paper in enumerate(edition.papers):
        tick(done, len(edition.papers))
        files += _paper(paper, known, pdf=pdf, made_at=made_at)
    files += _tables(edition.tables, known)
    written = _write_all(files, folder, overwrite=overwrite)
    tick(len(edition.papers), len(edition.papers))
    return written


def write_sheet(call_id: str, folder: Path, *, agency: Agency, store: Store, pdf: bool, overwrite: bool) -> list[Path]:
    """Write a call's score sheet in its form's own layout, as a page and as PDF.

    Raises NotFound without such a call or sheet, WrongInput where a file is there already.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    page = write_page(kept.call, kept.sheet, kept.form, agency).read_text("utf-8")
    files = [File(f"{call_id}.html", page.encode("utf-8"))]
    if pdf:
        files.append(File(f"{call_id}.pdf", sheet_pdf_bytes(page)))
    return _write_all(files, folder, overwrite=overwrite)


def copy_templates(folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write the templates that come with the program; WrongInput where one is there already."""
    files = [File(name, text.encode("utf-8")) for name, text in sorted(shipped_templates().items())]
    return _write_all(files, folder, overwrite=overwrite)


def _write_all(files: list[File], folder: Path, *, overwrite: bool) -> list[Path]:
    there = [one.name for one in files if (folder / one.name).exists()]
    if there and not overwrite:
        raise WrongInput("report.exists", folder=folder, n=len(there), file=there[0])
    for one in files:
        _write(folder / one.name, one.content)
    return [folder / one.name for one in files]


def _paper(paper: Paper, known: Gathered, *, pdf: bool, made_at: datetime) -> Iterator[File]:
    blocks = read_paper(write_markdown(paper.template, paper.values, agency_folder=known.agency.folder))
    author = known.agency.settings.name
    yield File(f"{paper.file}.odt", odt_bytes(blocks, made_at=made_at, author=author))
    if pdf:
        yield File(f"{paper.file}.pdf", pdf_bytes(html_page(blocks, author=author)))


def _tables(tables: tuple[Table, ...], known: Gathered) -> Iterator[File]:
    """One workbook of all tables, and each as CSV."""
    base = f"{prefix_of(known.span.name)}-{say('report.file_tables', LANG)}"
    named = dict(_named(tables))
    workbook = io.BytesIO()
    write_ods(workbook, {name: table.flat() for name, table in named.items()})
    yield File(f"{base}.ods", workbook.getvalue())
    for name, table in named.items():
        yield File(f"{base}/{name}.csv", csv_bytes(table.flat()))


def _named(tables: tuple[Table, ...]) -> Iterator[tuple[str, Table]]:
    """Names that are unlike each other: two form versions have tables of one title."""
    used: set[str] = set()
    for table in tables:
        name, n = table.title[:LONGEST_SHEET_NAME], 1
        while name in used:
            n += 1
            name = f"{table.title[: LONGEST_SHEET_NAME - 3]}-{n}"
        used.add(name)
        yield name, table


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing: a disk that is full leaves no half paper."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
