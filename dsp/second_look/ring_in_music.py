"""A ring at the end of music: music is over only when it has been quiet for a while, and a telephone may begin to ring
before that. Its tones alone, as long as a ring, are none of the music's notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsp.ringing.lengths import STRETCH
from dsp.second_look.in_step import are_two_in_step
from dsp.second_look.tone_share import FRAME_S, HOP_S, Samples, tone_powers
from dsp.segment import MUSIC, RINGBACK, Segment
from dsp.tone_plan import TonePlan

_ALONE = 0.9
"""Share of a frame's power that a ring's tones have."""
_MOSTLY = 0.6
"""So many of its frames are theirs alone; packets were lost in the others."""
_HALF, _QUIET = 0.25, 0.03
"""Of its power: at its edges, and of what is the line's quiet before it."""
_QUIET_S = 0.3
"""A ring begins out of quiet, which no hole of lost packets is as long as; a note follows others."""
_END_S = 0.1
"""So near to where music was heard to end a ring ends."""
_LEAST_MUSIC_S = 1.0
_CUT_S = 0.3
"""What is left of a ring that was cut is so long, and two tones in step."""


def with_rings_in_music(
    segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan
) -> tuple[Segment, ...]:
    """The segments, with the ring that the end of a piece of music was behind its music.

    Args:
        segments: what was heard, by start.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones ring.
    """
    return tuple(part for one in segments for part in _parted(one, samples, sr=sr, plan=plan))


def _parted(heard: Segment, samples: Samples, *, sr: int, plan: TonePlan) -> Iterator[Segment]:
    ring = _ring_of(heard, samples, sr=sr, plan=plan) if heard.sound == MUSIC else None
    yield heard if ring is None else replace(heard, end=ring.start)
    if ring is not None:
        yield ring


def _ring_of(music: Segment, samples: Samples, *, sr: int, plan: TonePlan) -> Segment | None:
    reach = max(on for on, _ in plan.cadence) * (1 + STRETCH) + _QUIET_S + _END_S
    since = max(music.end - round(reach * sr), music.start + round(_LEAST_MUSIC_S * sr))
    told, share = tone_powers(samples[since : music.end], sr=sr, frequencies_hz=plan.ringback.frequencies_hz)
    alone = share >= _ALONE
    if not alone.any():
        return None
    level = float(np.median(told[alone]))
    loud = told >= _HALF * level
    first = _first_of_last(loud, told / np.maximum(share, 1e-12) < _QUIET * level)
    last = int(np.flatnonzero(loud)[-1])
    if first is None or np.mean(alone[first : last + 1]) < _MOSTLY or (len(told) - last) * HOP_S > _END_S:
        return None
    start, end = (since + round((place * HOP_S + FRAME_S / 2) * sr) for place in (first, last))
    ring, longest = Segment(RINGBACK, start, end), max(on for on, _ in plan.cadence) * (1 + STRETCH) * sr
    whole = any(abs(ring.length / sr / on - 1) <= STRETCH for on, _ in plan.cadence)
    cut = _CUT_S * sr <= ring.length <= longest and are_two_in_step(samples, ring, sr=sr, plan=plan)
    return ring if whole or cut else None


def _first_of_last(loud: npt.NDArray[np.bool_], quiet: npt.NDArray[np.bool_]) -> int | None:
    """The first loud frame behind the last stretch of quiet that is long enough; None without one."""
    count = round(_QUIET_S / HOP_S)
    if len(quiet) < count:
        return None
    stretches = np.flatnonzero(np.convolve(quiet, np.ones(count), mode="valid") >= count)
    after = np.flatnonzero(loud[int(stretches[-1]) :]) if len(stretches) else np.zeros(0, int)
    return int(stretches[-1] + after[0]) if len(after) else None
