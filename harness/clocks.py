"""The wall clock, which anybody can set, beside the machine's running time, which nobody can."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

CLOCK_FILE = ".clock"
"""In a folder: between which offsets the wall clock was while this machine ran."""
STEP_S = 60.0
"""A wall clock that moved so far against the running machine was set; drift and slewing stay below it."""
READINGS, NARROW_S = 20, 20e-6
"""So often two clocks are read beside one another, until nobody can have been put off between."""


@dataclass(frozen=True)
class Clocks:
    """This machine's two clocks at one instant."""

    boot: str
    """Names the machine's present run."""
    up_s: float
    """Seconds that it has run, asleep or awake."""
    wall_s: float
    """Seconds since 1970, as somebody set them."""

    @property
    def offset_s(self) -> float:
        """Constant until somebody sets the wall clock."""
        return self.wall_s - self.up_s


def clocks() -> Clocks:
    """Read both clocks."""
    return Clocks(boot_id(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time())


def now() -> datetime:
    """The wall clock, UTC: whatever is due, claimed, counted or dated in an agency goes by this one."""
    return datetime.fromtimestamp(clocks().wall_s, UTC)


def monotonic_less_wall_s() -> tuple[float, float]:
    """The monotonic clock less the wall clock, and how far off that is at most, both seconds.

    Who is put off between two readings takes what passed there for a difference; so the wall clock is read between
    two readings of the other, and the narrowest such pair of a few is taken.
    """
    narrowest, offset_s = float("inf"), 0.0
    for _ in range(READINGS):
        before_s, wall_s, after_s = time.monotonic(), time.time(), time.monotonic()
        if after_s - before_s < narrowest:
            narrowest, offset_s = after_s - before_s, (before_s + after_s) / 2 - wall_s
        if narrowest < NARROW_S:
            break
    return offset_s, narrowest / 2


@cache
def boot_id() -> str:
    """Name the machine's present run, which no process outlives: it is read once, not for every claim of a day."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def age_s(then: dict[str, Any] | None) -> float | None:
    """How long ago it was, where the wall clock was set since; None where it was not, or in another run."""
    if then is None:
        return None
    before, here = Clocks(**then), clocks()
    stepped = before.boot == here.boot and abs(before.offset_s - here.offset_s) > STEP_S
    return here.up_s - before.up_s if stepped else None


def note_clock(folder: Path) -> Clocks:
    """Keep in a folder how far the wall clock was set, and give both clocks; OSError when the disk fails."""
    here, path = clocks(), folder / CLOCK_FILE
    seen = [*_offsets(path, here), here.offset_s]
    new = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    new.write_text(json.dumps({"boot": here.boot, "offsets_s": [min(seen), max(seen)]}), encoding="utf-8")
    new.replace(path)
    return here


def stepped_s(folder: Path) -> float:
    """How far the wall clock was set at most while this machine ran; infinite where that cannot be read."""
    here = clocks()
    seen = [*_offsets(folder / CLOCK_FILE, here), here.offset_s]
    return max(seen) - min(seen)


def _offsets(path: Path, here: Clocks) -> list[float]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return [float(one) for one in data["offsets_s"]] if data["boot"] == here.boot else []
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        return [float("-inf")]  # what it said is lost: then every claim is read
