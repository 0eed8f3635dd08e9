"""The connection to an agency's database, and what every part of the store does with it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from harness import clocks
from harness.errors import NotFound, StoreError
from harness.store.chain import ChainedConnection
from harness.store.heads import note_head
from harness.store.migrations import STEP_NAMES, steps

Row = dict[str, Any]
BUSY_TIMEOUT_S = 10.0


class Room:
    """A part of the store: some tables of an open database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction that waits for its turn at once; inside another one it is part of that.

        A deferred one that reads before it writes fails without waiting where another has written meanwhile.
        """
        with write_lock(self._db):
            yield

    def _of(self, table: str, call_id: str, order: str) -> list[Row]:
        return list(self._db.table(table).rows_where("call_id = ?", [call_id], order_by=order))

    def _call_or_raise(self, call_id: str) -> None:
        if not self._db.table("calls").count_where("call_id = ?", [call_id]):
            raise NotFound("store.no_call", call_id=call_id)


def connect(path: Path) -> Database:
    """Open a database, made or brought up to date as needed. Raises `StoreError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_private(path)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, factory=ChainedConnection)
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


def _make_private(path: Path) -> None:
    """A new database is its owner's alone: sealed plans and people's results are in it. SQLite's others follow."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@contextmanager
def write_lock(db: Database) -> Iterator[None]:
    """Hold the database's write lock from the start of a transaction to its end."""
    connection = db.conn
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.commit()
    except BaseException:
        if isinstance(connection, ChainedConnection):
            connection.taken()  # a full disk fails the commit itself: a head of what is in no chain would contradict it
        connection.rollback()
        raise
    publish_head(db)


def publish_head(db: Database) -> None:
    """Write down how far the chain of evidence has got, where it went on."""
    connection = db.conn
    entry = connection.taken() if isinstance(connection, ChainedConnection) else None
    if entry is not None:
        note_head(Path(next(row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main")), entry)


def parsed(row: Row, *columns: str) -> Row:
    """A row with some of its columns read as JSON."""
    return row | {column: json.loads(row[column]) for column in columns}


def as_json(value: object) -> str:
    """A value as the text that a column keeps."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stamp(now: datetime | None) -> str:
    """A moment in UTC, ISO 8601, to the second; None: this one."""
    return (now or clocks.now()).astimezone(UTC).isoformat(timespec="seconds")


def _up_to_date(connection: sqlite3.Connection, file: str) -> Database:
    db = Database(connection)
    db.enable_wal()
    db.execute("PRAGMA foreign_keys = ON")  # off by default, and per connection
    db.execute("PRAGMA synchronous = FULL")
    if {one.name for one in steps.applied(db)} - STEP_NAMES:
        raise StoreError("store.newer", file=file)
    if {one.name for one in steps.pending(db)}:
        with write_lock(db):
            steps.apply(db)
    return db
