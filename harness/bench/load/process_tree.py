"""Processor time and memory of a process and all that it started, from /proc: what `top` reads."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True)
class Memory:
    """Memory of some processes, MB of 10⁶ bytes."""

    rss_mb: float
    """Resident, what is shared counted once a process."""
    pss_mb: float
    """Resident, what is shared divided among those who share it."""
    uss_mb: float
    """What would be free if they ended."""


@dataclass(frozen=True)
class Look:
    """One look at a tree."""

    processor_s: float
    """Processor time, of ended children too."""
    processes: int
    """How many there were."""


def tree(root: int, *, without: Collection[int] = ()) -> tuple[int, ...]:
    """A process and all below it, but for those of `without` and what these started."""
    parents = dict(_parents())
    found, fresh = list[int](), [root]
    while fresh:
        found += fresh
        fresh = [pid for pid, parent in parents.items() if parent in fresh and pid not in without]
    return tuple(found)


def look(pids: Collection[int]) -> Look:
    """Add up the processor time of processes, ended children that they waited for included."""
    spent = [fields for pid in pids for fields in [_stat(pid)] if fields]
    ticks = sum(int(one) for fields in spent for one in fields[11:15])  # utime, stime, cutime, cstime
    return Look(ticks / TICKS, len(spent))


def memory(pids: Collection[int]) -> Memory:
    """Add up the memory of processes."""
    sums = {"Rss": 0, "Pss": 0, "Private_Clean": 0, "Private_Dirty": 0}
    for pid in pids:
        text = _text(PROC / str(pid) / "smaps_rollup")
        for name in sums:
            sums[name] += sum(map(int, re.findall(rf"(?m)^{name}:\s+(\d+) kB", text)))
    mb = {name: kb * 1024 / 1e6 for name, kb in sums.items()}
    return Memory(mb["Rss"], mb["Pss"], mb["Private_Clean"] + mb["Private_Dirty"])


def _parents() -> Iterator[tuple[int, int]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            yield int(entry.name), int(fields[1])


def _stat(pid: int) -> list[str]:
    """The fields of proc(5) from the third, the state, on; none where the process is gone."""
    return _text(PROC / str(pid) / "stat").rpartition(")")[2].split()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ProcessLookupError):
        return ""
