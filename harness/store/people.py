"""Who may use the pages, and their sessions: rows that may change and go, unlike all that was measured."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from harness.errors import NotFound, WrongInput
from harness.store.connection import Room, Row, as_json, parsed, stamp

_JSON = ("roles", "preferences")
_SECRET = ("password", "factor_salt", "factor_offered", "factor_step")


class People(Room):
    """Accounts. A password is only ever seen here as its hash."""

    def add(
        self,
        login: str,
        *,
        name: str,
        unit: str,
        roles: Sequence[str],
        password: str,
        first: bool = False,
        now: datetime | None = None,
    ) -> None:
        """Keep a new account; WrongInput when there is one of that name. `first`: somebody else knows its password."""
        row: Row = {"login": login, "name": name, "unit": unit, "roles": as_json(list(roles)), "password": password}
        row |= {"preferences": "{}", "created_at": stamp(now), "changed_at": stamp(now)}
        row |= {"first_password_at": stamp(now) if first else None}
        with self.writing():
            try:
                self._db.table("people").insert(row)
            except sqlite3.IntegrityError:
                raise WrongInput("people.there", login=login) from None

    def all(self) -> list[Row]:
        """Every account, by its name, without what it logs in with; `second_factor`: whether it has one."""
        return [shown(parsed(row, *_JSON)) for row in self._db.table("people").rows_where(order_by="login")]

    def find(self, login: str) -> Row | None:
        """One account with its password's hash and its second factor; None: there is none."""
        rows = list(self._db.table("people").rows_where("login = ?", [login]))
        return parsed(rows[0], *_JSON) if rows else None

    def of(self, login: str) -> Row:
        """The same; NotFound."""
        found = self.find(login)
        if found is None:
            raise NotFound("people.nobody", login=login)
        return found

    def change(self, login: str, *, now: datetime | None = None, **columns: object) -> None:
        """Change some columns of an account; a new password or new roles end all its sessions."""
        told = {key: as_json(value) if key in _JSON else value for key, value in columns.items()}
        with self.writing():
            self.of(login)
            self._db.table("people").update(login, told | {"changed_at": stamp(now)})
            if set(columns) & {"password", "roles", "unit"}:
                self._db.execute("DELETE FROM sessions WHERE login = ?", [login])

    def remove(self, login: str) -> None:
        """Take an account and its sessions away; what it did stays in the log."""
        with self.writing():
            self.of(login)
            self._db.execute("DELETE FROM sessions WHERE login = ?", [login])
            self._db.execute("DELETE FROM recovery_codes WHERE login = ?", [login])
            self._db.execute("DELETE FROM people WHERE login = ?", [login])


def shown(row: Row) -> Row:
    """An account without anything that it logs in with."""
    told = {key: value for key, value in row.items() if key not in _SECRET}
    return told | {"second_factor": row["factor_salt"] is not None}


class Sessions(Room):
    """Who is logged in. The cookie's secret is kept as its digest only."""

    def begin(self, digest: str, *, login: str, csrf: str, agent: str, now: datetime, wants_code: bool = False) -> None:
        """Keep a new session; one that still wants a code opens nothing but the page that asks for it."""
        row = {"digest": digest, "login": login, "csrf": csrf, "agent": agent, "wants_code": int(wants_code)}
        with self.writing():
            self._db.table("sessions").insert(row | {"began_at": stamp(now), "seen_at": stamp(now)})

    def of(self, digest: str) -> Row | None:
        """A session with its account's name, unit, roles and preferences, whether it has a second factor and since
        when a first password; None: there is none."""
        query = (
            "SELECT s.*, p.name, p.unit, p.roles, p.preferences, p.first_password_at, "
            "p.factor_salt IS NOT NULL AS second_factor FROM sessions s JOIN people p USING (login) WHERE s.digest = ?"
        )
        found = list(self._db.query(query, [digest]))
        return parsed(found[0], *_JSON) if found else None

    def of_person(self, login: str) -> list[Row]:
        """A person's sessions, newest first; none that still wants a code."""
        where = "login = ? AND NOT wants_code"
        return list(self._db.table("sessions").rows_where(where, [login], order_by="began_at desc"))

    def seen(self, digest: str, now: datetime) -> None:
        """Note that a session is in use."""
        with self.writing():
            self._db.execute("UPDATE sessions SET seen_at = ? WHERE digest = ?", [stamp(now), digest])

    def end(self, digest: str) -> None:
        """Revoke one."""
        with self.writing():
            self._db.execute("DELETE FROM sessions WHERE digest = ?", [digest])

    def end_all(self, login: str, *, but: str = "") -> None:
        """Revoke every session of a person, all but one where its digest is given."""
        with self.writing():
            self._db.execute("DELETE FROM sessions WHERE login = ? AND digest <> ?", [login, but])

    def sweep(self, *, began_before: datetime, seen_before: datetime) -> None:
        """Forget those that ran out."""
        with self.writing():
            values = [stamp(began_before), stamp(seen_before)]
            self._db.execute("DELETE FROM sessions WHERE began_at < ? OR seen_at < ?", values)


class FailedLogins(Room):
    """Log-ins that failed lately, so that guessing becomes slow; a restart of the server does not forget them."""

    def note(self, login: str, address: str, now: datetime) -> None:
        """Keep one."""
        with self.writing():
            self._db.table("failed_logins").insert({"login": login, "address": address, "at": stamp(now)})

    def since(self, begin: datetime, *, login: str, address: str) -> tuple[int, int, int]:
        """How many there were for an account from an address, for the account, and from the address."""
        query = (
            "SELECT coalesce(sum(login = ?1 AND address = ?2), 0), coalesce(sum(login = ?1), 0), "
            "coalesce(sum(address = ?2), 0) FROM failed_logins WHERE at >= ?3"
        )
        here, by_login, by_address = self._db.execute(query, [login, address, stamp(begin)]).fetchone()
        return int(here), int(by_login), int(by_address)

    def forget(self, *, login: str, before: datetime) -> None:
        """Forget an account's after it logged in, and everybody's that are old."""
        with self.writing():
            self._db.execute("DELETE FROM failed_logins WHERE login = ? OR at < ?", [login, stamp(before)])
