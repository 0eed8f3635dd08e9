"""A sound as loud all the time as a ring is: where it begins and ends, by the line's loudness alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import median
from dsp.segment import RINGBACK, Segment
from dsp.tone_plan import TonePlan
from dsp.tone_sets import ToneSet

Samples = npt.NDArray[np.generic]
Levels = npt.NDArray[np.float64]

FRAME_S, _RISE = 0.005, 5
"""A ring's first frames, and what comes so shortly before it, do not count."""
_FULL = 0.9
"""Of the largest sample there is: below it nothing was clipped."""
AROUND_S, NEAR_S = 0.25, 0.030
"""A ring begins so near to where it is due, and is so near to as long as the plan has it."""
_ABOVE_DB, FALLS_DB, _AS_LOUD_DB = 15.0, 10.0, 10.0
"""It stands so far out of what is before it; below that it is over; the ring before it was as loud to this."""
_NOTHING_DB = -88.0
"""A packet was lost."""
_STEADY_DB, STEADY, STEADY_WHOLE = 1.5, 0.9, 0.7
"""So much of it is as loud as its middle to this; less will do where it is as long as a whole one."""
_OVER, LEAST_S = 8, 0.2
"""Frames that must be quiet behind it; shorter it proves nothing."""


def clips(samples: Samples) -> bool:
    """Whether some samples, (n,), reach full scale."""
    if not len(samples):
        return False
    loudest = max(float(np.maximum.reduce(samples)), -float(np.minimum.reduce(samples)))
    return bool(np.float32(loudest) >= _FULL * (32768 if samples.dtype == np.int16 else 1))


def ring_at(samples: Samples, due: int, on_s: float, level_db: float, *, beat: int, sr: int) -> Segment | None:
    """The ring that began where it was due, if one did."""
    size, around = round(FRAME_S * sr), round(AROUND_S * sr)
    base = max(due - around, 0)
    levels = levels_db(samples[base : due + round(on_s * sr) + around], size)
    at = (due - base) // size
    before, inside = levels[: max(at - _RISE * 2, 0)], levels[at + _RISE : at + round(LEAST_S / FRAME_S)]
    before, inside = before[before > _NOTHING_DB], inside[inside > _NOTHING_DB]
    if len(inside) < _RISE:
        return None
    quiet, loud = median(before) if len(before) else _NOTHING_DB, median(inside)
    if loud < quiet + _ABOVE_DB or abs(loud - level_db) > _AS_LOUD_DB:
        return None
    edges = _edges(levels, at, loud, silent=not len(before))
    if edges is None:
        return None
    begins, ends = (base + edge * size for edge in edges)
    over_s = (ends - begins) / sr - on_s
    share = STEADY_WHOLE if abs(over_s) <= NEAR_S else STEADY
    if over_s > NEAR_S or ends - begins < LEAST_S * sr or not clips(samples[begins:ends]):
        return None
    return Segment(RINGBACK, begins, ends) if is_steady(levels[slice(*edges)], share, beat=beat) else None


def _edges(levels: Levels, at: int, loud: float, *, silent: bool) -> tuple[int, int] | None:
    """(first, one past the last) frame of what is loud around where a ring was due; None: it does not end."""
    near = round(NEAR_S / FRAME_S)
    sounds = levels > loud - FALLS_DB
    starts = [i for i in range(max(at - near, 1), at + near + 1) if sounds[i : i + 3].all() and not sounds[i - 1]]
    if not starts:
        return None
    end = end_of(sounds, levels, since=starts[0] + _RISE, silent=silent)
    return None if end is None else (starts[0], end)


def end_of(sounds: npt.NDArray[np.bool_], levels: Levels, *, since: int = 0, silent: bool = False) -> int | None:
    """The first frame behind which nothing sounds for a while, and not for want of packets; a `silent` line has
    nothing to tell them by."""
    over = (i for i in range(since, len(levels) - _OVER) if not sounds[i : i + _OVER].any())
    return next((i for i in over if silent or (levels[i : i + _OVER] > _NOTHING_DB).any()), None)


def is_steady(levels: Levels, share: float, *, beat: int) -> bool:
    """Whether it is as loud all the time, beats and lost packets apart."""
    powers = 10 ** (levels[levels > _NOTHING_DB] / 10)
    if len(powers) < 3 * beat + 2 * _RISE:
        return False
    smooth = 10 * np.log10(np.convolve(powers, np.ones(beat) / beat, "valid"))[_RISE:-_RISE]
    return bool(np.mean(np.abs(smooth - np.median(smooth)) <= _STEADY_DB) >= share)


def median_db(samples: Samples, *, sr: int) -> float:
    """dBFS of the middle one of the frames."""
    return median(levels_db(samples, round(FRAME_S * sr)))


def levels_db(samples: Samples, frame: int) -> Levels:
    """dBFS of each frame, without the line's offset."""
    scale = np.float32(1 / 32768 if samples.dtype == np.int16 else 1)
    wave = samples[: len(samples) // frame * frame].astype(np.float64) * scale
    rows = wave.reshape(-1, frame)
    heard = rows - (median(wave) if len(wave) else 0.0) * (rows != 0)
    return np.asarray(10 * np.log10(np.square(heard).mean(axis=1) + 1e-10))


def beat_frames(plan: TonePlan) -> int:
    """Frames in which the loudness of ringback's tones repeats."""
    tone = plan.ringback
    return round(ToneSet(tuple(sorted(tone.frequencies_hz)), tone.modulation_hz).beat_s / FRAME_S)
