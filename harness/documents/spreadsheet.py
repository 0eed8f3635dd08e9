"""Spreadsheets as the government's offices exchange them: ODS, made natively; every cell text or figure, no formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from pathlib import Path

from odfdo import Cell, Document, Row, Table

from harness.documents.table import printable

Value = str | int | float | Decimal | None


def write_ods(file: Path | BytesIO, sheets: Mapping[str, Sequence[Sequence[Value]]]) -> None:
    """Write sheets of rows. What begins like a formula stays text, as it does not in a CSV."""
    document = Document("spreadsheet")
    document.body.clear()
    for name, rows in sheets.items():
        table = Table(name)
        for values in rows:
            row = Row()
            for value in values:
                row.append_cell(_cell(value))
            table.append_row(row)
        document.body.append(table)
    document.save(file)


def _cell(value: Value) -> Cell:
    if value is None:
        return Cell()
    if isinstance(value, str):
        text = printable(value)
        return Cell(value=text, text=text, cell_type="string")
    return Cell(value=value, text=str(value))
