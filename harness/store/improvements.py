"""What became of each deficiency: notices, answers, closings. What happened is kept; the state is drawn from it."""

from __future__ import annotations

import json
from datetime import datetime

from harness.store.connection import Room, Row, as_json, stamp

OPENED, NOTIFIED, ANSWERED, CLOSED, ESCALATED = "opened", "notified", "answered", "closed", "escalated"
_SHEETS = """
SELECT r.call_id, r.day, r.unit, r.person, r.total, r.void, (
  SELECT s.sheet FROM sheets s WHERE s.call_id = r.call_id ORDER BY s.version DESC LIMIT 1) AS sheet, (
  SELECT s.made_at FROM sheets s WHERE s.call_id = r.call_id ORDER BY s.version DESC LIMIT 1) AS made_at
FROM rows r WHERE r.shelf = 'result' AND r.day >= ? ORDER BY r.day, r.call_id
"""


class Improvements(Room):
    """Deficiencies by the call that showed them."""

    def note(
        self, call_id: str, what: str, *, who: str, detail: Row | None = None, now: datetime | None = None
    ) -> None:
        """Keep what happened to one."""
        row = {"call_id": call_id, "what": what, "at": stamp(now), "who": who, "detail": as_json(detail or {})}
        with self.writing():
            self._call_or_raise(call_id)
            self._db.table("improvements").insert(row)

    def of(self, call_id: str) -> list[Row]:
        """Everything that happened to one, oldest first."""
        return [row | {"detail": json.loads(row["detail"])} for row in self._of("improvements", call_id, "id")]

    def results(self, since: str) -> list[Row]:
        """Every result from a day on with the sheet that counts and when it was made, oldest first."""
        return [row | {"sheet": json.loads(row["sheet"])} for row in self._db.query(_SHEETS, [since])]
