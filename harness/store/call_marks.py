"""What people said happened in a call: marks of its moments and remarks on it as a whole. Rows are only ever added."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from harness.errors import NotFound
from harness.store.connection import Room, Row, as_json, stamp


class Act(Protocol):
    """Something that was done in a call, as its record tells of it."""

    @property
    def at_s(self) -> float: ...
    @property
    def do(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def who(self) -> str: ...


class CallMarks(Room):
    """Marks and remarks, each with who said so; beside what the machine measured."""

    def add(
        self,
        call_id: str,
        what: str,
        *,
        who: str,
        at_s: float | None = None,
        detail: Row | None = None,
        now: datetime | None = None,
    ) -> None:
        """Keep one. `at_s` is a time on the call's clock; None: it is said of the call as a whole. NotFound."""
        row = {"call_id": call_id, "at_s": at_s, "what": what, "who": who, "noted_at": stamp(now)}
        with self.writing():
            if not self._db.execute("SELECT 1 FROM calls WHERE call_id = ?", [call_id]).fetchone():
                raise NotFound("store.no_call", call_id=call_id)
            self._db.table("call_marks").insert(row | {"detail": as_json(detail or {})})

    def add_acts(self, call_id: str, acts: Iterable[Act], *, now: datetime | None = None) -> None:
        """Keep what people did while the call lasted: a mark by its own name, all else by what it was."""
        for act in acts:
            if act.who:
                marked = act.do == "marked"
                detail = {"detail": act.detail} if act.detail and not marked else {}
                what = act.detail if marked else act.do
                self.add(call_id, what, who=act.who, at_s=act.at_s, detail=detail, now=now)

    def of(self, call_id: str) -> list[Row]:
        """A call's, in the order in which they were said."""
        rows = self._db.table("call_marks").rows_where("call_id = ?", [call_id], order_by="id")
        return [row | {"detail": json.loads(row["detail"])} for row in rows]
