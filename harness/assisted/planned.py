"""A test of the drawn month, done with a tester: taken in the programme's own table, so that nobody dials it twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from harness import clocks
from harness.assisted.assist import assist
from harness.errors import NotFound, Refused
from harness.ledger import claims
from harness.programme.attempts import (
    Row,
    after_crash,
    attempted,
    attempts_of,
    due_of,
    measured_of,
    settled,
    tester_of,
    written,
)
from harness.programme.month import kept_plan
from harness.redial import Attempt, rules_of
from harness.redialling import Earlier, attempt_of
from harness.store import Store, open_store
from harness.store import plans as state
from rubric.periods import period_of

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.assisted.live_call import LiveCall
    from harness.planned_call import Plan, TestCall
    from harness.telephones import Telephones
    from harness.tester_telephones import DeskTelephone

EARLY = timedelta(hours=12)
"""A test may be done so long before its time: its tester's day, not its minute, was drawn for them."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A test of the month that waits to be dialled."""

    test_id: str
    """Its name."""
    month: str
    """The month that it was drawn in."""
    unit: str
    """The unit, by its id."""
    tester: str
    """Whose it is; empty: nobody's in particular."""
    due_at: datetime
    """When it is due."""
    earlier: Earlier
    """Attempts that it has had."""
    not_before: datetime | None = None
    """When it may be dialled again, by the form; None: as soon as somebody wants."""


def waiting_tests(agency: Agency, *, tester: str = "", unit: str = "") -> tuple[Waiting, ...]:
    """The tests of this month that wait, in order of time: all, or a tester's own and nobody's.

    One that waits to be dialled again is its tester's for the rest of that day, and tells from when on.
    """
    now = clocks.now()
    month = period_of(now.astimezone(agency.zone).date(), "month")
    with open_store(agency.database) as store:
        rows = [row for row in store.plans.waiting(now + EARLY) if row["month"] == month]
        plan = kept_plan(month, store)[0] if rows else None
    of = {test.id: test for test in plan.tests} if plan else {}
    found = [_waiting(row, of[row["test_id"]].unit, of[row["test_id"]].tester, now) for row in rows]
    return tuple(one for one in found if unit in ("", one.unit) and (not tester or one.tester in ("", tester)))


def waiting_test(agency: Agency, *, unit: str, tester: str) -> Waiting:
    """The next test of a unit that a tester may do; NotFound where there is none."""
    found = waiting_tests(agency, tester=tester, unit=unit)
    if not found:
        raise NotFound("assisted.none_planned", unit=unit, tester=tester)
    return found[0]


def assist_planned(
    test: Waiting,
    plan: Plan,
    agency: Agency,
    telephones: Telephones,
    *,
    telephone: DeskTelephone | Callable[[], DeskTelephone],
    live: LiveCall,
    again: Callable[[], DeskTelephone] | None = None,
) -> TestCall:
    """Do a planned test with its tester: one attempt of it, noted in the programme's table. Refused before its time.

    It is taken once the tester is on the line: a tester who is not reached leaves it waiting. Refused when the
    programme, or somebody else, took it meanwhile. When the form has it dialled again the table says when, and whose it
    is: the programme does not dial it that day.
    """
    refuse_before_time(test, agency, now=clocks.now())
    with open_store(agency.database) as store:
        name = attempted(test.test_id, store.plans.drawings(test.test_id))

    taken: list[str] = []

    def take() -> None:
        with open_store(agency.database) as store:
            before = written(test.earlier)
            if not store.plans.take(test.test_id, month=test.month, attempts=before, now=clocks.now()):
                raise Refused("assisted.planned_taken", test=test.test_id)
        taken.append(test.test_id)

    try:
        (placed,) = assist(
            plan,
            agency,
            telephones,
            telephone=telephone,
            again=again,
            live=live,
            test_id=name,
            earlier=test.earlier,
            before_dialling=take,
        )
    except BaseException:
        with open_store(agency.database) as store:
            if store.plans.state(test.test_id) == state.CLAIMED and taken:
                _note_broken(test, name, plan, agency, store, live.tester)
        raise
    with open_store(agency.database) as store:
        _note(test, attempt_of(placed, ended_at=clocks.now()), plan, store, live.tester, measured_of(placed))
    return placed


def refuse_before_time(test: Waiting, agency: Agency, *, now: datetime) -> None:
    """Raise Refused where the form has a test wait before it is dialled again."""
    if test.not_before is not None and now < test.not_before:
        raise Refused("assisted.not_yet", at=f"{test.not_before.astimezone(agency.zone):%H:%M:%S}")


def _note(test: Waiting, attempt: Attempt, plan: Plan, store: Store, tester: str = "", more: Row | None = None) -> None:
    come_to = settled((*test.earlier, attempt), rules_of(plan.form), more)
    theirs = {"tester": tester} if tester and come_to.what == state.AGAIN else {}
    store.plans.note(
        test.test_id,
        come_to.what,
        month=test.month,
        due_at=come_to.due_at,
        detail=come_to.detail | theirs,
        now=clocks.now(),
    )


def _note_broken(test: Waiting, name: str, plan: Plan, agency: Agency, store: Store, tester: str) -> None:
    """What broke behind the taking is told as after a crash: not dialled, or void."""
    known = {claim.attempt_id: claim for claim in claims(agency)}
    attempt = after_crash(known.get(f"{name}-{len(test.earlier) + 1}"), store, now=clocks.now())
    if attempt is not None:
        _note(test, attempt, plan, store, tester)
        return
    theirs = {"tester": tester} if test.earlier else {}
    detail = {"attempts": written(test.earlier), "why": "not_dialled", **theirs}
    store.plans.note(test.test_id, state.AGAIN, month=test.month, due_at=test.due_at, detail=detail, now=clocks.now())


def _waiting(row: Row, unit: str, tester: str, now: datetime) -> Waiting:
    again = attempts_of(row) and row["state"] in (state.AGAIN, state.WAITS)
    return Waiting(
        test_id=row["test_id"],
        month=row["month"],
        unit=unit,
        tester=tester_of(row) or tester,
        due_at=due_of(row, now) if again else datetime.fromisoformat(row["due_at"]),
        not_before=due_of(row, now) if again else None,
        earlier=attempts_of(row),
    )
