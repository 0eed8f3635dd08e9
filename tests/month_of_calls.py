"""A month of a whole agency: `thirdring run` itself on a fast clock, its calls real ones to the embedded agency.

What happens to it meanwhile: a trunk fails for a while, it is stopped during a call and killed during another, a
typhoon closes a day, and on another day it does not run. `python month_of_calls.py FOLDER [UNITS]` runs a bigger one
with ordinary office hours and prints what came of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fast_clock
from embedded_month import Trunks, Unit, days_of_december, trunks, units, write_folder

from harness.agency import Agency, load_agency
from harness.ledger import UNKNOWN, claims
from harness.store import open_store
from harness.switchboard.truth import Truth, read_truth

TAIPEI = ZoneInfo("Asia/Taipei")
MONTH = "2026-12"
BEGIN = datetime(2026, 11, 24, 22, tzinfo=UTC)
END = datetime(2027, 1, 4, tzinfo=UTC)
DAYS = [date(2026, 12, day) for day in (2, 4, 8, 10, 15, 17, 22)]
"""The mornings of testing, where the month is a short one."""
TYPHOON, AWAY = DAYS[3], DAYS[4]
LIMIT_S = 60.0


@dataclass
class Daemon:
    """`thirdring run` as a process of its own."""

    process: subprocess.Popen[str]
    events: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    def end(self, number: int) -> int:
        """Send it a signal and wait for its end."""
        os.kill(self.pid, number)
        return self.process.wait(LIMIT_S)


@dataclass
class Month:
    """A month that is being run, or was."""

    folder: Path
    clock: Path
    trunks: Trunks
    units: tuple[Unit, ...]
    daemons: list[Daemon] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    killed: frozenset[str] = frozenset()
    """The attempts that were up when the daemon was killed."""
    stopped: str = ""
    """The test whose call was up when the daemon was told to stop."""
    cut_off: str = ""
    """The test whose trunk was down."""
    moved: tuple[str, ...] = ()
    """The tests of the typhoon's day."""

    @property
    def agency(self) -> Agency:
        return load_agency(self.folder)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for daemon in self.daemons for event in daemon.events]

    def log(self) -> dict[str, list[Truth]]:
        """What the agency says came of its calls, by Call-ID."""
        return read_truth(self.trunks.truth)

    def tests(self, month: str = MONTH) -> list[dict[str, Any]]:
        """The tests as they stand."""
        with open_store(self.agency.database) as store:
            return store.plans.tests(month)

    def command(self, *words: str) -> str:
        """`thirdring …` by the same clock; it must do what it was asked."""
        done = subprocess.run(self._command(*words), env=_environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> Daemon:
        """Begin to run."""
        process = subprocess.Popen(
            self._command("run", "--json"),
            env=_environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.daemons.append(daemon := Daemon(process))
        heard = lambda line: daemon.events.append(json.loads(line))  # noqa: E731
        for pipe, take in ((process.stdout, heard), (process.stderr, daemon.said.append)):
            threading.Thread(target=_read, args=(pipe, take), daemon=True).start()
        return daemon

    def _command(self, *words: str) -> list[str]:
        program = str(Path(__file__).with_name("fast_clock.py"))
        return [sys.executable, program, str(self.clock), "--agency", str(self.folder), "--lang", "en", *words]

    def hold(self, at: datetime) -> None:
        """Let the clock go as far as that."""
        (self.clock / "idle").write_text("")
        fast_clock.FastClock(self.clock).hold(at)

    def until(self, at: datetime, *, limit_s: float = 900.0) -> None:
        """Let the clock go as far as that, and wait until it is there with no call up."""
        self.hold(at)
        self.wait(lambda: self._idle_at() >= at, limit_s)

    def _idle_at(self) -> datetime:
        """How far the clock has come with no call up."""
        return datetime.fromisoformat((self.clock / "idle").read_text() or BEGIN.isoformat())

    def wait(self, ready: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """Wait for something; a daemon that has ended meanwhile fails."""
        end = time.monotonic() + limit_s
        while not ready():
            daemon = self.daemons[-1]
            assert time.monotonic() < end, daemon.said[-20:] + daemon.events[-5:]  # type: ignore[operator]
            assert daemon.process.poll() is None, daemon.said[-20:]
            time.sleep(0.02)

    def rings(self, number: str) -> int:
        """How often a number has rung."""
        return sum(entries[0].number == number for entries in self.log().values())

    def unit_of(self, test: dict[str, Any]) -> Unit:
        """The unit that a test calls."""
        return next(one for one in self.units if test["test_id"] == f"{MONTH}-1-{one.name}")


def _read(pipe: Any, take: Callable[[str], object]) -> None:
    for line in pipe:
        take(line)
    pipe.close()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


@contextmanager
def prepared(folder: Path, count: int, *, hours: str, days: list[date] | None, notify: str = "") -> Iterator[Month]:
    """An agency with its telephones up, and a clock that stands in November."""
    clock, agency = folder / "clock", units(count)
    clock.mkdir(parents=True)
    with trunks(folder, agency) as up:
        off = days_of_december(set(days)) if days else []
        write_folder(folder / "agency", agency, up.addresses, hours=hours, off=off, notify=notify)
        month = Month(folder / "agency", clock, up, agency)
        fast_clock.FastClock(clock).jump(BEGIN)
        try:
            yield month
        finally:
            for daemon in month.daemons:
                if daemon.process.poll() is None:
                    daemon.process.kill()
                daemon.process.wait()


def _due(test: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(test["due_at"])


def _on(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=TAIPEI)


def run_month(month: Month) -> None:
    """Run it from November to January, with everything that happens to it."""
    month.start()
    month.until(BEGIN + timedelta(days=2))
    month.cut_off = _trunk_fails(month)
    month.stopped = _stopped_in_a_call(month, signal.SIGTERM)
    month.start()
    _stopped_in_a_call(month, signal.SIGKILL)
    month.killed = frozenset(one.attempt_id for one in claims(month.agency) if one.outcome == UNKNOWN)
    month.start()
    _typhoon(month)
    _does_not_run(month)
    month.until(END)
    month.exits.append(month.daemons[-1].end(signal.SIGTERM))


def _waiting(month: Month, *kinds: str, site: str = "") -> list[dict[str, Any]]:
    """Tests that are still to be dialled for the first time, of some behaviours, the next first."""
    found = [one for one in month.tests() if one["state"] in ("drawn", "redrawn")]
    return [one for one in found if month.unit_of(one).behaviour in kinds and site in ("", month.unit_of(one).site)]


PLAIN = ("first ring", "silent ring", "second ring", "stays on")


def _trunk_fails(month: Month) -> str:
    """A trunk is down while the first of its tests is due."""
    test = _waiting(month, *PLAIN, site="annex")[0]
    month.until(_due(test) - timedelta(minutes=1))
    month.trunks.down("annex")
    month.until(_due(test) + timedelta(minutes=3))
    month.trunks.up("annex")
    return str(test["test_id"])


def _stopped_in_a_call(month: Month, number: int) -> str:
    """The daemon gets a signal while a telephone rings."""
    test = _waiting(month, *PLAIN)[2]
    unit = month.unit_of(test)
    month.hold(_due(test) + timedelta(seconds=5))
    month.wait(lambda: month.rings(unit.number) == 1, 300)
    month.exits.append(month.daemons[-1].end(number))
    return str(test["test_id"])


def _typhoon(month: Month) -> None:
    """A day is called off in its morning."""
    month.until(_on(TYPHOON, 7))
    waiting = _waiting(month, *PLAIN, "engaged", "nobody", "operator", "unheeded")
    month.moved = tuple(one["test_id"] for one in waiting if _due(one).astimezone(TAIPEI).date() == TYPHOON)
    month.command("plan", "off", str(TYPHOON), "--who", "承辦人", "--reason", "颱風")


def _does_not_run(month: Month) -> None:
    """The machine is off for a day."""
    month.until(_on(AWAY, 5))
    month.exits.append(month.daemons[-1].end(signal.SIGTERM))
    fast_clock.FastClock(month.clock).jump(_on(AWAY, 18))
    month.start()


def main() -> None:
    """Run a bigger month and say how it went."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 60
    short = os.environ.get("HOURS", "")
    begun = time.monotonic()
    with prepared(folder, count, hours=short or "09:00-11:30 13:30-16:30", days=DAYS) as month:
        run_month(month)
        states = [one["state"] for one in month.tests()]
        print(
            {one: states.count(one) for one in set(states)},
            f"{len(month.log())} calls, {time.monotonic() - begun:.0f} s",
        )


if __name__ == "__main__":
    main()
