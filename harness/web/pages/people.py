"""Accounts: made, given roles and passwords, signed out, taken away; and the log of who did what.

What gives somebody more, or takes an account away, asks for the administrator's own password once more.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.errors import NotFound, WrongInput
from harness.store.people import shown
from harness.unit_titles import titles_of
from harness.web.accounts import add_person, remove_person, reset_second_factor, set_password, set_roles
from harness.web.declared import page
from harness.web.done import done, said
from harness.web.problems import Hidden
from harness.web.proof import prove
from harness.web.rights import Right, Role
from harness.web.told_detail import detail_told
from harness.web.visit import Visit

A_PAGE = 100
Row = dict[str, Any]


def person_of(visit: Visit, login: str) -> Row:
    """The account that a path names."""
    try:
        return visit.store.people.of(login)
    except NotFound:
        raise Hidden from None


@page("/settings/people", right=Right.MANAGE_PEOPLE)
def people(visit: Visit) -> Response:
    """Everybody with an account."""
    rows = [row | {"sessions": len(visit.store.sessions.of_person(row["login"]))} for row in visit.store.people.all()]
    titles = titles_of(visit.agency.units)
    return visit.page(
        "people.html", rows=rows, titles=titles, roles=list(Role), units=visit.agency.units, note=said(visit)
    )


@page("/settings/people", right=Right.MANAGE_PEOPLE, method="POST")
def add(visit: Visit) -> Response:
    """Make an account."""
    prove(visit)
    login = visit.text("login", most=80)
    told = {"name": _name(visit), "unit": visit.text("unit", most=80), "password": _password(visit)}
    add_person(visit.store, visit.agency, login, roles=_roles(visit), who=visit.person.name, now=visit.now, **told)
    return done(visit, "/settings/people", "settings.person_added", login=login)


@page("/settings/people/{login}", right=Right.MANAGE_PEOPLE, of=person_of)
def one(visit: Visit, row: Row) -> Response:
    """One account."""
    sessions = visit.store.sessions.of_person(row["login"])
    told: Row = {"one": shown(row), "sessions": sessions, "own": row["login"] == visit.person.login}
    return visit.page("person.html", **told, roles=list(Role), units=visit.agency.units, note=said(visit))


@page("/settings/people/{login}/roles", right=Right.MANAGE_PEOPLE, method="POST", of=person_of)
def change_roles(visit: Visit, row: Row) -> Response:
    """Say anew what somebody is. The last administrator stays one, or nobody could mend it."""
    prove(visit)
    roles = _roles(visit)
    if Role.ADMINISTRATOR not in roles:
        _keep_one_administrator(visit, row)
    unit = visit.text("unit", most=80)
    set_roles(visit.store, visit.agency, row["login"], roles=roles, unit=unit, who=visit.person.name)
    return done(visit, f"/settings/people/{row['login']}", "settings.roles_set")


@page("/settings/people/{login}/password", right=Right.MANAGE_PEOPLE, method="POST", of=person_of)
def new_password(visit: Visit, row: Row) -> Response:
    """Set a password; the person logs in anew."""
    prove(visit)
    set_password(visit.store, row["login"], password=_password(visit), who=visit.person.name, now=visit.now)
    return done(visit, f"/settings/people/{row['login']}", "settings.password_set")


@page("/settings/people/{login}/second-factor", right=Right.MANAGE_PEOPLE, method="POST", of=person_of)
def reset_factor(visit: Visit, row: Row) -> Response:
    """Take the second factor of somebody away who has lost it; one's own asks for a code, on one's own page."""
    prove(visit)
    if row["login"] == visit.person.login:
        raise WrongInput("factor.own")
    reset_second_factor(visit.store, row["login"], who=visit.person.name)
    return done(visit, f"/settings/people/{row['login']}", "factor.was_reset")


@page("/settings/people/{login}/sign-out", right=Right.MANAGE_PEOPLE, method="POST", of=person_of)
def sign_out(visit: Visit, row: Row) -> Response:
    """Revoke every session of somebody."""
    visit.store.sessions.end_all(row["login"])
    visit.log("sessions_ended", login=row["login"])
    return done(visit, f"/settings/people/{row['login']}", "settings.signed_out")


@page("/settings/people/{login}/remove", right=Right.MANAGE_PEOPLE, method="POST", of=person_of)
def remove(visit: Visit, row: Row) -> Response:
    """Take an account away; what the person did stays in the log."""
    if not visit.text("sure"):
        raise WrongInput("settings.not_sure")
    prove(visit)
    _keep_one_administrator(visit, row)
    remove_person(visit.store, row["login"], who=visit.person.name)
    return done(visit, "/settings/people", "settings.person_removed", login=row["login"])


@page("/settings/log", right=Right.SEE_LOG)
def log(visit: Visit) -> Response:
    """Who did what when, newest first."""
    asked = visit.asked.get("page", "1")
    page_no = int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 7 and int(asked) else 1
    rows = visit.store.log.newest(limit=A_PAGE + 1, offset=(page_no - 1) * A_PAGE)
    titles = titles_of(visit.agency.units)
    told = [row | {"told": detail_told(row["detail"], titles)} for row in rows[:A_PAGE]]
    return visit.page("log.html", rows=told, page_no=page_no, more=len(rows) > A_PAGE)


def _keep_one_administrator(visit: Visit, row: Row) -> None:
    others = [one for one in visit.store.people.all() if one["login"] != row["login"]]
    if Role.ADMINISTRATOR in row["roles"] and not any(Role.ADMINISTRATOR in one["roles"] for one in others):
        raise WrongInput("settings.last_administrator")


def _name(visit: Visit) -> str:
    name = visit.text("name", most=80)
    if not name:
        raise WrongInput("settings.no_name")
    return name


def _roles(visit: Visit) -> list[Role]:
    sent = [str(one) for one in visit.form.getlist("role")]
    if not sent or any(one not in list(Role) for one in sent):
        raise WrongInput("settings.no_role")
    return [Role(one) for one in dict.fromkeys(sent)]


def _password(visit: Visit) -> str:
    """As it was typed: a space at its end is part of it."""
    return str(visit.form.get("password", ""))
