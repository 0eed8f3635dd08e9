"""The telephones of an agency's lines, each opened when it is first needed; the one way to place a planned call."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from harness import clocks
from harness.agency import Agency
from harness.assisted.live_calls import shown
from harness.assisted.phone import LivePhone
from harness.lines import calls_before, softphone_line
from harness.planned_call import Plan, TestCall
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.test_call import dial_permit, run_call


@dataclass
class _Opened:
    """A line's telephone."""

    line: Line
    """The settings that it was opened with."""
    pool: WorkerPool
    """Its worker processes."""
    calls: int = 0
    """Calls that are on it."""


class Telephones:
    """Opens lines and keeps them open until its end; one whose settings were changed is opened anew."""

    def __init__(self, *, several: bool = False) -> None:
        """`several`: a line carries as many calls at once as the agency allows; else what one call needs."""
        self._several, self._lock = several, threading.Lock()
        self._opened: dict[str, _Opened] = {}
        self._opening: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._opened.values():
            one.pool.close()

    def place(self, plan: Plan, agency: Agency, **how: Any) -> TestCall:
        """Place a planned call now, `how` as `run_call` takes it; Refused when the number gate says no.

        The gate is asked before a line is opened, so that a refusal starts no telephone, and by `run_call` once
        more when it claims: opening may take a while.
        """
        leave = dial_permit(plan, agency, now=clocks.now())
        with self.line(agency, leave.line_id) as telephone, shown(plan, agency, **how) as live:
            phone = LivePhone(telephone, agency, live)
            how |= {"call_id": live.call_id, "watcher": live}
            return live.came_to(run_call(plan, agency, phone, now=clocks.now(), **how))

    @contextmanager
    def line(self, agency: Agency, line_id: str, *, apart: bool = False) -> Iterator[WorkerPool]:
        """Open a line's telephone for a call; `apart`: for one that has a process of its own."""
        with self._lock:
            opening = self._opening[line_id]
        with opening:  # a registrar that does not answer holds up its own line only
            one = self._open(agency, line_id)
            if not apart:
                one.pool.warm_up(calls=one.calls + 1)
            one.calls += 1
        try:
            yield one.pool
        finally:
            with opening:
                one.calls -= 1
                self._close_old(one)

    def _open(self, agency: Agency, line_id: str) -> _Opened:
        line, before = softphone_line(agency.line(line_id), folder=agency.folder), self._opened.get(line_id)
        if before is not None and before.line == line:
            return before
        most = agency.settings.at_once if self._several else None
        with ExitStack() as unless_ready:
            turn, spare = calls_before(agency, line_id), int(self._several)
            pool = WorkerPool(line, most_calls=most, turn=turn, spare=spare)  # room for whoever listens in
            unless_ready.enter_context(pool)
            pool.warm_up(calls=1)
            unless_ready.pop_all()
        self._opened[line_id] = _Opened(line, pool)
        if before is not None:
            self._close_old(before)
        return self._opened[line_id]

    def _close_old(self, one: _Opened) -> None:
        """Let go of a telephone that another has taken the place of, once its last call is over."""
        if self._opened[one.line.id] is not one and not one.calls:
            one.pool.close()
