"""Spectra of 64 ms, 50 a second, and which set of tones may sound in each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dsp.compiled.fourier import rfft
from dsp.compiled.kernel import MOST_SETS, kernel
from dsp.compiled.kernel_tables import Asked
from dsp.tone_sets import BAND_HZ, DETUNE, HOP, SR, STEP, STEP_FRAMES, WINDOW, ToneSet

Array = npt.NDArray[np.float32]

STEP_SAMPLES = STEP - HOP + WINDOW
"""What the frames of one step reach over."""
_SHARE = 0.3
"""Least share of the band's power in one set: a tone 0 dB above white noise has more than half."""
_FAR_SHARE = 0.6
"""Tones far apart (digits) lie where voices have their formants."""
_FAINTEST = 49152 * 10 ** (-56 / 10)
"""Power of a tone of -56 dBFS in a frame (512^2 * 3/16 * rms^2 for a Hann window)."""
_LOBE_HZ = 28.0
"""Half the main lobe of a Hann window of 64 ms."""
_SIDE_BY_SIDE = 3
"""Every third frame together reaches over the whole step, and no frame over more than two of them."""
_SILENT = 0.99 * _FAINTEST / (WINDOW // 2) / 2
"""Energy of a frame's samples: two such hold no tone of -56 dBFS, however pure (Parseval)."""
_BINS = np.arange(WINDOW // 2 + 1) * (SR / WINDOW)
_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_STRIDES = (STEP * 4, HOP * 4, 4)
"""Of the frames of steps in a row, in bytes."""


class Frames(NamedTuple):
    """One step's frames."""

    sets: list[int]
    """The set that may sound in each; -1: none."""
    powers: list[float]
    """Power of each frame's strongest set."""
    sounds: bool
    """Whether there is a set in any."""


_NOTHING = Frames([-1] * STEP_FRAMES, [0.0] * STEP_FRAMES, sounds=False)


def step_frames(samples: Array, steps: int) -> Array:
    """The frames of some steps in a row, (steps, STEP_FRAMES, WINDOW); frame i begins at sample i * HOP."""
    rows = np.ascontiguousarray(samples, np.float32)
    return np.ndarray((steps, STEP_FRAMES, WINDOW), np.float32, rows, strides=_STRIDES)


class Candidates:
    """Looks for some sets of tones in frames. One serves any number of calls: it keeps nothing of them."""

    def __init__(self, sets: tuple[ToneSet, ...]) -> None:
        self.sets = sets
        masks = _masks(sets)
        asked = np.flatnonzero(masks.any(axis=0))
        self._bins = slice(int(asked[0]), int(asked[-1]) + 1)
        self._masks = np.ascontiguousarray(masks[:, self._bins])
        self._shares = np.array([_FAR_SHARE if s.is_far else _SHARE for s in sets], np.float32)
        limits = _FAINTEST, _SHARE, _SILENT
        self._asked = Asked(_HANN, self._bins, _spans(self._masks), self._shares, STEP_FRAMES, limits)

    def find(self, frames: Array) -> list[Frames]:
        """What may sound in the frames of some steps, (steps, STEP_FRAMES, WINDOW): of one call or of many.

        A step's answer does not depend on the steps asked about along with it, not even in its last bit."""
        machine = kernel()
        if machine is not None and len(self.sets) < MOST_SETS:
            steps = zip(*machine.find(frames, self._asked), strict=True)
            return [Frames(sets, powers, max(sets) >= 0) for sets, powers in steps]
        found = [_NOTHING] * len(frames)
        pieces = frames[:, ::_SIDE_BY_SIDE]
        loudest = np.einsum("ijk,ijk->ij", pieces, pieces).max(axis=1)
        loud = np.flatnonzero(loudest > _SILENT)
        if len(loud):
            powers = self._powers(frames if len(loud) == len(frames) else frames[loud])
            for place, step in self._strongest(powers):
                found[loud[place]] = step
        return found

    def _powers(self, frames: Array) -> Array:
        """Power of each frame in each set and in the whole band, (steps, sets + 1, STEP_FRAMES)."""
        powers: Array = np.matmul(self._masks, _line_powers(frames, self._bins).swapaxes(1, 2))  # a product a step
        return powers

    def _strongest(self, powers: Array) -> list[tuple[int, Frames]]:
        """The steps in which some set may sound."""
        sets, band = powers[:, :-1], powers[:, -1]
        top = np.maximum.reduce(sets, axis=1)
        may = (top > _FAINTEST) & (top > _SHARE * band)
        steps = np.flatnonzero(may.any(axis=1))
        if not len(steps):
            return []
        best = sets[steps].argmax(axis=1)
        on = may[steps] & (top[steps] > self._shares[best] * band[steps])
        rows = np.where(on, best, -1).tolist(), top[steps].tolist(), on.any(axis=1).tolist()
        return [(step, Frames(*row)) for step, *row in zip(steps.tolist(), *rows, strict=True)]


def _line_powers(frames: Array, bins: slice) -> Array:
    """Power of some lines of each frame, (steps, STEP_FRAMES, lines)."""
    lines = np.abs(rfft(frames * _HANN)[..., bins])
    np.square(lines, out=lines)
    return lines


def _spans(masks: Array) -> list[tuple[int, int, int]]:
    """(row, first, last) of each stretch of ones in masks."""
    steps = np.diff(masks, axis=1, prepend=0, append=0)
    begins, ends = np.argwhere(steps > 0), np.argwhere(steps < 0)
    return [(int(row), int(first), int(last)) for (row, first), (_, last) in zip(begins, ends, strict=True)]


def _masks(sets: tuple[ToneSet, ...]) -> Array:
    """(sets + 1, bins): ones where a bin belongs to a set; the last row is the whole band."""
    out = np.zeros((len(sets) + 1, len(_BINS)), np.float32)
    for row, tone_set in enumerate(sets):
        spread = (tone_set.modulation_hz or 0.0) + _LOBE_HZ
        for f in tone_set.frequencies_hz:
            out[row, np.abs(_BINS - f) <= f * DETUNE + spread] = 1
    out[-1, (BAND_HZ[0] <= _BINS) & (BAND_HZ[1] >= _BINS)] = 1
    return out
