"""A tone that comes and goes in a time of its own and is none of the plan's: what is said of the call is not sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsp.answering.leg import NONE, Leg, opened
from dsp.bursts.tonal_bursts import tonal_bursts
from dsp.ringing.heard_tones import tones_of

Samples = npt.NDArray[np.generic]

_LONG_S, _SWINGS_HZ = 0.3, 12.0
"""A tone that swings so fast for so long is an exchange's: who sings swings five to seven times a second."""


def with_foreign_tones(legs: Sequence[Leg], samples: Samples, *, sr: int) -> tuple[Leg, ...]:
    """The legs of a call, left to a person where nothing rang or refused by the plan and something did all the same.

    Args:
        legs: what was heard by one plan.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
    """
    if any(leg.outcome != NONE or leg.provisional for leg in legs) or not _signals(samples, sr=sr):
        return tuple(legs)
    unknown = Leg(None, 0, NONE, None, None, None, (), provisional=True)
    return tuple(replace(leg, provisional=True) for leg in legs) or (unknown,)


def without_rings_of_no_plan(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    """The legs of a call that rings by no published plan, heard by the home one's: open where no burst of a ringing was
    told by its tones."""
    return tuple(opened(leg) if leg.rings and not any(s.told for s in leg.evidence) else leg for leg in legs)


def _signals(samples: Samples, *, sr: int) -> bool:
    bursts = tonal_bursts(samples, sr=sr)
    swings = any((b.modulation_hz or 0) >= _SWINGS_HZ and b.length_s >= _LONG_S for b in bursts)
    return swings or bool(tones_of(bursts))
