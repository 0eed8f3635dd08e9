"""The chain of evidence as it is read: its entries, and the rows that they speak of as these now are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from sqlite_utils import Database

from harness.store.chain import KEYS, ChainedConnection, chained_columns, shown
from harness.store.connection import Room, Row
from harness.store.heads import Head, head_of
from harness.store.migrations import steps


class Evidence(Room):
    """The chain of an open database."""

    def entries(self) -> Iterator[tuple[int, str]]:
        """Every entry with its number, in order, as the database has it now."""
        yield from self._db.execute("SELECT n, entry FROM evidence ORDER BY n")

    def head(self) -> Head | None:
        """The newest entry; None: nothing was kept yet."""
        found = self._db.execute("SELECT entry FROM evidence ORDER BY n DESC LIMIT 1").fetchone()
        return head_of(found[0]) if found else None

    def rows(self, table: str) -> Iterator[tuple[tuple[object, ...], Row]]:
        """Every row of a table in the chain, with its key, as an entry would show it."""
        columns = self._columns(table)
        names = ", ".join(f'"{name}"' for name in columns)
        for values in self._db.execute(f"SELECT {names} FROM {table}"):
            row = dict(zip(columns, values, strict=True))
            yield tuple(row[name] for name in KEYS[table]), shown(row)

    def whole(self, table: str, named: Row) -> Iterator[Row]:
        """The rows of a table whose columns have these values, whole."""
        columns = self._columns(table)
        names = ", ".join(f'"{name}"' for name in columns)
        where = " AND ".join(f'"{name}" = ?' for name in named)
        query = f"SELECT {names} FROM {table} WHERE {where} ORDER BY rowid"
        for values in self._db.execute(query, [*named.values()]):
            yield dict(zip(columns, values, strict=True))

    def guards_gone(self) -> list[str]:
        """Triggers that should be there as they were made, and are not."""
        there = _triggers(self._db)
        return sorted(name for name, sql in _as_made().items() if there.get(name) != sql)

    def guards_strange(self) -> list[str]:
        """Triggers that were not made here: one can swallow a row before it is kept, and none is refused by SQLite."""
        return sorted(_triggers(self._db).keys() - _as_made().keys())

    @contextmanager
    def as_it_is(self) -> Iterator[None]:
        """One moment of the database, whoever writes meanwhile; text that is no UTF-8 is read as well."""
        self._db.conn.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        self._db.conn.execute("BEGIN")
        try:
            yield
        finally:
            self._db.conn.rollback()
            self._db.conn.text_factory = str

    def summaries(self) -> Iterator[tuple[str, Row, str | None]]:
        """Each call with what its list shows of its sheet, and its newest sheet's text."""
        found = self._db.execute(
            "SELECT c.call_id, c.form, c.machine_points, c.open_items, (SELECT s.sheet FROM sheets s "
            "WHERE s.call_id = c.call_id ORDER BY s.version DESC LIMIT 1) FROM calls c"
        )
        for call_id, form, points, items, sheet in found:
            yield call_id, {"form": form, "machine_points": points, "open_items": items}, sheet

    def logged(self, what: str) -> Iterator[tuple[str, Row]]:
        """The log's lines of one kind, oldest first: the call's id, and the detail where it is a JSON object."""
        for call_id, detail in self._db.execute("SELECT call_id, detail FROM log WHERE what = ? ORDER BY id", [what]):
            with suppress(ValueError, RecursionError):  # what was spoilt is told of elsewhere
                said = json.loads(detail)
                if isinstance(said, dict):
                    yield str(call_id), said

    def _columns(self, table: str) -> tuple[str, ...]:
        return chained_columns(self._db, table)


@cache
def _as_made() -> dict[str, str]:
    """Every trigger of a new database, by name."""
    new = Database(ChainedConnection(":memory:"))
    steps.apply(new)
    found = _triggers(new)
    new.close()
    return found


def _triggers(db: Database) -> dict[str, str]:
    return dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
