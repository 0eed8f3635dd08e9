"""What somebody who has logged in owes before any page opens: a password of their own, a second factor."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from harness.web.person import Person
from harness.web.rights import Right

if TYPE_CHECKING:
    from harness.store.connection import Row
    from harness.web.site import Site

RECORDINGS = frozenset({Right.HEAR, Right.LISTEN_IN, Right.MANAGE_PEOPLE})
"""Rights that reach a recording; the last gives anybody the others, and takes second factors away. A call's case
(EXPORT_CASE) has the sound only for who may hear it."""


class Owed(StrEnum):
    """What is owed; its value is the page where it is done."""

    PASSWORD = "/me/first-password"
    """The password is one that an administrator set."""
    SECOND_FACTOR = "/me/second-factor"
    """The agency wants one of who may hear recordings, and there is none."""


MEANWHILE = {
    Owed.PASSWORD: frozenset({"/me/first-password", "/me/password", "/me/language", "/logout"}),
    Owed.SECOND_FACTOR: frozenset(
        {"/me/second-factor", "/me/second-factor/begin", "/me/second-factor/confirm", "/me/language", "/logout"}
    ),
}
"""The paths that are open until it is done."""


def owed_by(person: Person, row: Row, site: Site) -> Owed | None:
    """What a session's person owes; None: nothing."""
    if row["first_password_at"] is not None:
        return Owed.PASSWORD
    if not row["second_factor"] and wants_second_factor(person, site):
        return Owed.SECOND_FACTOR
    return None


def wants_second_factor(person: Person, site: Site) -> bool:
    """Whether the agency wants a second factor of somebody.

    Where its settings do not say, it does as soon as other machines reach the pages. Who reaches them from this machine
    alone sits at it, behind its own log-in, and many a clerk has no telephone that may lie on the desk.
    """
    setting = site.agency().settings.second_factor
    required = setting == "required" if setting is not None else site.secure
    return required and any(person.may(one) for one in RECORDINGS)
