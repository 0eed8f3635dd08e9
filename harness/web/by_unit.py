"""What is followed up, kept by unit: after a change the units that it was a change of are reckoned anew, and no other.

Whether a unit's results are as they were, the database's marks of its months say, which every change of a row, a sheet,
a signature, a review or a note changes, whoever makes it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date
from typing import Any, Protocol, TypeVar

from harness.store import Store

MOST = 16
"""Things that are kept of every unit; each takes about as much as a year's deficiencies."""
FEW = 8
"""More units than these are reckoned all at once: the database is then read once, not once a unit."""


class OfUnit(Protocol):
    """A call of a unit that something is said of."""

    @property
    def call_id(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def day(self) -> date: ...


T = TypeVar("T", bound=OfUnit)
Reckoned = dict[str, tuple[Hashable, tuple[Any, ...]]]
"""By unit: the state, and what was reckoned."""


class ByUnit:
    """What is known of each unit; nobody may change one. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Reckoned] = OrderedDict()

    def of(
        self, what: Hashable, store: Store, *, since: date, also: Hashable, reckon: Callable[[str], Iterable[T]]
    ) -> tuple[T, ...]:
        """What `reckon` gives of all units from a day on, in order of day and call.

        `reckon` gives one unit's, whose name it is given, or with an empty name all; what it makes of a unit depends on
        that unit's results, and on what is said `also`, alone.
        """
        with store.at_one_moment():
            states = {unit: (marks, also) for unit, marks in _marks(store, since).items()}
            with self._lock:
                known = self._kept.get(what, {})
            fresh = {unit: one for unit, one in known.items() if states.get(unit) == one[0]}
            fresh |= _anew({unit: state for unit, state in states.items() if unit not in fresh}, reckon)
        with self._lock:
            self._kept[what] = fresh
            self._kept.move_to_end(what)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        found: list[T] = [one for _, ones in fresh.values() for one in ones]
        return tuple(sorted(found, key=lambda one: (one.day, one.call_id)))


def _anew(states: Mapping[str, Hashable], reckon: Callable[[str], Iterable[T]]) -> Reckoned:
    if len(states) <= FEW and "" not in states:  # a call of no unit: its name would ask for all
        return {unit: (state, tuple(reckon(unit))) for unit, state in states.items()}
    found: dict[str, list[T]] = defaultdict(list)
    for one in reckon(""):
        found[one.unit].append(one)
    return {unit: (state, tuple(found[unit])) for unit, state in states.items()}


def _marks(store: Store, since: date) -> dict[str, tuple[tuple[str, int], ...]]:
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for one in store.revisions.of_cells(f"{since:%Y-%m}"):
        found[one.unit].append((one.month, one.results))
    return {unit: tuple(marks) for unit, marks in found.items()}
