"""Today: what waits for me, what is running, what is due next, how the lines are; live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from harness.ledger import Claim, claims
from harness.web.daemon import state_of
from harness.web.declared import Nav, page, waiting_lines
from harness.web.elsewhere import in_flight
from harness.web.gate import visiting
from harness.web.rights import Right
from harness.web.setting_up import is_new
from harness.web.site import Site
from harness.web.visit import Visit

LOOK_S = 1.0
"""Between two looks whether something changed."""
SHOWN_DUE = 5
"""Tests that are shown to those who may see the plan."""
AHEAD = timedelta(days=62)
"""No month beyond the next is drawn."""
LATELY = timedelta(days=7)
"""Whatever a line did before that tells nothing of it now."""
PING_S = 15
SIGNED_OUT = "signed-out"
"""The event after which the page goes to the log-in."""
Row = dict[str, Any]


@page("/", right=Right.SIGNED_IN, nav=Nav(10, "today.nav"))
def today(visit: Visit) -> Response:
    """The page; in an agency that nobody has begun to use it is the first run, for who may set it up."""
    if visit.may(Right.SET_UP) and is_new(visit):
        return visit.to("/setup")
    return visit.page("today.html", **now_of(visit))


@page("/today/stream", right=Right.SIGNED_IN)
def stream(visit: Visit) -> Response:
    """The page's live part, sent again whenever something changed."""
    return EventSourceResponse(_events(visit.request, visit.site), ping=PING_S)


def now_of(visit: Visit) -> Row:
    """What the page shows to this person; what the person may not see is not there."""
    names = {unit.unit: unit.name or unit.unit for unit in visit.agency.units}
    found: Row = {"mine": _mine(visit), "running": None, "due": [], "programme": "", "lines": []}
    if visit.may(Right.SEE_HOURS) or visit.may(Right.SEE_PLAN):
        now = visit.now
        units = _planned_units(visit)
        found["running"] = _running(visit, units, names)
        ahead = [
            row for row in visit.store.plans.waiting(now + timedelta(days=62)) if row["due_at"] >= f"{now:%Y-%m-%d}"
        ]
        found["programme"] = "recordings" if visit.agency.settings.recordings_only else state_of(visit.site.folder)
        found["due"] = [_due(row, units, names, visit) for row in ahead[:SHOWN_DUE]]
    if visit.may(Right.SEE_LINES) and not visit.agency.settings.recordings_only:
        found["lines"] = _lines(visit)
    return found


def _running(visit: Visit, units: dict[str, str], names: dict[str, str]) -> list[Row]:
    """Tests of the plan that are placed now, and calls that somebody began by hand; a unit has one at a time."""
    placed = [(units.get(row["test_id"], ""), row["at"]) for row in visit.store.plans.claimed()]
    planned = {unit for unit, _ in placed}
    placed += [(one.unit, one.claimed_at) for one in in_flight(visit) if one.unit not in planned]
    return [{"unit": names.get(unit, unit or "—"), "since": at} for unit, at in placed]


async def _events(request: Request, site: Site) -> AsyncIterator[ServerSentEvent]:
    seen, shown = None, ""
    while not site.stopping.is_set():
        state = (site.changed(), site.clock().replace(second=0, microsecond=0))
        if state != seen:
            seen, text = state, await run_in_threadpool(_part, request, site)
            if not text:
                yield ServerSentEvent(data="", event=SIGNED_OUT)
                return
            if text != shown:
                shown = text
                yield ServerSentEvent(data=text)
        await anyio.sleep(LOOK_S)


def _part(request: Request, site: Site) -> str:
    """The live part; empty when the session ended."""
    with visiting(site, request, in_use=False) as visit:
        return visit.part("today_now.html", **now_of(visit)) if visit.session else ""


def _mine(visit: Visit) -> list[Row]:
    found = [(one, one.count(visit)) for one in waiting_lines() if visit.may(one.right)]
    return [{"key": one.key, "path": one.path, "count": count} for one, count in found if count]


def _planned_units(visit: Visit) -> dict[str, str]:
    """Units by test; only the names of tests of the months that may still have some."""
    months = visit.store.plans.months()[-2:]
    plans = [visit.store.plans.of(row["month"]) for row in months]
    return {test["id"]: test["unit"] for plan in plans if plan for test in plan["plan"]["tests"]}


def _due(row: Row, units: dict[str, str], names: dict[str, str], visit: Visit) -> Row:
    at = datetime.fromisoformat(row["due_at"])
    unit = units.get(row["test_id"], "")
    return {"at": at, "hour": at.astimezone(visit.agency.zone).hour, "unit": names.get(unit, unit)}


def _lines(visit: Visit) -> list[Row]:
    """Each line with what came of its last call."""
    last: dict[str, Claim] = {one.line: one for one in claims(visit.agency, since=visit.now - LATELY)}
    found = []
    for line in visit.agency.settings.lines:
        claim = last.get(line.id)
        state = "unused" if claim is None else "up" if claim.outcome is None else _state(claim.outcome)
        outcome = f"outcome.{claim.outcome or 'unknown'}" if claim else ""
        found.append({"id": line.id, "state": state, "at": claim.claimed_at if claim else None, "outcome": outcome})
    return found


def _state(outcome: str) -> str:
    return "faulty" if outcome in ("fault_ours", "congestion") else "fine"
