"""Where a line's password is kept, as a part of the line's form: chosen, never shown, and taken for a file only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from harness.errors import WrongInput
from harness.line_secret import LONGEST, secret_file_of
from harness.lines import LineSettings, softphone_line
from harness.programme.ways_out import LINE_VARIABLE
from harness.web.visit import Visit

SECRETS = ("secret_env", "secret_file", "secret_keyring")
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Secret:
    """Where a line's password is to be kept, as it was typed."""

    where: str
    """none, file, env or keyring."""
    values: Row
    """What agency.toml says of it."""
    password: str = ""
    """What goes into the file; empty: what is there stays."""


def secret_shown(visit: Visit, line: LineSettings | None) -> Row:
    """Where the password is kept; never the password."""
    where = next((name.removeprefix("secret_") for name in SECRETS if line and getattr(line, name)), "none")
    told: Row = {"where": visit.text("secret_where") or where, "file": "", "there": False}
    for name in ("secret_env", "secret_keyring"):
        told[name] = visit.text(name, most=80) or (getattr(line, name) if line else "") or ""
    if line and line.secret_file:
        told |= {"file": line.secret_file, "there": (visit.agency.folder / line.secret_file).is_file()}
    return told


def refuse_other_variable(variable: str, *, before: str | None, begins: str) -> None:
    """Raise WrongInput where a variable is none that was set for Thirdring, or this process has none of that name.

    What stands in another program's variable is not for who chooses the server; and what is no variable may be the
    password that somebody typed there. The one that stood there before is left alone.
    """
    if not variable or variable == before:
        return
    if not variable.startswith(begins):
        raise WrongInput("writer.other_variable", begins=begins)
    if variable not in os.environ:
        raise WrongInput("writer.no_variable", variable=variable)


def secret_typed(visit: Visit, line: LineSettings | None, *, name: str, user: str) -> Secret:
    """What was chosen for the line of a name and a user. A password is taken for a file only.

    Raises WrongInput where it says too little, EnvironmentFailed where the keyring has no such service.
    """
    where, nothing = visit.text("secret_where") or "none", dict.fromkeys(SECRETS)
    if where == "env":
        variable = visit.text("secret_env", most=80)
        if not variable:
            raise WrongInput("writer.which_variable")
        refuse_other_variable(variable, before=line.secret_env if line else None, begins=LINE_VARIABLE)
        return Secret(where=where, values=nothing | {"secret_env": variable})
    if where == "keyring":
        service = visit.text("secret_keyring", most=80)
        if not service:
            raise WrongInput("writer.which_keyring")
        # Fetched once, and forgotten: who types the password itself here must not find it in agency.toml.
        if line is None or service != line.secret_keyring:
            softphone_line(LineSettings(user=user, secret_keyring=service), folder=visit.agency.folder)
        return Secret(where=where, values=nothing | {"secret_keyring": service})
    if where == "file":
        password, there = str(visit.form.get("password", "")), line.secret_file if line else None
        if not password and there:
            return Secret(where=where, values=nothing | {"secret_file": there})
        if not password.strip():
            raise WrongInput("writer.no_secret", line=name, most=LONGEST)
        return Secret(where=where, values=nothing | {"secret_file": secret_file_of(name)}, password=password)
    return Secret(where="none", values=dict(nothing))
