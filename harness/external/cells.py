"""Reading a filled file back: pages, and what stands in each line's two cells, as text, with where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from harness.errors import FactsError
from harness.external.layout import SCHEMA
from harness.spreadsheets import read_sheets

ANSWER, MORE = 2, 3
"""Columns of what is filled in, from 0."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a filled file."""

    file: str
    """The file's name."""
    name: str
    """What the page is called."""
    form: str
    """Id of the form it was made by."""
    version: str
    """Its version."""
    digest: str
    """The beginning of the hash of its content."""
    rows: tuple[tuple[str, ...], ...]
    """Every row from the third on: key, wording, answer, second cell, and what follows."""

    @property
    def blank(self) -> bool:
        """Whether nothing but the unit is filled in."""
        return not any(row[at] for row in self.rows if row[0] and row[0] != "unit" for at in (ANSWER, MORE))

    def where(self, key: str, column: int = ANSWER) -> str:
        """A line's cell as spreadsheets call it: C12."""
        number = next((n for n, row in enumerate(self.rows, start=3) if row[0] == key), 1)
        return f"{'ABCDE'[column]}{number}"


def read_pages(path: Path) -> tuple[Page, ...]:
    """The pages of a filled file. FactsError where it is none of ours."""
    try:
        sheets = read_sheets(path)
    except ValueError as error:
        raise FactsError("external.not_ods", file=path.name, reason=str(error)) from None
    return tuple(_page(path.name, name, rows) for name, rows in sheets.items())


def _page(file: str, name: str, rows: Sequence[Sequence[object]]) -> Page:
    head = str(rows[0][0]).split("|") if rows and rows[0] else []
    if len(head) != 4 or head[0] != SCHEMA:
        raise FactsError("external.not_ours", file=file, page=name)
    told = tuple(tuple(_texts(row)) for row in rows[2:])
    return Page(file=file, name=name, form=head[1], version=head[2], digest=head[3], rows=told)


def _texts(row: Sequence[object]) -> Iterator[str]:
    for at in range(max(len(row), MORE + 1)):
        yield _text(row[at]) if at < len(row) else ""


def _text(value: object) -> str:
    """A cell as a person would have written it: a spreadsheet may have made a figure, a day or a time of it."""
    match value:
        case bool():
            return "是" if value else "否"
        case datetime():
            return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%H:%M}"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case timedelta():
            minutes = round(value.total_seconds() / 60)
            return f"{minutes // 60:02d}:{minutes % 60:02d}"
        case float():
            return f"{value:g}"
    return str(value).strip()
