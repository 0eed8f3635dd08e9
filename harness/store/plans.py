"""The drawn months and what became of each of their tests: the truth that the programme runs by. It only grows."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from harness.errors import WrongInput
from harness.store.connection import Room, Row, as_json, stamp

DRAWN, REDRAWN, CLAIMED, AGAIN, WAITS = "drawn", "redrawn", "claimed", "again", "waits"
DONE, UNKNOWN, CALLED_OFF, DROPPED = "done", "unknown", "called_off", "dropped"
"""Dropped: a person gave an unknown one up; unlike one that was called off it may have rung."""
WAITING = (DRAWN, REDRAWN, AGAIN, WAITS)
"""What a test may have come to last if it is still to be dialled."""
OVER = (DONE, UNKNOWN, CALLED_OFF, DROPPED)
"""What it has come to when it is not."""

_NOW = """
SELECT e.test_id, e.month, e.what AS state, e.at, e.detail,
  (SELECT due_at FROM plan_events d WHERE d.test_id = e.test_id AND d.due_at IS NOT NULL ORDER BY d.id DESC LIMIT 1)
    AS due_at
FROM plan_events e
WHERE e.id = (SELECT max(id) FROM plan_events l WHERE l.test_id = e.test_id)
"""


class Plans(Room):
    """Months, sealed, and the events of their tests."""

    def add(self, month: str, *, seal: str, plan: Row, inputs: Row | None = None, now: datetime | None = None) -> None:
        """Keep a drawn month, what it was drawn from, and its tests; WrongInput when that month was drawn before."""
        with self.writing():
            row: Row = {"month": month, "seal": seal, "drawn_at": stamp(now), "plan": as_json(plan)}
            row["inputs"] = None if inputs is None else as_json(inputs)
            try:
                self._db.table("plans").insert(row)
            except sqlite3.IntegrityError:
                raise WrongInput("programme.drawn_before", month=month) from None
            for test in plan["tests"]:
                due = datetime.fromisoformat(test["at"])
                self.note(test["id"], DRAWN, month=month, due_at=due, now=now)

    def of(self, month: str) -> Row | None:
        """A month's seal and plan; None when it was not drawn."""
        found = list(self._db.table("plans").rows_where("month = ?", [month]))
        return found[0] | {"plan": json.loads(found[0]["plan"])} if found else None

    def inputs(self, month: str) -> Row | None:
        """What a month was drawn from; None when that was not kept."""
        found = self._db.execute("SELECT inputs FROM plans WHERE month = ?", [month]).fetchone()
        return json.loads(found[0]) if found and found[0] else None

    def months(self) -> list[Row]:
        """Every drawn month with its seal, oldest first; without what is secret in it."""
        return [{k: row[k] for k in ("month", "seal", "drawn_at")} for row in self._db.table("plans").rows]

    def note(
        self,
        test_id: str,
        what: str,
        *,
        month: str,
        due_at: datetime | None = None,
        detail: Row | None = None,
        now: datetime | None = None,
    ) -> None:
        """Keep what became of a test."""
        due = None if due_at is None else stamp(due_at)
        row = {"test_id": test_id, "month": month, "what": what, "at": stamp(now), "due_at": due}
        with self.writing():
            self._db.table("plan_events").insert(row | {"detail": as_json(detail or {})})

    def take(self, test_id: str, *, month: str, attempts: list[Row], now: datetime | None = None) -> bool:
        """Claim a waiting test for one more attempt; False when somebody else has it, or it is over."""
        with self.writing():
            if self.state(test_id) not in WAITING:
                return False
            self.note(test_id, CLAIMED, month=month, detail={"attempts": attempts}, now=now)
        return True

    def state(self, test_id: str) -> str | None:
        """What a test came to last."""
        found = self._db.execute(f"SELECT state FROM ({_NOW}) WHERE test_id = ?", [test_id]).fetchone()
        return None if found is None else str(found[0])

    def now(self, test_id: str) -> Row | None:
        """A test as it stands; None: there is none of that name."""
        return next(iter(self._rows(f"SELECT * FROM ({_NOW}) WHERE test_id = ?", [test_id])), None)

    def tests(self, month: str) -> list[Row]:
        """Every test of a month as it stands, in order of the time it is due."""
        return self._rows(f"SELECT * FROM ({_NOW}) WHERE month = ? ORDER BY due_at, test_id", [month])

    def waiting(self, until: datetime) -> list[Row]:
        """Tests of every month that are due by then and were not dialled, oldest first."""
        marks = ", ".join("?" * len(WAITING))
        query = f"SELECT * FROM ({_NOW}) WHERE state IN ({marks}) AND due_at <= ? ORDER BY due_at, test_id"
        return self._rows(query, [*WAITING, stamp(until)])

    def claimed(self) -> list[Row]:
        """Tests that are being dialled, or were when their process ended."""
        return self._rows(f"SELECT * FROM ({_NOW}) WHERE state = ? ORDER BY due_at, test_id", [CLAIMED])

    def unknown(self) -> list[Row]:
        """Tests of every month that wait for a person's decision, in order of the time they were due."""
        return self._rows(f"SELECT * FROM ({_NOW}) WHERE state = ? ORDER BY due_at, test_id", [UNKNOWN])

    def drawings(self, test_id: str) -> int:
        """How many times a test's time was drawn."""
        query = "SELECT count(*) FROM plan_events WHERE test_id = ? AND what IN (?, ?)"
        return int(self._db.execute(query, [test_id, DRAWN, REDRAWN]).fetchone()[0])

    def measured_of(self, attempt_id: str) -> Row | None:
        """What was measured of the call that an attempt became; None when none was kept."""
        found = self._db.execute(
            "SELECT measured FROM calls JOIN attempts USING (call_id) WHERE attempt_id = ?", [attempt_id]
        ).fetchone()
        return json.loads(found[0]) if found and found[0] else None

    def is_kept(self, attempt_id: str) -> bool:
        """Whether the call that an attempt became is in the database."""
        return self._db.table("attempts").count_where("attempt_id = ?", [attempt_id]) > 0

    def events(self, month: str) -> list[Row]:
        """Everything that became of a month's tests, oldest first."""
        rows = self._db.table("plan_events").rows_where("month = ?", [month], order_by="id")
        return [row | {"detail": json.loads(row["detail"])} for row in rows]

    def _rows(self, query: str, values: list[object]) -> list[Row]:
        found = self._db.query(query, values)
        return [row | {"detail": json.loads(row["detail"])} for row in found]
