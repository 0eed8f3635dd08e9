"""Where a voice or music before a ring was last heard: on a noisy line it is counted until something else sounds.

The line is known by what is heard behind the ring. Where it alone was heard before the ring, too, for a while, the
voice or the music had ended before that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import median
from dsp.segment import MISSING, MUSIC, RINGBACK, SPEECH, Segment
from dsp.voices.loudness import levels_db, without_offset

Samples = npt.NDArray[np.generic]

_FRAME_S, _EDGE_S = 0.020, 0.1
"""A burst's end may ring on for so long."""
_JOINED_S = 0.04
_BEHIND_S, _BEFORE_S, _LEAST_S = 0.4, 4.0, 0.3
"""The line is known by so much behind the ring; so far before it a sound's end is looked for, and so long the line
alone is heard there."""
_NOTHING_DB = -90.0
"""Below it a packet was lost, or the line is silent."""
_SAME_DB = 3.0


def with_heard_ends(segments: Sequence[Segment], samples: Samples, *, sr: int) -> tuple[Segment, ...]:
    """The segments by start, with each voice or music that goes over into a ring ended where it was last heard.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
    """
    ordered = sorted(segments, key=lambda s: (s.start, s.end))
    moved = {
        sound: _ended(sound, ring, samples, sr=sr)
        for sound, ring in pairwise(s for s in ordered if s.sound != MISSING)
        if sound.sound in (SPEECH, MUSIC) and ring.sound == RINGBACK and ring.start - sound.end < _JOINED_S * sr
    }
    return tuple(moved.get(s, s) for s in ordered)


def _ended(sound: Segment, ring: Segment, samples: Samples, *, sr: int) -> Segment:
    size, edge = round(_FRAME_S * sr), round(_EDGE_S * sr)
    line = _levels_db(samples[ring.end + edge : ring.end + edge + round(_BEHIND_S * sr)], size)
    last = ring.start - size  # the ring's first samples are not in it
    first = max(sound.start, last - round(_BEFORE_S * sr) // size * size)
    levels = _levels_db(samples[last - (last - first) // size * size : last], size)
    line = line[line > _NOTHING_DB]
    usual_db = median(line) if len(line) else _NOTHING_DB
    sounds = np.flatnonzero((levels > _NOTHING_DB) & (np.abs(levels - usual_db) > _SAME_DB))
    alone = len(levels) - 1 - int(sounds[-1]) if len(sounds) else 0
    return replace(sound, end=last - alone * size) if alone * size >= _LEAST_S * sr else sound


def _levels_db(samples: Samples, size: int) -> npt.NDArray[np.float64]:
    """dBFS of each frame without its offset."""
    return levels_db(without_offset(samples, size))
