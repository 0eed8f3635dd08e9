"""A process that does nothing but sleep, and tells how much too late it woke: how long the machine stood still."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import time

NAP_S, LATE_S = 0.005, 0.010
"""It sleeps so long each time, and tells when it woke so much too late."""


class Witness:
    """Tells how long the machine stood still."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-S", __file__], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._told = self._process.stdout
        os.set_blocking(self._told.fileno(), False)

    def worst_s(self) -> float:
        """The longest standstill since this was asked last, seconds; 0 where there was none over LATE_S."""
        raw = b""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self._told.fileno(), 1 << 16):
                raw += more
        return max((late for (late,) in struct.iter_unpack("d", raw)), default=0.0)

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._told.close()


def _bear_witness() -> None:
    """Sleep, and write each late awakening to standard output, until whoever listens is gone."""
    parent = os.getppid()
    os.set_blocking(1, False)
    while os.getppid() == parent:
        before = time.monotonic()
        time.sleep(NAP_S)
        late = time.monotonic() - before - NAP_S
        if late > LATE_S:
            with contextlib.suppress(BlockingIOError):  # nobody asked for hours: the pipe holds thousands
                os.write(1, struct.pack("d", late))


if __name__ == "__main__":
    _bear_witness()
