"""Comparing figures: ranks with their ties, means of means, and how a figure moved from period to period."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from rubric.aggregate import Figures, Key, Mean
from rubric.schema import Form
from rubric.sums import band_of, half_up


@dataclass(frozen=True, slots=True)
class Ranked:
    """One name's place."""

    rank: int
    """1 is best; equal means share a rank and the next one is skipped."""
    key: Key
    """What it is about."""
    mean: Mean
    """What it is ranked by."""
    band: str | None
    """Its grade, where the agency chose a set of them."""
    tied: bool
    """Whether another shares the rank."""
    small: bool
    """Too few calls to conclude much."""


@dataclass(frozen=True, slots=True)
class Step:
    """One period of a trend."""

    period: str
    """The period."""
    mean: Mean | None
    """Its mean; `None` for a period without a total."""
    change: Decimal | None
    """Against the last period that had one, one decimal."""


def measure_of(figures: Figures, form: Form) -> Mean | None:
    """What a name is compared by: the form's ranking part by itself, else the total.

    The switchboard's points sit inside every unit's total, so a slow operator would lower all units.
    """
    part = form.aggregation.rank_part
    return figures.total if part is None else figures.rescaled.get(part)


def weighted(figures: Figures, form: Form) -> Mean | None:
    """The parts by the form's weights: the switchboard once, not in every unit. n is the part's with the fewest."""
    weights = form.aggregation.weights
    parts = [(figures.rescaled.get(part), weight) for part, weight in weights.items()]
    known = [(mean, Fraction(weight)) for mean, weight in parts if mean is not None]
    whole = sum((weight for _, weight in known), Fraction(0))
    if not whole or len(known) < len(parts):
        return None
    exact = sum((mean.exact * weight for mean, weight in known), Fraction(0)) / whole
    return Mean(half_up(exact, 1), min(mean.n for mean, _ in known), exact)


def ranking(figures: Iterable[Figures], form: Form) -> tuple[Ranked, ...]:
    """The names in order; those without a comparable mean are left out, never put last."""
    comparable = [(one, mean) for one in figures if (mean := measure_of(one, form)) is not None]
    comparable.sort(key=lambda pair: (-pair[1].exact, pair[0].key))
    means = [mean.exact for _, mean in comparable]
    return tuple(
        Ranked(
            rank=means.index(mean.exact) + 1,
            key=one.key,
            mean=mean,
            band=band_of(form, mean.value),
            tied=means.count(mean.exact) > 1,
            small=one.small,
        )
        for one, mean in comparable
    )


def mean_of_means(means: Iterable[Mean | None]) -> Mean | None:
    """Sub-units averaged first: each counts the same however many calls it had; n is the sub-units."""
    known = [mean for mean in means if mean is not None]
    if not known:
        return None
    exact = sum((mean.exact for mean in known), Fraction(0)) / len(known)
    values = [mean.value for mean in known]
    return Mean(half_up(exact, 1), len(known), exact, min(values), max(values))


def trend(figures: Mapping[Key, Figures], form: Form, *, series: str, name: str) -> tuple[Step, ...]:
    """One name's means over time, with the change against the last period that had one."""
    steps: list[Step] = []
    last: Mean | None = None
    for key in sorted(key for key in figures if (key.series, key.name) == (series, name)):
        mean = measure_of(figures[key], form)
        moved = half_up(mean.exact - last.exact, 1) if mean and last else None
        steps.append(Step(key.period, mean, moved))
        last = mean or last
    return tuple(steps)
