"""The papers of a period as files: ODT always, PDF where it can be made, tables as ODS and CSV besides."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.documents.csv_file import csv_bytes
from harness.documents.paper import read_paper
from harness.documents.paper_odt import odt_bytes
from harness.documents.paper_pdf import paper_pdf
from harness.documents.paper_template import shipped_templates, write_markdown
from harness.documents.sheet_page import render_sheet
from harness.documents.sheet_paper import sheet_paper
from harness.documents.spreadsheet import write_ods
from harness.documents.table import Table
from harness.errors import WrongInput
from harness.kept_call import printed
from harness.kept_sheet import kept_sheet
from harness.papers.edition import Edition, Paper, prefix_of
from harness.papers.gather import Gathered
from harness.papers.held import said_on_sheet
from harness.programme.settings import read_programme
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
    written = write_all(files, folder, overwrite=overwrite)
    tick(len(edition.papers), len(edition.papers))
    return written


def write_sheet(
    call_id: str,
    folder: Path,
    *,
    agency: Agency,
    store: Store,
    pdf: bool,
    overwrite: bool,
    made_at: datetime,
    lang: str = "zh",
) -> list[Path]:
    """Write a call's score sheet in its form's own layout, as a page, as ODT and as PDF.

    It is what whoever was tested is shown to object to; while that may be done, or is, it says so at its head.

    Raises NotFound without such a call or sheet, WrongInput where a file is there already.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    days, today = read_programme(agency.folder).improvement.objection_days, made_at.astimezone(agency.zone).date()
    objection = said_on_sheet(call_id, agency=agency, store=store, objection_days=days, today=today, lang=lang)
    how: dict[str, Any] = printed(kept.call, agency)
    how["call"] |= {"objection": objection}
    page = render_sheet(kept.sheet, kept.form, **how, lang=lang)
    blocks = sheet_paper(kept.sheet, kept.form, **how, lang=lang)
    told: dict[str, Any] = {"made_at": made_at, "author": agency.settings.name, "lang": lang}
    files = [File(f"{call_id}.html", page.encode("utf-8")), File(f"{call_id}.odt", odt_bytes(blocks, **told))]
    if pdf:
        files.append(File(f"{call_id}.pdf", paper_pdf(blocks, **told)))
    return write_all(files, folder, overwrite=overwrite)


def copy_templates(folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write the templates that come with the program; WrongInput where one is there already."""
    files = [File(name, text.encode("utf-8")) for name, text in sorted(shipped_templates().items())]
    return write_all(files, folder, overwrite=overwrite)


def write_all(files: list[File], folder: Path, *, overwrite: bool) -> list[Path]:
    """Write files into a folder, all or none; WrongInput where one is there already."""
    there = [one.name for one in files if (folder / one.name).exists()]
    if there and not overwrite:
        raise WrongInput("report.exists", folder=folder, n=len(there), file=there[0])
    for one in files:
        _write(folder / one.name, one.content)
    return [folder / one.name for one in files]


def _paper(paper: Paper, known: Gathered, *, pdf: bool, made_at: datetime) -> Iterator[File]:
    lang, author = known.lang, known.agency.settings.name
    text = write_markdown(paper.template, paper.values, agency_folder=known.agency.folder, lang=lang)
    blocks = read_paper(
        text, {one.id: one.picture for part in paper.values.get("series", ()) for one in part.charts or ()}
    )
    yield File(f"{paper.file}.odt", odt_bytes(blocks, made_at=made_at, author=author, lang=lang))
    if pdf:
        yield File(f"{paper.file}.pdf", paper_pdf(blocks, made_at=made_at, author=author, lang=lang))


def _tables(tables: tuple[Table, ...], known: Gathered) -> Iterator[File]:
    """One workbook of all tables, and each as CSV; none while every result is held back."""
    if not tables:
        return
    base = f"{prefix_of(known.span.name, known.lang)}-{say('report.file_tables', known.lang)}"
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
