"""The sets of frequencies that a plan's signals use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dsp.tone_plan import Tone, TonePlan

Array = npt.NDArray[np.float32]

SR = 8000
"""The ear listens at 8 kHz."""
HOP = 160
"""A frame every 20 ms."""
STEP_FRAMES = 16
STEP = STEP_FRAMES * HOP
"""Samples heard at a time: 320 ms, what a live reader lags besides the audio needed to be sure."""
WINDOW = 512
"""of 64 ms: two tones 40 Hz apart show as one hump that is told from its neighbours."""
DETUNE = 0.025
"""Frequencies may be off by 2 %; 2.5 % leaves room."""
BAND_HZ = (150.0, 3600.0)
"""The telephone band without mains hum."""


@dataclass(frozen=True, slots=True)
class ToneSet:
    """Frequencies that sound together."""

    frequencies_hz: tuple[float, ...]
    """As the plan names them, rising."""
    modulation_hz: float | None
    """How often the loudness goes up and down in a second; None for a steady tone."""

    @property
    def edges_hz(self) -> tuple[float, float]:
        """The lowest and highest frequency that still belong."""
        side = self.modulation_hz or 0.0
        return self.frequencies_hz[0] * (1 - DETUNE) - side, self.frequencies_hz[-1] * (1 + DETUNE) + side

    @property
    def shortest_s(self) -> float:
        """Shorter, the set's tones cannot be told apart and prove nothing alone."""
        return 0.032 if self.is_far else 0.130

    @property
    def is_far(self) -> bool:
        """Two tones so far apart that a few milliseconds tell them: a digit."""
        return len(self.frequencies_hz) > 1 and self.frequencies_hz[-1] - self.frequencies_hz[0] > 200

    @property
    def lines(self) -> int:
        """Lines in a spectrum: a tone that swings has one on each side."""
        return len(self.frequencies_hz) + (2 if self.modulation_hz else 0)

    @property
    def spacing_hz(self) -> float:
        """Between neighbouring lines; 0 where there is one."""
        if self.modulation_hz:
            return self.modulation_hz
        return min((b - a for a, b in pairwise(self.frequencies_hz)), default=0.0)

    @property
    def beat_s(self) -> float:
        """The time in which the loudness repeats: the window over which it looks steady."""
        if self.modulation_hz:
            return 1 / self.modulation_hz
        if len(self.frequencies_hz) > 1:
            return 1 / max(self.spacing_hz, 40.0)
        return 0.016


def tone_sets(tones: tuple[Tone, ...]) -> tuple[ToneSet, ...]:
    """The different sets among some signals' sounding steps; equal ones (within 1 %) once."""
    found: list[ToneSet] = []
    for tone in tones:
        for step in tone.steps:
            if step.frequencies_hz:
                new = ToneSet(tuple(sorted(step.frequencies_hz)), step.modulation_hz)
                if not any(same_set(new, old) for old in found):
                    found.append(new)
    return tuple(found)


def same_set(a: ToneSet, b: ToneSet) -> bool:
    """Whether two sets are one: equal within 1 %."""
    return (
        len(a.frequencies_hz) == len(b.frequencies_hz)
        and bool(a.modulation_hz) == bool(b.modulation_hz)
        and all(abs(f - g) <= 0.01 * f for f, g in zip(a.frequencies_hz, b.frequencies_hz, strict=True))
    )


DTMF_LOW_HZ = (697.0, 770.0, 852.0, 941.0)
DTMF_HIGH_HZ = (1209.0, 1336.0, 1477.0, 1633.0)
DTMF_KEYS = ("123A", "456B", "789C", "*0#D")
"""Rows and columns of ITU-T Q.23."""


@lru_cache(maxsize=1)
def dtmf_sets() -> tuple[tuple[str, ToneSet], ...]:
    """The sixteen keys and their pairs of tones."""
    return tuple(
        (key, ToneSet((low, high), None))
        for low, row in zip(DTMF_LOW_HZ, DTMF_KEYS, strict=True)
        for high, key in zip(DTMF_HIGH_HZ, row, strict=True)
    )


FAX_SETS = (ToneSet((1100.0,), None), ToneSet((2100.0,), None))
"""Calling tone and answer tone of faxes and modems (ITU-T T.30 §4, V.25)."""


def set_of(tone: Tone, sets: tuple[ToneSet, ...]) -> int:
    """Which of the sets a signal sounds in (its first sounding step)."""
    own = ToneSet(tuple(sorted(tone.frequencies_hz)), tone.modulation_hz)
    return next(i for i, s in enumerate(sets) if same_set(own, s))


def plan_tones(plan: TonePlan) -> tuple[Tone, ...]:
    """The signals of a plan that are heard by frequency and cadence; ringback first."""
    return tuple(t for t in (plan.ringback, plan.busy, plan.congestion, plan.dial, plan.special) if t is not None)
