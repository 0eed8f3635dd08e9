"""Whether anybody waited for a processor meanwhile: by the kernel's own count where it keeps one."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

WAITED = Path("/proc/pressure/cpu")
"""Pressure stall information (Linux 4.20): µs in which something runnable had no processor."""
BUSY_SHARE = 0.2


def waited_share() -> Callable[[], float]:
    """Gives what says which share of the time since now something waited for a processor."""
    begun_s, begun_us = time.monotonic(), _waited_us()

    def share() -> float:
        told = _waited_us()
        if begun_us is None or told is None:
            return min(1.0, max(0.0, os.getloadavg()[0] / (os.cpu_count() or 1) - 1.0))
        return (told - begun_us) / 1e6 / max(time.monotonic() - begun_s, 1e-6)

    return share


def _waited_us() -> int | None:
    try:
        found = re.search(r"some .*total=(\d+)", WAITED.read_text())
    except OSError:
        return None
    return int(found[1]) if found else None
