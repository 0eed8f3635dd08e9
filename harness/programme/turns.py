"""Whose turn it is: every unit as often as the programme promises, first-line units sooner, the rest by lot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from harness.directory import Unit
from harness.programme.inputs import Inputs
from harness.programme.lot import weighted_order
from rubric.periods import days_of, period_of


def choose_units(inputs: Inputs, seed: str, rounds: int) -> list[list[Unit]]:
    """Who is tested in each round: whoever's turn must come in this period, then by weighted lot."""
    by_id = {unit.unit: unit for unit in inputs.units}
    weight = inputs.settings.first_line_weight
    lots = [(unit.unit, weight if unit.kind == "first" else 1.0) for unit in inputs.units]
    owed = tests_owed(inputs)
    order = weighted_order(lots, seed, "units", inputs.month)
    due = [name for name in order for _ in range(owed[name])]
    left = months_left(inputs)
    wanted = max(rounds * inputs.settings.units_per_round, -(-len(due) // left) if rounds else 0)
    picked = due[:wanted] if left > 1 else due
    spare = [name for name in order if name not in picked]
    picked = picked + spare[: max(wanted - len(picked), 0)]
    return _spread(picked, rounds, by_id)


def _spread(picked: Sequence[str], rounds: int, by_id: Mapping[str, Unit]) -> list[list[Unit]]:
    """The picked over the rounds, the same number in each, nobody twice in one."""
    out: list[list[Unit]] = [[] for _ in range(rounds)]
    for name in picked:
        open_rounds = [one for one in out if by_id[name] not in one]
        if open_rounds:
            min(open_rounds, key=len).append(by_id[name])
    return out


def tests_owed(inputs: Inputs) -> Counter[str]:
    """How many tests each unit still lacks in the period that the month lies in."""
    cover = inputs.settings.every_unit
    first, _ = days_of(inputs.month)
    period = period_of(first, cover.every)
    done = {
        name: sum(period_of(day, cover.every) == period for day in days) for name, days in inputs.past.tested.items()
    }
    return Counter({unit.unit: max(cover.at_least - done.get(unit.unit, 0), 0) for unit in inputs.units})


def months_left(inputs: Inputs) -> int:
    """Months of the period from this one on."""
    first, _ = days_of(inputs.month)
    _, end = days_of(period_of(first, inputs.settings.every_unit.every))
    return (end.year - first.year) * 12 + end.month - first.month + 1
