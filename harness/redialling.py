"""A test with all its attempts: dials again when the form says so, and waits in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from harness import clocks
from harness.planned_call import TestCall
from harness.redial import VOID, Again, Attempt, Rules, next_attempt

Earlier = tuple[Attempt, ...]
LOOK_S = 1.0
"""So long a sleep at most: whoever waits sees the time pass, and can stop it."""


class Clock(Protocol):
    """When it is; a test's passes at once."""

    def now(self) -> datetime:
        """The wall clock, aware of its zone."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class WallClock:
    """The machine's."""

    def now(self) -> datetime:
        """The wall clock."""
        return clocks.now()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


def until_settled(
    place: Callable[[Earlier], TestCall],
    rules: Rules,
    *,
    clock: Clock,
    waiting: Callable[[Again, float], None] = lambda *_: None,
) -> tuple[TestCall, ...]:
    """Place a test's attempts until it is settled; give them in order, the last is the one that counts.

    `place` is told of the attempts before it and asks the number gate anew; what it raises ends the test, and the
    attempts before it are kept. `waiting` is told of the next attempt and of the seconds left, about once a second.
    """
    tests: tuple[TestCall, ...] = ()
    earlier: Earlier = ()
    while True:
        tests += (place(earlier),)
        earlier += (attempt_of(tests[-1], ended_at=clock.now()),)
        again = next_attempt(earlier, rules)
        if again is None:
            return tests
        _wait(again, clock, waiting)


def attempt_of(test: TestCall, *, ended_at: datetime) -> Attempt:
    """What a call was as an attempt: its last leg decides, as the facts tell of it."""
    legs = test.facts["legs"]
    tried = [leg.leg for leg in test.measured.legs]
    leg = tried[-1] if tried else (test.record.legs or ("unit",))[0]
    outcome = legs[leg]["outcome"] if leg in legs else test.measured.outcome
    asked_s = test.ending.retry_after_s or 0.0
    return Attempt(ended_at=ended_at, outcome=VOID if test.record.fault else outcome, leg=leg, retry_after_s=asked_s)


def _wait(again: Again, clock: Clock, waiting: Callable[[Again, float], None]) -> None:
    left = (again.at - clock.now()).total_seconds()
    while left > 0:  # counted down: a wall clock that is set meanwhile neither ends the wait nor draws it out
        waiting(again, left)
        step = min(left, LOOK_S)
        clock.sleep(step)
        left -= step
