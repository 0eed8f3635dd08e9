"""Where in its first chunks a voice begins: the network tells 32 ms apart, its loudness 4 ms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_FRAME = 32
_MIN_STEP_DB = 6.0
_QUIETEST_DB = -75.0


def voice_onset(samples: Array) -> int | None:
    """The sample at which the loudness steps up most, (n,) around the network's first chunk; None: it does not.

    One split of the frames' decibels in two, with the least squares left: the small step of the line's noise when a
    handset is lifted loses against the large one of the voice.
    """
    count = len(samples) // _FRAME
    if count < 8:
        return None
    frames = samples[: count * _FRAME].reshape(count, _FRAME)
    db = np.maximum(10 * np.log10(np.einsum("ij,ij->i", frames, frames) / _FRAME + 1e-12), _QUIETEST_DB)
    total = np.cumsum(db)
    left = np.arange(1, count)
    before, after = total[:-1] / left, (total[-1] - total[:-1]) / (count - left)
    gain = np.where(after > before, left * (count - left) * (after - before) ** 2, 0)
    best = int(np.argmax(gain))
    if after[best] - before[best] < _MIN_STEP_DB:
        return None
    return (best + 1) * _FRAME
