"""Errors as pages that a clerk can read: what happened, and what to do now."""

from __future__ import annotations

import logging
import secrets
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from harness.errors import NotFound, Refused, ThirdringError, WrongInput
from harness.web.problems import Forbidden, Foreign, Hidden, NotSignedIn, NotYet, Stale, TooOften
from harness.web.visit import Visit
from harness.web.years import sentence_of
from harness.words import say

_log = logging.getLogger("thirdring.web")
_PAGES: dict[type[Exception], tuple[int, str]] = {
    Forbidden: (403, "web.forbidden"),
    Foreign: (403, "web.foreign"),
    Hidden: (404, "web.not_there"),
    Stale: (403, "web.stale"),
}
_STATUSES = {404: "web.not_there", 405: "web.wrong_method", 413: "web.too_long"}


def answer_to(error: Exception, visit: Visit) -> Response:
    """The answer to a request that went wrong."""
    if isinstance(error, NotSignedIn):
        return _must_log_in(visit)
    if isinstance(error, NotYet):
        return visit.to(error.path)
    if isinstance(error, TooOften):
        return problem(visit, 429, say("web.too_often", minutes=error.minutes))
    if isinstance(error, ThirdringError):
        return problem(visit, _status(error), sentence_of(error))
    if isinstance(error, HTTPException):
        return problem(visit, error.status_code, say(_STATUSES.get(error.status_code, "web.bad_request")))
    for kind, (status, key) in _PAGES.items():
        if isinstance(error, kind):
            return problem(visit, status, say(key))
    number = secrets.token_hex(4)
    _log.error("%s %s: %s", visit.request.method, ascii(visit.request.url.path), number, exc_info=error)
    return problem(visit, 500, say("web.bug", number=number))


def problem(visit: Visit, status: int, sentence: str) -> Response:
    """A page that says a sentence; for htmx the sentence alone, where the page keeps a place for it."""
    if visit.by_htmx:
        body = visit.part("problem.html", sentence=sentence)
        return HTMLResponse(body, status_code=status, headers={"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"})
    return visit.page("error.html", status=status, sentence=sentence, code=status)


def _must_log_in(visit: Visit) -> Response:
    if visit.request.url.path == "/metrics":
        return PlainTextResponse("", status_code=401, headers={"WWW-Authenticate": "Bearer"})
    path = "/login"
    if visit.request.method in ("GET", "HEAD") and not visit.by_htmx and visit.request.url.path != "/":
        asked = visit.request.url.path + (f"?{visit.request.url.query}" if visit.request.url.query else "")
        path += f"?next={quote(asked)}"
    if visit.by_htmx:
        return Response(status_code=204, headers={"HX-Redirect": path})
    return RedirectResponse(path, status_code=303)


def _status(error: ThirdringError) -> int:
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, WrongInput):
        return 422
    return 409 if isinstance(error, Refused) else 503
