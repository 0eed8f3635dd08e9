"""Who tests whom (電話禮貌測試分配表): in fairness, and nobody the own unit."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.programme.inputs import Inputs
from harness.programme.lot import fraction
from harness.programme.month_plan import PlannedTest, Unmet, unmet_rule
from harness.unit_titles import titles_of

Fit = Mapping[str, Sequence[str]]
"""Test → testers who may take it."""


def allot(inputs: Inputs, seed: str, tests: Sequence[PlannedTest]) -> tuple[list[PlannedTest], list[Unmet]]:
    """Each test to somebody of another unit who is there that day, as evenly over the year as can be.

    No test could go from its tester, in one step or over others, to somebody with two fewer.
    """
    if not inputs.settings.testers:
        return list(tests), []
    fit = {test.id: _fit(inputs, test) for test in tests}
    burden = Counter({tester.name: inputs.past.burden.get(tester.name, 0) for tester in inputs.settings.testers})
    given: dict[str, str] = {}
    for test in tests:
        if fit[test.id]:
            chosen = min(fit[test.id], key=lambda name: (burden[name], fraction(seed, "tester", test.id, name)))
            given[test.id] = chosen
            burden[chosen] += 1
    _even_out(given, burden, fit)
    lacking = [_nobody(inputs, test) for test in tests if test.id not in given]
    return [replace(test, tester=given.get(test.id, "")) for test in tests], lacking


def _fit(inputs: Inputs, test: PlannedTest) -> list[str]:
    day = test.at.date()
    return [one.name for one in inputs.settings.testers if one.unit != test.unit and day not in one.absent]


def _nobody(inputs: Inputs, test: PlannedTest) -> Unmet:
    """Why nobody may test a unit: who is of it, and who is away."""
    day = test.at.date()
    own = [one.name for one in inputs.settings.testers if one.unit == test.unit]
    away = [one.name for one in inputs.settings.testers if one.name not in own and day in one.absent]
    names = {"own": "、".join(own) or "—", "away": "、".join(away) or "—"}
    title = titles_of(inputs.units).get(test.unit, test.unit)
    return unmet_rule("tester", "programme.no_tester", unit=title, day=day, **names)


def _even_out(given: dict[str, str], burden: Counter[str], fit: Fit) -> None:
    """Pass tests on until nobody can be relieved: then no other allotment is more even (Harvey et al. 2006)."""
    while True:
        ways = (_way(name, given, burden, fit) for name in sorted(burden, key=lambda name: (-burden[name], name)))
        way = next((one for one in ways if one), None)
        if way is None:
            return
        burden[given[way[0][0]]] -= 1
        burden[way[-1][1]] += 1
        given.update(way)


def _way(name: str, given: Mapping[str, str], burden: Counter[str], fit: Fit) -> list[tuple[str, str]]:
    """Tests and to whom each is passed, so that `name` keeps one fewer and somebody with two fewer has it."""
    seen, line = {name}, deque([(name, list[tuple[str, str]]())])
    while line:
        holder, way = line.popleft()
        if burden[holder] <= burden[name] - 2:
            return way
        for test, tester in given.items():
            if tester == holder:
                for other in fit[test]:
                    if other not in seen:
                        seen.add(other)
                        line.append((other, [*way, (test, other)]))
    return []
