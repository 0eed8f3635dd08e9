"""Accounts as they are made and changed, by a command or on a page: checked, and written into the log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from harness.agency import Agency
from harness.errors import WrongInput
from harness.rounds import same_name
from harness.store import Store
from harness.store.connection import stamp
from harness.web.passwords import hashed
from harness.web.rights import Role

_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,39}")


def add_person(
    store: Store,
    agency: Agency,
    login: str,
    *,
    name: str,
    roles: Sequence[Role],
    unit: str,
    password: str,
    who: str,
    now: datetime | None = None,
) -> None:
    """Make an account, whose password is a first one: its owner changes it before anything else.

    WrongInput names what is wrong; nothing is made then.
    """
    if not _LOGIN.fullmatch(login):
        raise WrongInput("serve.login_text", login=login)
    _check_unit(agency, roles, unit)
    kept = hashed(password, login=login, name=name)
    with store.writing():
        _check_name(store, name)
        store.people.add(
            login, name=name, unit=unit, roles=[str(one) for one in roles], password=kept, first=True, now=now
        )
        _note(store, "person_added", login, who, roles=roles, unit=unit)


def set_roles(store: Store, agency: Agency, login: str, *, roles: Sequence[Role], unit: str, who: str) -> None:
    """Say anew what somebody is; the person logs in anew."""
    _check_unit(agency, roles, unit)
    with store.writing():
        store.people.change(login, roles=[str(one) for one in roles], unit=unit)
        _note(store, "person_roles", login, who, roles=roles, unit=unit)


def set_password(store: Store, login: str, *, password: str, who: str, now: datetime | None = None) -> None:
    """Set a first password anew; the person logs in anew, and changes it."""
    name = str(store.people.of(login)["name"])
    kept, at = hashed(password, login=login, name=name), stamp(now)
    with store.writing():
        store.people.change(login, password=kept, first_password_at=at, now=now)
        _note(store, "person_password", login, who)


def reset_second_factor(store: Store, login: str, *, who: str) -> None:
    """Take somebody's second factor away with its recovery codes; the person logs in anew. WrongInput: none."""
    with store.writing():
        if store.people.of(login)["factor_salt"] is None:
            raise WrongInput("factor.none", login=login)
        store.second_factors.remove(login)
        _note(store, "second_factor_reset", login, who)


def remove_person(store: Store, login: str, *, who: str) -> None:
    """Take an account away."""
    with store.writing():
        store.people.remove(login)
        _note(store, "person_removed", login, who)


def _check_name(store: Store, name: str) -> None:
    """Calls are allotted and sheets signed by the name: two people of one name would be one."""
    if not name.strip():
        raise WrongInput("serve.no_name")
    taken = [one["login"] for one in store.people.all() if same_name(one["name"]) == same_name(name)]
    if taken:
        raise WrongInput("serve.name_taken", name=name, login=taken[0])


def _check_unit(agency: Agency, roles: Sequence[Role], unit: str) -> None:
    known = [one.unit for one in agency.units]
    if unit and unit not in known:
        raise WrongInput("serve.no_unit", unit=unit, known=", ".join(known) or "—")
    if Role.UNIT in roles and not unit:
        raise WrongInput("serve.unit_wanted")


def _note(store: Store, what: str, login: str, who: str, *, roles: Sequence[Role] = (), unit: str = "") -> None:
    store.log.write(what, who=who, detail={"login": login, "roles": [str(one) for one in roles], "unit": unit})
