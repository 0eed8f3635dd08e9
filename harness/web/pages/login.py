"""The log-in and the log-out."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from harness.web.declared import page
from harness.web.person import Preferences
from harness.web.rights import Right
from harness.web.sessions import give_code, half_way, hand_out, log_in, take_back
from harness.web.visit import Visit
from harness.words import say, use_language


@page("/login", right=Right.ANYONE)
def form(visit: Visit) -> Response:
    """The form; who is logged in already goes on."""
    path = inside(visit.asked.get("next", "/"))
    return visit.to(path) if visit.session else _form(visit, path)


@page("/login", right=Right.ANYONE, method="POST")
def enter(visit: Visit) -> Response:
    """Log in."""
    login, path = visit.text("login", most=80), inside(visit.text("next"))
    password = visit.form.get("password", "")
    use_language(Preferences.read({"lang": visit.text("lang")}).lang)
    found = log_in(login, str(password), visit.request, visit.site, visit.store)
    if found is None or found.too_old:
        wrong = say("login.wrong") if found is None else say("login.first_password_old")
        return _form(visit, path, login=login, wrong=wrong, status=401)
    if visit.session is not None:  # whoever logs in anew leaves nothing of the session before
        visit.store.sessions.end(visit.session.digest)
    told = urlencode({"next": path, "lang": visit.text("lang") or "zh"})
    response = RedirectResponse(f"/login/code?{told}" if found.wants_code else path, status_code=303)
    hand_out(response, found.secret, visit.site)
    return response


@page("/login/code", right=Right.ANYONE)
def code_form(visit: Visit) -> Response:
    """The second step, for who has given the password just now."""
    path = inside(visit.asked.get("next", "/"))
    if visit.session is not None:
        return visit.to(path)
    row = half_way(visit.request, visit.site, visit.store)
    return visit.to("/login") if row is None else _code_form(visit, path, visit.asked.get("lang", ""))


@page("/login/code", right=Right.ANYONE, method="POST")
def enter_code(visit: Visit) -> Response:
    """Log in with the code of the authenticator, or with a recovery code."""
    path, lang = inside(visit.text("next")), visit.text("lang", most=8)
    use_language(Preferences.read({"lang": lang}).lang)
    row = half_way(visit.request, visit.site, visit.store)
    if row is None:
        return visit.to("/login")
    secret = give_code(row, visit.text("code", most=80), visit.request, visit.site, visit.store)
    if secret is None:
        return _code_form(visit, path, lang, wrong=say("login.code_wrong"), status=401)
    response = RedirectResponse(path, status_code=303)
    hand_out(response, secret, visit.site)
    return response


@page("/logout", right=Right.SIGNED_IN, method="POST")
def leave(visit: Visit) -> Response:
    """Log out: the session is revoked, the browser forgets what it kept."""
    if visit.session is not None:
        visit.log("logged_out")
        visit.store.sessions.end(visit.session.digest)
    response = RedirectResponse("/login", status_code=303)
    take_back(response, visit.site)
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


def inside(path: str) -> str:
    r"""A path of this server, whatever was sent: `//elsewhere` and `/\elsewhere` lead away from it."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if fine and not path.startswith("/login") else "/"


def _form(visit: Visit, path: str, *, login: str = "", wrong: str = "", status: int = 200) -> Response:
    lang = Preferences.read({"lang": visit.text("lang") or visit.asked.get("lang")})
    told = {"login": login, "wrong": wrong, "next": path, "nobody": not visit.store.people.all()}
    return visit.page("login.html", status=status, **told, preferences=replace(visit.preferences, lang=lang.lang))


def _code_form(visit: Visit, path: str, lang: str, *, wrong: str = "", status: int = 200) -> Response:
    liked = replace(visit.preferences, lang=Preferences.read({"lang": lang}).lang)
    return visit.page("login_code.html", status=status, wrong=wrong, next=path, preferences=liked)
