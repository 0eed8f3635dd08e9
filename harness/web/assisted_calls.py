"""The assisted calls of a server: one each at a time, each in a thread of its own, none left behind at a stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import Refused, ThirdringError

if TYPE_CHECKING:
    from harness.assisted.live_call import LiveCall

_log = logging.getLogger("thirdring.web")


class AssistedCalls:
    """Who has a call, from the first look whether they may to its end; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._have: set[str] = set()
        self._running: dict[threading.Thread, LiveCall] = {}

    @contextmanager
    def one_for(self, tester: str) -> Iterator[None]:
        """Nobody begins another call of this tester's within the block, nor while the one is up that is run in it."""
        with self._lock:
            if self._stopped or tester in self._have:
                raise Refused("assist.server_ends" if self._stopped else "assist.one_at_a_time")
            self._have.add(tester)
        try:
            yield
        finally:
            with self._lock:
                if all(live.tester != tester for live in self._running.values()):
                    self._have.discard(tester)

    def run(self, live: LiveCall, work: Callable[[], None]) -> None:
        """Do a call in a thread of its own."""

        def until_over() -> None:
            try:
                with live.until_over():
                    work()
            except ThirdringError:
                pass  # the call's last state says it
            except Exception:
                _log.exception("assist %s", live.call_id)
            finally:
                with self._lock:
                    del self._running[thread]
                    self._have.discard(live.tester)

        thread = threading.Thread(target=until_over, name=f"assist {live.call_id}")
        with self._lock:
            if self._stopped:
                live.dial_no_more()
            try:
                thread.start()
            except RuntimeError:  # the machine has no thread for it
                live.phase("over")
                raise
            self._running[thread] = live

    @property
    def running(self) -> int:
        """Calls whose threads are not done: one that is over may still be noted in the programme's table."""
        with self._lock:
            return len(self._running)

    def dial_no_more(self) -> None:
        """Calls that are up come to their end; nothing else is dialled, and none begun."""
        with self._lock:
            self._stopped = True
            running = tuple(self._running.values())
        for live in running:
            live.dial_no_more()

    def stop(self) -> None:
        """The same, and wait until the last is over."""
        self.dial_no_more()
        with self._lock:
            running = tuple(self._running)
        for thread in running:
            thread.join()
