"""Stretches of a call as loud all the time, driven into a line's limits, whatever packets they lost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from dsp.second_look.loud_stretch import FRAME_S, Samples, levels_db
from dsp.segment import TONE, Segment

Levels = npt.NDArray[np.float64]

_LOUD_DB, _FLAT_DB, _FALLS_DB = -12.0, 1.5, 6.0
"""A driven line is no fainter; is so flat over a beat; and falls so far at an edge,"""
EDGE = 8
"""which is within so many frames."""
LOST_FRAMES, _NOTHING_DB = 20, -88.0
"""So many frames of nothing are lost packets of it."""
_PIECE_S, ALIKE_DB = 0.1, 2.0
"""A piece that lost packets left of one is no shorter, and as loud as the others."""


def flat_stretches(samples: Samples, *, sr: int, beat: int) -> list[Segment]:
    """Each stretch that is as loud all the time, as a tone without a name.

    Args:
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        beat: frames in which the loudness of the tones that are looked for repeats.
    """
    found, last = list[Segment](), 0.0
    for start, end, level in _flat_frames(samples, sr=sr, beat=beat):
        parted = bool(found) and start - found[-1].end <= LOST_FRAMES * FRAME_S * sr
        if parted and abs(level - last) <= ALIKE_DB:
            start = found.pop().start
        found.append(Segment(TONE, start, end))
        last = level
    return found


def _flat_frames(samples: Samples, *, sr: int, beat: int) -> Iterator[tuple[int, int, float]]:
    size = round(FRAME_S * sr)
    levels = _bridged(levels_db(samples, size))
    window = round(_PIECE_S / FRAME_S) - beat
    if len(levels) < window + beat:
        return
    smooth = 10 * np.log10(np.convolve(10 ** (levels / 10), np.ones(beat) / beat, "valid"))
    highest = maximum_filter1d(smooth, window, origin=-(window // 2))[: len(smooth) - window + 1]
    lowest = minimum_filter1d(smooth, window, origin=-(window // 2))[: len(smooth) - window + 1]
    flat = (highest - lowest <= _FLAT_DB) & (lowest >= _LOUD_DB)
    steps = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(np.int8), [0]])))
    for first, over in zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True):
        edges = _edges(levels, smooth, first, over + window + beat - 2)
        if edges is not None:
            yield *_sharp(samples, edges[0] * size, edges[1] * size, size), float(np.median(levels[first:over]))


def _edges(levels: Levels, smooth: Levels, first: int, over: int) -> tuple[int, int] | None:
    """(first, one past the last) frame of a flat stretch, to where it is as loud over a beat."""
    beat = len(levels) - len(smooth) + 1
    usual = float(np.median(smooth[first : over - beat + 1]))
    as_loud, loud = smooth >= usual - _FLAT_DB, levels >= usual - _FALLS_DB
    begins = range(max(first - EDGE, 0), min(first + EDGE, len(smooth)))
    ends = range(min(over + EDGE, len(levels)), max(over - EDGE, beat), -1)
    begin = next((i for i in begins if loud[i] and as_loud[i]), None)
    end = next((i for i in ends if loud[i - 1] and as_loud[i - beat]), None)
    return None if begin is None or end is None else (begin, end)


def _sharp(samples: Samples, start: int, end: int, size: int) -> tuple[int, int]:
    """Where the first and the last of a driven stretch's waves are, each to a frame from where they are known to be."""
    first = max(start - size, 0)
    wave = np.abs(samples[first : end + size].astype(np.float64))
    tall = np.flatnonzero(wave >= float(np.max(wave[start - first : end - first])) / 2) + first
    begins, ends = tall[np.abs(tall - start) <= size], tall[np.abs(tall - end) <= size]
    return int(begins[0]) if len(begins) else start, int(ends[-1]) + 1 if len(ends) else end


def _bridged(levels: Levels) -> Levels:
    """The levels; what lost packets left empty is as loud as what is before it."""
    nothing = np.concatenate([[False], levels <= _NOTHING_DB, [False]])
    steps = np.flatnonzero(np.diff(nothing.astype(np.int8)))
    filled = levels.copy()
    for first, over in zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True):
        if first and over - first <= LOST_FRAMES:
            filled[first:over] = levels[first - 1]
    return filled
