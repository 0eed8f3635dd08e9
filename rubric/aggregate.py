"""From sheets to a report's figures: per person, extension, unit, group and agency, in any period.

Means are exact until shown: one decimal, half up. n stands beside every mean. Internal and external series are
never mixed, timing records have no total, void calls count nowhere, and accuracy is Σ correct / Σ asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from rubric.periods import Period, period_of
from rubric.rows import Row
from rubric.schema import Form
from rubric.sums import half_up

Level = Literal["person", "extension", "unit", "group", "agency"]
HUNDRED = 100


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """What a figure is about."""

    series: str
    """internal or external."""
    period: str
    """2026-11, 2026-Q4, 2026-H2, 2026."""
    name: str
    """The person, extension, unit or group; empty for the agency."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its n: never shown apart."""

    value: Decimal
    """One decimal, half up."""
    n: int
    """How many went into it."""
    exact: Fraction = Fraction(0)
    """The mean before rounding, to rank by."""
    lowest: Decimal | None = None
    """The lowest of them."""
    highest: Decimal | None = None
    """The highest of them."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a report says of one name in one period."""

    key: Key
    """What it is about."""
    calls: int
    """Calls that count (void ones do not)."""
    timing_only: int
    """Those of them that nobody judged."""
    void: int
    """Calls lost to our own faults."""
    total: Mean | None
    """The total; `None` when no call has one."""
    parts: Mapping[str, Mean]
    """The parts' own points."""
    rescaled: Mapping[str, Mean]
    """Each part as if it were the whole sheet, at most 100."""
    accuracy: Mean | None
    """Σ correct / Σ asked in per cent; n is the questions."""
    lost: tuple[tuple[str, Mean], ...]
    """Items by mean points lost, the greatest first."""
    below_standard: int
    """Calls that missed a measured standard."""
    small: bool
    """Too few calls to conclude much."""


@dataclass(slots=True)
class _Sum:
    """A sum on its way to a mean; totals of different maxima stay apart until the end."""

    n: int = 0
    points: Decimal = Decimal(0)
    by_max: dict[Decimal, Decimal] = field(default_factory=dict)
    lowest: Decimal | None = None
    highest: Decimal | None = None

    def add(self, points: Decimal, most: Decimal) -> None:
        self.n += 1
        self.points += points
        self.by_max[most] = self.by_max.get(most, Decimal(0)) + points
        if self.lowest is None or points < self.lowest:
            self.lowest = points
        if self.highest is None or points > self.highest:
            self.highest = points


@dataclass(slots=True)
class _Heap:
    """Everything summed for one key."""

    calls: int = 0
    timing_only: int = 0
    void: int = 0
    below_standard: int = 0
    asked: int = 0
    correct: int = 0
    total: _Sum = field(default_factory=_Sum)
    parts: dict[str, _Sum] = field(default_factory=lambda: defaultdict(_Sum))
    lost: dict[str, _Sum] = field(default_factory=lambda: defaultdict(_Sum))


def aggregate(rows: Iterable[Row], form: Form, *, level: Level, period: Period) -> dict[Key, Figures]:
    """The figures of every name and period that the rows hold. Persons count only where one was heard."""
    heaps: dict[Key, _Heap] = {}
    for row in rows:
        name = _name(row, level)
        if name is None:
            continue
        key = Key(row.series, period_of(row.day, period), name)
        heap = heaps.get(key)
        if heap is None:
            heap = heaps[key] = _Heap()
        _add(heap, row, form)
    return {key: _figures(key, heaps[key], form) for key in sorted(heaps)}


def _name(row: Row, level: Level) -> str | None:
    match level:
        case "person":
            return row.person
        case "extension":
            return f"{row.unit} {row.extension}"
        case "unit":
            return row.unit
        case "group":
            return row.group
    return ""


def _add(heap: _Heap, row: Row, form: Form) -> None:
    if row.void:
        heap.void += 1
        return
    heap.calls += 1
    heap.timing_only += row.timing_only
    heap.below_standard += row.below_standard
    heap.asked += row.asked
    heap.correct += row.correct
    if row.total is not None and not row.timing_only:
        heap.total.add(row.total, form.total)
    for part, points, most in () if row.timing_only else row.parts:
        heap.parts[part].add(points, most)
    for item, points, most in row.items:
        heap.lost[item].add(most - points, most)


def _figures(key: Key, heap: _Heap, form: Form) -> Figures:
    return Figures(
        key=key,
        calls=heap.calls,
        timing_only=heap.timing_only,
        void=heap.void,
        total=_mean(heap.total),
        parts=dict(_means(heap.parts)),
        rescaled={part: _rescaled(one, form) for part, one in heap.parts.items() if one.n},
        accuracy=_accuracy(heap),
        lost=tuple(sorted(_means(heap.lost), key=lambda one: (-one[1].exact, one[0]))),
        below_standard=heap.below_standard,
        small=heap.calls < form.aggregation.small_n,
    )


def _means(sums: Mapping[str, _Sum]) -> Iterator[tuple[str, Mean]]:
    for name, one in sums.items():
        mean = _mean(one)
        if mean is not None:
            yield name, mean


def _mean(one: _Sum) -> Mean | None:
    if not one.n:
        return None
    exact = Fraction(one.points) / one.n
    return Mean(half_up(exact, 1), one.n, exact, one.lowest, one.highest)


def _rescaled(one: _Sum, form: Form) -> Mean:
    """Exactly points x 100 / maximum, where x 2.22 and x 1.82 would give 99.9 and 100.1."""
    whole = sum((Fraction(points) * HUNDRED / Fraction(most) for most, points in one.by_max.items()), Fraction(0))
    exact = min(whole / one.n, Fraction(HUNDRED))
    return Mean(half_up(exact, 1), one.n, exact)


def _accuracy(heap: _Heap) -> Mean | None:
    if not heap.asked:
        return None
    exact = Fraction(heap.correct * HUNDRED, heap.asked)
    return Mean(half_up(exact, 1), heap.asked, exact)
