"""Whether the packet right behind a burst arrived: a line that is not silent is heard there, no fainter than before the
burst, and louder where a handset was lifted. What was lost leaves nothing, or the tone again. And whether the packet
before a burst did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsp.second_look.tone_share import shares
from dsp.segment import MISSING, RINGBACK, Segment
from dsp.tone_plan import Tone, TonePlan

Samples = npt.NDArray[np.generic]

_FRAME_S = 0.010
_BEFORE, _BEHIND = 12, 2
"""Frames: the line is known by so many before a burst, and must be heard in each of so many behind it."""
_EDGE_S = 0.004
_FAINTEST = 1e-9
"""Mean square of a line that is silent."""
_SOON_S, _HOLE_FRAMES, _REACH_S = 0.045, 2, 1
"""A hole begins no later behind a burst, for what came before it was put in, and is so long at least."""
_AS_LOUD, _TONE = 0.25, 0.4
"""No fainter than this share of it, and with no more of the tone in it."""


def with_sure_stops(segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan) -> tuple[Segment, ...]:
    """The segments; a last burst of ringback, behind which a packet in its place holds its tones again, though faintly,
    is none that surely stopped.

    Args:
        segments: what was heard, by start.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones ring.
    """
    told = [s for s in segments if s.sound != MISSING]
    lasts = [
        one
        for one, other in zip(told, (*told[1:], None), strict=False)
        if one.sound == RINGBACK and one.stops and (other is None or other.sound != RINGBACK)
    ]
    unsure = {burst for burst in lasts if _again(samples, burst, plan.ringback, sr=sr).min(initial=1) > _TONE}
    return tuple(replace(s, stops=False) if s in unsure else s for s in segments)


def _again(samples: Samples, burst: Segment, tone: Tone, *, sr: int) -> npt.NDArray[np.float64]:
    """Share of a tone in the frames behind a burst."""
    size, since = round(_FRAME_S * sr), burst.end + round(_EDGE_S * sr)
    behind = samples[since : since + _BEHIND * size]
    told = shares(behind, sr=sr, frequencies_hz=tone.frequencies_hz, frame_s=_FRAME_S)
    return told if len(told) == _BEHIND else np.zeros(1)


def arrives_behind(samples: Samples, burst: Segment, tone: Tone, *, sr: int) -> bool:
    """Whether a line is heard right behind a burst.

    Args:
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        burst: a tone in it.
        tone: which.
        sr: samples a second.
    """
    size, edge = round(_FRAME_S * sr), round(_EDGE_S * sr)
    before = _powers(samples[max(burst.start - edge - _BEFORE * size, 0) : max(burst.start - edge, 0)], size)
    behind = _powers(samples[burst.end + edge : burst.end + edge + _BEHIND * size], size)
    if len(before) < _BEFORE or len(behind) < _BEHIND:
        return False
    line = float(np.median(before))
    again = _again(samples, burst, tone, sr=sr)
    return line > _FAINTEST and float(behind.min()) >= _AS_LOUD * line and float(again.max()) <= _TONE


def hole_end(samples: Samples, burst: Segment, tone: Tone, *, sr: int) -> int:
    """Where a hole that begins in the packets behind a burst ends, on a line that is heard before the burst and behind
    the hole; the burst's own end, if there is none."""
    soon, heard, least = round(_SOON_S * sr), _BEFORE * round(_FRAME_S * sr), _HOLE_FRAMES * round(_FRAME_S * sr)
    before, behind = samples[max(burst.start - heard, 0) : burst.start], samples[burst.end : burst.end + _REACH_S * sr]
    edges = np.flatnonzero(np.diff(np.concatenate([[True], behind != 0, [True]]).astype(np.int8)))
    holes = [(a, b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True) if b - a >= least]
    if not holes or holes[0][0] > soon or arrives_behind(samples, burst, tone, sr=sr):
        return burst.end
    over = holes[0][1]
    return burst.end + over if _is_heard(before) and _is_heard(behind[over : over + heard]) else burst.end


def hole_start(samples: Samples, burst: Segment, *, sr: int) -> int:
    """Where a hole begins right behind which a burst does, on a line that is heard before it; the burst's own start, if
    there is none."""
    edge, reach = round(_EDGE_S * sr), round(_SOON_S * sr)
    heard = np.flatnonzero(samples[max(burst.start - edge - 2 * reach, 0) : max(burst.start - edge, 0)])
    start = max(burst.start - edge - 2 * reach, 0) + (int(heard[-1]) + 1 if len(heard) else 0)
    least = _HOLE_FRAMES * round(_FRAME_S * sr) - 2 * edge
    before = samples[max(start - _BEFORE * round(_FRAME_S * sr), 0) : start]
    return start if burst.start - start >= least and _is_heard(before) else burst.start


def _is_heard(line: Samples) -> bool:
    return len(line) > 0 and bool(np.count_nonzero(line) > len(line) / 2)


def _powers(samples: Samples, size: int) -> npt.NDArray[np.float64]:
    """Mean square of each frame, without its offset."""
    full = 32768 if samples.dtype == np.int16 else 1
    return np.asarray((samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64) / full).var(axis=1))
