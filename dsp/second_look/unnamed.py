"""Sounds that nobody could name: loud and lasting, but no tone, and no voice or music for certain.

Behind a ringing that stopped they say that somebody may have answered, in a word too short or too torn to be known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import percentile
from dsp.segment import MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment, Span
from dsp.tone_plan import TonePlan
from dsp.voices.loudness import levels_db, without_offset

Samples = npt.NDArray[np.generic]
Levels = npt.NDArray[np.float64]

_FRAME_S, _EDGE_S = 0.020, 0.1
"""A burst's end may ring on for so long."""
_NOTHING_DB, _FAINTEST_DB = -90.0, -56.0
"""Below the one a packet was lost; a voice is no fainter than the other."""
_STANDS_OUT_DB, _LASTS = 8.0, 6
"""A sound is so much louder than the line between the rings and behind them, for so many frames."""
_OFTEN, _NOISE, _HALFWAY = 97, 10, 50
"""Percentiles: so loud a line gets between the rings, its noise behind them, and the rings."""
_HALF = 0.5
_MOMENT = 10
"""Frames: 0.2 s without a word between them are heard in every call."""
_SILENT = 20
"""Frames: a silence so long is the line's."""
_FIRST = 4
_GAP = 0.3
"""A silence longer than a cadence's by this share is no pause of it."""
_BESIDE_HZ, _RINGS = 40.0, 0.25
"""A sound with so much of its energy so near to ringback's lines may be a ring that could not be named."""


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Sounds without a name, by start."""

    others: tuple[Span, ...]
    """What is no ring."""
    like_rings: tuple[Span, ...]
    """What has so much of ringback's pitch that it may be one."""


def unnamed_sounds(segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan) -> Unnamed:
    """Each first unnamed sound behind a ringing that stopped, before the first thing that has a name, or in a call in
    which nothing has. Before a voice it may have been a ringing beyond recognition.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones ring.
    """
    named = sorted((s for s in segments if s.sound != MISSING), key=lambda s: s.start)
    others: list[Span] = []
    like_rings: list[Span] = []
    for start, end, rings in _silences(named, len(samples), sr=sr, plan=plan):
        found = list(_sounds(samples, start, end, rings, sr=sr, plan=plan))
        others += [span for span, ringlike in found if not ringlike][:1]
        like_rings += [span for span, ringlike in found if ringlike][:1]
    return Unnamed(tuple(others), tuple(like_rings))


def _silences(named: Sequence[Segment], n: int, *, sr: int, plan: TonePlan) -> Iterator[tuple[int, int, list[Segment]]]:
    """(start, end, bursts before it) of each stretch without a name that is no pause between rings."""
    if not named:
        yield 0, n, []
        return
    if named[0].sound in (RINGBACK, SPEECH, MUSIC, TONE):
        yield 0, max(named[0].start - round(_EDGE_S * sr), 0), [s for s in named if s.sound == RINGBACK][:_FIRST]
    edge, longest = round(_EDGE_S * sr), (1 + _GAP) * max(off for _, off in plan.cadence) * sr
    ends = [*(s.start for s in named[1:]), n]
    for index, (last, end) in enumerate(zip(named, ends, strict=True)):
        if last.sound == RINGBACK and (end - last.end > longest or index == len(named) - 1):
            yield min(last.end + edge, end), end, [s for s in named[: index + 1] if s.sound == RINGBACK]


def _usual_db(rings: Sequence[Segment], samples: Samples, *, sr: int) -> float:
    """How loud the line gets between the last rings."""
    edge = round(_EDGE_S * sr)
    gaps = [_levels(samples[a.end + edge : b.start - edge], sr)[1] for a, b in pairwise(rings[-4:])]
    loud = [percentile(gap[gap > _NOTHING_DB], _OFTEN) for gap in gaps if np.any(gap > _NOTHING_DB)]
    heard = [_levels(samples[ring.start : ring.end], sr)[1] for ring in rings[-4:]]
    rang = min((percentile(levels, _HALFWAY) for levels in heard if len(levels)), default=np.inf)
    # What is as loud as the rings is a part of them that was not told.
    return min((db for db in loud if db < rang - _STANDS_OUT_DB), default=-np.inf)


def _sounds(
    samples: Samples, start: int, end: int, rings: Sequence[Segment], *, sr: int, plan: TonePlan
) -> Iterator[tuple[Span, bool]]:
    """(a loud stretch, whether it may be a ring by its pitch) until the first that is none."""
    frames, levels = _levels(samples[start:end], sr)
    arrived = levels > _NOTHING_DB
    if not arrived.any():
        return
    usual_db = _usual_db(rings, samples, sr=sr)
    noise_db = max(usual_db, _noise_db(levels, arrived, all_of_it=not start and end == len(samples)))
    loud = arrived & (levels > max(noise_db + _STANDS_OUT_DB, _FAINTEST_DB))
    for first, last in _stretches(loud, ~arrived):
        # Behind a ringing it may go on; before any it is a sound, whatever its pitch.
        ringlike = bool(start) and _may_ring(frames[first:last].reshape(-1), sr=sr, plan=plan)
        size = frames.shape[1]
        yield Span(start + first * size, start + last * size), ringlike
        if not ringlike:
            return


def _noise_db(levels: Levels, arrived: npt.NDArray[np.bool_], *, all_of_it: bool) -> float:
    """How loud the line's noise is. Of a whole call, which who talks may fill, the quietest moment tells; on a line
    without noise, which falls silent again, what arrives is the sound itself."""
    if all_of_it and _falls_silent(arrived):
        return -np.inf
    if all_of_it and arrived.sum() >= _MOMENT:
        return float(np.convolve(levels[arrived], np.ones(_MOMENT) / _MOMENT, mode="valid").min())
    return percentile(levels[arrived], _NOISE) if np.mean(arrived) > _HALF else -np.inf


def _falls_silent(arrived: npt.NDArray[np.bool_]) -> bool:
    """Whether nothing comes for longer than lost packets tell, once something has come."""
    nothing = ~arrived[int(np.argmax(arrived)) :]
    return len(nothing) >= _SILENT and bool(np.convolve(nothing, np.ones(_SILENT), mode="valid").max() >= _SILENT)


def _levels(samples: Samples, sr: int) -> tuple[npt.NDArray[np.float32], Levels]:
    """(frames without their offset, dBFS of each)."""
    frames = without_offset(samples, round(_FRAME_S * sr))
    return frames, levels_db(frames)


def _stretches(loud: npt.NDArray[np.bool_], lost: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """(first, one past the last) of frames that are loud but for lost ones between them."""
    first, count = 0, 0
    for at in range(len(loud) + 1):
        if at < len(loud) and (loud[at] or (lost[at] and count)):
            first, count = first if count else at, count + int(loud[at])
            continue
        if count >= _LASTS:
            yield first, at
        count = 0


def _may_ring(sound: npt.NDArray[np.float32], *, sr: int, plan: TonePlan) -> bool:
    power = np.square(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))))
    hz = np.fft.rfftfreq(len(sound), 1 / sr)
    beside = np.any([np.abs(hz - f) <= _BESIDE_HZ for f in plan.ringback.frequencies_hz], axis=0)
    return float(power[beside].sum()) > _RINGS * float(power.sum())
