"""What commands print: JSON for programs, tables and lines for people; progress goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from harness.plain_text import plain, plain_json

PIPE_WIDTH = 240  # columns where there is no terminal to fit into


def print_json(value: Any) -> None:
    """Print one JSON document, Chinese as it is."""
    click.echo(plain_json(value, indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines for a person."""
    for line in lines:
        click.echo(plain(line))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; a cell that is None shows a dash."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*[Text("—" if cell is None else plain(str(cell))) for cell in row])
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)
    console.print(table)


def tell(line: str) -> None:
    """Show progress."""
    click.echo(plain(line), err=True)


def between(earliest: float | None, latest: float | None) -> str | None:
    """Show an interval of seconds: one number where both ends round to it."""
    if earliest is None or latest is None:
        return None
    low, high = f"{earliest:.2f}", f"{latest:.2f}"
    return low if low == high else f"{low}–{high}"
