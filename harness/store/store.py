"""Reading and writing the database; what goes in and comes out are plain dicts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from sqlite_utils import Database

from harness.errors import NotFound, StoreError
from harness.store.call_list import Allotments, CallList
from harness.store.call_marks import CallMarks
from harness.store.complaints import Complaints
from harness.store.connection import Room, Row, as_json, connect, parsed, publish_head, stamp
from harness.store.drafts import Drafts, Signatures
from harness.store.evidence import Evidence
from harness.store.forms import Forms, Rescored
from harness.store.improvements import Improvements
from harness.store.people import FailedLogins, People, Sessions
from harness.store.plans import Plans
from harness.store.recent import Recent
from harness.store.refused_tries import RefusedTries
from harness.store.reviews import Log, Reviews
from harness.store.revisions import Revisions
from harness.store.rows import Rows
from harness.store.second_factors import SecondFactors

LIST_COLUMNS = (
    "call_id",
    "unit",
    "number",
    "scenario",
    "started_at",
    "outcome",
    "rings",
    "answer_latency_earliest_s",
    "answer_latency_latest_s",
    "form",
    "machine_points",
    "open_items",
    "recording_path",
    "recording_sha256",
    "series",
)


_BEGINS = "substr(attempt_id, 1, length(?)) = ?"


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Open an agency's database, made or brought up to date as needed; closed at the end of the block.

    What SQLite raises inside the block comes out as StoreError.
    """
    store = Store(connect(path))
    try:
        yield store
    except sqlite3.Error as error:
        raise StoreError("store.failed", reason=str(error)) from error
    finally:
        store.close()


class Store(Room):
    """An open database; made by `open_store`."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.forms = Forms(db)
        self.rescored = Rescored(db)
        self.rows = Rows(db)
        self.reviews = Reviews(db)
        self.revisions = Revisions(db)
        self.log = Log(db)
        self.plans = Plans(db)
        self.improvements = Improvements(db)
        self.complaints = Complaints(db)
        self.call_list = CallList(db)
        self.allotments = Allotments(db)
        self.call_marks = CallMarks(db)
        self.drafts = Drafts(db)
        self.signatures = Signatures(db)
        self.evidence = Evidence(db)
        self.recent = Recent(db)
        self.people = People(db)
        self.sessions = Sessions(db)
        self.failed_logins = FailedLogins(db)
        self.refused_tries = RefusedTries(db)
        self.second_factors = SecondFactors(db)

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Read the database as it is now until the end of the block, whoever writes meanwhile; nothing is written."""
        if self._db.conn.in_transaction:
            yield
            return
        self._db.conn.execute("BEGIN")
        try:
            yield
        finally:
            self._db.conn.rollback()

    def close(self) -> None:
        """Close the database."""
        publish_head(self._db)
        self._db.close()

    def add_call(
        self,
        row: Row,
        *,
        record: Row,
        measured: Row | None = None,
        recordings: tuple[Row, ...] = (),
        attempts: tuple[Row, ...] = (),
        files: tuple[Row, ...] = (),
    ) -> None:
        """Keep a finished call with its recordings, other files and attempts, all or nothing.

        `row` has the columns of LIST_COLUMNS; those that are absent are unknown, not zero.
        """
        unknown = set(row) - set(LIST_COLUMNS)
        if unknown:
            raise ValueError(f"no such columns: {sorted(unknown)}")
        call_id = row["call_id"]
        with self.writing():
            whole = row | {"record": as_json(record), "measured": None if measured is None else as_json(measured)}
            self._db.table("calls").insert(whole)
            for one in recordings:
                kept = one | {"call_id": call_id, "missing": as_json(one.get("missing", []))}
                self._db.table("recordings").insert(kept)
            for one in files:
                self._db.table("call_files").insert(one | {"call_id": call_id})
            for ordinal, one in enumerate(attempts, start=1):
                self._db.table("attempts").insert({"ordinal": ordinal} | one | {"call_id": call_id})
            self.allotments.as_planned(call_id)

    def list_calls(self, *, unit: str | None = None, limit: int = 100) -> list[Row]:
        """Give the newest calls, newest first, without their records."""
        where, values = ("unit = ?", [unit]) if unit else (None, [])
        order, columns = "started_at desc, call_id desc", ", ".join(LIST_COLUMNS)
        calls = self._db.table("calls")
        return list(calls.rows_where(where, values, order_by=order, limit=limit, select=columns))

    def get_call(self, call_id: str) -> Row:
        """Give a call whole: its columns, record, measurement, recordings, attempts and all sheets."""
        rows = list(self._db.table("calls").rows_where("call_id = ?", [call_id]))
        if not rows:
            raise NotFound("store.no_call", call_id=call_id)
        call = rows[0]
        call["record"] = json.loads(call["record"])
        call["measured"] = json.loads(call["measured"]) if call["measured"] else None
        call["recordings"] = [parsed(one, "missing") for one in self._of("recordings", call_id, "id")]
        call["attempts"] = self.attempts_of(call_id)
        call["sheets"] = self.sheets(call_id)
        call["hearings"] = self.hearings(call_id)
        call["rescored"] = self.rescored.of(call_id)
        return call

    def attempts_of(self, call_id: str) -> list[Row]:
        """Give the attempts of the test that a call belongs to, in order, each with its own call's id."""
        own = self._of("attempts", call_id, "ordinal")
        tests = {row["attempt_id"].rpartition("-")[0] + "-" for row in own}
        attempts = self._db.table("attempts")
        found = [row for test in sorted(tests) for row in attempts.rows_where(_BEGINS, [test, test])]
        mine = [row for row in found if row["attempt_id"].rpartition("-")[0] + "-" in tests]
        return sorted(mine, key=lambda row: int(row["ordinal"]))

    def add_answers(self, call_id: str, answers: Row, *, who: str, now: datetime | None = None) -> int:
        """Keep what a tester said, and who said it; give the row's id."""
        row = {"call_id": call_id, "who": who, "given_at": stamp(now), "answers": as_json(answers)}
        with self.writing():
            self._call_or_raise(call_id)
            self._db.table("answers").insert(row)
            return int(self._db.execute("SELECT last_insert_rowid()").fetchone()[0])

    def questions_asked(self, unit: str) -> list[tuple[date, str]]:
        """What a unit was asked by its testers and on which day (UTC), oldest first."""
        found = self._db.execute(
            "SELECT substr(c.started_at, 1, 10), q.value ->> 'text' FROM calls c JOIN answers a USING (call_id), "
            "json_each(a.answers, '$.questions') q WHERE c.unit = ? ORDER BY c.started_at",
            [unit],
        )
        return [(date.fromisoformat(day), text) for day, text in found if text]

    def add_sheet(
        self,
        call_id: str,
        sheet: Row,
        *,
        facts: Row,
        answers_id: int | None = None,
        form: Row | None = None,
        row: Row | None = None,
        now: datetime | None = None,
    ) -> int:
        """Add a score sheet beside those that are there; give its version, from 1.

        `form` is what it was scored with, frozen from now on; `row` is what figures need of the sheet.
        """
        with self.writing():
            self._call_or_raise(call_id)
            if form is not None:
                self.forms.freeze(form, now=now)
            if row is not None:
                self.rows.put(call_id, row, sheet=sheet)
            version = len(self._of("sheets", call_id, "version")) + 1
            row = {"call_id": call_id, "version": version, "made_at": stamp(now), "form": sheet["form"]}
            row |= {"answers_id": answers_id, "facts": as_json(facts), "sheet": as_json(sheet)}
            self._db.table("sheets").insert(row)
            self._db.table("calls").update(call_id, {"form": sheet["form"], **summary_of(sheet)})
        return version

    def add_hearing(
        self, call_id: str, *, ear: str, measured: Row, facts: Row, sheet: Row | None, now: datetime | None = None
    ) -> int:
        """Keep what another ear made of a call, beside all that was kept before; give its version, from 1."""
        with self.writing():
            self._call_or_raise(call_id)
            version = len(self._of("hearings", call_id, "version")) + 1
            row = {"call_id": call_id, "version": version, "heard_at": stamp(now), "ear": ear}
            row |= {"measured": as_json(measured), "facts": as_json(facts)}
            self._db.table("hearings").insert(row | {"sheet": None if sheet is None else as_json(sheet)})
        return version

    def hearings(self, call_id: str) -> list[Row]:
        """Give what later ears made of a call, oldest first; the first measurement is the call's own."""
        rows = [parsed(row, "measured", "facts") for row in self._of("hearings", call_id, "version")]
        return [row | {"sheet": json.loads(row["sheet"]) if row["sheet"] else None} for row in rows]

    def sheets(self, call_id: str) -> list[Row]:
        """Give a call's score sheets, oldest first, each with its `answers` and `who` where there are any."""
        said = {one["id"]: one for one in self._of("answers", call_id, "id")}
        found = []
        for row in self._of("sheets", call_id, "version"):
            one = parsed(row, "sheet", "facts")
            by = said.get(one["answers_id"])
            one["who"] = by["who"] if by else None
            one["answers"] = json.loads(by["answers"]) if by else None
            found.append(one)
        return found


def summary_of(sheet: Row) -> Row:
    """Give the list's columns of a sheet: points that the machine gave, items that are open."""
    by_machine = [one["points"] for one in sheet["items"] if one.get("by") == "machine"]
    points = [Decimal(str(one)) for one in by_machine if one is not None]
    total = f"{sum(points, start=Decimal(0)).normalize():f}" if points else None
    return {"machine_points": total, "open_items": len(sheet["open"])}
