"""Draws a month: units by turn and by lot, days and minutes by lot inside each unit's hours, testers in fairness.

Pure: the same seed and the same inputs draw the same month, so that whoever doubts it can draw it again.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from hashlib import sha256

from harness.directory import Unit
from harness.programme.inputs import Inputs
from harness.programme.month_plan import PlannedTest, Unmet, unmet_rule
from harness.programme.round_months import has_rounds, rounds_in
from harness.programme.testers import allot
from harness.programme.times import draw_time
from harness.programme.turns import choose_units, months_left, tests_owed
from harness.unit_titles import titles_of
from rubric.periods import days_of


def draw_month(inputs: Inputs, *, seed: str) -> tuple[tuple[PlannedTest, ...], tuple[Unmet, ...]]:
    """The tests of a month in order of time, and what of the programme could not be met."""
    first, last = days_of(inputs.month)
    days = inputs.workdays.between(first, last)
    rounds = _rounds(days, rounds_in(inputs.settings, inputs.month))
    chosen = choose_units(inputs, seed, len(rounds))
    table, titles = _Table(inputs), titles_of(inputs.units)
    tests, unmet = [], []
    for number, (window, units) in enumerate(zip(rounds, chosen, strict=True), start=1):
        for unit in units:
            test = _placed(inputs, seed, unit, number, window, table)
            if test is None:
                unmet.append(unmet_rule("no_window", "programme.no_window", unit=titles[unit.unit], round=number))
            else:
                tests.append(test)
    unmet += [*_short(inputs, tests, len(rounds)), *_untested_again(inputs, tests)]
    allotted, lacking = allot(inputs, seed, sorted(tests))
    return tuple(allotted), tuple(unmet + lacking)


def _rounds(days: Sequence[date], count: int) -> list[tuple[date, ...]]:
    """The month's days of testing in as many windows as there are rounds, in order."""
    return [tuple(days[len(days) * n // count : len(days) * (n + 1) // count]) for n in range(count)]


class _Table:
    """What has been put where so far in this month."""

    def __init__(self, inputs: Inputs) -> None:
        self.per_day: Counter[date] = Counter()
        self.called: dict[str, list[date]] = defaultdict(list)
        for number, days in inputs.past.called.items():
            self.called[number] += days


def _placed(
    inputs: Inputs, seed: str, unit: Unit, number: int, window: Sequence[date], table: _Table
) -> PlannedTest | None:
    """A test at a drawn day and minute that breaks no rule; None: there is none in its window.

    A re-test comes after the unit's answer is due, where its round has such a day: the answer says what it tests.
    """
    name, called = test_id(inputs.month, number, unit), table.called[inputs.number_of(unit)]
    due = inputs.past.retests.get(unit.unit) if number == 1 else None
    windows = ([tuple(day for day in window if day > due)] if due else []) + [tuple(window)]
    found = (draw_time(inputs, seed, unit, name, days, called, per_day=table.per_day) for days in windows)
    at = next((one for one in found if one is not None), None)
    if at is None:
        return None
    table.per_day[at.date()] += 1
    called.append(at.date())
    return PlannedTest(at=at, id=name, round=number, unit=unit.unit, retest=due is not None)


def test_id(month: str, number: int, unit: Unit) -> str:
    """The name of a test, which the ledger takes: its month, its round and its unit, or a hash of the unit's id."""
    plain = (
        unit.unit if re.fullmatch(r"[A-Za-z0-9._-]{1,60}", unit.unit) else sha256(unit.unit.encode()).hexdigest()[:12]
    )
    return f"{month}-{number}-{plain}"


def _short(inputs: Inputs, tests: Sequence[PlannedTest], rounds: int) -> list[Unmet]:
    """Rounds that are too small, and units whose turn cannot come in this period any more."""
    least, unmet = inputs.settings.units_per_round, []
    for number in range(1, rounds + 1):
        units = {test.unit for test in tests if test.round == number}
        if len(units) < least:
            short = {"round": number, "units": len(units), "least": least}
            unmet.append(unmet_rule("units_per_round", "programme.small_round", **short))
    if months_left(inputs) <= (1 if rounds else 0):
        planned = Counter(test.unit for test in tests)
        late = [name for name, lacks in tests_owed(inputs).items() if planned[name] < lacks]
        if late:
            unmet.append(unmet_rule("every_unit", "programme.uncovered", units=_named(late, inputs), count=len(late)))
    return unmet


def _untested_again(inputs: Inputs, tests: Sequence[PlannedTest]) -> list[Unmet]:
    """Units whose improvement waits for a re-test that this month cannot give."""
    planned = {test.unit for test in tests}
    due = inputs.past.retests if has_rounds(inputs.settings, inputs.month) else ()  # else: the next month with rounds
    left = [unit for unit in due if unit not in planned]
    return [unmet_rule("retest", "rules.retest_left", count=len(left), units=_named(left, inputs))] if left else []


def _named(units: Sequence[str], inputs: Inputs) -> dict[str, str]:
    titles = titles_of(inputs.units)
    names = [titles.get(unit, unit) for unit in units]
    return {"zh": "、".join(names), "en": ", ".join(names)}
