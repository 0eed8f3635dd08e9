"""The way of every request to its page: the name that was asked for, the session, the right, the token, the object."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from harness.errors import StoreError
from harness.store import open_store
from harness.web.declared import Declared
from harness.web.error_pages import answer_to
from harness.web.owed import MEANWHILE
from harness.web.problems import Forbidden, Foreign, NotSignedIn, NotYet, Stale
from harness.web.refused_tries import note_if_refused
from harness.web.rights import Right
from harness.web.sessions import session_of
from harness.web.site import Site
from harness.web.visit import Visit
from harness.web.years import use_years
from harness.words import use_language

SLOWEST_S, SLOWEST_BYTES_PER_S = 30.0, 100_000
"""So long may a form take to arrive, and so much longer for its length."""
SAFE = frozenset({"GET", "HEAD"})


def guarded(one: Declared, site: Site) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a declared route."""

    async def endpoint(request: Request) -> Response:
        form = FormData()
        if request.method not in SAFE:
            refusal = await run_in_threadpool(_refused, one, site, request)
            if refusal is not None:  # before a body is read that may be long
                return refusal
            form = await _form_of(request, one)
        try:
            return await run_in_threadpool(_answered, one, site, request, form)
        finally:
            await form.close()

    return endpoint


async def _form_of(request: Request, one: Declared) -> FormData:
    """The form that was sent, in the time that its length needs; 408 beyond that, 400 where it is not UTF-8.

    Python has encodings that make of plain letters what no text is, and that no file or database takes."""
    kind = request.headers.get("content-type", "").lower()
    if "charset" in kind.replace("charset=utf-8", ""):
        raise HTTPException(400)
    try:
        async with asyncio.timeout(SLOWEST_S + one.most_bytes / SLOWEST_BYTES_PER_S):
            return await request.form(max_part_size=one.most_bytes)
    except TimeoutError:
        raise HTTPException(408) from None


def _refused(one: Declared, site: Site, request: Request) -> Response | None:
    with visiting(site, request, right=one.right) as visit:
        try:
            _admit(one, visit)
        except Exception as error:
            note_if_refused(error, visit)
            return answer_to(error, visit)
    return None


def _answered(one: Declared, site: Site, request: Request, form: FormData) -> Response:
    try:
        return _from_page(one, site, request, form)
    except StoreError:
        if one.unopened is None:
            raise
        return one.unopened(site)


def _from_page(one: Declared, site: Site, request: Request, form: FormData) -> Response:
    with visiting(site, request, form, right=one.right) as visit:
        try:
            _admit(one, visit)
            if request.method not in SAFE:
                _check_token(visit)
            named = () if one.of is None else (one.of(visit, **request.path_params),)
            response: Response = one.answer(visit, *named)
        except Exception as error:
            note_if_refused(error, visit)
            return answer_to(error, visit)
    return response


@contextmanager
def visiting(
    site: Site,
    request: Request,
    form: FormData | None = None,
    *,
    in_use: bool = True,
    right: Right = Right.ANYONE,
) -> Iterator[Visit]:
    """Open the store and the session for one request, in the language of whoever asks."""
    with open_store(site.folder / "thirdring.db") as store:
        session = session_of(request, site, store, in_use=in_use)
        sent = form or FormData()
        visit = Visit(request=request, site=site, store=store, session=session, form=sent, right=right)
        use_language(visit.preferences.lang)
        use_years(visit.preferences.years, visit.preferences.lang)
        yield visit


def _admit(one: Declared, visit: Visit) -> None:
    if _embedded(visit.request) or (visit.request.method not in SAFE and not _own_page(visit.request)):
        raise Foreign
    if one.right is Right.ANYONE:
        return
    if one.right is Right.BY_TOKEN:
        _check_machine(visit)
        return
    if visit.session is None:
        raise NotSignedIn
    if visit.session.owed is not None and visit.request.url.path not in MEANWHILE[visit.session.owed]:
        raise NotYet(visit.session.owed)
    if not visit.may(one.right):
        raise Forbidden


def _embedded(request: Request) -> bool:
    """Whether another site's page fetches this one, or shows it inside itself; a link may lead here, no more. For
    a browser, every other port of this machine is another origin of the same site, and is sent the cookie."""
    told = request.headers.get
    led_here = told("sec-fetch-mode") == "navigate" and told("sec-fetch-dest") in ("document", None)
    return told("sec-fetch-site") in ("cross-site", "same-site") and not led_here


def _own_page(request: Request) -> bool:
    """Whether a page of this server sent the form: browsers say where a request comes from."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return origin.netloc != "" and origin.netloc == request.headers.get("host")


def _check_token(visit: Visit) -> None:
    """Every form of a session carries the session's token; the log-in has no session yet, and its own check above."""
    if visit.session is None:
        return
    sent = visit.request.headers.get("x-csrf-token") or visit.text("csrf")
    if not hmac.compare_digest(sent.encode(), visit.session.csrf.encode()):
        raise Stale


def _check_machine(visit: Visit) -> None:
    wanted = visit.site.metrics_token
    sent = visit.request.headers.get("authorization", "")
    if not wanted or not hmac.compare_digest(sent.encode(), f"Bearer {wanted}".encode()):
        raise NotSignedIn
