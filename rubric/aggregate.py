"""From sheets to a report's figures: per person, extension, unit, group and agency, in any period.

Means are exact until shown: one decimal, half up. n stands beside every mean. Internal and external series are
never mixed, timing records have no total, void calls count nowhere, and accuracy is Σ correct / Σ asked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from rubric.periods import Period, period_of
from rubric.rows import Line, Row
from rubric.schema import Form
from rubric.sums import as_whole, half_up

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
class _Heap:
    """Everything counted for one key: equal totals and equal lines are counted, not added one by one."""

    calls: int = 0
    timing_only: int = 0
    void: int = 0
    below_standard: int = 0
    asked: int = 0
    correct: int = 0
    totals: Counter[Decimal] = field(default_factory=Counter)
    parts: Counter[Line] = field(default_factory=Counter)
    items: Counter[Line] = field(default_factory=Counter)


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
        _add(heap, row)
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


def _add(heap: _Heap, row: Row) -> None:
    if row.void:
        heap.void += 1
        return
    heap.calls += 1
    heap.timing_only += row.timing_only
    heap.below_standard += row.below_standard
    heap.asked += row.asked
    heap.correct += row.correct
    heap.items.update(row.items)
    if row.timing_only:
        return
    heap.parts.update(row.parts)
    if row.total is not None:
        heap.totals[row.total] += 1


def _figures(key: Key, heap: _Heap, form: Form) -> Figures:
    lost = _means((one.id, one.max - one.points, n) for one, n in heap.items.items())
    parts = {part.id: part for part in form.parts}
    rescaled = _means(
        (one.id, as_whole(form, parts[one.id], Fraction(one.points), Fraction(one.max)), n)
        for one, n in heap.parts.items()
        if one.id in parts
    )
    return Figures(
        key=key,
        calls=heap.calls,
        timing_only=heap.timing_only,
        void=heap.void,
        total=_means(("", one, n) for one, n in heap.totals.items()).get(""),
        parts=_means((one.id, one.points, n) for one, n in heap.parts.items()),
        rescaled=rescaled,
        accuracy=_accuracy(heap),
        lost=tuple(sorted(lost.items(), key=lambda one: (-one[1].exact, one[0]))),
        below_standard=heap.below_standard,
        small=heap.calls < form.aggregation.small_n,
    )


def _means(counted: Iterable[tuple[str, Decimal | Fraction, int]]) -> dict[str, Mean]:
    """The mean of each name's values, each value with how often it occurred."""
    values: dict[str, list[tuple[Fraction, int]]] = defaultdict(list)
    for name, value, n in counted:
        values[name].append((Fraction(value), n))
    return {name: _mean(told) for name, told in values.items()}


def _mean(told: list[tuple[Fraction, int]]) -> Mean:
    n = sum(times for _, times in told)
    mean = sum((value * times for value, times in told), Fraction(0)) / n
    lowest, highest = min(value for value, _ in told), max(value for value, _ in told)
    return Mean(half_up(mean, 1), n, mean, half_up(lowest, 1), half_up(highest, 1))


def _accuracy(heap: _Heap) -> Mean | None:
    if not heap.asked:
        return None
    exact = Fraction(heap.correct * HUNDRED, heap.asked)
    return Mean(half_up(exact, 1), heap.asked, exact)
