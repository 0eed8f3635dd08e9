"""A mark that is another one after every change of what results are made from, whichever process made it."""

from __future__ import annotations

from typing import NamedTuple

from harness.store.connection import Room


class CellMark(NamedTuple):
    """The marks of one unit's month."""

    unit: str
    """The unit."""
    month: str
    """2026-11."""
    figures: int
    """As long as it stays, so do the rows of that month."""
    results: int
    """The same of the rows and of all else that follow-up is made from."""


class Revisions(Room):
    """Marks of what the database holds."""

    def of_results(self) -> int:
        """The mark of `marks.MADE_FROM`: as long as it stays, so does everything that was reckoned from them."""
        return self._mark("results")

    def of_figures(self) -> int:
        """The mark of `marks.FIGURES_FROM`: what is noted of an improvement leaves it as it is."""
        return self._mark("figures")

    def of_cells(self, first: str, last: str = "9999-12") -> list[CellMark]:
        """The marks of every unit's months from one to another, both included; what is not there has no row."""
        found = self._db.execute(
            "SELECT unit, month, figures, results FROM cell_marks WHERE month BETWEEN ? AND ? ORDER BY month, unit",
            [first, last],
        )
        return [CellMark(*row) for row in found]

    def _mark(self, name: str) -> int:
        return int(self._db.execute("SELECT mark FROM revisions WHERE name = ?", [name]).fetchone()[0])
