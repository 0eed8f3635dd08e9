"""Score sheets' forms as they were when first used: a version never changes afterwards."""

from __future__ import annotations

import json
from datetime import datetime

from sqlite_utils import Database

from harness.errors import NotFound, WrongInput
from harness.store.connection import Room, Row, stamp


class Forms(Room):
    """The forms that were ever scored with."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self._read: dict[tuple[str, str], str] = {}

    def used(self) -> dict[tuple[str, str], str]:
        """Digests by form and version."""
        rows = self._db.table("forms").rows_where(select="form, version, digest")
        return {(row["form"], row["version"]): row["digest"] for row in rows}

    def content(self, form: str, version: str) -> str:
        """What a form said when it was first used, as JSON; NotFound when it never was. Read once: it never changes."""
        known = self._read.get((form, version))
        if known is not None:
            return known
        rows = list(self._db.table("forms").rows_where("form = ? AND version = ?", [form, version]))
        if not rows:
            raise NotFound("store.no_form", form=form, version=version)
        found = str(rows[0]["content"])
        if not self._db.conn.in_transaction:  # what a transaction added may still be taken back
            self._read[form, version] = found
        return found

    def freeze(self, form: Row, *, now: datetime | None = None) -> None:
        """Keep a form (`form`, `version`, `digest`, `content`) at its first use.

        Raises WrongInput when the same version was used with another content.
        """
        with self.writing():
            known = self.used().get((form["form"], form["version"]))
            if known is None:
                self._db.table("forms").insert(form | {"first_used_at": stamp(now)})
            elif known != form["digest"]:
                raise WrongInput("store.form_changed", form=form["form"], version=form["version"])


class Rescored(Room):
    """Sheets by other forms, beside the one that counts."""

    def add(self, call_id: str, sheet: Row, *, beside: int, differences: list[Row], now: datetime | None = None) -> int:
        """Keep a second sheet beside the sheet of id `beside`; give its own id. The same form twice is a mistake."""
        row = {"call_id": call_id, "beside": beside, "made_at": stamp(now), "form": sheet["form"]}
        row |= {"form_version": sheet["form_version"], "sheet": json.dumps(sheet, ensure_ascii=False)}
        with self.writing():
            self._call_or_raise(call_id)
            self._db.table("rescored").insert(row | {"differences": json.dumps(differences, ensure_ascii=False)})
            return int(self._db.execute("SELECT last_insert_rowid()").fetchone()[0])

    def of(self, call_id: str) -> list[Row]:
        """A call's second sheets, oldest first."""
        rows = self._of("rescored", call_id, "id")
        return [row | {name: json.loads(row[name]) for name in ("sheet", "differences")} for row in rows]

    def has(self, beside: int, *, form: str, version: str) -> bool:
        """Whether a sheet was scored again by that form already."""
        where = "beside = ? AND form = ? AND form_version = ?"
        return bool(self._db.table("rescored").count_where(where, [beside, form, version]))
