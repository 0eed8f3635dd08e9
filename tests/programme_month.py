"""A month of an agency's programme on a clock that jumps, with scripted far ends: for the tests, and to be killed.

Run as a program it is killed at random points, each time by SIGKILL, and begun again where it was stopped:
`python programme_month.py FOLDER KILLS SEED`.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agency_folder import make_agency

from harness import clocks
from harness.agency import Agency, load_agency
from harness.bench.faults.life import AtOnce
from harness.clocks import Clocks
from harness.number_gate import Permit
from harness.planned_call import TestCall
from harness.programme.attempts import attempted
from harness.programme.events import Event
from harness.programme.folder import Known
from harness.programme.month_plan import PlannedTest
from harness.programme.running import Programme
from harness.redialling import Earlier
from harness.softphone.scripted import FarEnd, ScriptedCall, ScriptedSoftphone
from harness.switchboard import sound
from harness.test_call import new_call_id, run_call

BEGIN = datetime(2026, 11, 24, 22, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
SEED = "the same in every run"
NUMBERS = tuple(f"02270002{n:02d}" for n in range(1, 9))
PROGRAMME = """
rounds_per_month = 2
units_per_round = 4
days_between_calls = 3
[every_unit]
every = "month"
"""


def make_folder(folder: Path) -> Agency:
    """An agency of eight units with office hours and a programme."""
    make_agency(folder, dict.fromkeys(NUMBERS, "127.0.0.1:5060"))
    path = folder / "agency.toml"
    text = path.read_text(encoding="utf-8").replace('"00:00-24:00"', '"09:00-11:30 13:30-16:30"')
    path.write_text(text.replace(', "sat", "sun"]\nholidays = true', "]"), encoding="utf-8")
    units = (folder / "units.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "units.csv").write_text("".join(line for line in units if not line.startswith("x")), encoding="utf-8")
    (folder / "programme.toml").write_text(PROGRAMME, encoding="utf-8")
    return load_agency(folder)


def far_ends() -> dict[str, FarEnd]:
    """Most answer, one is engaged, one rings for ever, one does not exist any more."""
    rung = sound.to_pcm(sound.tone("ringback", 2.5, sample_rate_hz=8000))
    voice = sound.to_pcm(sound.prompt("greeting-unit", 8000))[:12000]
    answered = FarEnd().says(0.1, 183).sounds_like(0.15, rung).says(2.7, 200).sounds_like(2.9, voice).hangs_up(5.5)
    ends = dict.fromkeys(NUMBERS, answered)
    ends[NUMBERS[1]] = FarEnd().says(0.1, 486)
    ends[NUMBERS[2]] = FarEnd().says(0.1, 180)
    ends[NUMBERS[3]] = FarEnd().says(0.1, 404)
    return ends


class JumpingClock:
    """Time that passes only when somebody sleeps, and is kept in a file, so that a killed program goes on."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """The time it has come to."""
        return datetime.fromisoformat(self._file.read_text()) if self._file.exists() else BEGIN

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        later = self._file.with_suffix(".new")
        later.write_text((self.now() + timedelta(seconds=seconds)).isoformat())
        later.replace(self._file)


class Noted(ScriptedSoftphone):
    """A telephone that writes down, for good, each INVITE it would send."""

    def __init__(self, folder: Path) -> None:
        super().__init__(far_ends())
        self._log = folder / "invites"

    def dial(self, leave: Permit, *, call_id: str, folder: Path, headers: dict[str, str]) -> ScriptedCall:
        """Note the INVITE, then begin the call."""
        with self._log.open("a") as log:
            log.write(f"{headers['X-Attempt']} {leave.number}\n")
            log.flush()
            os.fsync(log.fileno())
        return super().dial(leave, call_id=call_id, folder=folder, headers=headers)


def run_month(folder: Path, *, until: datetime = END) -> list[Event]:
    """Run the programme from where its clock stands until then; give what it told."""
    clock, phone, told = JumpingClock(folder / "clock"), Noted(folder), []

    def place(known: Known, test: PlannedTest, earlier: Earlier) -> TestCall:
        name = attempted(test.id, test.drawn)
        return run_call(
            known.plan(test.unit),
            known.agency,
            phone,
            now=clock.now(),
            call_id=new_call_id(clock.now()),
            headers={"X-Attempt": f"{name}-{len(earlier) + 1}"},
            test_id=name,
            earlier=earlier,
        )

    programme = Programme(folder, place=place, clock=clock, workers=AtOnce(), tell=told.append, seeds=lambda: SEED)  # type: ignore[arg-type]
    with _clock_of_the_machine(clock):
        programme.recover()
        while clock.now() < until:
            due = programme.look()
            due = programme.look() if programme.flying else due
            wait = (due - clock.now()).total_seconds() if due else 3600.0
            clock.sleep(min(max(wait, 60.0), 6 * 3600.0))
    return told


@contextmanager
def _clock_of_the_machine(clock: JumpingClock) -> Iterator[None]:
    """The claims are as old as the clock that jumps says, and count for the caps by it."""
    real = clocks.clocks
    begun = real()

    def jumped() -> Clocks:
        wall_s = clock.now().timestamp()
        return Clocks(begun.boot, begun.up_s + wall_s - begun.wall_s, wall_s)

    clocks.clocks = jumped
    try:
        yield
    finally:
        clocks.clocks = real


def stopped_at(folder: Path, step: int | None) -> list[str]:
    """Run the programme for two minutes in a process that is killed at its so manyth step; give the steps it came to.

    A step is a statement that writes to the database, each side of a forcing to the disk and of an INVITE, and each
    moment of a call. None: it is not killed.
    """
    steps = folder / "steps"
    steps.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _watch_steps(steps, step)
        run_month(folder, until=JumpingClock(folder / "clock").now() + timedelta(minutes=2))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) == (step is not None), status
    return steps.read_text().splitlines()


def _watch_steps(file: Path, last: int | None) -> None:
    log, count = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), itertools.count(1)

    def step(name: str) -> None:
        os.write(log, f"{name}\n".encode())
        if next(count) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def written(verb: str) -> None:
        if verb not in ("select", "pragma", "with"):  # what only reads leaves nothing half done
            step(f"database {verb}")

    connect, fsync, dial, advance = sqlite3.connect, os.fsync, Noted.dial, ScriptedCall.advance

    def traced(*values: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*values, **named)
        connection.set_trace_callback(lambda text: written(text.split()[0].lower()))
        return connection

    def forced(handle: int) -> None:
        step("before the disk")
        fsync(handle)
        step("after the disk")

    def dialled(phone: Noted, leave: Permit, **how: Any) -> ScriptedCall:
        step("before the INVITE")
        call = dial(phone, leave, **how)
        step("after the INVITE")
        return call

    def advanced(call: ScriptedCall, seconds: float) -> Any:
        step("in the call")
        return advance(call, seconds)

    sqlite3.connect, os.fsync = traced, forced  # type: ignore[assignment]
    Noted.dial, ScriptedCall.advance = dialled, advanced  # type: ignore[method-assign]


def killed(folder: Path, kills: int, seed: int) -> None:
    """Run the programme for as many lives as that, then to the end of the month it has come to."""
    rng = random.Random(seed)
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            run_month(folder, until=datetime(2100, 1, 1, tzinfo=UTC))
            os._exit(0)
        time.sleep(rng.expovariate(1 / 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    last = JumpingClock(folder / "clock").now().replace(day=1) + timedelta(days=63)
    run_month(folder, until=last.replace(day=1, hour=0))  # to the end of the next whole month


if __name__ == "__main__":
    killed(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
