"""Tries at what somebody may not have: noted so that a person can see who asks for what is not theirs.

They stand outside the chain of evidence, which only grows and which a refused person must not be able to fill: one row
for each person, thing and hour with a count, MOST_A_DAY rows a person at most, and none older than KEPT.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from harness.store.connection import Room, Row, stamp

MOST_A_DAY = 100
"""Rows of one person in a day; what is asked beyond them is counted in one row an hour that names nothing."""
KEPT = timedelta(days=366)
LONGEST = 200
"""Characters that are kept of what was asked."""


class RefusedTries(Room):
    """Who asked for what was refused."""

    def note(self, login: str, asked: str, *, who: str, status: int, now: datetime) -> bool:
        """Count a try; whether it is the first of its person, thing and hour. `asked`: method and path."""
        at, hour = stamp(now), stamp(now)[:13]
        with self.writing():
            told = asked[:LONGEST]
            if self._count(login, told, hour, at):
                return False
            if self._rows_of(login, now - timedelta(days=1)) >= MOST_A_DAY:
                told, status = "", 0
                if self._count(login, told, hour, at):
                    return False
            row = {"login": login, "asked": told, "hour": hour, "who": who, "status": status, "count": 1}
            self._db.table("refused_tries").insert(row | {"first_at": at, "last_at": at})
            self._db.execute("DELETE FROM refused_tries WHERE hour < ?", [stamp(now - KEPT)[:13]])
        return True

    def newest(self, *, limit: int, offset: int = 0) -> list[Row]:
        """Rows, newest first: login, who, asked, status, count, first_at, last_at; `asked` is empty for the many beyond
        MOST_A_DAY."""
        order = "last_at desc, rowid desc"
        return list(self._db.table("refused_tries").rows_where(order_by=order, limit=limit, offset=offset))

    def _count(self, login: str, asked: str, hour: str, at: str) -> bool:
        change = "UPDATE refused_tries SET count = count + 1, last_at = ? WHERE login = ? AND asked = ? AND hour = ?"
        return bool(self._db.execute(change, [at, login, asked, hour]).rowcount)

    def _rows_of(self, login: str, since: datetime) -> int:
        query = "SELECT count(*) FROM refused_tries WHERE login = ? AND hour > ?"
        return int(self._db.execute(query, [login, stamp(since)[:13]]).fetchone()[0])
