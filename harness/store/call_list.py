"""The list of calls as one person may see it, page by page, and whose a call is to judge."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from harness.store.connection import Room, Row, stamp
from harness.store.migrations import ALLOT

_ZONES = timedelta(days=1)
"""A start may be written with any zone's offset."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which calls somebody may see; what is not named is not seen."""

    everything: bool = False
    """All of them."""
    but_unit: str = ""
    """Of all of them not this unit's."""
    tester: str = ""
    """Those that this name is to judge."""
    spare_but: str | None = None
    """Those that nobody is to judge, except this unit's; None: not these either."""
    unit: str = ""
    """This unit's, once no item is open."""

    def where(self) -> tuple[str, list[Any]]:
        """The scope as a condition on `calls c`, with its values."""
        if self.everything:
            return ("c.unit <> ?", [self.but_unit]) if self.but_unit else ("1", [])
        parts, values = ["0"], []
        if self.tester:
            parts.append("c.call_id IN (SELECT call_id FROM allotments WHERE tester = ?)")
            values.append(self.tester)
        if self.spare_but is not None:
            parts.append("(c.unit <> ? AND c.call_id NOT IN (SELECT call_id FROM allotments))")
            values.append(self.spare_but)
        if self.unit:
            parts.append("(c.unit = ? AND c.open_items = 0)")
            values.append(self.unit)
        return f"({' OR '.join(parts)})", values


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for of the list."""

    unit: str = ""
    """Calls to this unit only."""
    outcome: str = ""
    """Calls with this outcome only."""
    open_only: bool = False
    """Calls with an item that is open."""
    series: str = ""
    """Calls of this series only: internal, external."""

    def where(self) -> tuple[str, list[Any]]:
        """The wish as a condition on `calls c`, with its values."""
        parts: list[str] = ["1"]
        values: list[Any] = []
        for column, value in (("unit", self.unit), ("outcome", self.outcome), ("series", self.series)):
            if value:
                parts.append(f"c.{column} = ?")
                values.append(value)
        if self.open_only:
            parts.append("c.open_items > 0")
        return " AND ".join(parts), values


class CallList(Room):
    """Calls without their records, newest first."""

    def page(self, scope: Scope, columns: tuple[str, ...], wanted: Wanted, *, limit: int, offset: int = 0) -> list[Row]:
        """Some of them."""
        where, values = _both(scope, wanted)
        names, order = ", ".join(columns), "ORDER BY started_at DESC, call_id DESC"
        # Chosen by the index alone; only the rows of one page are then read.
        chosen = f"SELECT c.call_id FROM calls c WHERE {where} {order} LIMIT ? OFFSET ?"
        query = f"SELECT {names} FROM calls WHERE call_id IN ({chosen}) {order}"
        return list(self._db.query(query, [*values, limit, offset]))

    def count(self, scope: Scope, wanted: Wanted | None = None) -> int:
        """How many there are."""
        where, values = _both(scope, wanted or Wanted())
        return int(self._db.execute(f"SELECT count(*) FROM calls c WHERE {where}", values).fetchone()[0])

    def sees(self, scope: Scope, call_id: str) -> bool:
        """Whether a call is there and within somebody's scope."""
        where, values = scope.where()
        found = self._db.execute(f"SELECT 1 FROM calls c WHERE c.call_id = ? AND {where}", [call_id, *values])
        return found.fetchone() is not None

    def with_sound(self, sha256: str) -> str | None:
        """The call that a file of sound was kept with; None: with none."""
        found = self._db.execute("SELECT call_id FROM recordings WHERE sha256 = ? LIMIT 1", [sha256]).fetchone()
        return str(found[0]) if found else None

    def of_series(self, series: str, *, since: date) -> list[Row]:
        """A series' calls from about a day on, newest first: call_id, unit, started_at and outcome, from an index.

        A start may be written with any zone's offset: some of the day before may be among them.
        """
        query = (
            "SELECT call_id, unit, started_at, outcome FROM calls WHERE series = ? AND started_at >= ? "
            "ORDER BY started_at DESC, call_id DESC"
        )
        return list(self._db.query(query, [series, f"{since - _ZONES:%Y-%m-%d}"]))

    def when(self, series: str, *, since: date) -> list[tuple[str, str, str]]:
        """Unit, started_at and outcome of the same calls, in no order: that alone takes as long again."""
        query = "SELECT unit, started_at, outcome FROM calls WHERE series = ? AND started_at >= ?"
        return self._db.execute(query, [series, f"{since - _ZONES:%Y-%m-%d}"]).fetchall()

    def files_between(self, begin: datetime, end: datetime) -> list[tuple[str, str, dict[str, str]]]:
        """Call, its start and the names of its record's files by their kind, of the calls that started in between."""
        found = self._db.execute(
            "SELECT call_id, started_at, record ->> '$.files' FROM calls WHERE datetime(started_at) >= datetime(?) "
            "AND datetime(started_at) < datetime(?) AND started_at BETWEEN ? AND ? ORDER BY started_at, call_id",
            [stamp(begin), stamp(end), f"{begin - _ZONES:%Y-%m-%d}", f"{end + _ZONES:%Y-%m-%d}"],
        )
        return [(call_id, started_at, json.loads(files or "{}")) for call_id, started_at, files in found]

    def outcomes(self) -> dict[str, int]:
        """How many calls came to what."""
        return dict(self._db.execute("SELECT outcome, count(*) FROM calls GROUP BY outcome").fetchall())


class Allotments(Room):
    """Who is to judge which call; a call without a row is anybody's."""

    def of(self, call_id: str) -> str:
        """The tester's name; empty: nobody's."""
        found = self._db.execute("SELECT tester FROM allotments WHERE call_id = ?", [call_id]).fetchone()
        return str(found[0]) if found else ""

    def give(self, call_id: str, tester: str, *, now: datetime | None = None) -> None:
        """Give a call to somebody, in the place of whoever had it; an empty name: to nobody."""
        with self.writing():
            self._call_or_raise(call_id)
            self._db.execute("DELETE FROM allotments WHERE call_id = ?", [call_id])
            if tester:
                self._db.table("allotments").insert({"call_id": call_id, "tester": tester, "at": stamp(now)})

    def as_planned(self, call_id: str) -> None:
        """Give a call to whom the plan of its test names."""
        with self.writing():
            self._db.execute(ALLOT.format(which="call_id = ?"), [call_id])


def _both(scope: Scope, wanted: Wanted) -> tuple[str, list[Any]]:
    (seen, ours), (asked, theirs) = scope.where(), wanted.where()
    return f"{seen} AND {asked}", ours + theirs
