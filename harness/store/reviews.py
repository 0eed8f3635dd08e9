"""Second opinions, objections and decisions, and the log of who did what when. Nothing here is ever changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime

from harness.errors import WrongInput
from harness.store.connection import Room, Row, as_json, stamp


class Reviews(Room):
    """What was said of calls a second time, in rounds: one first, one second, one objection, one decision each."""

    def add(
        self, call_id: str, *, round_no: int, what: str, who: str, detail: Row, now: datetime | None = None
    ) -> None:
        """Keep one entry; WrongInput when the round has one of its kind already."""
        row = {"call_id": call_id, "round": round_no, "what": what, "who": who, "at": stamp(now)}
        with self.writing():
            self._call_or_raise(call_id)
            try:
                self._db.table("reviews").insert(row | {"detail": as_json(detail)})
            except sqlite3.IntegrityError:
                raise WrongInput("review.twice", call_id=call_id, what=what) from None

    def of(self, call_id: str) -> list[Row]:
        """A call's entries, oldest first."""
        return [row | {"detail": json.loads(row["detail"])} for row in self._of("reviews", call_id, "id")]

    def pairs(self) -> Iterator[tuple[Row, Row]]:
        """The two opinions of every round that has both, oldest first."""
        found = self._db.execute(
            "SELECT a.detail, b.detail FROM reviews a JOIN reviews b USING (call_id, round) "
            "WHERE a.what = 'first' AND b.what = 'second' ORDER BY b.id"
        )
        for first, second in found:
            yield json.loads(first), json.loads(second)

    def under_objection(self, first: str, last: str) -> int:
        """Calls from one day to another, both included, whose last round is an objection not settled yet."""
        found = self._db.execute(
            "SELECT count(*) FROM reviews o JOIN rows r ON r.call_id = o.call_id AND r.shelf = 'result' "
            "WHERE o.what = 'objection' AND r.day BETWEEN ? AND ? AND NOT EXISTS (SELECT 1 FROM reviews s "
            "WHERE s.call_id = o.call_id AND s.round = o.round AND s.what = 'settled')",
            [first, last],
        )
        return int(found.fetchone()[0])


class Log(Room):
    """Who did what when."""

    def write(
        self, what: str, *, who: str, call_id: str | None = None, detail: Row | None = None, now: datetime | None = None
    ) -> None:
        """Add a line. What stays secret for now, such as a first opinion's answers, does not belong into `detail`."""
        row = {"at": stamp(now), "who": who, "what": what, "call_id": call_id, "detail": as_json(detail or {})}
        with self.writing():
            self._db.table("log").insert(row)

    def of(self, call_id: str) -> list[Row]:
        """A call's lines, oldest first."""
        return [row | {"detail": json.loads(row["detail"])} for row in self._of("log", call_id, "id")]
