"""The chain of evidence: every row that a result stands on is an entry that holds the hash of the entry before it.

An entry is `LINK CONTENT`. CONTENT is JSON: its number, when, what was done, to which table, and the row; of a text
longer than SHOWN characters its SHA-256 stands there instead. LINK is SHA-256 of `the link before it`, a newline and
SHA-256 of CONTENT, so that an entry can be proved without showing those of other calls. The database writes the
entries itself, by triggers, in the transaction that writes the row: nobody can forget it. The function that they call
is registered by `connect` alone: another program that inserts into these tables fails.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from harness import clocks

if TYPE_CHECKING:
    from sqlite_utils import Database

ADDED, FOUND = "added", "found"
SHOWN = 100
"""Characters; longer texts are in an entry as their hash."""
LINK_LENGTH = 64
BEFORE_ALL = "0" * LINK_LENGTH
"""What stands for the link before the first."""
FUNCTION = "thirdring_chain"

KEYS: dict[str, tuple[str, ...]] = {
    "calls": ("call_id",),
    "attempts": ("attempt_id",),
    "recordings": ("id",),
    "call_files": ("id",),
    "answers": ("id",),
    "sheets": ("id",),
    "hearings": ("id",),
    "forms": ("form", "version"),
    "rescored": ("id",),
    "rows": ("call_id", "shelf"),
    "reviews": ("id",),
    "log": ("id",),
    "plans": ("month",),
    "plan_events": ("id",),
    "improvements": ("id",),
    "complaints": ("id",),
    "signatures": ("call_id",),
    "call_marks": ("id",),
}
"""The tables in the chain, and what names a row of each."""
CHANGING = {"calls": ("form", "machine_points", "open_items")}
"""Columns that follow the newest sheet; they are checked against it."""
DERIVED = frozenset({"rows"})
"""Tables that are drawn from others and written anew; their newest entry is what they should say."""
Row = dict[str, Any]


def link_after(before: str, content: str) -> str:
    """The link of an entry, of the link before it and of what it says."""
    return _sha256(f"{before}\n{_sha256(content)}")


def entry_after(last: str | None, did: str, what: str, row: Row) -> str:
    """The next entry of the chain, whose newest entry is `last`."""
    before, n = (BEFORE_ALL, 0) if last is None else (last[:LINK_LENGTH], int(json.loads(last[LINK_LENGTH:])["n"]))
    at = clocks.now().astimezone(UTC).isoformat(timespec="seconds")
    content = canonical({"n": n + 1, "at": at, "did": did, "what": what, "row": shown(row)})
    return f"{link_after(before, content)} {content}"


def shown(row: Row) -> Row:
    """A row as an entry shows it: long texts by their hash, and the total of a sheet."""
    short = {name: _short(value) for name, value in row.items()}
    total = _total(row["sheet"]) if isinstance(row.get("sheet"), str) else None
    return short if total is None else short | {"(total)": total}


def canonical(value: object) -> str:
    """One spelling of JSON: keys sorted, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def chained_columns(db: Database, table: str) -> tuple[str, ...]:
    """The columns of a table that are in the chain."""
    return tuple(one.name for one in db.table(table).columns if one.name not in CHANGING.get(table, ()))


def begin_chain(db: Database, tables: Iterable[str]) -> None:
    """Take tables into the chain: what is there is found, what comes is added, what must stay is guarded."""
    for table in tables:
        columns = chained_columns(db, table)
        _find(db, table, columns)
        for statement in guards_of(table, columns).values():
            db.execute(statement)


def guards_of(table: str, columns: Sequence[str]) -> dict[str, str]:
    """The triggers of a table in the chain, by name."""
    given = ", ".join(f"'{name}', NEW.\"{name}\"" for name in columns)
    found = {}
    for event in ("INSERT", "UPDATE") if table in DERIVED else ("INSERT",):
        name = f"{table}_chained_{event}"
        found[name] = (
            f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN INSERT INTO evidence (n, entry) VALUES ("
            f"(SELECT coalesce(max(n), 0) + 1 FROM evidence), "
            f"{FUNCTION}((SELECT entry FROM evidence ORDER BY n DESC LIMIT 1), '{table}', {given})); END"
        )
    if table not in DERIVED:
        of = ", ".join(f'"{name}"' for name in columns)
        for event, which in (("UPDATE", f"UPDATE OF {of}"), ("DELETE", "DELETE")):
            name = f"{table}_kept_{event}"
            found[name] = (
                f"CREATE TRIGGER {name} BEFORE {which} ON {table} BEGIN "
                f"SELECT RAISE(ABORT, '{table}: a row is never changed, a new one is added'); END"
            )
    return found


def _find(db: Database, table: str, columns: Sequence[str]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    last = next((entry for (entry,) in db.execute("SELECT entry FROM evidence ORDER BY n DESC LIMIT 1")), None)
    for values in db.execute(f"SELECT {names} FROM {table} ORDER BY rowid").fetchall():
        last = entry_after(last, FOUND, table, dict(zip(columns, values, strict=True)))
        db.execute("INSERT INTO evidence (n, entry) SELECT coalesce(max(n), 0) + 1, ? FROM evidence", [last])
    if isinstance(db.conn, ChainedConnection):
        db.conn.newest = last


class ChainedConnection(sqlite3.Connection):
    """A connection whose triggers can write the chain; knows the newest entry that it wrote."""

    newest: str | None = None
    """The entry, until it was taken."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.create_function(FUNCTION, -1, self._next)

    def _next(self, last: str | None, what: str, *given: Any) -> str:
        row = dict(zip(given[::2], given[1::2], strict=True))
        self.newest = entry_after(last, ADDED, what, row)
        return self.newest

    def taken(self) -> str | None:
        """The newest entry that this connection wrote since it was asked last."""
        newest, self.newest = self.newest, None
        return newest


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > SHOWN:
        return {"sha256": _sha256(value), "length": len(value)}
    return value


def _total(sheet: str) -> Any:
    try:
        return json.loads(sheet).get("total")
    except (ValueError, AttributeError, RecursionError):
        return None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
