"""CSV for spreadsheets: UTF-8 with its mark so that Chinese is read as Chinese, and no cell that could be a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from harness.documents.table import Flat, printable

BYTE_ORDER_MARK = "\ufeff"
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection); East Asian ones know wide signs too."""


def csv_bytes(rows: Sequence[Sequence[Flat]]) -> bytes:
    """The rows as a CSV file's bytes; what is not known is an empty cell."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
    return (BYTE_ORDER_MARK + text.getvalue()).encode("utf-8")


def _cell(value: Flat) -> str:
    """A figure as it is, a minus with it; a text that begins like a formula with an apostrophe before it."""
    if value is None:
        return ""
    return no_formula(printable(value)) if isinstance(value, str) else str(value)


def no_formula(text: str) -> str:
    """A text with an apostrophe before it where it begins like a formula, or as if this had been done before."""
    return f"'{text}" if _begins(text.lstrip("'")) else text


def as_meant(cell: str) -> str:
    """The same backwards: what was written by `no_formula`, as it was."""
    return cell[1:] if cell[:1] == "'" and _begins(cell.lstrip("'")) else cell


def _begins(text: str) -> bool:
    return bool(text) and (text.lstrip(" \u3000")[:1] in BEGINS_A_FORMULA or text[0] in BEGINS_A_FORMULA)
