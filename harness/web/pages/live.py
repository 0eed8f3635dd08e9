"""Calls that are up, for whoever may listen in: which there are, how they sound, and taking one over."""

from __future__ import annotations

from starlette.responses import Response

from harness.assisted.live_call import LiveCall
from harness.errors import Refused
from harness.web.assisting import browser_of
from harness.web.declared import Nav, page
from harness.web.elsewhere import calls_elsewhere
from harness.web.pages.assist import live_page
from harness.web.pages.live_stream import do, stream_of
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.sockets import Wire, socket
from harness.web.sound_wire import carry
from harness.web.visit import Visit

LISTENING = ("listen", "take_over", "leave")


@page("/live", right=Right.LISTEN_IN, nav=Nav(23, "assist.live_nav"))
def calls(visit: Visit) -> Response:
    """Every call that is up: those of this process, and that there are others."""
    up = [one.state() for one in visit.site.calls.up()]
    return visit.page("live_calls.html", calls=up, elsewhere=calls_elsewhere(visit))


def any_call(visit: Visit, call_id: str) -> LiveCall:
    """The call that a path names; Hidden where this server knows none of that id."""
    live = visit.site.calls.find(call_id)
    if live is None:
        raise Hidden
    return live


@page("/live/{call_id}", right=Right.LISTEN_IN, of=any_call)
def live(visit: Visit, live: LiveCall) -> Response:
    """One of them."""
    return live_page(visit, live, base="/live", sound="/live/sound", listens=True)


@page("/live/{call_id}/stream", right=Right.LISTEN_IN, of=any_call)
def stream(visit: Visit, live: LiveCall) -> Response:
    """Its live part."""
    return stream_of(visit, live)


@page("/live/{call_id}/do", right=Right.LISTEN_IN, method="POST", of=any_call)
def act(visit: Visit, live: LiveCall) -> Response:
    """Listen in, take over, leave; and, of a call that one has taken over, its keys."""
    what, who = visit.text("do", most=20), visit.person.name
    if what not in LISTENING:
        if live.state().taken_by != who:
            raise Refused("assist.take_over_first")
        return do(visit, live)
    if what == "take_over" and visit.person.unit and live.state().unit == visit.person.unit:
        raise Refused("assist.own_unit")
    visit.log(f"live_{what}", call_id=live.state().call_id)
    if what == "leave":
        live.leave(who=who)
    elif what == "listen":
        live.listen(browser_of(visit, muted=True), who=who)
    else:
        there = who in live.state().listeners
        live.take_over(None if there else browser_of(visit, muted=False), who=who)
    return Response(status_code=204)


@socket("/live/sound", right=Right.LISTEN_IN)
async def sound(wire: Wire) -> None:
    """Be a listener's telephone."""
    await carry(wire, await wire.site.telephones.open(wire.login))
