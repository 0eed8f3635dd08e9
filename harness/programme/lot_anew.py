"""The lot by which a test's time is drawn anew: drawn from what the log says, and verified from what it said then.

Every rule of the first draw holds: the unit's hours, the calls of a day, and the days that a number rests between
this test and every other call to it, of an earlier month, of this one, and of the next that is sealed already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from harness.agency import Agency
from harness.programme.inputs import Inputs
from harness.programme.month_plan import MonthPlan, PlannedTest, plan_from_dict
from harness.programme.past import INTERNAL, REST
from harness.programme.times import draw_time
from harness.store import Store
from harness.store.plans import AGAIN, CALLED_OFF, DRAWN, REDRAWN
from rubric.periods import days_of

SOON = timedelta(minutes=5)
"""A time drawn anew lies so far ahead at the least."""
Row = dict[str, Any]


class Log:
    """What is known of the tests and calls around a month, as it was at any moment."""

    def __init__(self, agency: Agency, month: str, store: Store) -> None:
        """Read the events of the month and of those around it, and the calls."""
        first, last = days_of(month)
        near = (row["month"] for row in store.plans.months())
        around = [name for name in near if first - REST <= days_of(name)[1] and days_of(name)[0] <= last + REST]
        self._zone = agency.zone
        self._events = sorted((one for name in around for one in store.plans.events(name)), key=lambda one: one["id"])
        self._units = {test.id: test.unit for name in around for test in _plan(name, store).tests}
        calls = store.call_list.when(INTERNAL, since=first - REST)
        self._calls = [(unit, datetime.fromisoformat(started_at)) for unit, started_at, _ in calls]

    def events(self, before: int | None = None) -> Iterator[Row]:
        """The events, oldest first; those before the one with that id."""
        return (one for one in self._events if before is None or one["id"] < before)

    def planned(self, before: int | None = None) -> dict[str, tuple[str, str, date]]:
        """Test → its month, its unit and the day it is due on, of every test that was not called off."""
        found: dict[str, tuple[str, str, date]] = {}
        for one in self.events(before):
            name = one["test_id"]
            if one["what"] == CALLED_OFF:
                found.pop(name, None)
            elif one["due_at"] is not None and name in self._units:
                found[name] = (one["month"], self._units[name], self.day(one["due_at"]))
        return found

    def calls(self, until: datetime) -> Iterator[tuple[str, date]]:
        """Unit and day of every call that had begun by then."""
        return ((unit, at.astimezone(self._zone).date()) for unit, at in self._calls if at <= until)

    def day(self, moment: str) -> date:
        """The day of a moment where the agency is."""
        return datetime.fromisoformat(moment).astimezone(self._zone).date()


def time_anew(
    inputs: Inputs,
    plan: MonthPlan,
    test: PlannedTest,
    log: Log,
    *,
    now: datetime,
    but: Collection[date] = (),
    before: int | None = None,
) -> datetime | None:
    """The time that the seed gives a test anew, after now and inside every rule; None: there is none.

    Args:
        log: what is known.
        now: when it is drawn, to the second.
        but: days that it may not fall on.
        before: the id of the event that says so, to verify it; None: everything in the log counts.
    """
    unit = next((one for one in inputs.units if one.unit == test.unit), None)
    if unit is None:
        return None  # the unit has left the directory since
    first, last = days_of(plan.month)
    window = inputs.workdays.between(max(now.astimezone(inputs.zone).date(), first), last)
    others = {name: one for name, one in log.planned(before).items() if name != test.id}
    return draw_time(
        inputs,
        plan.seed,
        unit,
        test.id,
        [day for day in window if day not in but],
        list(_called(inputs, inputs.number_of(unit), test, others, log, now, before)),
        per_day=Counter(day for month, _, day in others.values() if month == plan.month),
        drawn=_drawings(test, log, before) + 1,
        after=now + SOON,
    )


def _called(
    inputs: Inputs,
    number: str,
    test: PlannedTest,
    others: dict[str, tuple[str, str, date]],
    log: Log,
    now: datetime,
    before: int | None,
) -> Iterator[date]:
    """The days from which a number rests: planned ones, the calls to it, and the test's own of an earlier drawing."""
    numbers = {one.unit: inputs.number_of(one) for one in inputs.units}
    yield from (day for _, unit, day in others.values() if numbers.get(unit) == number)
    yield from (day for unit, day in log.calls(now) if numbers.get(unit) == number)
    yield from (log.day(one["at"]) for one in log.events(before) if one["test_id"] == test.id and one["what"] == AGAIN)


def _drawings(test: PlannedTest, log: Log, before: int | None) -> int:
    return sum(one["test_id"] == test.id and one["what"] in (DRAWN, REDRAWN) for one in log.events(before))


def _plan(month: str, store: Store) -> MonthPlan:
    kept = store.plans.of(month)
    assert kept is not None  # it is one of those that the store named
    return plan_from_dict(kept["plan"])
