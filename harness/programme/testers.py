"""Who tests whom (電話禮貌測試分配表): in fairness, and nobody the own unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from harness.programme.inputs import Inputs
from harness.programme.lot import fraction
from harness.programme.month_plan import PlannedTest, Unmet, unmet_rule


def allot(inputs: Inputs, seed: str, tests: Sequence[PlannedTest]) -> tuple[list[PlannedTest], list[Unmet]]:
    """Each test to whoever has had fewest, never to somebody of the unit itself."""
    if not inputs.settings.testers:
        return list(tests), []
    burden, out, unmet = Counter(inputs.past.burden), [], []
    for test in tests:
        fit = [t for t in inputs.settings.testers if t.unit != test.unit and test.at.date() not in t.absent]
        if not fit:
            unmet.append(unmet_rule("tester", "programme.no_tester", unit=test.unit, day=test.at.date()))
            out.append(test)
            continue
        chosen = min(fit, key=lambda t: (burden[t.name], fraction(seed, "tester", test.id, t.name)))
        burden[chosen.name] += 1
        out.append(replace(test, tester=chosen.name))
    return out, unmet
