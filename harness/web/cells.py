"""Figures by unit and month: after a change the cells that changed are read and counted anew, and nothing else.

Each unit's month has a mark in the database, which every change of its rows changes, whoever makes it. What is known of
a cell is good for as long as its mark stays; what is summed of cells, for as long as all their marks do.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from harness.figures import Span
from harness.store import Store
from rubric.aggregate import Figures, Key, Level, figures
from rubric.heaps import Cell, Heap, Heaps, heaps_of
from rubric.periods import Period, period_before, period_of_month
from rubric.schema import Form

MOST_MONTHS = 36
"""Of sixty units each takes half a megabyte; one that calls are left out of counts once more."""
MOST_SUMS = 1024
"""A unit's or the agency's figures of a period; each takes some ten kilobytes."""
NONE = frozenset[str]()
FormKey = tuple[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Counted:
    """The rows of one unit's month, counted."""

    mark: Hashable
    """Differs after every change of them."""
    calls: Mapping[FormKey, int]
    """How many there are by form and version, void ones among them."""
    heaps: Mapping[tuple[FormKey, str], Mapping[Cell, Heap]]
    """By form, version and series."""


Months = Mapping[str, Mapping[str, Counted]]
"""By month and unit."""


class Cells:
    """What is known of an agency's cells; nobody may change one. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._months: OrderedDict[tuple[str, bool], dict[str, Counted]] = OrderedDict()
        self._sums: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()

    def of(self, store: Store, span: Span, hidden: frozenset[str] = NONE) -> Moment:
        """The cells that a period's figures need, as the database has them now, without some calls.

        The store is read at one moment by whoever asks: `Store.at_one_moment`.
        """
        months = self._now(store, f"{span.since:%Y-%m}", f"{span.last:%Y-%m}")
        return Moment(months=self._without(store, months, hidden), kept=self, less=bool(hidden))

    def once(self, what: Hashable, state: Hashable, make: Callable[[], T]) -> T:
        """What was summed, made anew where it was made from another state."""
        with self._lock:
            known = self._sums.get(what)
            if known is not None and known[0] == state:
                self._sums.move_to_end(what)
                found: T = known[1]
                return found
        made = make()
        with self._lock:
            self._sums[what] = (state, made)
            self._sums.move_to_end(what)
            while len(self._sums) > MOST_SUMS:
                self._sums.popitem(last=False)
        return made

    def _now(self, store: Store, first: str, last: str) -> Months:
        marks: dict[str, dict[str, int]] = defaultdict(dict)
        for one in store.revisions.of_cells(first, last):
            marks[one.month][one.unit] = one.figures
        return {month: self._month(store, month, units) for month, units in marks.items()}

    def _without(self, store: Store, months: Months, hidden: frozenset[str]) -> Months:
        """The same cells where those that hold a call that is to be left out are counted without it."""
        marks: dict[str, dict[str, Hashable]] = defaultdict(dict)
        for (unit, month), ids in store.rows.cells_of(hidden).items() if hidden else ():
            if unit in months.get(month, {}):
                marks[month][unit] = (months[month][unit].mark, ids)
        less = {month: self._month(store, month, units, hidden) for month, units in marks.items()}
        return {month: {**units, **less.get(month, {})} for month, units in months.items()}

    def _month(
        self, store: Store, month: str, marks: Mapping[str, Hashable], hidden: frozenset[str] = NONE
    ) -> dict[str, Counted]:
        which = (month, bool(hidden))
        with self._lock:
            known = self._months.get(which, {})
        kept = {unit: one for unit, one in known.items() if marks.get(unit) == one.mark}
        changed = {unit: mark for unit, mark in marks.items() if unit not in kept}
        if changed:
            kept |= _counted(store, month, changed, hidden)
        with self._lock:
            self._months[which] = kept
            self._months.move_to_end(which)
            while len(self._months) > MOST_MONTHS:
                self._months.popitem(last=False)
        return kept


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The cells as they were at one moment: a source of figures of units and of the agency."""

    months: Months
    """They."""
    kept: Cells
    """Where sums are kept."""
    less: bool
    """Whether calls were left out: what is summed of those is kept beside what is summed of all."""
    _forms: dict[int, tuple[Form, str]] = field(default_factory=dict)
    _marked: dict[str, Hashable] = field(default_factory=dict)

    def forms(self, span: Span) -> list[tuple[str, str, int]]:
        """Form, version and how many calls were scored by it, the most first."""
        calls = Counter[FormKey]()
        for month in _own(span):
            for one in self.months.get(month, {}).values():
                calls.update(one.calls)
        return sorted(((*form, n) for form, n in calls.items()), key=lambda one: (-one[2], *one[:2]))

    def series(self, span: Span, form: Form) -> frozenset[str]:
        """The series that have calls."""
        units = (one for month in _own(span) for one in self.months.get(month, {}).values())
        return frozenset(series for one in units for key, series in one.heaps if key == (form.id, form.version))

    def figures(self, span: Span, form: Form, series: str, *, level: Level, period: Period) -> dict[Key, Figures]:
        """A series' figures of a period's own days, of its units or of the agency."""
        if level == "agency":
            return self._agency(_own(span), form, series, period)
        if level != "unit":
            raise ValueError(f"{level}: cells are counted by unit")
        found: dict[Key, Figures] = {}
        for unit in sorted({unit for month in _own(span) for unit in self.months.get(month, {})}):
            found |= self._unit(unit, _own(span), form, series, period)
        return found

    def looked_back(self, span: Span, form: Form, series: str, *, period: Period) -> dict[Key, Figures]:
        """The agency's, from the first day that its trend or the period before it needs."""
        return self._agency(_months(f"{span.since:%Y-%m}", f"{span.last:%Y-%m}"), form, series, period)

    def _unit(self, unit: str, months: Sequence[str], form: Form, series: str, period: Period) -> Mapping[Key, Figures]:
        own = [self.months[month][unit] for month in months if unit in self.months.get(month, {})]

        def make() -> dict[Key, Figures]:
            return figures(Heaps(_joined(own, form, series), {}), form, level="unit", period=period)

        what = ("unit", unit, months[0], period, series, self.less)
        return self.kept.once((*what, form.id, form.version), (self._said(form), [one.mark for one in own]), make)

    def _agency(self, months: Sequence[str], form: Form, series: str, period: Period) -> dict[Key, Figures]:
        found: dict[Key, Figures] = {}
        for name in dict.fromkeys(period_of_month(month, period) for month in months):
            inside = [month for month in months if period_of_month(month, period) == name]
            found |= self._whole(inside, form, series, period)
        return found

    def _whole(self, months: Sequence[str], form: Form, series: str, period: Period) -> Mapping[Key, Figures]:
        marks = [self._marks(month) for month in months]

        def make() -> dict[Key, Figures]:
            heaps = {Cell(series, month, "", "", "", None): self._heap(month, form, series) for month in months}
            there = {cell: heap for cell, heap in heaps.items() if heap is not None}
            return figures(Heaps(there, {}), form, level="agency", period=period)

        what = ("agency", months[0], months[-1], period, series, self.less, form.id, form.version)
        return self.kept.once(what, (self._said(form), marks), make)

    def _heap(self, month: str, form: Form, series: str) -> Heap | None:
        """The whole agency's heap of a month; None: no call."""

        def make() -> Heap | None:
            heaps = list(_joined(self.months.get(month, {}).values(), form, series).values())
            whole = Heap()
            for one in heaps:
                whole.add(one)
            return whole if heaps else None

        what = ("month", month, series, self.less, form.id, form.version)
        return self.kept.once(what, self._marks(month), make)

    def _said(self, form: Form) -> str:
        """What a form says: one that no call froze may be changed in its file."""
        if id(form) not in self._forms:
            self._forms[id(form)] = (form, form.model_dump_json())
        return self._forms[id(form)][1]

    def _marks(self, month: str) -> Hashable:
        if month not in self._marked:
            units = self.months.get(month, {})
            self._marked[month] = tuple((unit, units[unit].mark) for unit in sorted(units))
        return self._marked[month]


def _counted(
    store: Store, month: str, marks: Mapping[str, Hashable], hidden: Collection[str] = ()
) -> dict[str, Counted]:
    """Some units' cells of a month, read and counted."""
    gathered: dict[str, dict[tuple[FormKey, str], list[Any]]] = defaultdict(lambda: defaultdict(list))
    calls: dict[str, Counter[FormKey]] = defaultdict(Counter)
    for form, version, n, *cell in store.rows.of_units(month, list(marks), without=hidden):
        series, unit = cell[0], cell[3]
        calls[unit][form, version] += n
        gathered[unit][(form, version), series].append(cell)
    return {
        unit: Counted(
            mark=mark,
            calls=calls[unit],
            heaps={key: heaps_of(cells).cells for key, cells in gathered[unit].items()},
        )
        for unit, mark in marks.items()
    }


def _joined(counted: Iterable[Counted], form: Form, series: str) -> dict[Cell, Heap]:
    return {
        cell: heap for one in counted for cell, heap in one.heaps.get(((form.id, form.version), series), {}).items()
    }


def _own(span: Span) -> tuple[str, ...]:
    """A period's months, in order."""
    return _months(f"{span.first:%Y-%m}", f"{span.last:%Y-%m}")


@lru_cache(maxsize=64)
def _months(first: str, last: str) -> tuple[str, ...]:
    found = [last]
    while found[-1] > first:
        found.append(period_before(found[-1]))
    return tuple(reversed(found))
