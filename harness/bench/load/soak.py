"""Calls one after another in several slots for minutes: whether memory grows, by its slope per hour and its error."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.agency import Agency
from harness.bench.load.far_end import far_end
from harness.bench.load.lateness import Slope, slope_of
from harness.bench.load.load_agency import SCENARIO, make_load_agency
from harness.bench.load.placing import warm
from harness.bench.load.process_tree import memory, tree
from harness.lines import MOST_AT_ONCE
from harness.planned_call import TestCall
from harness.telephones import Telephones
from harness.test_call import plan_call
from harness.words import say

CALLS = 4
"""Slots, unless told."""
TALK_S = 10.0
"""How long a call lasts at least, from its answer."""
SETTLES = 0.2
"""The first part of the time is left out: caches fill, modules are loaded at a first use."""
LOOKS = 120
LOOK_S = 1.0, 15.0
"""Looks over the whole time, and how far they are apart at least and at most."""
UNITS = 10
"""Telephones of a slot, one after another: no number may be called more than 100 times a day."""
PER_HOUR = 960
"""An agency may place no more than 1000 calls an hour."""


@dataclass(frozen=True, kw_only=True)
class Soak:
    """What was found."""

    calls: int
    """Calls at once."""
    minutes: float
    """How long."""
    placed: int
    """Calls that were placed and kept."""
    wrong: int
    """Those that were not answered, or ended by an error."""
    rss_mb: float
    """Memory at the end."""
    rss_mb_per_hour: Slope | None
    """How fast it grew; None: too short to say."""
    pss_mb_per_hour: Slope | None
    """The same, what is shared divided among those who share it."""


def soak(minutes: float, *, calls: int, sipp: list[str], least_s: float = TALK_S) -> Soak:
    """Keep so many slots busy for so long, with calls of `least_s` and more from their answer."""
    talk_s = max(least_s, calls * 3600 / PER_HOUR)
    slots = range(calls)
    with tempfile.TemporaryDirectory(prefix="thirdring-soak-") as made, ExitStack() as opened:
        folder = Path(made)
        units = min(UNITS, MOST_AT_ONCE // calls) if sipp else 1
        far = opened.enter_context(far_end(folder, calls=calls * units, talk_s=talk_s, sipp=sipp))
        agency = make_load_agency(folder / "agency", far.addresses(calls * units))
        telephones = opened.enter_context(warm(agency, calls=calls))
        limit, over = time.monotonic() + minutes * 60, threading.Event()
        with ThreadPoolExecutor(calls) as threads:
            turns = [[f"u{slot * units + n}" for n in range(units)] for slot in slots]
            running = [threads.submit(_slot, agency, telephones, turn, limit, over) for turn in turns]
            try:
                looks = _watch(far.pids, minutes * 60, limit)
            finally:
                over.set()
            tests = [test for one in running for test in one.result()]
    times, rss, pss = zip(*looks, strict=True)
    return Soak(
        calls=calls,
        minutes=minutes,
        placed=sum(test is not None for test in tests),
        wrong=sum(test is None or test != "answered" for test in tests),
        rss_mb=rss[-1],
        rss_mb_per_hour=slope_of(times, rss),
        pss_mb_per_hour=slope_of(times, pss),
    )


def _slot(
    agency: Agency, telephones: Telephones, units: Sequence[str], limit: float, over: threading.Event
) -> list[str | None]:
    """Place calls one after another; gives the outcome of each, None where it failed."""
    outcomes = list[str | None]()
    while time.monotonic() < limit and not over.is_set():
        unit = units[len(outcomes) % len(units)]
        outcomes.append(_place(agency, telephones, unit))
    return outcomes


def _place(agency: Agency, telephones: Telephones, unit: str) -> str | None:
    try:
        test: TestCall = telephones.place(plan_call(unit, agency, scenario=SCENARIO), agency)
    except Exception:  # whatever it was, it is a call that went wrong, and counted as one
        time.sleep(1.0)
        return None
    return test.measured.outcome


def _watch(far: Sequence[int], seconds: float, limit: float) -> list[tuple[float, float, float]]:
    """Look at the memory until the limit; gives time, RSS and PSS of each look but the first ones."""
    every = min(max(seconds / LOOKS, LOOK_S[0]), LOOK_S[1])
    begin, looks = time.monotonic(), list[tuple[float, float, float]]()
    while time.monotonic() < limit:
        held = memory(tree(os.getpid(), without=far))
        looks.append((time.monotonic() - begin, held.rss_mb, held.pss_mb))
        time.sleep(every)
    return [one for one in looks if one[0] >= SETTLES * seconds] or looks[-1:]


def soak_line(found: Soak) -> str:
    """A soak in a sentence."""
    values = {"calls": found.calls, "minutes": f"{found.minutes:g}", "placed": found.placed, "wrong": found.wrong}
    slopes = {"rss": _slope(found.rss_mb_per_hour), "pss": _slope(found.pss_mb_per_hour)}
    return say("bench.soak", **values, **slopes, mb=f"{found.rss_mb:.0f}")


def _slope(slope: Slope | None) -> str:
    return "—" if slope is None else f"{slope.per_hour:+.1f} ± {slope.error:.1f}"
