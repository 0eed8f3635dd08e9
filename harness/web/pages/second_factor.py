"""The own second factor: set up with a QR code, confirmed by a code, renewed, given up; and its recovery codes."""

from __future__ import annotations

from typing import Any

import segno
from markupsafe import Markup
from starlette.responses import Response

from harness.errors import Refused, WrongInput
from harness.web.declared import page
from harness.web.done import said
from harness.web.owed import Owed, wants_second_factor
from harness.web.proof import prove
from harness.web.recovery_codes import new_codes
from harness.web.rights import Right
from harness.web.second_factor import OFFER_LASTS, address_of, new_salt, secret_of, step_of
from harness.web.sessions import code_fits
from harness.web.visit import Visit
from harness.words import say

Row = dict[str, Any]


@page("/me/second-factor", right=Right.SIGNED_IN)
def second_factor(visit: Visit) -> Response:
    """Whether there is one, and what can be done."""
    return _shown(visit)


@page("/me/second-factor/begin", right=Right.SIGNED_IN, method="POST")
def begin(visit: Visit) -> Response:
    """Show a new secret, this once. Who has one already gives a code of that first."""
    prove(visit)
    if _row(visit)["factor_salt"] is not None:
        _want_code(visit)
    salt, login = new_salt(), visit.person.login
    secret = secret_of(visit.site.folder, login, salt, visit.store)
    visit.store.second_factors.offer(login, salt, visit.now)
    told = address_of(secret, login=login, agency=visit.agency.settings.name)
    picture = segno.make(told, error="m", micro=False).svg_inline(scale=5, border=4, dark="#000", light="#fff")
    parts = [secret[at : at + 4] for at in range(0, len(secret), 4)]
    return visit.page(
        "second_factor_new.html", picture=Markup(picture), secret=" ".join(parts), problem="", address=told
    )


@page("/me/second-factor/confirm", right=Right.SIGNED_IN, method="POST")
def confirm(visit: Visit) -> Response:
    """It is the account's once a code shows that the authenticator has it; then come the recovery codes, this once."""
    login = visit.person.login
    salt = visit.store.second_factors.offered(login, since=visit.now - OFFER_LASTS)
    if salt is None:
        raise Refused("factor.not_begun")
    secret = secret_of(visit.site.folder, login, salt, visit.store)
    step = step_of(secret, visit.text("code", most=80), visit.now)
    if step is None:
        told = {"picture": "", "secret": "", "address": "", "problem": say("factor.confirm_wrong")}
        return visit.page("second_factor_new.html", status=422, **told)
    written, kept = new_codes()
    with visit.store.writing():
        if not visit.store.second_factors.confirm(login, salt, step=step, codes=kept):
            raise Refused("factor.not_begun")
        visit.store.sessions.end_all(login, but=visit.session.digest if visit.session else "")
        visit.log("second_factor_set", login=login)
    return visit.page("recovery_codes.html", codes=written)


@page("/me/second-factor/codes", right=Right.SIGNED_IN, method="POST")
def codes_anew(visit: Visit) -> Response:
    """New recovery codes; those before open nothing any more."""
    prove(visit)
    _want_code(visit)
    written, kept = new_codes()
    with visit.store.writing():
        visit.store.second_factors.set_codes(visit.person.login, kept)
        visit.log("recovery_codes_made", login=visit.person.login)
    return visit.page("recovery_codes.html", codes=written)


@page("/me/second-factor/remove", right=Right.SIGNED_IN, method="POST")
def give_up(visit: Visit) -> Response:
    """Log in without one from now on, where the agency lets one; one logs in anew."""
    prove(visit)
    _want_code(visit)
    if wants_second_factor(visit.person, visit.site):
        raise Refused("factor.required")
    with visit.store.writing():
        visit.store.second_factors.remove(visit.person.login)
        visit.log("second_factor_removed", login=visit.person.login)
    return visit.to("/login")


def _want_code(visit: Visit) -> None:
    """A code of the present factor; guesses count like those at the log-in. Raises WrongInput, and TooOften."""
    row = _row(visit)
    if row["factor_salt"] is None:
        raise Refused("factor.none_yet")
    if code_fits(row, visit.text("code", most=80), visit.request, visit.site, visit.store) is None:
        raise WrongInput("login.code_wrong")


def _row(visit: Visit) -> Row:
    return visit.store.people.of(visit.person.login)


def _shown(visit: Visit) -> Response:
    login = visit.person.login
    told: Row = {"has": _row(visit)["factor_salt"] is not None, "left": visit.store.second_factors.codes_left(login)}
    told |= {"owed": visit.session is not None and visit.session.owed is Owed.SECOND_FACTOR}
    told |= {"required": told["owed"] or wants_second_factor(visit.person, visit.site)}
    return visit.page("second_factor.html", **told, note=said(visit))
