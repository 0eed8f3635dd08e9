"""What earlier months have to do with one that is drawn: whom they tested, what rang, who waits for a re-test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from harness.agency import Agency
from harness.programme.follow_up import Deficiency, deficiencies
from harness.programme.inputs import Past
from harness.programme.month_plan import plan_from_dict
from harness.programme.settings import ProgrammeSettings
from harness.store import Store
from harness.store.plans import CALLED_OFF, DROPPED, UNKNOWN
from rubric.periods import days_of

YEAR = timedelta(days=366)
REST = timedelta(days=200)
"""Longer than any rest that programme.toml may ask for."""
INTERNAL = "internal"
VOID = "fault_ours"
RETESTED = ("objection_time", "waiting", "overdue", "answered")
"""States of an improvement that wait for the unit's next test (下次查核時進行複查, 000:216)."""
Reckon = Callable[..., tuple[Deficiency, ...]]
"""`deficiencies`, or what remembers what that gave; it takes the same."""


def past_of(
    month: str,
    agency: Agency,
    store: Store,
    numbers: dict[str, str],
    settings: ProgrammeSettings,
    *,
    reckon: Reckon = deficiencies,
) -> Past:
    """What there was before a month's first day.

    A unit counts as tested on the days of its own calls, whoever placed them, and of tests that are still to be
    dialled; not of tests that were dropped, or that our own fault spoiled. Its number rang all the same.
    """
    first, _ = days_of(month)
    tested: dict[str, set[date]] = defaultdict(set)
    called: dict[str, set[date]] = defaultdict(set)
    since, rested = first - YEAR, first - REST
    for unit, day, counts in (*_planned(month, agency, store), *dialled(since, agency, store)):
        if since <= day < first:
            if day >= rested:
                called[numbers.get(unit, unit)].add(day)
            if counts:
                tested[unit].add(day)
    return Past(
        tested={unit: sorted(days) for unit, days in sorted(tested.items())},
        called={number: sorted(days) for number, days in sorted(called.items())},
        burden=_burden(month, store),
        retests=_retests(first, agency, store, settings, reckon),
    )


def _planned(month: str, agency: Agency, store: Store) -> Iterator[tuple[str, date, bool]]:
    """Unit, day and whether it counts, of the tests of earlier months; those that are over count by their calls."""
    for row in store.plans.months():
        if row["month"] >= month:
            continue
        units = _units(row["month"], store)
        for test in store.plans.tests(row["month"]):
            if test["state"] != CALLED_OFF:
                due = datetime.fromisoformat(test["due_at"]).astimezone(agency.zone).date()
                yield units[test["test_id"]], due, test["state"] not in (UNKNOWN, DROPPED)


def _units(month: str, store: Store) -> dict[str, str]:
    kept = store.plans.of(month)
    return {} if kept is None else {test.id: test.unit for test in plan_from_dict(kept["plan"]).tests}


def dialled(since: date, agency: Agency, store: Store) -> Iterator[tuple[str, date, bool]]:
    """Unit, day and whether it counts, of our own calls from a day on, those placed by hand among them."""
    zone = agency.zone  # read once: a year has ten thousand calls
    for unit, started_at, outcome in store.call_list.when(INTERNAL, since=since):
        day = datetime.fromisoformat(started_at).astimezone(zone).date()
        if day >= since:
            yield unit, day, outcome != VOID


def _burden(month: str, store: Store) -> dict[str, int]:
    """Tests that each tester was allotted in the year, but for those that were dropped."""
    burden: dict[str, int] = defaultdict(int)
    for row in store.plans.months():
        kept = store.plans.of(row["month"])
        if row["month"] >= month or row["month"][:4] != month[:4] or kept is None:
            continue
        dropped = {one["test_id"] for one in store.plans.tests(row["month"]) if one["state"] == CALLED_OFF}
        for test in plan_from_dict(kept["plan"]).tests:
            if test.tester and test.id not in dropped:
                burden[test.tester] += 1
    return dict(sorted(burden.items()))


def _retests(first: date, agency: Agency, store: Store, settings: ProgrammeSettings, reckon: Reckon) -> dict[str, date]:
    """Unit → day from which its re-test is due: after the day by which it has to have answered."""
    known = {unit.unit for unit in agency.units}
    found = reckon(agency, store, settings.improvement, today=first, since=first - YEAR)
    return {one.unit: one.answer_due for one in found if one.state in RETESTED and one.unit in known}
