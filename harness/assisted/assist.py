"""A test call with a tester: their telephone first, then the agency's beside it, by the same way as any other call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from harness import clocks
from harness.assisted.as_tester import AsTester
from harness.assisted.live_call import LiveCall
from harness.assisted.own_unit import refuse_own_unit
from harness.assisted.phone import LivePhone, desk_of
from harness.assisted.remarks import keep_proposed
from harness.errors import TesterNotReached
from harness.number_gate import permit_telephone
from harness.redial import Again, Rules, rules_of
from harness.redialling import Clock, Earlier, WallClock, until_settled
from harness.store import open_store
from harness.test_call import dial_permit, new_call_id, run_call

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.planned_call import Plan, TestCall
    from harness.telephones import Telephones
    from harness.tester_telephones import DeskTelephone

NO_REDIAL = Rules(void_retries=0)


def assist(
    plan: Plan,
    agency: Agency,
    telephones: Telephones,
    *,
    telephone: DeskTelephone | Callable[[], DeskTelephone],
    live: LiveCall,
    again: Callable[[], DeskTelephone] | None = None,
    redial: bool = False,
    test_id: str | None = None,
    earlier: Earlier = (),
    clock: Clock | None = None,
    before_dialling: Callable[[], None] = lambda: None,
) -> tuple[TestCall, ...]:
    """Ring the tester, dial the agency beside them, walk the scenario; with `redial` as often as the form says.

    Gives the attempts in order, each kept like any other call. `telephone` may be asked for before each attempt: a
    browser's is another one when it was away for a while. `again` is asked, within an attempt, whenever a lost one is
    rung again; it may not wait, and raises TesterNotReached while there is none. `test_id` and `earlier` are those of
    a test that was planned, or dialled before; `before_dialling` is called once the tester is there, and may raise.
    Raises Refused when the number gate says no to either telephone, and TesterNotReached when the tester's was not
    answered the first time: then nothing was dialled, and nothing claimed in the ledger.
    """
    named, clock = test_id or live.call_id, clock or WallClock()
    rules = rules_of(plan.form) if redial else NO_REDIAL
    tests: list[TestCall] = []

    def place(so_far: Earlier) -> TestCall:
        if so_far and not live.goes_on:
            raise _NotAgain
        if so_far:
            live.next_attempt(new_call_id(clocks.now()), len(earlier + so_far) + 1)
        now = telephone() if callable(telephone) else telephone
        try:
            test = _attempt(plan, agency, telephones, now, again, live, named, earlier + so_far, before_dialling)
        except TesterNotReached as error:
            if not tests:
                raise
            live.ends_with(tests[-1], error)
            raise _NotAgain from None
        tests.append(live.came_to(test))
        with live.spared("questions"):
            _keep_questions(test, agency, live)
        return test

    with live.until_over():
        refuse_own_unit(live.tester, plan.unit.unit, agency)
        with suppress(_NotAgain):
            until_settled(place, rules, clock=clock, waiting=_Waiting(live))
        return tuple(tests)


def _attempt(
    plan: Plan,
    agency: Agency,
    telephones: Telephones,
    telephone: DeskTelephone,
    again: Callable[[], DeskTelephone] | None,
    live: LiveCall,
    test_id: str,
    earlier: Earlier,
    before_dialling: Callable[[], None],
) -> TestCall:
    leave = dial_permit(plan, agency, now=clocks.now())  # a call that is refused rings nobody's telephone
    permit_telephone(telephone, agency, beside=leave, now=clocks.now())
    with telephones.line(agency, leave.line_id, apart=True) as pool:
        live.still_there(None)  # opening a line takes a while: who gave up meanwhile is not rung
        desk = desk_of(again or telephone, telephone.tester, pool, agency, leave, first=True)
        try:
            desk.reach(live.rings(desk))
            live.still_there(desk)
            before_dialling()
            return run_call(
                plan,
                agency,
                LivePhone(pool, agency, live, desk=desk),
                now=clocks.now(),
                call_id=live.call_id,
                test_id=test_id,
                earlier=earlier,
                tester=AsTester(live),
                watcher=live,
                ready=lambda: live.still_there(desk),
            )
        finally:
            live.people.end()
            if desk.first is not None:
                pool.end_apart(desk.first)


def _keep_questions(test: TestCall, agency: Agency, live: LiveCall) -> None:
    """Keep with the call which questions its tester was shown, where they had a conversation to ask them in."""
    if live.people.handed and live.questions:
        with open_store(agency.database) as store:
            keep_proposed(test.record.call_id, (one.question for one in live.questions), who=live.tester, store=store)


class _NotAgain(Exception):
    """Somebody hung up while the test waited to be dialled again."""


class _Waiting:
    """Shows the time until the test is dialled again."""

    def __init__(self, live: LiveCall) -> None:
        self._live, self._of_s = live, 0.0

    def __call__(self, again: Again, left_s: float) -> None:
        self._of_s = max(self._of_s, left_s)
        if not self._live.waits_to_redial(left_s, self._of_s):
            raise _NotAgain
