"""CSV for spreadsheets: UTF-8 with its mark so that Chinese is read as Chinese, and no cell that could be a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from harness.documents.table import Flat, printable

BYTE_ORDER_MARK = "\ufeff"
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection)."""


def csv_bytes(rows: Sequence[Sequence[Flat]]) -> bytes:
    """The rows as a CSV file's bytes; what is not known is an empty cell."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
    return (BYTE_ORDER_MARK + text.getvalue()).encode("utf-8")


def _cell(value: Flat) -> str:
    """A figure as it is, a minus with it; a text that begins like a formula with an apostrophe before it."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    value = printable(value)
    begins = value.lstrip(" \u3000")[:1] in BEGINS_A_FORMULA or value[:1] in BEGINS_A_FORMULA
    return f"'{value}" if value and begins else value
