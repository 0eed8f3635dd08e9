"""From sheets to a report's figures: per person, extension, unit, group and agency, in any period.

Means are exact until shown: one decimal, half up. n stands beside every mean. Internal and external series are
never mixed, timing records have no total, void calls count nowhere, and accuracy is Σ correct / Σ asked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Literal

from rubric.heaps import Cell, Heap, Heaps, gather
from rubric.periods import Period, period_of_month
from rubric.rows import Line, Row, line
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


def aggregate(rows: Iterable[Row], form: Form, *, level: Level, period: Period) -> dict[Key, Figures]:
    """The figures of every name and period that the rows hold. Persons count only where one was heard."""
    return figures(gather(rows), form, level=level, period=period)


def figures(heaps: Heaps, form: Form, *, level: Level, period: Period) -> dict[Key, Figures]:
    """The figures of every name and period in what was gathered; one gathering serves every level and period."""
    joined: dict[Key, Heap] = defaultdict(Heap)
    months: dict[str, str] = {}
    for cell, heap in (heaps.persons if level == "person" else heaps.cells).items():
        if cell.month not in months:
            months[cell.month] = period_of_month(cell.month, period)
        joined[Key(cell.series, months[cell.month], _name(cell, level))].add(heap)
    whole = _Whole(form)
    return {key: _figures(key, joined[key], form, whole) for key in sorted(joined)}


def _name(cell: Cell, level: Level) -> str:
    match level:
        case "person":
            return cell.person or ""
        case "extension":
            return f"{cell.unit} {cell.extension}"
        case "unit":
            return cell.unit
        case "group":
            return cell.group
    return ""


class _Whole:
    """Lines of parts as if each part were the whole sheet, each reckoned once."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.parts = {part.id: part for part in form.parts}
        self.known: dict[Line, Fraction] = {}

    def of(self, one: Line) -> Fraction:
        if one not in self.known:
            points, most = Fraction(one.points), Fraction(one.max)
            self.known[one] = as_whole(self.form, self.parts[one.id], points, most)
        return self.known[one]


def _figures(key: Key, heap: Heap, form: Form, whole: _Whole) -> Figures:
    lost = {one: _mean([(x.max - x.points, n) for x, n in told]) for one, told in _by_id(heap.items).items()}
    told = _by_id(heap.parts)
    parts = [part for part in whole.parts if part in told]
    return Figures(
        key=key,
        calls=heap.calls,
        timing_only=heap.timing_only,
        void=heap.void,
        total=_mean([(Decimal(one), n) for one, n in heap.totals.items()]) if heap.totals else None,
        parts={part: _mean([(x.points, n) for x, n in told[part]]) for part in parts},
        rescaled={part: _mean([(whole.of(x), n) for x, n in told[part]]) for part in parts},
        accuracy=_accuracy(heap),
        lost=tuple(sorted(lost.items(), key=lambda one: (-one[1].exact, one[0]))),
        below_standard=heap.below_standard,
        small=heap.calls < form.aggregation.small_n,
    )


def _by_id(words: Counter[str]) -> dict[str, list[tuple[Line, int]]]:
    """Each id's lines, each with how often it occurred."""
    found: dict[str, list[tuple[Line, int]]] = defaultdict(list)
    for word, n in words.items():
        one = line(word)
        found[one.id].append((one, n))
    return found


def _mean(values: Sequence[tuple[Decimal | Fraction, int]]) -> Mean:
    """The mean of values, each with how often it occurred; at least one.

    Reckoned in whole numbers over one denominator: adding Fractions one by one would be most of a report's time.
    """
    ratios = [(*value.as_integer_ratio(), times) for value, times in values]
    below = lcm(*(one for _, one, _ in ratios))
    above = [(one * (below // its), times) for one, its, times in ratios]
    n = sum(times for _, times in above)
    mean = Fraction(sum(one * times for one, times in above), below * n)
    lowest, highest = (half_up(Fraction(end(one for one, _ in above), below), 1) for end in (min, max))
    return Mean(half_up(mean, 1), n, mean, lowest, highest)


def _accuracy(heap: Heap) -> Mean | None:
    if not heap.asked:
        return None
    exact = Fraction(heap.correct * HUNDRED, heap.asked)
    return Mean(half_up(exact, 1), heap.asked, exact)
