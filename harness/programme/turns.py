"""Whose turn it is: every unit as often as the programme promises, first-line units sooner, the rest by lot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from harness.directory import Unit
from harness.programme.inputs import Inputs
from harness.programme.lot import weighted_order
from harness.programme.round_months import has_rounds, months_until
from rubric.periods import days_of, period_of


def choose_units(inputs: Inputs, seed: str, rounds: int) -> list[list[Unit]]:
    """Who is tested in each round: re-tests, then whoever's turn must come in this period, then by weighted lot."""
    by_id = {unit.unit: unit for unit in inputs.units}
    weight = inputs.settings.first_line_weight
    lots = [(unit.unit, weight if unit.kind == "first" else 1.0) for unit in inputs.units]
    order = weighted_order(lots, seed, "units", inputs.month)
    again = [name for name in order if name in inputs.past.retests] if rounds else []
    owed = tests_owed(inputs) - Counter(again)
    due = [name for name in order for _ in range(owed[name])]
    left = months_left(inputs)
    wanted = max(rounds * inputs.settings.units_per_round, len(again) + (-(-len(due) // left) if rounds else 0))
    picked = again + (due[: max(wanted - len(again), 0)] if left > 1 else due)
    spare = [name for name in order if name not in picked]
    picked = picked + spare[: max(wanted - len(picked), 0)]
    return _spread(picked, len(again), rounds, by_id)


def _spread(picked: Sequence[str], again: int, rounds: int, by_id: Mapping[str, Unit]) -> list[list[Unit]]:
    """The picked over the rounds, the same number in each, nobody twice in one; re-tests in the next, the first."""
    out: list[list[Unit]] = [[] for _ in range(rounds)]
    if out:
        out[0] += [by_id[name] for name in picked[:again]]
    for name in picked[again:]:
        open_rounds = [one for one in out if by_id[name] not in one]
        if open_rounds:
            min(open_rounds, key=len).append(by_id[name])
    return out


def tests_owed(inputs: Inputs) -> Counter[str]:
    """How many tests each unit still lacks in the period that the month lies in."""
    cover = inputs.settings.every_unit
    first, _ = days_of(inputs.month)
    period = period_of(first, cover.every)
    begin, end = days_of(period)
    done = {name: sum(begin <= day <= end for day in days) for name, days in inputs.past.tested.items()}
    return Counter({unit.unit: max(cover.at_least - done.get(unit.unit, 0), 0) for unit in inputs.units})


def months_left(inputs: Inputs) -> int:
    """Months of the period from this one on that have rounds."""
    first, _ = days_of(inputs.month)
    _, end = days_of(period_of(first, inputs.settings.every_unit.every))
    return sum(has_rounds(inputs.settings, month) for month in months_until(inputs.month, end))
