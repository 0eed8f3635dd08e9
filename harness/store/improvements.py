"""What became of each deficiency: notices, answers, closings. What happened is kept; the state is drawn from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from harness.store.connection import Room, Row, as_json, stamp

OPENED, NOTIFIED, ANSWERED, CLOSED, ESCALATED = "opened", "notified", "answered", "closed", "escalated"
_NEWEST = "(SELECT {column} FROM sheets s WHERE s.call_id = r.call_id ORDER BY s.version DESC LIMIT 1)"
_RESULTS = f"""
SELECT r.call_id, r.day, r.series, r.unit, r.person, r.total, r.void,
  {_NEWEST.format(column="made_at")} AS made_at,
  max({_NEWEST.format(column="made_at")},
      coalesce((SELECT g.at FROM signatures g WHERE g.call_id = r.call_id), ''),
      coalesce((SELECT min(i.at) FROM improvements i WHERE i.call_id = r.call_id AND i.what = '{NOTIFIED}'), '')
  ) AS known_at,
  EXISTS (SELECT 1 FROM signatures g WHERE g.call_id = r.call_id)
    OR EXISTS (SELECT 1 FROM calls c WHERE c.call_id = r.call_id AND c.open_items = 0) AS finished{{more}}
FROM rows r WHERE r.shelf = 'result' AND r.day >= ? AND (? = '' OR r.unit = ?) ORDER BY r.day, r.call_id
"""
_COLUMNS = ("call_id", "day", "series", "unit", "person", "total", "void", "made_at", "known_at", "finished", "items")
_EVENTS = """
SELECT i.* FROM improvements i JOIN rows r ON r.call_id = i.call_id AND r.shelf = 'result'
WHERE r.day >= ? AND (? = '' OR r.unit = ?) ORDER BY i.id
"""


class Unread(Mapping[str, Any]):
    """A sheet that is read when something in it is asked for: of a year's sheets most are asked for nothing."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _read(self) -> Row:
        found: Row = json.loads(self._text)
        return found

    def __getitem__(self, key: str) -> Any:
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


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

    def since(self, since: str, *, unit: str = "") -> dict[str, list[Row]]:
        """The same of every result, or one unit's, from a day on, by its call."""
        found: dict[str, list[Row]] = {}
        for row in self._db.query(_EVENTS, [since, unit, unit]):
            found.setdefault(row["call_id"], []).append(row | {"detail": json.loads(row["detail"])})
        return found

    def results(self, since: str, *, unit: str = "") -> list[Row]:
        """Every result, or one unit's, from a day on with the sheet that counts and when it was made, oldest first.

        `known_at`: when it was made, signed or the unit first told, whichever came last; no one can object before.
        `finished`: whether it was signed or no item of it is open, as of a sheet brought from outside. Until then the
        time for objection has not begun, whatever `known_at` says.
        """
        query = _RESULTS.format(more=f", {_NEWEST.format(column='sheet')} AS sheet")
        rows = self._db.query(query, [since, unit, unit])
        return [row | {"sheet": Unread(row["sheet"])} for row in rows]

    def lean(self, since: str, *, unit: str = "", items: bool = False) -> list[Row]:
        """The same without the sheets, which fill a hundred megabytes a year; with `items` as their rows have them."""
        query = _RESULTS.format(more=", r.items" if items else "")
        found = self._db.execute(query, [since, unit, unit])
        return [dict(zip(_COLUMNS, values, strict=False)) for values in found]

    def sheet(self, call_id: str) -> Row:
        """The sheet of a call that counts."""
        query = "SELECT sheet FROM sheets WHERE call_id = ? ORDER BY version DESC LIMIT 1"
        found: Row = json.loads(self._db.execute(query, [call_id]).fetchone()[0])
        return found
