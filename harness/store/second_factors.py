"""Second factors of who logs in: what is derived from a salt is never kept, a code is accepted once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from harness.store.connection import Room, stamp


class SecondFactors(Room):
    """Salts, the last time step that was accepted, and hashes of recovery codes, an account each."""

    def offer(self, login: str, salt: str, now: datetime) -> None:
        """Keep the salt of a secret that was shown and is not confirmed yet."""
        with self.writing():
            self._change(login, factor_offered=f"{stamp(now)} {salt}")

    def offered(self, login: str, *, since: datetime) -> str | None:
        """That salt; None: none was shown since then."""
        told = self._column(login, "factor_offered")
        at, _, salt = str(told or "").partition(" ")
        return salt if salt and at >= stamp(since) else None

    def confirm(self, login: str, salt: str, *, step: int, codes: Mapping[str, str]) -> bool:
        """It is the account's from now on; `step` is the one whose code confirmed it, `codes` mark → hash.

        False where it is not what was offered last: it was confirmed meanwhile, and has its codes already.
        """
        with self.writing():
            if str(self._column(login, "factor_offered") or "").partition(" ")[2] != salt:
                return False
            self._change(login, factor_salt=salt, factor_step=step, factor_offered=None)
            self.set_codes(login, codes)
        return True

    def accept(self, login: str, step: int) -> bool:
        """Note that a step's code was given; False where one of that step or a later one was before."""
        with self.writing():
            query = "UPDATE people SET factor_step = ? WHERE login = ? AND factor_step < ?"
            return bool(self._db.execute(query, [step, login, step]).rowcount == 1)

    def remove(self, login: str) -> None:
        """Take it away with its recovery codes; who is logged in logs in anew."""
        with self.writing():
            self._change(login, factor_salt=None, factor_step=None, factor_offered=None)
            self.set_codes(login, {})
            self._db.execute("DELETE FROM sessions WHERE login = ?", [login])

    def any(self) -> bool:
        """Whether anybody has one."""
        return bool(self._db.table("people").count_where("factor_salt IS NOT NULL"))

    def set_codes(self, login: str, codes: Mapping[str, str]) -> None:
        """New recovery codes instead of those before: mark → hash."""
        with self.writing():
            self._db.execute("DELETE FROM recovery_codes WHERE login = ?", [login])
            rows = [{"login": login, "mark": mark, "hash": kept} for mark, kept in codes.items()]
            self._db.table("recovery_codes").insert_all(rows)

    def code(self, login: str, mark: str) -> str | None:
        """The hash of a recovery code that was not used; None: there is none of that mark."""
        rows = list(self._db.table("recovery_codes").rows_where("login = ? AND mark = ?", [login, mark]))
        return str(rows[0]["hash"]) if rows else None

    def use_code(self, login: str, mark: str) -> bool:
        """A recovery code is used; False where somebody else used it meanwhile."""
        with self.writing():
            query = "DELETE FROM recovery_codes WHERE login = ? AND mark = ?"
            return bool(self._db.execute(query, [login, mark]).rowcount == 1)

    def codes_left(self, login: str) -> int:
        """How many recovery codes are left."""
        return int(self._db.table("recovery_codes").count_where("login = ?", [login]))

    def _change(self, login: str, **columns: object) -> None:
        self._db.table("people").update(login, columns)

    def _column(self, login: str, name: str) -> object:
        found = list(self._db.table("people").rows_where("login = ?", [login]))
        return found[0][name] if found else None
