"""Talk in the background, told by what is heard between the rings: nobody had answered there.

While the detector listens it cannot know this of what comes before the first ring; once the call is over it can."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import percentile
from dsp.segment import MISSING, MUSIC, RINGBACK, SPEECH, Segment
from dsp.voices.loudness import levels_db, without_offset

_CHUNK_S, _EDGE_S, _LEAST_S = 0.032, 0.25, 0.25
"""A gap's edges do not count; what is left of it is at least so long."""
_LONGEST_S = 7.0
"""No plan's pause is longer."""
_PARTS, _SWELLS_DB, _NOTHING_DB = 4, 6.0, -90.0
"""A gap in so many parts, each louder than the one before, the last by so much than the first; lost packets apart."""
_OFTEN, _TALK = 97, 90
"""Percentiles: so loud a gap gets, and a voice."""
_BESIDE_S, _FREE_S, _EVEN_DB, _MOST = 0.5, 0.05, 2.0, 75
"""The line is known by so much beside a word, not so near to anything else; a word as loud, at this percentile, is the
line too."""
_FEWEST, _GAPS, _ABOVE_DB = 2, 3, 3.0
"""The middle one of the first three gaps counts, or the quieter of two: an operator who puts through talks in one. One
alone will do where nobody was heard to."""


def without_background(
    segments: Sequence[Segment], samples: npt.NDArray[np.generic], *, sr: int
) -> tuple[Segment, ...]:
    """The segments by start, but for speech before the first ring that is no louder than what goes on between rings.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
    """
    ordered = tuple(sorted(segments, key=lambda s: (s.start, s.end)))
    rings = [s for s in ordered if s.sound == RINGBACK]
    before = [s for s in ordered if s.sound == SPEECH and rings and s.end <= rings[0].start]
    usual_db = _between(rings, ordered, samples, sr=sr) if before else None
    if usual_db is None:
        return ordered
    behind = {s for s in before if _loud_db(samples[s.start : s.end], _TALK, sr=sr) <= usual_db + _ABOVE_DB}
    return tuple(s for s in ordered if s not in behind)


def without_line(segments: Sequence[Segment], samples: npt.NDArray[np.generic], *, sr: int) -> tuple[Segment, ...]:
    """The segments by start, but for speech behind a ring that is as loud as the line before and behind it.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
    """
    ordered = tuple(sorted(segments, key=lambda s: (s.start, s.end)))
    told = [s for s in ordered if s.sound != MISSING]
    since = next((s.end for s in told if s.sound == RINGBACK), None)
    if since is None:
        return ordered
    lines = {
        word
        for word, (low, high) in zip(told, _free_beside(told, len(samples), sr=sr), strict=True)
        if word.sound == SPEECH and word.start >= since
        if _is_even(samples[low : word.start], samples[word.start : word.end], samples[word.end : high], sr=sr)
    }
    return tuple(s for s in ordered if s not in lines)


def _free_beside(told: Sequence[Segment], end: int, *, sr: int) -> list[tuple[int, int]]:
    """From where and until where the line alone is heard beside each segment."""
    beside, free = round(_BESIDE_S * sr), round(_FREE_S * sr)
    ends, starts = accumulate((0, *(s.end for s in told[:-1])), max), [*(s.start for s in told[1:]), end]
    return [
        (max(before + free, s.start - beside), min(behind - free, s.end + beside))
        for before, s, behind in zip(ends, told, starts, strict=True)
    ]


def _is_even(*parts: npt.NDArray[np.generic], sr: int) -> bool:
    """Whether a word, between what comes before it and behind it, is as loud as both."""
    before, word, behind = (_usual_db(part, sr=sr) for part in parts)
    return abs(word - before) <= _EVEN_DB and abs(word - behind) <= _EVEN_DB


def _usual_db(samples: npt.NDArray[np.generic], *, sr: int) -> float:
    """dBFS of what arrived of a part; NaN, as loud as nothing, where that is too little to tell."""
    chunks = without_offset(samples, round(_CHUNK_S * sr))
    levels = levels_db(chunks) if len(chunks) else np.zeros(0)
    levels = levels[levels > _NOTHING_DB]
    return percentile(levels, _MOST) if len(levels) >= _LEAST_S / _CHUNK_S - 1 else np.nan


def _between(
    rings: Sequence[Segment], ordered: Sequence[Segment], samples: npt.NDArray[np.generic], *, sr: int
) -> float | None:
    """How loud it gets between the rings; None: too few of them to tell."""
    edge, least = round(_EDGE_S * sr), round(_LEAST_S * sr)
    gaps = [(a.end + edge, b.start - edge) for a, b in pairwise(rings) if b.start - a.end < _LONGEST_S * sr]
    long = [(start, end) for start, end in gaps if end - start >= least][:_GAPS]
    talk = any(s.sound in (SPEECH, MUSIC) and s.start < end and s.end > start for s in ordered for start, end in long)
    if any(_swells(samples[start:end], sr=sr) for start, end in long):
        return None  # a gain control makes everything as loud: loudness tells nothing
    told = sorted(_loud_db(samples[start:end], _OFTEN, sr=sr) for start, end in long)
    return told[(len(told) - 1) // 2] if len(told) >= (_FEWEST if talk else 1) else None


def _swells(gap: npt.NDArray[np.generic], *, sr: int) -> bool:
    """Whether the line grows louder all through a gap, behind the ring that a gain control turned down."""
    levels = levels_db(without_offset(gap, round(_CHUNK_S * sr)))
    levels = levels[levels > _NOTHING_DB]
    if len(levels) < _PARTS:
        return False
    parts = [sum(percentile(part, some) for some in (10, 50, 90)) / 3 for part in np.array_split(levels, _PARTS)]
    return parts[-1] - parts[0] > _SWELLS_DB and bool(np.all(np.diff(parts[:-1]) > 0))


def _loud_db(samples: npt.NDArray[np.generic], percent: float, *, sr: int) -> float:
    """dBFS of the chunks at a percentile of their loudness; a line's offset is not heard."""
    chunks = without_offset(samples, round(_CHUNK_S * sr))
    return percentile(levels_db(chunks), percent) if len(chunks) else -np.inf
