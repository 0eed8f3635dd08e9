"""How late a process wakes that does nothing but sleep: the part of any lateness that the machine has itself.

`python -m harness.bench.load.sleeper` sleeps 20 ms at a time until its standard input ends, and prints quantiles.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

NAP_S = 0.020


@dataclass
class Sleeper:
    """One that sleeps."""

    pid: int
    """Its process."""
    told: dict[str, float]
    """After its end: `p99_s`, `worst_s`, and of all its `naps` how many were over 20 ms late (`late`)."""


@contextmanager
def sleeping() -> Iterator[Sleeper]:
    """Let one sleep while the block lasts."""
    command = [sys.executable, "-m", "harness.bench.load.sleeper"]
    control = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    sleeper = Sleeper(control.pid, {})
    try:
        yield sleeper
    finally:
        out, _ = control.communicate()
        sleeper.told |= json.loads(out)


def _sleep() -> None:
    over, late = threading.Event(), list[float]()

    def wait() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    while not over.is_set() or not late:
        begin = time.monotonic()
        time.sleep(NAP_S)
        late.append(time.monotonic() - begin - NAP_S)
    late.sort()
    told = {"p99_s": late[int(0.99 * (len(late) - 1))], "worst_s": late[-1]}
    sys.stdout.write(json.dumps(told | {"naps": len(late), "late": sum(one > NAP_S for one in late)}))


if __name__ == "__main__":
    _sleep()
