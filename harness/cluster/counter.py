"""The head's counter: where probes ask, just before their INVITE, whether they may dial. Each offer is given once."""

from __future__ import annotations

import secrets
import threading
from asyncio import CancelledError
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from distributed import Queue

from harness import clocks
from harness.cluster.carrying_out import CLOCK, NO, YES
from harness.cluster.link import Link
from harness.cluster.offers import Offers

CLOCK_S = 30.0
"""A call's date is its probe's: one whose clock is so far from the head's dials nothing. The way takes some of it."""
WAIT_S = 5.0
LAST = {"run": ""}
"""Ends the waiting for another question."""


class Counter:
    """Answers the probes, one after the other, in a thread of its own."""

    def __init__(self, link: Link, offers: Offers, taken: Callable[[str], None]) -> None:
        """`taken` is told of each attempt that a probe was given."""
        self.queue = f"thirdring-{secrets.token_hex(8)}"
        self._link, self._offers, self._tell = link, offers, taken
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="counter", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._stopped.set()
        with suppress(Exception):  # of a scheduler that is gone; then nothing is waited for there either
            Queue(self.queue, client=self._link.client()).put(LAST, timeout=WAIT_S)
        self._thread.join(WAIT_S)

    def answer(self, said: dict[str, Any]) -> str:
        """What a probe is told that asks to dial."""
        try:
            attempt, token, run, probe = (str(said[name]) for name in ("attempt", "token", "run", "probe"))
            apart_s = abs((datetime.fromisoformat(said["at"]) - clocks.now()).total_seconds())
        except (KeyError, TypeError, ValueError):
            return NO
        if apart_s > CLOCK_S:
            return CLOCK
        if not self._offers.take(attempt, token, run=run, probe=probe, at=clocks.now().isoformat()):
            return NO
        self._tell(attempt)
        return YES

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                client = self._link.client()
                said = Queue(self.queue, client=client).get()
                if said != LAST:
                    Queue(f"{self.queue}.{said['run']}", client=client).put(self.answer(said), timeout=WAIT_S)
            except (Exception, CancelledError):
                self._stopped.wait(1.0)  # the scheduler is gone, or the disk is full: nobody is told yes
