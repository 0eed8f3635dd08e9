"""The password once more, before what a page that somebody left open must not be good for (OWASP ASVS 5.0 7.5)."""

from __future__ import annotations

from harness.errors import WrongInput
from harness.web.sessions import proven
from harness.web.visit import Visit

FIELD = "own_password"


def prove(visit: Visit) -> None:
    """Go on only where the form brings the own password; guesses count like those at the log-in.

    Raises WrongInput, and TooOften.
    """
    login, sent = visit.person.login, str(visit.form.get(FIELD, ""))
    if not proven(visit.store.people.of(login), login, sent, visit.request, visit.site, visit.store):
        visit.log("password_refused")
        raise WrongInput("me.password_wrong")
