"""`thirdring user`: who may use the pages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from harness.cli.noted import at_the_terminal
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE
from harness.words import label, say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.store import Store

ROLES = ("tester", "convener", "reviewer", "unit", "auditor", "administrator", "outside-tester")
ROLE = click.Choice(ROLES)
stdin = click.option("--password-stdin", is_flag=True, help="從標準輸入讀密碼。Read the password from standard input.")


@click.group()
@asked_for
def user(asked: Asked) -> None:
    """網頁的帳號。The accounts of the pages."""


@user.command()
@click.argument("login", metavar="LOGIN")
@click.option("--name", required=True, metavar="NAME", help="姓名，同 programme.toml 的測試人員。As in programme.toml.")
@click.option("--role", "roles", type=ROLE, multiple=True, required=True, help="角色，可重複。Role; may be repeated.")
@click.option("--unit", default="", metavar="UNIT", help="所屬單位。The person's unit.")
@stdin
@asked_for
def add(asked: Asked, login: str, name: str, roles: tuple[str, ...], unit: str, password_stdin: bool) -> int:
    """建立帳號。Make an account."""
    from harness.web.accounts import add_person
    from harness.web.rights import Role

    with _store(asked) as (agency, store):
        drawn, typed = _password(password_stdin)
        told: dict[str, Any] = {"name": name, "unit": unit, "password": typed, "who": _who()}
        add_person(store, agency, login, roles=[Role(one) for one in roles], **told)
    print_lines([say("serve.added", login=login, name=name, roles=", ".join(roles)), *_first(drawn, typed)])
    return DONE


@user.command("list")
@asked_for
def list_people(asked: Asked) -> int:
    """列出帳號。List the accounts."""
    with _store(asked) as (_, store):
        rows = store.people.all()
    if asked.as_json:
        names = ("login", "name", "roles", "unit", "created_at", "second_factor")
        shown = [{key: row[key] for key in names} for row in rows]
        print_json({"schema": "thirdring.people/1", "people": shown})
    elif rows:
        headings = [label(f"serve.column_{name}") for name in ("login", "name", "roles", "unit", "second_factor")]
        print_table(headings, [_row(row) for row in rows])
    else:
        print_lines([say("serve.no_people")])
    return DONE


@user.command()
@click.argument("login", metavar="LOGIN")
@asked_for
def remove(asked: Asked, login: str) -> int:
    """移除帳號。Take an account away."""
    from harness.web.accounts import remove_person

    with _store(asked) as (_, store):
        remove_person(store, login, who=_who())
    print_lines([say("serve.removed", login=login)])
    return DONE


@user.command()
@click.argument("login", metavar="LOGIN")
@click.argument("roles", type=ROLE, nargs=-1, required=True, metavar="ROLE…")
@click.option("--unit", default="", metavar="UNIT", help="所屬單位。The person's unit.")
@asked_for
def role(asked: Asked, login: str, roles: tuple[str, ...], unit: str) -> int:
    """改角色（取代原有的）。Say anew what somebody is."""
    from harness.web.accounts import set_roles
    from harness.web.rights import Role

    with _store(asked) as (agency, store):
        kept = unit or str(store.people.of(login)["unit"])
        set_roles(store, agency, login, roles=[Role(one) for one in roles], unit=kept, who=_who())
    print_lines([say("serve.role_set", login=login, roles=", ".join(roles))])
    return DONE


@user.command()
@click.argument("login", metavar="LOGIN")
@stdin
@asked_for
def password(asked: Asked, login: str, password_stdin: bool) -> int:
    """換密碼。Set a new password."""
    from harness.web.accounts import set_password

    with _store(asked) as (_, store):
        store.people.of(login)
        drawn, typed = _password(password_stdin)
        set_password(store, login, password=typed, who=_who())
    print_lines([say("serve.password_set", login=login), *_first(drawn, typed)])
    return DONE


@user.command("reset-second-factor")
@click.argument("login", metavar="LOGIN")
@asked_for
def reset_second_factor(asked: Asked, login: str) -> int:
    """取消遺失的第二道驗證。Take away a second factor that was lost."""
    from harness.web.accounts import reset_second_factor as reset

    with _store(asked) as (_, store):
        reset(store, login, who=_who())
    print_lines([say("factor.reset_done", login=login)])
    return DONE


def _row(row: dict[str, Any]) -> list[object]:
    factor = label("factor.has") if row["second_factor"] else None
    return [row["login"], row["name"], ", ".join(row["roles"]), row["unit"], factor]


@contextmanager
def _store(asked: Asked) -> Iterator[tuple[Agency, Store]]:
    from harness.agency import load_agency
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        yield agency, store


def _password(from_stdin: bool) -> tuple[bool, str]:
    """The first password, and whether it was drawn by lot because none was typed."""
    from harness.web.passwords import drawn_password

    if from_stdin:
        return False, sys.stdin.readline().rstrip("\r\n")
    asked = "密碼，留空由程式產生 Password, empty: one is made"
    told: str = click.prompt(asked, hide_input=True, default="", show_default=False)
    if not told:
        return True, drawn_password()
    click.prompt("再一次 Again", hide_input=True, value_proc=lambda again: _same(told, again))
    return False, told


def _same(told: str, again: str) -> str:
    if told != again:
        raise click.UsageError(say("serve.not_the_same"))
    return again


def _first(drawn: bool, password: str) -> list[str]:
    """What is said of a first password; one that was drawn is shown this once."""
    return [*([say("serve.first_password", password=password)] if drawn else []), say("serve.first_password_changes")]


def _who() -> str:
    return at_the_terminal("user")
