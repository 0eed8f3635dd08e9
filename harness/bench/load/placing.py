"""So many calls at once, each by the one way that every call takes: gate, ledger, telephone, ear, score, database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from harness.agency import Agency
from harness.bench.load.load_agency import SCENARIO
from harness.planned_call import TestCall
from harness.record import Act, CallRecord
from harness.softphone.signals import RELEASED
from harness.telephones import Telephones
from harness.test_call import plan_call

END_S = 300.0
"""After the last call is over: measuring, scoring and keeping all of them, on a slow machine."""


@dataclass(frozen=True)
class Outcome:
    """What came of one call."""

    test: TestCall | None
    """The call, kept; None where it failed."""
    failed: str
    """Why; empty where it did not."""
    slot_s: float | None = None
    """How long it kept its slot beyond its own end: until it was heard, scored and kept, and its line was free."""


class Placing:
    """Calls in progress, a thread each."""

    def __init__(self, agency: Agency, telephones: Telephones, units: Sequence[str]) -> None:
        self._agency, self._telephones = agency, telephones
        self._answered, self._lock = 0, threading.Lock()
        self._threads = ThreadPoolExecutor(len(units), thread_name_prefix="bench call")
        self._placed = [self._threads.submit(self._place, unit) for unit in units]

    def _place(self, unit: str) -> Outcome:
        plan = plan_call(unit, self._agency, scenario=SCENARIO)
        test = self._telephones.place(plan, self._agency, progress=self._take)
        return Outcome(test, "", held_s(test.record, time.monotonic()))

    def _take(self, act: Act) -> None:
        if act.do == "answered":
            with self._lock:
                self._answered += 1

    def all_answered(self, timeout_s: float) -> bool:
        """Wait until every call was answered; False when the first was over before, or time is up."""
        limit = time.monotonic() + timeout_s
        while time.monotonic() < limit and not any(one.done() for one in self._placed):
            if self._answered == len(self._placed):
                return True
            time.sleep(0.1)
        return False

    def outcomes(self) -> tuple[Outcome, ...]:
        """Wait until every call is over and kept, and say what came of each."""
        wait(self._placed, END_S)
        self._threads.shutdown(wait=False, cancel_futures=True)
        return tuple(_outcome(one) for one in self._placed)


def held_s(record: CallRecord, free_s: float) -> float | None:
    """From a call's release, on the call's own clock, to when its slot was free; None: it was not released."""
    released = [signal.latest_s for signal in record.signals if signal.kind == RELEASED]
    return free_s - (record.zero_s + released[0]) if released else None


def _outcome(placed: Future[Outcome]) -> Outcome:
    if not placed.done():
        return Outcome(None, "not over")
    error = placed.exception()
    return placed.result() if error is None else Outcome(None, f"{type(error).__name__}: {error}")


@contextmanager
def warm(agency: Agency, *, calls: int | None = None) -> Iterator[Telephones]:
    """Telephones whose processes for so many calls have all been started, for one to each unit where nothing is said.

    A run keeps its lines open, and so they are when it counts.
    """
    with Telephones(several=True) as telephones:
        with ExitStack() as opened:
            for unit in agency.units[:calls]:
                opened.enter_context(telephones.line(agency, unit.line))
        yield telephones
