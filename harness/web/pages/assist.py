"""A call that a tester talks on, from the choice of the unit to the sheet."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.assisted.live_call import LiveCall
from harness.assisted.planned import Waiting
from harness.directory import Unit
from harness.errors import Refused, ThirdringError, WrongInput
from harness.said import excuse_sound
from harness.web import assisting
from harness.web.assisting import BROWSER, OWN, PLANNED, begin, planned_for
from harness.web.declared import Nav, page, waits
from harness.web.live_view import KEYS, SAYINGS, shown
from harness.web.pages.live_stream import do, next_page, stream_of
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import sentence_of

MICROPHONE = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()"
"""Only on the pages that are a telephone."""
TYPED = ("unit", "way", "muted", "redial")


@waits("assist.is_up", "/assist", right=Right.ASSIST)
def up_now(visit: Visit) -> int:
    """A call of one's own that is up."""
    return len(_own(visit))


@page("/assist", right=Right.ASSIST, nav=Nav(22, "assist.nav"))
def choose(visit: Visit) -> Response:
    """The page: which unit, by which telephone; a call that is up has the tester first."""
    up = _own(visit)
    if up:
        return visit.to(f"/assist/{up[0].state().call_id}")
    return visit.page(
        "assist.html", **_shown(visit, {"unit": "", "way": BROWSER, "muted": _muted(visit), "redial": "1"})
    )


@page("/assist", right=Right.ASSIST, method="POST")
def start(visit: Visit) -> Response:
    """Ring the tester, and on to the call's page."""
    typed = {name: visit.text(name, most=80) for name in TYPED}
    try:
        muted, redial = typed["muted"] == "1", typed["redial"] == "1"
        live = begin(visit, unit=typed["unit"], way=typed["way"], muted=muted, redial=redial)
    except ThirdringError as error:
        status = 422 if isinstance(error, WrongInput) else 409 if isinstance(error, Refused) else 503
        wrong = sentence_of(error)
        return visit.page("assist.html", status=status, **_shown(visit, typed) | {"wrong": wrong})
    visit.log("assist_began", call_id=live.state().call_id, unit=live.state().unit, way=typed["way"])
    return visit.to(f"/assist/{live.state().call_id}")


def own_call(visit: Visit, call_id: str) -> LiveCall:
    """The call that a path names; Hidden where this server knows none of that id, or it is another's."""
    live = visit.site.calls.find(call_id)
    if live is None or live.state().tester != visit.person.name:
        raise Hidden
    return live


def own_or_kept(visit: Visit, call_id: str) -> LiveCall | str:
    """The same; of one that is over and kept, where it leads to."""
    live = visit.site.calls.find(call_id)
    if live is not None and live.state().phase != "over":
        return own_call(visit, call_id)
    return next_page(visit, call_id if live is None else live.state().call_id) or own_call(visit, call_id)


@page("/assist/{call_id}", right=Right.ASSIST, of=own_or_kept)
def live(visit: Visit, live: LiveCall | str) -> Response:
    """The page; once the call is over, its sheet."""
    return visit.to(live) if isinstance(live, str) else live_page(visit, live, base="/assist", sound="/assist/sound")


@page("/assist/{call_id}/stream", right=Right.ASSIST, of=own_call)
def stream(visit: Visit, live: LiveCall) -> Response:
    """Its live part."""
    return stream_of(visit, live)


@page("/assist/{call_id}/do", right=Right.ASSIST, method="POST", of=own_call)
def act(visit: Visit, live: LiveCall) -> Response:
    """A key of it."""
    return do(visit, live)


def live_page(visit: Visit, live: LiveCall, *, base: str, sound: str, listens: bool = False) -> Response:
    """A call's page, as its tester's or as a listener's telephone; `sound`: the socket of a browser that is one."""
    state = live.state()
    values = shown(state) | {"base": f"{base}/{state.call_id}", "keys": KEYS, "sayings": SAYINGS, "next": ""}
    by_browser = sound if listens or by_the_browser(visit) else ""
    unsaid = listens and not state.tester and not excuse_sound(visit.agency, _unit_of(visit, state.unit))
    made = visit.page("live.html", **values, sound=by_browser, listens=listens, unsaid=unsaid)
    if by_browser:
        made.headers["permissions-policy"] = MICROPHONE
    return made


def _unit_of(visit: Visit, unit: str) -> Unit | None:
    """A unit by its id; None: it is in the directory no more."""
    return next((one for one in visit.agency.units if one.unit == unit), None)


def by_the_browser(visit: Visit) -> bool:
    """Whether the tester's telephone is the browser."""
    return visit.site.telephones.of(visit.person.login) is not None


def _muted(visit: Visit) -> str:
    """Whether the tick is set: as agency.toml has it for the tester's telephone, else the agency hears nobody before
    it has picked up."""
    found = [one.muted for one in visit.agency.settings.telephones if one.tester == visit.person.name]
    return "" if found == [False] else "1"


def _own(visit: Visit) -> tuple[LiveCall, ...]:
    return tuple(one for one in visit.site.calls.up() if one.state().tester == visit.person.name)


def _shown(visit: Visit, typed: dict[str, str]) -> dict[str, Any]:
    units = [one for one in visit.agency.units if one.unit != visit.person.unit]
    own = any(one.tester == visit.person.name for one in visit.agency.settings.telephones)
    drawn = planned_for(visit)
    again = [one for one in drawn if assisting.waits(one, visit)]
    due = [one.due_at for one in drawn if one not in again]
    hour = due[0].astimezone(visit.agency.zone).hour if due else None
    shown = {"typed": typed, "units": units, "own_telephone": own, "browser": BROWSER, "own": OWN, "wrong": ""}
    return shown | {"planned": PLANNED, "hour": hour, "again": [_again(visit, one) for one in again]}


def _again(visit: Visit, test: Waiting) -> dict[str, Any]:
    """A test that its tester dials again, and when."""
    name = next((one.name for one in visit.agency.units if one.unit == test.unit), "") or test.unit
    at = test.not_before or test.due_at
    return {"name": name, "at": at.isoformat(), "left_s": max(0.0, (at - visit.now).total_seconds())}
