"""Where in its first chunks a voice begins: the network tells 32 ms apart, its loudness 4 ms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import median, percentile

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
_SWAY_DB = 3.0
"""The noise of a line may be so much louder than its floor."""
_EDGE, _ABOVE_DB = 2, 12.0
"""Noise is known without its first frames; a voice stands so far above it."""
_SILENT_DB = -64.0
_NOISE, _NOISE_STEPS = 24, 32
"""96 ms of noise out of silence, where an exchange sends none, are the lifted handset's; 128 ms out of other noise: no
consonant is as steady for as long."""


def voice_onset(samples: Array, *, noise_db: float = _QUIETEST_DB) -> int | None:
    """The sample at which a voice begins, (n,) around the network's first chunk; None: nothing steps up.

    The loudness is split in two where that leaves the least squares of decibels. What is left before it is split
    again: a soft consonant belongs to the voice. Of either step up the voice begins behind the steady noise that it
    leads to, if it does: a handset was lifted.

    Args:
        samples: the voice's first chunks and some before them.
        noise_db: the line's noise before, as far as it is known: what rises to that is no step.
    """
    count = len(samples) // _FRAME
    if count < 8:
        return None
    raw = _levels_db(samples, count)
    db = np.maximum(raw, max(percentile(raw, _NOISE_PERCENTILE), _QUIETEST_DB))  # a lost packet is a hole, no step
    db = np.maximum(db, min(noise_db + _SWAY_DB, float(db.max()) - 2 * _MIN_STEP_DB))
    loud = _split(db)
    if loud is None:
        return None
    sharp = _levels_db(np.diff(samples, prepend=samples[:1]), count)  # a street's noise is steady so
    soft = _split(db[:loud])
    step = loud if soft is None or loud - soft > _LONGEST_SOFT else soft
    behind = _noise_end(raw, sharp, loud) or (None if step == loud else _noise_end(raw, sharp, step))
    return (step if behind is None else behind) * _FRAME


def _levels_db(samples: Array, count: int) -> Levels:
    """dBFS of each frame."""
    frames = samples[: count * _FRAME].reshape(count, _FRAME)
    power = np.einsum("ij,ij->i", frames, frames) / _FRAME
    return np.asarray(10 * np.log10(power.astype(np.float64) + 1e-12))


def _noise_end(raw: Levels, sharp: Levels, step: int) -> int | None:
    """Where the noise ends that a step up leads to; None: what has stepped up is no steady noise.

    Args:
        raw: dBFS of each frame,
        sharp: and of the differences of its samples.
        step: the first frame behind the step.
    """
    first = step + _EDGE
    if len(sharp) < first + _BRIEF:
        return None
    usual = median(sharp[first : first + _BRIEF])
    louder = np.flatnonzero(sharp[first:] > usual + _MIN_STEP_DB)
    if not len(louder) or float(sharp[first:].max()) < usual + _ABOVE_DB:
        return None
    end = first + int(louder[0])
    silent = median(raw[max(step - _BRIEF, 0) : step]) < _SILENT_DB if step else False
    tenth = (end - first) // 10
    inner = np.sort(sharp[first:end])[tenth : end - first - tenth]
    return end if end - step > (_NOISE if silent else _NOISE_STEPS) and float(np.std(inner)) <= _STEADY_DB else None


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
