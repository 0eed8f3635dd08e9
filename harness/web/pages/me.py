"""Oneself: language, years, light or dark; the password; where one is logged in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from harness.errors import WrongInput
from harness.web.declared import Nav, page
from harness.web.done import said
from harness.web.owed import Owed
from harness.web.passwords import hashed
from harness.web.person import Preferences
from harness.web.proof import prove
from harness.web.rights import Right
from harness.web.sessions import proven
from harness.web.visit import Visit


@page("/me", right=Right.SIGNED_IN, nav=Nav(90, "me.nav"))
def me(visit: Visit) -> Response:
    """The page."""
    told: dict[str, Any] = {"second_factor": visit.store.people.of(visit.person.login)["factor_salt"] is not None}
    told |= {"codes_left": visit.store.second_factors.codes_left(visit.person.login)}
    return visit.page("me.html", sessions=[_shown(one, visit) for one in _sessions(visit)], **told, note=said(visit))


@page("/me/preferences", right=Right.SIGNED_IN, method="POST")
def prefer(visit: Visit) -> Response:
    """Keep how the pages are liked."""
    liked = Preferences.read({name: visit.text(name) for name in ("lang", "years", "theme")})
    visit.store.people.change(visit.person.login, preferences=asdict(liked), now=visit.now)
    return visit.to("/me")


@page("/me/language", right=Right.SIGNED_IN, method="POST")
def speak(visit: Visit) -> Response:
    """The language alone, for who has something to do before any other page opens."""
    liked = Preferences.read(asdict(visit.preferences) | {"lang": visit.text("lang")})
    visit.store.people.change(visit.person.login, preferences=asdict(liked), now=visit.now)
    return visit.to("/me")


@page("/me/first-password", right=Right.SIGNED_IN)
def first_password(visit: Visit) -> Response:
    """A password of one's own, instead of the one that an administrator set."""
    if visit.session is None or visit.session.owed is not Owed.PASSWORD:
        return visit.to("/me")
    return visit.page("first_password.html")


@page("/me/password", right=Right.SIGNED_IN, method="POST")
def change_password(visit: Visit) -> Response:
    """Change the password; every session ends, this one too."""
    person = visit.person
    now, new = str(visit.form.get("now", "")), str(visit.form.get("new", ""))
    row = visit.store.people.of(person.login)
    if not proven(row, person.login, now, visit.request, visit.site, visit.store):
        visit.log("password_refused")
        raise WrongInput("me.password_wrong")
    if now == new:
        raise WrongInput("me.password_same")
    kept = hashed(new, login=person.login, name=person.name)
    visit.store.people.change(person.login, password=kept, first_password_at=None, now=visit.now)
    visit.log("password_changed", login=person.login)
    return visit.to("/login")


@page("/me/sessions/end", right=Right.SIGNED_IN, method="POST")
def end_some(visit: Visit) -> Response:
    """Revoke the sessions that were ticked; whoever only found a page open cannot lock its owner out."""
    prove(visit)
    wanted = {str(one) for one in visit.form.getlist("which")}
    for one in _sessions(visit):
        if _mark(one["digest"]) in wanted:
            visit.store.sessions.end(one["digest"])
    visit.log("sessions_ended", login=visit.person.login)
    return visit.to("/me")


def _sessions(visit: Visit) -> list[dict[str, Any]]:
    return visit.store.sessions.of_person(visit.person.login)


def _shown(one: dict[str, Any], visit: Visit) -> dict[str, Any]:
    here = visit.session is not None and one["digest"] == visit.session.digest
    return {"began_at": one["began_at"], "agent": one["agent"], "mark": _mark(one["digest"]), "here": here}


def _mark(digest: str) -> str:
    """What names a session on the page: enough to tell a person's sessions apart, and not the database's own key."""
    return digest[:16]
