"""What wakes the programme between two looks: a stop by signal, a call that is over, or time."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime


class Alarm:
    """A pipe: unlike a lock it can be written to from inside a signal handler, whatever was interrupted."""

    def __init__(self) -> None:
        self._heard, self._rung = os.pipe()
        os.set_blocking(self._heard, False)
        os.set_blocking(self._rung, False)
        self.stopped = False
        """Whether a stop was asked for."""

    def ring(self, *_: object) -> None:
        """Wake whoever waits, from any thread."""
        with suppress(BlockingIOError, OSError):  # full: it is rung; closed: nobody waits any more
            os.write(self._rung, b"!")

    def stop(self, *_: object) -> None:
        """Ask for a stop."""
        self.stopped = True
        self.ring()

    def wait(self, seconds: float, *, due: datetime | None, calls: int) -> None:
        """Wait so long at most, or until it rings.

        Args:
            due: when the next thing is due that is known of; None: nothing is.
            calls: calls that are up.
        """
        select.select([self._heard], [], [], seconds)
        with suppress(BlockingIOError):
            os.read(self._heard, 4096)

    def close(self) -> None:
        """Let go of the pipe."""
        heard, rung = self._heard, self._rung
        self._heard = self._rung = -1  # their numbers may be another file's from now on
        os.close(heard)
        os.close(rung)


@contextmanager
def alarm() -> Iterator[Alarm]:
    """An alarm that SIGTERM and SIGINT stop, until the end of the block."""
    one = Alarm()
    before = {number: signal.signal(number, one.stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield one
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        one.close()
