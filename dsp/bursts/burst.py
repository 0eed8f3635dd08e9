"""A burst: a stretch in which one set of tones sounds steadily."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Burst:
    """A tone that began and ended."""

    tone_set: int
    """Index of the set of tones."""
    start: int
    """First sample, at 8 kHz."""
    end: int
    """One past the last."""
    level: float
    """Root mean square of the tones."""
    proven: bool
    """False: too short for its tones to be told apart; believed only where a burst was due."""
    stops: bool = False
    """The line's own noise goes on behind it: no packet was lost there."""
    begins: bool = True
    """It was quiet before it."""
    told_apart: bool = False
    """It was long enough, and its lines even enough, to be this set and none with fewer lines."""
    broken: bool = False
    """Nothing at all is heard behind it, not even the line's noise: packets were lost there."""
    share: float = 1.0
    """Share of the whole band's energy that the tones hold: little beside other instruments."""
