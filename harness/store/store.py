"""Reading and writing the database; what goes in and comes out are plain dicts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from harness.errors import NotFound, StoreError
from harness.store.migrations import STEP_NAMES, steps

Row = dict[str, Any]

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
)
BUSY_TIMEOUT_S = 10.0


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Open an agency's database, made or brought up to date as needed; closed at the end of the block.

    What SQLite raises inside the block comes out as StoreError.
    """
    store = Store(_connect(path))
    try:
        yield store
    except sqlite3.Error as error:
        raise StoreError("store.failed", reason=str(error)) from error
    finally:
        store.close()


class Store:
    """An open database; made by `open_store`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def add_call(
        self,
        row: Row,
        *,
        record: Row,
        measured: Row | None = None,
        recordings: tuple[Row, ...] = (),
        attempts: tuple[Row, ...] = (),
    ) -> None:
        """Keep a finished call with its recordings and attempts, all or nothing.

        `row` has the columns of LIST_COLUMNS; those that are absent are unknown, not zero.
        """
        unknown = set(row) - set(LIST_COLUMNS)
        if unknown:
            raise ValueError(f"no such columns: {sorted(unknown)}")
        call_id = row["call_id"]
        with self._writing():
            whole = row | {"record": _json(record), "measured": None if measured is None else _json(measured)}
            self._db.table("calls").insert(whole)
            for one in recordings:
                kept = one | {"call_id": call_id, "missing": _json(one.get("missing", []))}
                self._db.table("recordings").insert(kept)
            for ordinal, one in enumerate(attempts, start=1):
                self._db.table("attempts").insert(one | {"call_id": call_id, "ordinal": ordinal})

    def list_calls(self, *, unit: str | None = None, limit: int = 100) -> list[Row]:
        """Give the newest calls, newest first, without their records."""
        where, values = ("unit = ?", [unit]) if unit else (None, [])
        order, columns = "started_at desc, call_id desc", ", ".join(LIST_COLUMNS)
        calls = self._db.table("calls")
        return list(calls.rows_where(where, values, order_by=order, limit=limit, select=columns))

    def get_call(self, call_id: str) -> Row:
        """Give a call whole: its columns, record, measurement, recordings, attempts, sheets, hearings; or NotFound."""
        rows = list(self._db.table("calls").rows_where("call_id = ?", [call_id]))
        if not rows:
            raise NotFound("store.no_call", call_id=call_id)
        call = rows[0]
        call["record"] = json.loads(call["record"])
        call["measured"] = json.loads(call["measured"]) if call["measured"] else None
        call["recordings"] = [_parsed(one, "missing") for one in self._of("recordings", call_id, "id")]
        call["attempts"] = self._of("attempts", call_id, "ordinal")
        call["sheets"] = self.sheets(call_id)
        call["hearings"] = self.hearings(call_id)
        return call

    def add_answers(self, call_id: str, answers: Row, *, who: str, now: datetime | None = None) -> int:
        """Keep what a tester said, and who said it; give the row's id."""
        row = {"call_id": call_id, "who": who, "given_at": _stamp(now), "answers": _json(answers)}
        with self._writing():
            self._call_or_raise(call_id)
            self._db.table("answers").insert(row)
            return int(self._db.execute("SELECT last_insert_rowid()").fetchone()[0])

    def add_sheet(
        self,
        call_id: str,
        sheet: Row,
        *,
        facts: Row,
        answers_id: int | None = None,
        now: datetime | None = None,
    ) -> int:
        """Add a score sheet beside those that are there; give its version, from 1."""
        with self._writing():
            self._call_or_raise(call_id)
            version = len(self._of("sheets", call_id, "version")) + 1
            row = {"call_id": call_id, "version": version, "made_at": _stamp(now), "form": sheet["form"]}
            row |= {"answers_id": answers_id, "facts": _json(facts), "sheet": _json(sheet)}
            self._db.table("sheets").insert(row)
            self._db.table("calls").update(call_id, {"form": sheet["form"], **_summary(sheet)})
        return version

    def add_hearing(
        self, call_id: str, *, ear: str, measured: Row, facts: Row, sheet: Row | None, now: datetime | None = None
    ) -> int:
        """Keep what another ear made of a call, beside all that was kept before; give its version, from 1."""
        with self._db.atomic():
            self._call_or_raise(call_id)
            version = len(self._of("hearings", call_id, "version")) + 1
            row = {"call_id": call_id, "version": version, "heard_at": _stamp(now), "ear": ear}
            row |= {"measured": _json(measured), "facts": _json(facts)}
            self._db.table("hearings").insert(row | {"sheet": None if sheet is None else _json(sheet)})
        return version

    def hearings(self, call_id: str) -> list[Row]:
        """Give what later ears made of a call, oldest first; the first measurement is the call's own."""
        rows = [_parsed(row, "measured", "facts") for row in self._of("hearings", call_id, "version")]
        return [row | {"sheet": json.loads(row["sheet"]) if row["sheet"] else None} for row in rows]

    def sheets(self, call_id: str) -> list[Row]:
        """Give a call's score sheets, oldest first, each with its `answers` and `who` where there are any."""
        said = {one["id"]: one for one in self._of("answers", call_id, "id")}
        found = []
        for row in self._of("sheets", call_id, "version"):
            one = _parsed(row, "sheet", "facts")
            by = said.get(one["answers_id"])
            one["who"] = by["who"] if by else None
            one["answers"] = json.loads(by["answers"]) if by else None
            found.append(one)
        return found

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction that waits for its turn at once.

        A deferred one that reads before it writes fails without waiting where another has written meanwhile.
        """
        with _write_lock(self._db):
            yield

    def _of(self, table: str, call_id: str, order: str) -> list[Row]:
        return list(self._db.table(table).rows_where("call_id = ?", [call_id], order_by=order))

    def _call_or_raise(self, call_id: str) -> None:
        if not self._db.table("calls").count_where("call_id = ?", [call_id]):
            raise NotFound("store.no_call", call_id=call_id)


def _connect(path: Path) -> Database:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)
    except (sqlite3.Error, OSError) as error:
        raise StoreError("store.cannot_open", file=path.name, reason=str(error)) from error
    try:
        return _up_to_date(connection, path.name)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError("store.cannot_open", file=path.name, reason=str(error)) from error
    except StoreError:
        connection.close()
        raise


def _up_to_date(connection: sqlite3.Connection, file: str) -> Database:
    db = Database(connection)
    db.enable_wal()
    db.execute("PRAGMA foreign_keys = ON")  # off by default, and per connection
    db.execute("PRAGMA synchronous = FULL")
    if {one.name for one in steps.applied(db)} - STEP_NAMES:
        raise StoreError("store.newer", file=file)
    if {one.name for one in steps.pending(db)}:
        with _write_lock(db):
            steps.apply(db)
    return db


@contextmanager
def _write_lock(db: Database) -> Iterator[None]:
    """Hold the database's write lock from the start of a transaction to its end."""
    connection = db.conn
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _summary(sheet: Row) -> Row:
    """Give the list's columns of a sheet: points that the machine gave, items that are open."""
    by_machine = [one["points"] for one in sheet["items"] if one.get("by") == "machine"]
    points = [Decimal(str(one)) for one in by_machine if one is not None]
    total = f"{sum(points, start=Decimal(0)).normalize():f}" if points else None
    return {"machine_points": total, "open_items": len(sheet["open"])}


def _parsed(row: Row, *columns: str) -> Row:
    return row | {column: json.loads(row[column]) for column in columns}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _stamp(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
