"""Spreadsheets as the government's offices exchange them: ODS, made natively; every cell text or figure, no formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from odfdo import Document

from harness.documents.paper import width_of
from harness.documents.paper_odt import CONTENT_HEAD
from harness.documents.table import printable

Value = str | int | float | Decimal | None
COLUMN_CM = (1.6, 9.0)
"""A column is as wide as its longest text, between these."""
_HALF_CHARACTER_CM = 0.2
_STYLES = (
    '<style:style style:name="head" style:family="table-cell"><style:text-properties fo:font-weight="bold"'
    ' style:font-weight-asian="bold"/></style:style>'
)


def write_ods(file: Path | BytesIO, sheets: Mapping[str, Sequence[Sequence[Value]]]) -> None:
    """Write sheets of rows, the first of headings. What begins like a formula stays text, as it does not in a CSV."""
    document: Any = Document("spreadsheet")  # its parts are typed as anything and nothing
    widths, tables = [], []
    for number, (name, rows) in enumerate(sheets.items()):
        widths += [_width(number, at, rows) for at in range(_columns(rows))]
        tables.append(_table(number, name, rows))
    content = (
        f"{CONTENT_HEAD}<office:automatic-styles>{_STYLES}{''.join(widths)}</office:automatic-styles><office:body>"
        f"<office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body></office:document-content>"
    )
    document.container.set_part("content.xml", content.encode())
    document.save(file)


def _columns(rows: Sequence[Sequence[Value]]) -> int:
    return max((len(row) for row in rows), default=1)


def _width(number: int, at: int, rows: Sequence[Sequence[Value]]) -> str:
    longest = max((width_of(str(row[at])) for row in rows if at < len(row) and row[at] is not None), default=0)
    width = min(max(longest * _HALF_CHARACTER_CM + 0.3, COLUMN_CM[0]), COLUMN_CM[1])
    return (
        f'<style:style style:name="c{number}.{at}" style:family="table-column">'
        f'<style:table-column-properties style:column-width="{width:.2f}cm"/></style:style>'
    )


def _table(number: int, name: str, rows: Sequence[Sequence[Value]]) -> str:
    columns = "".join(f'<table:table-column table:style-name="c{number}.{at}"/>' for at in range(_columns(rows)))
    head = "".join(_cell(value, ' table:style-name="head"') for value in rows[0]) if rows else ""
    body = "".join(f"<table:table-row>{''.join(map(_cell, row))}</table:table-row>" for row in rows[1:])
    first = (
        f"<table:table-header-rows><table:table-row>{head}</table:table-row></table:table-header-rows>" if head else ""
    )
    return f"<table:table table:name={quoteattr(printable(name))}>{columns}{first}{body}</table:table>"


def _cell(value: Value, style: str = "") -> str:
    if value is None:
        return f"<table:table-cell{style}/>"
    if isinstance(value, str):
        text = escape(printable(value))
        return f'<table:table-cell{style} office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
    told = f'office:value-type="float" office:value="{value}"'
    return f"<table:table-cell{style} {told}><text:p>{value}</text:p></table:table-cell>"
