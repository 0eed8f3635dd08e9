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


Gathered = tuple[str, str, str, str, str, str | None, int, int, int, int, int, int, str, str, str]
"""A cell's six names, its six counts, and the words of its totals, parts and items joined by BETWEEN."""


def gather(rows: Iterable[Row]) -> Heaps:
    """Count rows by the finest cells."""
    piles: dict[tuple[str, str, str, str, str, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        piles[row.series, row.day[:MONTH], row.group, row.unit, row.extension, row.person].append(row)
    return heaps_of((*key, *_pile(pile)) for key, pile in piles.items())


def heaps_of(gathered: Iterable[Gathered]) -> Heaps:
    """Heaps of rows that somebody else, such as the database, has gathered by cell already."""
    cells: dict[Cell, Heap] = defaultdict(Heap)
    persons: dict[Cell, Heap] = {}
    for one in gathered:
        series, month, group, unit, extension, person, calls, timing_only, void, below, asked, correct = one[:12]
        heap = Heap(calls, timing_only, void, below, asked, correct, *map(_words, one[12:]))
        cells[Cell(series, month, group, unit, extension, None)].add(heap)
        if person is not None:
            persons[Cell(series, month, group, unit, extension, person)] = heap
    return Heaps(dict(cells), persons)


def _pile(rows: list[Row]) -> tuple[int, int, int, int, int, int, str, str, str]:
    """A cell's rows as its counts and words. Void calls count nowhere; calls nobody judged have no parts, no total."""
    valid = [row for row in rows if not row.void]
    judged = [row for row in valid if not row.timing_only]
    return (
        len(valid),
        len(valid) - len(judged),
        len(rows) - len(valid),
        sum(row.below_standard for row in valid),
        sum(row.asked for row in valid),
        sum(row.correct for row in valid),
        BETWEEN.join(row.total for row in judged if row.total is not None),
        BETWEEN.join(row.parts for row in judged),
        BETWEEN.join(row.items for row in valid),
    )


def _words(joined: str | None) -> Counter[str]:
    counted = Counter((joined or "").split(BETWEEN))
    counted.pop("", None)  # of a row without any
    return counted
