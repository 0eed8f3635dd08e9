"""The programme stopped, or its database taken, at a step that the seed chooses: of claiming, calling and keeping."""

from __future__ import annotations

import itertools
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from harness.bench.faults.agency import Noted, scripted
from harness.bench.faults.life import in_a_child, kill_me, live
from harness.bench.faults.look import look_at
from harness.bench.faults.tally import Round
from harness.softphone.scripted import ScriptedCall
from harness.store import connection

WRITES = os.O_WRONLY | os.O_RDWR
CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.truncate")
BUSY_S = 0.05
"""So long the database is waited for in these rounds; ten seconds else."""
HELD_S = 0.4
MENDED = 20
"""Minute of the first life in which what was broken is mended."""
FIRST = timedelta(minutes=25)
"""The programme's first life: every first attempt, and the first redials."""


def killed(seed: int) -> Round:
    """Killed by `kill -9` at three steps, each time begun again where it was stopped."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at) / "agency"
        scripted(folder)
        for n in range(3):
            last = rng.randrange(1, STEPS >> n)
            in_a_child(lambda last=last: stepping(folder, last, kill_me))  # type: ignore[misc]
        in_a_child(lambda: live(folder))
        return look_at(folder)


def database_taken(seed: int) -> Round:
    """Another process holds the database's write lock from a step on, longer than it is waited for."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at) / "agency"
        agency = scripted(folder)
        last = rng.randrange(1, STEPS)

        def taken() -> None:
            _held(agency.database, HELD_S)

        in_a_child(lambda: stepping(folder, last, taken))
        in_a_child(lambda: live(folder))
        return look_at(folder)


STEPS = 1200
"""Steps of the first life: opened and changed files, forcing to the disk, statements, INVITEs, moments of calls."""


def stepping(
    folder: Path, last: int, then: Callable[[], None], *, and_then: Callable[[], object] = lambda: None
) -> None:
    """Live, and do something at the so manyth step, and something else some minutes before the life's end."""
    count, busy = itertools.count(1), False

    def step() -> None:
        nonlocal busy
        if not busy and next(count) == last:
            busy = True
            then()
            busy = False

    _watch(folder, step)
    connection.BUSY_TIMEOUT_S = BUSY_S

    def each(number: int) -> None:
        if number == MENDED:
            and_then()

    live(folder, long=FIRST, each=each)


def _watch(folder: Path, step: Callable[[], None]) -> None:
    """Call `step` before and behind everything that leaves something behind."""
    inside = str(folder)

    def heard(event: str, given: tuple[Any, ...]) -> None:
        changes = event in CHANGES or (event == "open" and bool(given[2] & WRITES))
        if changes and str(given[0]).startswith(inside):
            step()

    sys.addaudithook(heard)
    connect, fsync, dial, advance = sqlite3.connect, os.fsync, Noted.dial, ScriptedCall.advance

    def traced(*values: Any, **named: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(*values, **named)
        made.set_trace_callback(lambda text: step() if text.split()[0].lower() not in READS else None)
        return made

    def forced(handle: int) -> None:
        step()
        fsync(handle)
        step()

    def dialled(phone: Noted, leave: Any, **how: Any) -> ScriptedCall:
        step()
        call = dial(phone, leave, **how)
        step()
        return call

    def advanced(call: ScriptedCall, seconds: float) -> Any:
        step()
        return advance(call, seconds)

    sqlite3.connect, os.fsync = traced, forced  # type: ignore[assignment]
    Noted.dial, ScriptedCall.advance = dialled, advanced  # type: ignore[method-assign, assignment]


READS = ("select", "pragma", "with")


def _held(database: Path, seconds: float) -> None:
    """Have another process take the write lock; returns when it has it, or cannot get it for our own transaction."""
    heard, said = os.pipe()
    if os.fork() == 0:
        try:
            other = sqlite3.Connection(database, timeout=5.0, isolation_level=None)
            os.write(said, b"!")  # it comes behind a transaction that is open here
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
        finally:
            os._exit(0)
    os.read(heard, 1)
    time.sleep(0.01)
    os.close(heard)
    os.close(said)
