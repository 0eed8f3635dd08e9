"""A table of a paper, as it stands in the text and as it goes into spreadsheets: every mean with its n."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

MISSING = "—"
"""What is not known is a dash, never a zero."""


@dataclass(frozen=True, slots=True)
class MeanCell:
    """A mean with its n; in a spreadsheet two cells, in a text one."""

    mean: float | int
    """The mean, rounded as it is shown."""
    n: int
    """How many went into it."""

    def __str__(self) -> str:
        return self.told()

    def told(self, lang: str = "zh") -> str:
        """82.3（n=4）, in the brackets of the language."""
        return f"{self.mean:g}（n={self.n}）" if lang == "zh" else f"{self.mean:g} (n={self.n})"


Value = str | int | float | Decimal | MeanCell | None
Flat = str | int | float | Decimal | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with one row of headings."""

    id: str
    """Name of its file: units, ranking, trend."""
    title: str
    """What stands above it."""
    headings: tuple[str, ...]
    """One a column."""
    rows: tuple[tuple[Value, ...], ...]
    """Cells as they are known; None: not known."""

    def flat(self) -> tuple[tuple[Flat, ...], ...]:
        """Headings and rows for a spreadsheet: figures as figures, a mean's n in a column of its own."""
        twofold = [any(isinstance(row[at], MeanCell) for row in self.rows) for at in range(len(self.headings))]
        head: list[Flat] = []
        for name, two in zip(self.headings, twofold, strict=True):
            head += [name, f"{name} n"] if two else [name]
        return (tuple(head), *(tuple(_spread(row, twofold)) for row in self.rows))

    def markdown(self, lang: str = "zh") -> str:
        """The table for a text; cells are escaped, figures stand to the right."""
        edges = ["---:" if self._figures(at) else "---" for at in range(len(self.headings))]
        lines = [[escaped(one) for one in self.headings], edges]
        lines += [[escaped(shown(cell, lang)) for cell in row] for row in self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def without_empty(self, *columns: str) -> Table:
        """The table without those of the named columns in which nothing is known: empty columns say nothing."""
        empty = {
            at
            for at, name in enumerate(self.headings)
            if name in columns and all(row[at] in (None, "") for row in self.rows)
        }
        kept = [at for at in range(len(self.headings)) if at not in empty]
        rows = tuple(tuple(row[at] for at in kept) for row in self.rows)
        return replace(self, headings=tuple(self.headings[at] for at in kept), rows=rows)

    def _figures(self, at: int) -> bool:
        known = [row[at] for row in self.rows if row[at] is not None]
        return bool(known) and not any(isinstance(one, str) for one in known)


def _spread(row: tuple[Value, ...], twofold: list[bool]) -> Iterator[Flat]:
    for cell, two in zip(row, twofold, strict=True):
        if isinstance(cell, MeanCell):
            yield cell.mean
            yield cell.n
        else:
            yield cell
            if two:
                yield None


def shown(cell: Value, lang: str = "zh") -> str:
    """A cell as a reader sees it."""
    if cell is None or cell == "":
        return MISSING
    if isinstance(cell, MeanCell):
        return cell.told(lang)
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def escaped(text: str) -> str:
    """A text that Markdown takes for nothing but text, on one line, without characters that XML cannot hold."""
    letters = (f"\\{one}" if one in _MARKS else one for one in " ".join(printable(text).split()))
    return "".join(letters)


_MARKS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def printable(text: str) -> str:
    """Without control characters, lone surrogates and non-characters; tabs and ends of lines become spaces."""
    kept = (one if one not in "\t\r\n\u2028\u2029" else " " for one in text)
    return "".join(one for one in kept if unicodedata.category(one) not in ("Cc", "Cs") and one not in "\ufffe\uffff")
