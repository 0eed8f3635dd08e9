"""Ever more calls at once, until instants are wrong or frames are late."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bench.load.embedded import MOST_CALLS
from harness.bench.load.measurement import Measurement, measure_calls

LEVELS = (4, 10, 20, 40, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400)


def rise(seconds: float, *, sipp: list[str]) -> Iterator[Measurement]:
    """Measure one level after another; the last is the first that did not keep up, where one did not."""
    levels = LEVELS if sipp else (4, 8, MOST_CALLS)
    for calls in levels:
        found = measure_calls(calls, seconds, sipp=sipp)
        yield found
        if not found.keeps_up:
            return
