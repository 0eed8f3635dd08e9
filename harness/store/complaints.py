"""Complaints of telephones as somebody counted them (004:27). A number is corrected by another entry, never changed."""

from __future__ import annotations

from datetime import datetime

from harness.store.connection import Room, Row, stamp

_COUNTED = """
SELECT c.unit, c.month, c.source, c.count, c.note, c.who, c.at,
  (SELECT count(*) FROM complaints e WHERE (e.unit, e.month, e.source) = (c.unit, c.month, c.source)) AS entries
FROM complaints c
WHERE c.month BETWEEN ? AND ?
  AND c.id = (SELECT max(id) FROM complaints l WHERE (l.unit, l.month, l.source) = (c.unit, c.month, c.source))
ORDER BY c.month, c.unit, c.source
"""


class Complaints(Room):
    """How many complaints there were of a unit in a month, by where they came in."""

    def add(
        self, *, unit: str, month: str, source: str, count: int, note: str = "", who: str, now: datetime | None = None
    ) -> None:
        """Keep a number; it counts in the place of an earlier one of the same unit, month and source."""
        row = {"unit": unit, "month": month, "source": source, "count": count}
        with self.writing():
            self._db.table("complaints").insert(row | {"note": note, "who": who, "at": stamp(now)})

    def counted(self, first: str, last: str) -> list[Row]:
        """The numbers that count, from one month to another, both included; `entries` are theirs with corrections."""
        return list(self._db.query(_COUNTED, [first, last]))

    def entries(self, first: str, last: str) -> list[Row]:
        """Every entry from one month to another, both included, oldest first."""
        rows = self._db.table("complaints").rows_where("month BETWEEN ? AND ?", [first, last], order_by="id")
        return [{name: value for name, value in row.items() if name != "id"} for row in rows]
