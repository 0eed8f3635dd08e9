"""What was reckoned from the database, kept in memory for exactly as long as nothing changed that it was made from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

MOST = 64
"""Of a year's figures each takes about a megabyte at most."""
T = TypeVar("T")


class Remembered:
    """Values by what they are and by the state that they were made from; nobody may change one."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def of(self, what: Hashable, state: Hashable, make: Callable[[], T]) -> T:
        """The value, made anew where it was made from another state; who comes meanwhile waits for the one maker.

        The state is read before the value is made: what changes in between gives a value that is newer than its state,
        and is made once more by whoever asks next.
        """
        with self._lock:
            alone = self._making.setdefault(what, threading.Lock())
        with alone:
            with self._lock:
                if what in self._kept and self._kept[what][0] == state:
                    self._kept.move_to_end(what)
                    found: T = self._kept[what][1]
                    return found
            made = make()
            with self._lock:
                self._kept[what] = (state, made)
                self._kept.move_to_end(what)
                while len(self._kept) > self._most:
                    self._making.pop(self._kept.popitem(last=False)[0], None)
        return made
