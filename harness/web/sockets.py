"""WebSockets: what a page's route is to GET and POST, a socket's is to them; none is open without a right.

    @socket("/calls/{call_id}/sound", right=Right.HEAR, of=call_of)
    async def heard(wire: Wire, call: Row) -> None: ...

The socket is let in by the same session as the pages, from a page of this server only, and is closed when the session
ends, or the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from harness.store import open_store
from harness.web.declared import Fetch, everything
from harness.web.person import Person
from harness.web.problems import Forbidden, Hidden
from harness.web.refused_tries import note_if_refused
from harness.web.rights import Right
from harness.web.sessions import session_of
from harness.web.site import Site
from harness.web.visit import Visit

_log = logging.getLogger("thirdring.web")
LOOK_S = 5
"""Between two looks whether the session still lets it in."""
ENDED, SIGNED_OUT, GOING, ELSEWHERE, FAILED = 1000, 4401, 1012, 4409, 1011
"""Codes of the close (RFC 6455 §7.4.2): in order; no session; the server goes down; another page has it; a fault."""


@dataclass(frozen=True, kw_only=True)
class Wire:
    """An open socket and whose it is."""

    socket: WebSocket
    """Starlette's; accepted."""
    site: Site
    """The server."""
    login: str
    """The account."""
    who: str
    """What the person is called in the log and on sheets."""

    async def close(self, code: int) -> None:
        """Close it; one that is closed already stays so."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self.socket.close(code)


@dataclass(frozen=True, kw_only=True)
class DeclaredSocket:
    """A socket's route."""

    path: str
    """Starlette's pattern."""
    right: Right
    """What it asks for."""
    of: Fetch | None
    """Fetches the object that the path names, or raises `Hidden`."""
    answer: Callable[..., Awaitable[None]] = field(repr=False)
    """What it does while it is open."""


def socket(path: str, *, right: Right, of: Fetch | None = None) -> Callable[[Any], DeclaredSocket]:
    """Declare a socket; the function takes the `Wire` and, with `of`, what that found."""
    if "{" in path and of is None:
        raise TypeError(f"{path} names an object, and nothing checks who may have it (of=…)")
    if right in (Right.ANYONE, Right.BY_TOKEN):
        raise TypeError(f"{path}: a socket belongs to a session")
    return lambda answer: DeclaredSocket(path=path, right=right, of=of, answer=answer)


def declared_sockets() -> tuple[DeclaredSocket, ...]:
    """Every socket of every page."""
    return tuple(one for one in everything() if isinstance(one, DeclaredSocket))


def socket_routes(site: Site) -> list[WebSocketRoute]:
    """Their routes, behind the gate."""
    return [WebSocketRoute(one.path, _guarded(one, site)) for one in declared_sockets()]


def _guarded(one: DeclaredSocket, site: Site) -> Callable[[WebSocket], Awaitable[None]]:
    async def endpoint(websocket: WebSocket) -> None:
        found = await run_in_threadpool(_let_in, one, site, websocket) if own_page(websocket) else None
        if found is None:
            await websocket.close()  # before it is accepted: 403
            return
        await websocket.accept()
        person, named = found
        wire = Wire(socket=websocket, site=site, login=person.login, who=person.name)
        work = asyncio.create_task(_work(one, wire, named))
        watch = asyncio.create_task(_ends(one, wire))
        code = FAILED
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            code = work.result() if work.done() else watch.result()
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)
            await wire.close(code)

    return endpoint


async def _work(one: DeclaredSocket, wire: Wire, named: tuple[Any, ...]) -> int:
    """Let the page's function work; gives the code of the close."""
    try:
        await one.answer(wire, *named)
    except WebSocketDisconnect:
        return ENDED
    except Exception:
        _log.exception("%s", one.path)
        return FAILED
    return ENDED


async def _ends(one: DeclaredSocket, wire: Wire) -> int:
    """Wait until it has to be closed from this side."""
    while not wire.site.stopping.is_set():
        for _ in range(LOOK_S):
            if wire.site.stopping.is_set():
                return GOING
            await asyncio.sleep(1.0)
        if not await run_in_threadpool(still_admitted, lambda: _admitted(one, wire.site, wire.socket) is not None):
            return SIGNED_OUT
    return GOING


def still_admitted(look: Callable[[], bool]) -> bool:
    """Whether somebody who was let in still is; while that cannot be looked up, because the disk is busy or a file of
    the agency's is half edited, they are: a call is not cut off for it."""
    try:
        return look()
    except Exception:
        _log.exception("whether a page is still let in")
        return True


def own_page(websocket: WebSocket) -> bool:
    """Whether a page of this server opened it. A browser sends the cookie with a socket whosever page asks, and no
    answer of ours would keep that page from it: only `Origin` tells."""
    told = websocket.headers.get
    origin = urlsplit(told("origin") or "")
    return (
        origin.scheme in ("http", "https")
        and origin.netloc != ""
        and origin.netloc.lower() == (told("host") or "").lower()
        and told("sec-fetch-site") in (None, "same-origin")
    )


def _let_in(one: DeclaredSocket, site: Site, websocket: WebSocket) -> tuple[Person, tuple[Any, ...]] | None:
    """The same where it is opened: then a try that is refused is noted."""
    return _admitted(one, site, websocket, note_if_refused)


def _admitted(
    one: DeclaredSocket, site: Site, websocket: WebSocket, note: Callable[[Exception, Visit], None] | None = None
) -> tuple[Person, tuple[Any, ...]] | None:
    """Who it is and what the path names; None: not to be let in."""
    request = cast(Request, websocket)  # both are connections: their headers, cookies and path are all that is read
    with open_store(site.folder / "thirdring.db") as store:
        session = session_of(request, site, store, in_use=False)
        if session is None:
            return None
        visit = Visit(request=request, site=site, store=store, session=session, form=FormData(), right=one.right)
        try:
            if not visit.may(one.right):
                raise Forbidden
            return visit.person, () if one.of is None else (one.of(visit, **websocket.path_params),)
        except (Hidden, Forbidden) as error:
            if note is not None:
                note(error, visit)
            return None
