"""A call that a tester talks on is begun: checked at once, then in a thread of its own until it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError

from anyio import from_thread

from harness.agency import Agency
from harness.assisted.assist import assist
from harness.assisted.browser.telephone import START_S
from harness.assisted.live_call import LiveCall
from harness.assisted.planned import Waiting, assist_planned, refuse_before_time, waiting_tests
from harness.errors import Refused, TesterNotReached, WrongInput
from harness.number_gate.called_number import find_unit
from harness.planned_call import Plan
from harness.telephones import Telephones
from harness.test_call import dial_permit, plan_call
from harness.tester_telephones import DeskTelephone, loopback_telephone, telephone_of
from harness.web.visit import Visit

BROWSER, OWN = "browser", "own"
"""The two telephones that a tester may have."""
PLANNED = "*"
"""Instead of a unit: the next test that was drawn for this tester, whose unit nobody needs to know before."""


def begin(visit: Visit, *, unit: str, way: str, muted: bool, redial: bool) -> LiveCall:
    """Begin a test of a unit; raises Refused or WrongInput, with nobody rung, for what may not be."""
    agency, name = visit.agency, visit.person.name
    test = _next_planned(visit) if unit == PLANNED else None
    unit = unit if test is None else test.unit
    if visit.person.unit and find_unit(unit, agency.units).unit == visit.person.unit:
        raise Refused("assist.own_unit")
    if way not in (OWN, BROWSER):
        raise WrongInput("assist.no_such_way")
    with visit.site.assisted.one_for(name):
        if any(one.state().tester == name for one in visit.site.calls.up()):
            raise Refused("assist.one_at_a_time")
        own = telephone_of(name, agency) if way == OWN else None
        plan = plan_call(unit, agency, by_tester=True)
        dial_permit(plan, agency, now=visit.now)  # asked again when it is dialled; here the tester still reads it
        telephone = _browser(visit, muted=muted) if own is None else lambda: own
        telephone()
        live = visit.site.calls.begin(plan=plan, agency=agency, tester=name, muted=muted)
        again = _there(visit, muted=muted) if own is None else None
        visit.site.assisted.run(live, lambda: _place(plan, agency, telephone, again, live, redial, test))
    return live


def planned_for(visit: Visit) -> tuple[Waiting, ...]:
    """The tests of the month that are this tester's by name and may be done now, the next first."""
    found = waiting_tests(visit.agency, tester=visit.person.name)
    return tuple(one for one in found if one.tester == visit.person.name and one.unit != visit.person.unit)


def _next_planned(visit: Visit) -> Waiting:
    """The next of them that may be done; Refused where there is none, or the form has it wait."""
    found = planned_for(visit)
    if not found:
        raise Refused("assist.none_planned")
    test = min(found, key=lambda one: (waits(one, visit), one.due_at))
    refuse_before_time(test, visit.agency, now=visit.now)
    return test


def waits(test: Waiting, visit: Visit) -> bool:
    """Whether it is to be dialled again, and not yet."""
    return test.not_before is not None and visit.now < test.not_before


def browser_of(visit: Visit, *, muted: bool) -> Callable[[], DeskTelephone]:
    """Somebody's browser as a telephone, wherever it is at each ring; its process is started where there is none."""
    from_thread.run(visit.site.telephones.open, visit.person.login)
    return _there(visit, muted=muted)


def _there(visit: Visit, *, muted: bool) -> Callable[[], DeskTelephone]:
    """Gives somebody's browser as it is now, without waiting: a page whose process died starts another by itself."""
    telephones, login, name = visit.site.telephones, visit.person.login, visit.person.name

    def now() -> DeskTelephone:
        found = telephones.of(login)
        if found is None:
            raise TesterNotReached("telephone.lost", tester=name)
        return loopback_telephone(name, found.address, muted=muted)

    return now


def _browser(visit: Visit, *, muted: bool) -> Callable[[], DeskTelephone]:
    """Gives somebody's browser as a telephone, as it is then: one that was away for a while has another address. For
    any thread but the pages' loop."""
    telephones, login, name = visit.site.telephones, visit.person.login, visit.person.name
    loop = from_thread.run_sync(asyncio.get_running_loop)

    def now() -> DeskTelephone:
        opening = telephones.open(login)
        try:
            found = asyncio.run_coroutine_threadsafe(opening, loop).result(START_S + 5)
        except RuntimeError:  # the pages are gone, and nobody has begun to open it
            opening.close()
            raise TesterNotReached("telephone.lost", tester=name) from None
        except (TimeoutError, CancelledError):
            raise TesterNotReached("telephone.lost", tester=name) from None
        return loopback_telephone(name, found.address, muted=muted)

    return now


def _place(
    plan: Plan,
    agency: Agency,
    telephone: Callable[[], DeskTelephone],
    again: Callable[[], DeskTelephone] | None,
    live: LiveCall,
    redial: bool,
    test: Waiting | None,
) -> None:
    with Telephones() as telephones:
        if test is not None:
            assist_planned(test, plan, agency, telephones, telephone=telephone, again=again, live=live)
        else:
            assist(plan, agency, telephones, telephone=telephone, again=again, live=live, redial=redial)
