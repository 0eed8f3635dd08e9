"""Which burst is which ring: bursts of one cadence period share a number."""

from __future__ import annotations

from dataclasses import dataclass

from dsp.answering.legs import Leg
from dsp.listening import Listening
from dsp.segment import RINGBACK

LATEST_RULES = (3, 4)
"""Rings after which a rule is broken: three (基隆市, 執行署), four (桃園市)."""


@dataclass(frozen=True)
class Ring:
    """The start of one ring."""

    leg: int
    """Which leg of the call, from 0."""
    number: int
    """Which ring of the leg, from 1."""
    start_s: float
    """When it began."""


def numbered_rings(heard: Listening) -> tuple[Ring, ...]:
    """Number the rings of every leg; a ring that was lost with its packets keeps its number."""
    return tuple(ring for index, leg in enumerate(heard.legs) for ring in _of_leg(heard, index, leg))


def _of_leg(heard: Listening, index: int, leg: Leg) -> list[Ring]:
    rings: list[Ring] = []
    for burst in (s for s in leg.evidence if s.sound == RINGBACK):
        start_s = burst.start / heard.sr
        passed = (start_s - rings[-1].start_s) / heard.plan.period_s if rings else 1.0
        if passed > 0.7:  # cadences may be off by 15 %; the second burst of a ring comes sooner
            number = (rings[-1].number if rings else 0) + max(round(passed), 1)
            rings.append(Ring(index, number, start_s))
    return rings
