"""Where in its first chunks a voice begins: the network tells 32 ms apart, its loudness 4 ms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Levels = npt.NDArray[np.float64]

_FRAME = 32
_MIN_STEP_DB = 6.0
_QUIETEST_DB = -75.0
_NOISE_PERCENTILE = 12
_BRIEF = 15
"""60 ms: a first sound this short before the loud one is a consonant."""
_LONGEST_SOFT = 45
_STEADY_DB = 2.0
"""White noise varies by 1.1 dB from frame to frame, a consonant by more."""


def voice_onset(samples: Array) -> int | None:
    """The sample at which a voice begins, (n,) around the network's first chunk; None: nothing steps up.

    The loudness is split in two where that leaves the least squares of decibels. The small step of the line's
    noise when a handset is lifted loses against the voice's. What is left before it is split again: a soft
    consonant belongs to the voice, the steady noise of a lifted handset does not."""
    count = len(samples) // _FRAME
    if count < 8:
        return None
    frames = samples[: count * _FRAME].reshape(count, _FRAME)
    power = np.einsum("ij,ij->i", frames, frames) / _FRAME
    db = np.maximum(10 * np.log10(power.astype(np.float64) + 1e-12), _QUIETEST_DB)
    db = np.maximum(db, np.percentile(db, _NOISE_PERCENTILE))  # a lost packet is a hole, no step
    loud = _split(db)
    if loud is None:
        return None
    soft = _split(db[:loud])
    if soft is None or loud - soft > _LONGEST_SOFT:
        return loud * _FRAME
    if loud - soft <= _BRIEF or float(np.std(db[soft:loud])) > _STEADY_DB:
        return soft * _FRAME
    return loud * _FRAME


def _split(db: Levels) -> int | None:
    """The frame at which the level steps up most."""
    count = len(db)
    if count < 4:
        return None
    total = np.cumsum(db)
    left = np.arange(1, count)
    before, after = total[:-1] / left, (total[-1] - total[:-1]) / (count - left)
    gain = np.where(after > before, left * (count - left) * (after - before) ** 2, 0)
    best = int(np.argmax(gain))
    return best + 1 if after[best] - before[best] >= _MIN_STEP_DB else None
