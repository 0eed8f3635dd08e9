"""Rows counted into heaps, once; every level and period is then a sum of heaps."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rubric.rows import BETWEEN, Row

MONTH = len("2026-11")


@dataclass(frozen=True, slots=True)
class Cell:
    """The finest thing that is counted apart."""

    series: str
    """internal or external."""
    month: str
    """2026-11."""
    group: str
    """The group of units."""
    unit: str
    """The unit."""
    extension: str
    """The extension."""
    person: str | None
    """Who was heard, where one was."""


@dataclass(slots=True)
class Heap:
    """Everything counted for one thing: equal totals and equal lines are counted, not added one by one."""

    calls: int = 0
    """Calls that count (void ones do not)."""
    timing_only: int = 0
    """Those of them that nobody judged."""
    void: int = 0
    """Calls lost to our own faults."""
    below_standard: int = 0
    """Calls that missed a measured standard."""
    asked: int = 0
    """Questions asked."""
    correct: int = 0
    """Questions answered correctly."""
    totals: Counter[str] = field(default_factory=Counter)
    """Totals, how often each."""
    parts: Counter[str] = field(default_factory=Counter)
    """Words of complete parts, how often each."""
    items: Counter[str] = field(default_factory=Counter)
    """Words of scored items, how often each."""

    def add(self, other: "Heap") -> None:
        """Count another heap in."""
        for name in ("calls", "timing_only", "void", "below_standard", "asked", "correct"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, its in ((self.totals, other.totals), (self.parts, other.parts), (self.items, other.items)):
            for word, n in its.items():
                mine[word] += n


Heaps = dict[Cell, Heap]


def gather(rows: Iterable[Row]) -> Heaps:
    """Count rows by the finest cells; a stream of rows is read once and not kept."""
    heaps: dict[tuple[str | None, ...], Heap] = {}
    for row in rows:
        key = (row.series, row.day[:MONTH], row.group, row.unit, row.extension, row.person)
        heap = heaps.get(key)
        if heap is None:
            heap = heaps[key] = Heap()
        _count(heap, row)
    return {Cell(*key): heap for key, heap in heaps.items()}  # type: ignore[arg-type]


def _count(heap: Heap, row: Row) -> None:
    if row.void:
        heap.void += 1
        return
    heap.calls += 1
    heap.timing_only += row.timing_only
    heap.below_standard += row.below_standard
    heap.asked += row.asked
    heap.correct += row.correct
    if row.items:
        heap.items.update(row.items.split(BETWEEN))
    if row.timing_only:
        return
    if row.parts:
        heap.parts.update(row.parts.split(BETWEEN))
    if row.total is not None:
        heap.totals[row.total] += 1
