"""Ringback's tones that sound for a moment alone, out of quiet and into quiet.

Too brief for a burst, they may be a ring that somebody answered, or that was cut, as soon as it began."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dsp.second_look.tone_share import tone_powers
from dsp.segment import Span
from dsp.tone_plan import TonePlan

Samples = npt.NDArray[np.generic]
Levels = npt.NDArray[np.float64]

FRAME_S = 0.010
_LEAST, _LONGEST, _BEFORE, _BEHIND = 4, 24, 12, 5
"""Frames: so many are as loud, of so many at the most, out of so many that are quiet and into so many."""
_AROUND = np.arange(-_BEFORE, _LEAST + 1)
_RISES_DB, _FAINTEST_DB = 10.0, -56.0
_ALONE, _MOSTLY = 0.8, 0.7
"""Share of a frame's power that the tones have, in so many of its frames."""


def brief_tones(levels: Levels, samples: Samples, *, sr: int, plan: TonePlan) -> Iterator[Span]:
    """Each such sound, in order.

    Args:
        levels: dBFS of each frame of the call.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones ring.
    """
    frame = round(FRAME_S * sr)
    for first, last in _moments(levels):
        span = Span(first * frame, last * frame)
        tones = plan.ringback.frequencies_hz
        _, share = tone_powers(samples[span.earliest : span.latest], sr=sr, frequencies_hz=tones)
        if len(share) and float(np.mean(share >= _ALONE)) >= _MOSTLY:
            yield span


def _moments(levels: Levels) -> Iterator[tuple[int, int]]:
    """(first, one past the last) frame of each brief loud stretch between quiet."""
    if len(levels) < _BEFORE + _LONGEST + _BEHIND:
        return
    heard = np.maximum(levels, _FAINTEST_DB - _RISES_DB)
    at = np.flatnonzero(heard[_BEFORE + 1 :] >= heard[_BEFORE - 1 : -2] + _RISES_DB) + _BEFORE
    around = heard[at[at < len(levels) - _LEAST - 1][:, None] + _AROUND]
    loud, over = around[:, _BEFORE + 1 :].min(axis=1), 0
    rises = np.flatnonzero(loud >= around[:, :_BEFORE].max(axis=1) + _RISES_DB)
    for first, level in zip(at[rises].tolist(), loud[rises].tolist(), strict=True):
        behind = levels[first + 1 : first + _LONGEST + _BEHIND] < level - _RISES_DB
        ends = np.flatnonzero(np.convolve(behind, np.ones(_BEHIND), mode="valid") == _BEHIND)
        if first >= over and len(ends):
            over = first + 1 + int(ends[0])
            yield first, over
