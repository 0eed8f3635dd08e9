"""A test whose time has passed, or whose day was called off, is drawn anew inside the rules, and that is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from harness.agency import Agency
from harness.programme.inputs import Inputs
from harness.programme.month import inputs_of, kept_plan
from harness.programme.month_plan import MonthPlan
from harness.programme.times import draw_time
from harness.store import Store
from harness.store.plans import AGAIN, CALLED_OFF, REDRAWN, WAITING
from rubric.periods import days_of

SOON = timedelta(minutes=5)
"""A time drawn anew lies so far ahead at the least."""
Row = dict[str, Any]


def call_off(agency: Agency, day: date, store: Store, *, reason: str, now: datetime) -> tuple[list[str], list[str]]:
    """Call a day off: its waiting tests are drawn anew for later days of their month, or dropped where none is left.

    Returns the ids of the tests that were moved, and of those that were dropped.
    """
    month = f"{day:%Y-%m}"
    kept_plan(month, store)
    due = [row for row in store.plans.tests(month) if row["state"] in WAITING and _day(row, agency) == day]
    moved: list[str] = []
    dropped: list[str] = []
    for row in due:
        found = redraw(agency, row, store, reason={"why": "day_off", "said": reason}, now=now, but={day})
        (moved if found else dropped).append(row["test_id"])
    return moved, dropped


def redraw(
    agency: Agency, row: Row, store: Store, *, reason: Row, now: datetime, but: set[date] | None = None
) -> datetime | None:
    """Draw one test's time anew, after now and inside every rule; None, and the test is dropped, where there is none.

    Args:
        row: the test as the store gives it.
        reason: why, kept with it.
        but: days that it may not fall on.
    """
    month, test_id = row["month"], row["test_id"]
    plan, _ = kept_plan(month, store)
    inputs = inputs_of(agency, month, store)
    at = _anew(inputs, plan, row, store, now=now, but=but or set())
    what = CALLED_OFF if at is None else REDRAWN
    store.plans.note(test_id, what, month=month, due_at=at, detail=reason, now=now)
    return at


def _anew(inputs: Inputs, plan: MonthPlan, row: Row, store: Store, *, now: datetime, but: set[date]) -> datetime | None:
    test = next(one for one in plan.tests if one.id == row["test_id"])
    unit = next((one for one in inputs.units if one.unit == test.unit), None)
    if unit is None:
        return None  # the unit has left the directory since
    others = {
        other["test_id"]: datetime.fromisoformat(other["due_at"]).astimezone(inputs.zone).date()
        for other in store.plans.tests(plan.month)
        if other["test_id"] != test.id and other["state"] != CALLED_OFF
    }
    number = inputs.number_of(unit)
    units = {one.id: one.unit for one in plan.tests}
    numbers = {one.unit: inputs.number_of(one) for one in inputs.units}
    called = [*inputs.past.called.get(number, ())]
    called += [day for name, day in others.items() if numbers.get(units[name]) == number]
    called += _dialled(plan.month, test.id, store, inputs)
    _, last = days_of(plan.month)
    days = replace(inputs.workdays, not_tested=inputs.workdays.not_tested | but)
    window = days.between(now.astimezone(inputs.zone).date(), last)
    return draw_time(
        inputs,
        plan.seed,
        unit,
        test.id,
        window,
        called,
        per_day=Counter(others.values()),
        drawn=store.plans.drawings(test.id) + 1,
        after=now + SOON,
    )


def _dialled(month: str, test_id: str, store: Store, inputs: Inputs) -> list[date]:
    """The days on which a test was dialled before its time was drawn anew: its number rests from them too."""
    taken = [one for one in store.plans.events(month) if one["test_id"] == test_id and one["what"] == AGAIN]
    return [datetime.fromisoformat(one["at"]).astimezone(inputs.zone).date() for one in taken]


def _day(row: Row, agency: Agency) -> date:
    return datetime.fromisoformat(row["due_at"]).astimezone(agency.zone).date()
