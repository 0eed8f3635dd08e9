"""A tone alone where one of a digit's two may be: the pair holds it as well, and a little more of the line's noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.bursts.frames import Frames
from dsp.compiled.fourier import rfft
from dsp.stream import Reader
from dsp.tone_sets import DETUNE, HOP, SR, WINDOW, ToneSet

Array = npt.NDArray[np.float32]

_LOBE_HZ = 28.0
"""Half the main lobe of a Hann window of 64 ms."""
_BESIDE = 0.01
"""A digit's weaker tone has more of the other's power: networks twist them by 8 dB at most (ITU-T Q.24)."""
_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_BINS = np.arange(WINDOW // 2 + 1) * (SR / WINDOW)


class LoneTones:
    """Names the frames in which one tone sounds alone. `read(start, end)` gives samples."""

    def __init__(self, sets: tuple[ToneSet, ...], *, read: Reader) -> None:
        self._read = read
        single = [i for i, s in enumerate(sets) if s.lines == 1]
        found = {i: _alone(s, sets, single) for i, s in enumerate(sets) if s.is_far}
        self._alone = {i: alone for i, alone in found.items() if alone is not None}

    def told(self, first: int, frames: Frames) -> Frames:
        """The same frames, the first of them the call's frame `first`, each lone tone named for what it is."""
        if self._alone.keys().isdisjoint(frames.sets):
            return frames
        return frames._replace(sets=[self._name(frame, one) for frame, one in enumerate(frames.sets, first)])

    def _name(self, frame: int, tone_set: int) -> int:
        if tone_set not in self._alone:
            return tone_set
        alone, own, other = self._alone[tone_set]
        power = np.square(np.abs(rfft(self._read(frame * HOP, frame * HOP + WINDOW) * _HANN)))
        return alone if power[other].sum() < _BESIDE * power[own].sum() else tone_set


def _alone(
    pair: ToneSet, sets: tuple[ToneSet, ...], single: list[int]
) -> tuple[int, npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | None:
    """(a set of one tone that may be one of a pair's, the bins of that, those of the other); None: there is none."""
    for one, other in (pair.frequencies_hz, pair.frequencies_hz[::-1]):
        for i in single:
            if abs(sets[i].frequencies_hz[0] - one) <= DETUNE * one:
                return i, _bins(one), _bins(other)
    return None


def _bins(hz: float) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs(_BINS - hz) <= hz * DETUNE + _LOBE_HZ)
