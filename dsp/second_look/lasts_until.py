"""Whether a sound as loud as a ring goes on from where the ring seems to have been cut until it was due to be over.

A line that drives its coder makes another sound of a ring halfway; whoever picks up is not over just then."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import median
from dsp.segment import Segment
from dsp.voices.loudness import levels_db, without_offset

Samples = npt.NDArray[np.generic]

_FRAME_S, _EDGE, _BEHIND = 0.020, 1, 3
"""Frames: so many beside an edge do not count, so many behind it are looked at."""
_LEAST = 5
"""What is shorter proves nothing."""
_AS_LOUD_DB, _EVEN_DB, _FALLS_DB, _OFTEN = 6.0, 3.0, 10.0, 0.9
"""It is as loud as the burst to this, so much of it as even, and so much louder than what follows."""


def lasts_until(samples: Samples, burst: Segment, end: int, *, sr: int) -> bool:
    """Whether as loud a sound as a burst follows it up to a sample, and falls off there.

    Args:
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        burst: what is left of a ring.
        end: where it was due to be over.
        sr: samples a second.
    """
    own = _levels_db(samples[burst.start : burst.end], sr)
    rest = _levels_db(samples[burst.end : end], sr)[_EDGE:-_EDGE]
    behind = _levels_db(samples[end:], sr, frames=_EDGE + _BEHIND)[_EDGE:]
    if not len(own) or len(rest) < _LEAST or len(behind) < _BEHIND:
        return False
    loud = median(rest)
    even = float(np.mean(np.abs(rest - loud) <= _EVEN_DB)) >= _OFTEN
    return even and abs(loud - median(own)) <= _AS_LOUD_DB and float(behind.max()) <= loud - _FALLS_DB


def _levels_db(samples: Samples, sr: int, *, frames: int | None = None) -> npt.NDArray[np.float64]:
    """dBFS of the first frames of a sound, or of all."""
    size = round(_FRAME_S * sr)
    count = len(samples) // size if frames is None else min(frames, len(samples) // size)
    return levels_db(without_offset(samples[: count * size], size)) if count else np.zeros(0)
