"""A mark that is another one after every change of what results are made from, whichever process made it."""

from __future__ import annotations

from harness.store.connection import Room


class Revisions(Room):
    """Marks of what the database holds."""

    def of_results(self) -> int:
        """The mark of `marks.MADE_FROM`: as long as it stays, so does everything that was reckoned from them."""
        return self._mark("results")

    def of_figures(self) -> int:
        """The mark of `marks.FIGURES_FROM`: what is noted of an improvement leaves it as it is."""
        return self._mark("figures")

    def _mark(self, name: str) -> int:
        return int(self._db.execute("SELECT mark FROM revisions WHERE name = ?", [name]).fetchone()[0])
