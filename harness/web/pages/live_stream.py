"""A call in progress as it comes to its page: pictures of its state by server-sent events, and what is done in it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from anyio import sleep
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from harness.assisted.live_call import LiveCall
from harness.assisted.state import MARKS, REMARKS, LiveState
from harness.errors import Refused, WrongInput
from harness.web.gate import visiting
from harness.web.live_view import shown
from harness.web.may_see import reaches
from harness.web.rights import Right
from harness.web.site import Site
from harness.web.sockets import still_admitted
from harness.web.visit import Visit
from harness.web.years import use_years
from harness.words import use_language

LEAST_S = 0.2
"""Between two pictures: five a second are as many as anybody reads."""
WAIT_S = 1.0
"""So long is waited for the next picture before it is asked whether the server goes down."""
SESSION_S = 10.0
"""Between two looks whether the session lasts."""
SIGNED_OUT, OVER = "signed-out", "call-over"
"""The events after which the page goes elsewhere."""


def stream_of(visit: Visit, live: LiveCall) -> Response:
    """The page's live part, again after every change."""
    return EventSourceResponse(_events(visit, live), ping=15)


def next_page(visit: Visit, call_id: str) -> str:
    """Where whoever was on a call goes when it is over: its sheet, filled in as far as the machine may; empty where
    no call was kept, because nobody was dialled."""
    if reaches(visit, Right.SCORE, call_id):
        return f"/calls/{call_id}/sheet"
    return f"/calls/{call_id}" if reaches(visit, Right.SEE_CALLS, call_id) else ""


def do(visit: Visit, live: LiveCall) -> Response:
    """What a page's key or button asks for; WrongInput for anything that is none, Refused where no call is up yet."""
    what, who, taken = visit.text("do", most=20), visit.person.name, True
    if what == "mark" and visit.text("what") in (*MARKS, *REMARKS):
        taken = live.mark(visit.text("what"), who=who)
    elif what == "press" and visit.text("digits", most=30):
        taken = live.press(visit.text("digits", most=30), who=who)
    elif what in ("mute", "unmute"):
        live.mute(what == "mute", who=who)
    elif what == "done":
        taken = live.done(who=who)
    elif what == "hang_up":
        visit.log("assist_hung_up", call_id=live.state().call_id)
        live.hang_up(who=who)
    else:
        raise WrongInput("assist.no_such_key")
    if not taken:
        raise Refused("assist.no_call_yet")
    return Response(status_code=204)


async def _events(visit: Visit, live: LiveCall) -> AsyncIterator[ServerSentEvent]:
    request, site, seen, looked = visit.request, visit.site, -1, time.monotonic()
    while True:
        state = live.state() if seen < 0 else await run_in_threadpool(live.wait, seen, WAIT_S)
        if site.stopping.is_set() and (state is None or state.phase != "over"):
            return  # a call that came to its end before the server does is still told of
        if time.monotonic() - looked > SESSION_S:
            looked = time.monotonic()
            if not await run_in_threadpool(still_admitted, lambda: _signed_in(request, site)):
                yield ServerSentEvent(data="", event=SIGNED_OUT)
                return
        if state is None:
            continue
        seen = state.serial
        yield ServerSentEvent(data=await run_in_threadpool(_picture, visit, state))
        if state.phase == "over":
            yield ServerSentEvent(data=state.call_id, event=OVER)
            return
        await sleep(LEAST_S)


def _picture(visit: Visit, state: LiveState) -> str:
    use_language(visit.preferences.lang)  # this is no thread of the request
    use_years(visit.preferences.years, visit.preferences.lang)
    return visit.part("live_now.html", **shown(state), next=_next(visit, state) if state.phase == "over" else "")


def _next(visit: Visit, state: LiveState) -> str:
    with visiting(visit.site, visit.request, in_use=False) as now:
        return next_page(now, state.call_id) if now.session else ""


def _signed_in(request: Request, site: Site) -> bool:
    with visiting(site, request, in_use=True) as visit:  # whoever talks on a call is there
        return visit.session is not None
