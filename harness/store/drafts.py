"""What somebody has filled in and not signed yet, a draft a person and call; and who signed what, once a call."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime

from harness.errors import Refused
from harness.store.connection import Room, Row, as_json, stamp

Fields = dict[str, list[str]]


class Drafts(Room):
    """Unfinished sheets: each person has an own one, so that two at one call lose nothing."""

    def of(self, call_id: str, who: str) -> Row | None:
        """Somebody's draft: `fields`, `serial` (how often it was changed) and `changed_at`; None: not begun."""
        rows = [one for one in self._of("drafts", call_id, "who") if one["who"] == who]
        return rows[0] | {"fields": json.loads(rows[0]["fields"])} if rows else None

    def others(self, call_id: str, who: str) -> list[Row]:
        """Who else has begun, and when each changed something last; never what."""
        found = self._of("drafts", call_id, "who")
        return [{"who": one["who"], "changed_at": one["changed_at"]} for one in found if one["who"] != who]

    def change(self, call_id: str, who: str, change: Callable[[Fields], Fields], *, now: datetime | None = None) -> Row:
        """Let `change` make the new fields of the old ones, alone while it does; give the draft."""
        with self.writing():
            self._call_or_raise(call_id)
            before = self.of(call_id, who) or {"fields": {}, "serial": 0}
            row: Row = {"call_id": call_id, "who": who, "serial": before["serial"] + 1, "changed_at": stamp(now)}
            row["fields"] = change(before["fields"])
            self._db.table("drafts").upsert(row | {"fields": as_json(row["fields"])}, pk=("call_id", "who"))
        return row

    def drop(self, call_id: str, who: str) -> None:
        """Forget somebody's draft: it was signed, or sent as an opinion."""
        with self.writing():
            self._db.execute("DELETE FROM drafts WHERE call_id = ? AND who = ?", [call_id, who])


class Signatures(Room):
    """Signed sheets; one a call, and none is ever changed."""

    def of(self, call_id: str) -> Row | None:
        """Who signed which version of a call's sheet when; None: nobody yet."""
        found = self._of("signatures", call_id, "call_id")
        return found[0] if found else None

    def add(self, call_id: str, *, version: int, who: str, digest: str, now: datetime | None = None) -> None:
        """Sign; Refused where somebody did before."""
        row = {"call_id": call_id, "version": version, "who": who, "at": stamp(now), "digest": digest}
        with self.writing():
            try:
                self._db.table("signatures").insert(row)
            except sqlite3.IntegrityError:
                raise Refused("sheet_page.signed", call_id=call_id, who=(self.of(call_id) or row)["who"]) from None
