"""Rows counted into heaps, once; every level and period is then a sum of heaps."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
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
    """Who was heard; `None` where all are counted."""


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
            known = mine.get  # a Counter's own addition asks for what is missing by way of Python
            for word, n in its.items():
                mine[word] = known(word, 0) + n


@dataclass(frozen=True, slots=True)
class Heaps:
    """What was gathered."""

    cells: Mapping[Cell, Heap]
    """Every call, whoever answered it."""
    persons: Mapping[Cell, Heap]
    """The calls on which a person's name was heard, once more: there are many names and few other cells."""

    def where(self, wanted: Callable[[Cell], bool]) -> "Heaps":
        """Only the cells that are wanted."""
        kept = ({cell: heap for cell, heap in one.items() if wanted(cell)} for one in (self.cells, self.persons))
        return Heaps(*kept)


def gather(rows: Iterable[Row]) -> Heaps:
    """Count rows by the finest cells; a stream of rows is read once and not kept."""
    cells: dict[Key, _Pile] = defaultdict(_Pile)
    persons: dict[Key, _Pile] = defaultdict(_Pile)
    for row in rows:
        key = (row.series, row.day[:MONTH], row.group, row.unit, row.extension, None)
        cells[key].put(row)
        if row.person is not None:
            persons[(*key[:-1], row.person)].put(row)
    return Heaps(*({Cell(*key): pile.counted() for key, pile in one.items()} for one in (cells, persons)))


Key = tuple[str, str, str, str, str, str | None]


class _Pile:
    """What is being gathered for one cell: rows' words as they came, counted all at once at the end."""

    __slots__ = ("heap", "items", "parts", "totals")

    def __init__(self) -> None:
        self.heap = Heap()
        self.totals: list[str] = []
        self.parts: list[str] = []
        self.items: list[str] = []

    def put(self, row: Row) -> None:
        heap = self.heap
        if row.void:
            heap.void += 1
            return
        heap.calls += 1
        heap.below_standard += row.below_standard
        heap.asked += row.asked
        heap.correct += row.correct
        self.items.append(row.items)
        if row.timing_only:
            heap.timing_only += 1
            return
        self.parts.append(row.parts)
        if row.total is not None:
            self.totals.append(row.total)

    def counted(self) -> Heap:
        heap = self.heap
        heap.totals = Counter(self.totals)
        heap.parts, heap.items = (_words(one) for one in (self.parts, self.items))
        return heap


def _words(rows: list[str]) -> Counter[str]:
    counted = Counter(BETWEEN.join(rows).split(BETWEEN))
    counted.pop("", None)  # of a row without any
    return counted
