"""A directory as somebody sent it: ODS, XLSX or CSV with its own headings, and what is wrong said in its words.

A telephone number is text. A spreadsheet that took one for a figure has lost its leading zero for good: it is
refused with its row and column, not mended by guessing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.directory import together
from harness.documents.csv_file import as_meant
from harness.errors import DirectoryError, ThirdringError
from harness.spreadsheets import read_sheets
from harness.toml_file import read_table_text

SHEETS = (".ods", ".xlsx", ".xls")
HEADINGS = {
    "單位代號": "unit",
    "單位名稱": "name",
    "電話": "number",
    "分機": "extension",
    "辦公處所": "site",
    "線路": "line",
    "情境": "scenario",
    "可測時段": "hours",
    "線別": "kind",
    "組別": "group",
    "人員": "person",
    "代理人": "deputy",
    "業務": "duties",
    "備註": "note",
}
"""What the columns are called in Chinese."""
_KINDS = {"一線": "first", "二線": "second"}
Cells = list[str]


@dataclass(frozen=True)
class Sheet:
    """A directory as somebody sent it."""

    columns: tuple[str, ...]
    """The columns' own names."""
    headings: tuple[str, ...]
    """What it calls them."""
    rows: tuple[tuple[int, Cells], ...]
    """The rows below, each with its number in the sheet."""

    @property
    def table(self) -> list[Cells]:
        """Its rows as units.csv has them."""
        return [list(self.columns), *(cells for _, cells in self.rows)]


def read_directory(path: Path) -> Sheet:
    """The first sheet of a spreadsheet, or a CSV; rows of which every cell is empty are left out."""
    rows = _sheet(path) if path.suffix.lower() in SHEETS else _csv(path)
    if not rows:
        raise DirectoryError("directory.empty", file=path.name)
    headings = [cell.strip() for cell in rows[0][1]]
    while headings and not headings[-1]:
        headings.pop()
    columns = [HEADINGS.get(cell, cell.lower()) for cell in headings]
    kind = columns.index("kind") if "kind" in columns else None
    cut = [(at, row[: len(columns)] if not any(row[len(columns) :]) else row) for at, row in rows[1:]]
    body = [(at, [_KINDS.get(c, c) if n == kind else c for n, c in enumerate(row)]) for at, row in cut]
    return Sheet(tuple(columns), tuple(headings), tuple(body))


def as_sent(error: DirectoryError, sheet: Sheet, *, name: str) -> DirectoryError:
    """What is wrong, said of the file, row and column that somebody has before them."""
    rows, columns = _rows_of(sheet), _headings_of(sheet)
    for one in (error, *error.problems):
        told = one.values
        told["file"] = name
        told.update((key, rows.get(told[key], told[key])) for key in ("row", "first") if key in told)
        told.update((key, columns.get(told[key], told[key])) for key in ("column", "meant") if key in told)
        if "allowed" in told and _is_chinese(sheet):
            told["allowed"] = "、".join(HEADINGS)
    return error


def _rows_of(sheet: Sheet) -> dict[object, int]:
    """Where each line of the units.csv that is made of it stands in the sheet."""
    found, line = dict[object, int](), 1
    for number, cells in sheet.rows:
        line += 1 + sum(cell.count("\n") for cell in cells)
        found[line] = number
    return found


def _headings_of(sheet: Sheet) -> dict[str, str]:
    """What the sheet calls the columns, or would."""
    chinese = {own: heading for heading, own in HEADINGS.items()} if _is_chinese(sheet) else {}
    return chinese | dict(zip(sheet.columns, sheet.headings, strict=True))


def _is_chinese(sheet: Sheet) -> bool:
    return any(heading in HEADINGS for heading in sheet.headings)


def _csv(path: Path) -> list[tuple[int, Cells]]:
    try:
        table = csv.reader(io.StringIO(read_table_text(path, fault=DirectoryError), newline=""), strict=True)
        read = [[as_meant(cell) for cell in row] for row in table]
    except csv.Error as error:
        raise DirectoryError("directory.not_csv", row=table.line_num, reason=str(error)) from None
    return _filled(read)


def _sheet(path: Path) -> list[tuple[int, Cells]]:
    try:
        rows = next(iter(read_sheets(path).values()), [])
    except ValueError as error:
        raise DirectoryError("directory.not_sheet", file=path.name, reason=str(error)) from None
    names = [str(cell).strip() for cell in rows[0]] if rows else []
    figures = list[ThirdringError]()
    read = [
        [_text(cell, names, row, n, figures) for n, cell in enumerate(cells)] for row, cells in enumerate(rows, start=1)
    ]
    if figures:
        raise together(figures)
    return _filled(read)


def _filled(rows: Sequence[Cells]) -> list[tuple[int, Cells]]:
    return [(n, cells) for n, cells in enumerate(rows, start=1) if any(cell.strip() for cell in cells)]


def _text(cell: object, names: Sequence[str], row: int, position: int, figures: list[ThirdringError]) -> str:
    """A cell as text. A figure is no number to dial: its leading zeros are gone."""
    if not isinstance(cell, int | float) or isinstance(cell, bool):
        return str(cell).strip()
    heading = names[position] if position < len(names) else ""
    name = HEADINGS.get(heading, heading.lower())
    whole = f"{cell:.0f}" if float(cell).is_integer() else str(cell)
    if name == "number" or (name == "extension" and not float(cell).is_integer()):
        figures.append(DirectoryError("directory.figure", row=row, column=heading, value=whole))
    return whole
