"""The programme on the real telephone: one process an agency, its lines' workers, and an orderly end."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from harness.agency import Agency, load_agency
from harness.errors import EnvironmentFailed
from harness.lines import calls_before, softphone_line
from harness.planned_call import TestCall
from harness.programme.events import Event
from harness.programme.month_plan import PlannedTest
from harness.programme.notify import Line, tell_people
from harness.programme.running import Programme, attempted
from harness.programme.settings import read_programme
from harness.redialling import Earlier
from harness.softphone.pool import WorkerPool
from harness.test_call import dial_permit, new_call_id, plan_call, run_call

LOOK_S = 5.0
"""Between two looks at the table."""


class _Clock:
    """The machine's, woken by a stop."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)


class Lines:
    """The telephones of an agency's lines, each opened when it is first needed."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack, self._pools, self._lock = stack, dict[str, WorkerPool](), threading.Lock()

    def place(self, agency: Agency, test: PlannedTest, earlier: Earlier) -> TestCall:
        """Place one attempt of a test; Refused when the number gate says no."""
        now, plan = datetime.now(UTC), plan_call(test.unit, agency)
        leave = dial_permit(plan, agency, now=now)  # asked here too, so that a refusal opens no line
        name = attempted(test.id, test.drawn)
        pool = self._pool(agency, leave.line_id)
        return run_call(plan, agency, pool, now=now, call_id=new_call_id(now), test_id=name, earlier=earlier)

    def _pool(self, agency: Agency, line_id: str) -> WorkerPool:
        with self._lock:
            if line_id not in self._pools:
                line = softphone_line(agency.line(line_id), folder=agency.folder)
                pool = WorkerPool(line, turn=calls_before(agency, line_id))
                self._pools[line_id] = self._stack.enter_context(pool)
                pool.warm_up()
            return self._pools[line_id]


def serve(folder: Path, *, line: Line, once: bool = False) -> None:
    """Run an agency's programme until SIGTERM or SIGINT, or (`once`) until nothing is due now.

    Calls that are up are let to end. EnvironmentFailed when another process runs it already.
    """
    stop = threading.Event()
    agency = load_agency(folder)
    with _alone(agency), _stopped_by_signal(stop), ExitStack() as stack:
        lines = Lines(stack)
        workers = stack.enter_context(ThreadPoolExecutor(max(agency.settings.at_once, 1)))
        programme = Programme(
            folder,
            place=lines.place,
            clock=_Clock(stop),
            workers=workers,
            tell=lambda event: _tell(event, folder, line),
        )
        programme.recover()
        _until(programme, stop, once=once)


def _until(programme: Programme, stop: threading.Event, *, once: bool) -> None:
    """Look, and look again; after a stop only until the calls that are up are over."""
    while True:
        programme.look(dial=not stop.is_set())
        if (stop.is_set() or once) and not programme.flying:
            return
        stop.wait(LOOK_S) if not stop.is_set() else threading.Event().wait(0.5)


def _tell(event: Event, folder: Path, line: Line) -> None:
    agency = load_agency(folder)
    tell_people(event, read_programme(folder).notify, agency=agency.settings.name, line=line)


@contextmanager
def _alone(agency: Agency) -> Iterator[None]:
    handle = os.open(agency.folder / ".run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise EnvironmentFailed("programme.runs_already", folder=str(agency.folder)) from None
    finally:
        os.close(handle)


@contextmanager
def _stopped_by_signal(stop: threading.Event) -> Iterator[None]:
    def asked(_: int, __: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
