"""Second opinions, objections and decisions, and the log of who did what when. Nothing here is ever changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime

from harness.errors import WrongInput
from harness.store.connection import Room, Row, as_json, stamp

SOUND_LEFT = "sound_left"
"""What the log says of sound that a stopped call left."""


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

    def unsettled(self) -> list[Row]:
        """Each call's round that is not settled, oldest first: call_id, unit, started_at, began_at, and its seats."""
        found = self._db.query(
            "SELECT v.call_id, c.unit, c.started_at, min(v.at) AS began_at, group_concat(v.what) AS seats "
            "FROM reviews v JOIN calls c USING (call_id) GROUP BY v.call_id, v.round "
            "HAVING sum(v.what = 'settled') = 0 ORDER BY min(v.id)"
        )
        return [row | {"seats": row["seats"].split(",")} for row in found]

    def pending(self) -> frozenset[str]:
        """The calls whose last round was begun and is not settled."""
        found = self._db.execute(
            "SELECT v.call_id FROM reviews v WHERE v.round = (SELECT max(round) FROM reviews l WHERE l.call_id = "
            "v.call_id) GROUP BY v.call_id HAVING sum(v.what = 'settled') = 0"
        )
        return frozenset(str(call_id) for (call_id,) in found)

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

    def lately(self, what: str, *, who: str, call_id: str, since: datetime) -> bool:
        """Whether somebody did something with a call since then."""
        query = "SELECT 1 FROM log WHERE who = ? AND what = ? AND call_id = ? AND at >= ? LIMIT 1"
        return self._db.execute(query, [who, what, call_id, stamp(since)]).fetchone() is not None

    def named(self, *whats: str, limit: int = 1000, offset: int = 0) -> list[Row]:
        """Everybody's lines of some kinds, newest first."""
        where = f"what IN ({', '.join('?' for _ in whats)})"
        rows = self._db.table("log").rows_where(where, whats, order_by="id desc", limit=limit, offset=offset)
        return [row | {"detail": json.loads(row["detail"])} for row in rows]

    def newest(self, *, limit: int, offset: int = 0) -> list[Row]:
        """Everybody's lines, newest first."""
        rows = self._db.table("log").rows_where(order_by="id desc", limit=limit, offset=offset)
        return [row | {"detail": json.loads(row["detail"])} for row in rows]
