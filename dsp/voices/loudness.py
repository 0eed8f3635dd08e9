"""How loud the line is, chunk by chunk, and how quiet it is when nobody speaks."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from dsp.compiled.kernel import kernel
from dsp.compiled.quantile import percentile

Array = npt.NDArray[np.float32]

SILENT_DB = -66.0
"""Below this nothing is looked at."""
_CHUNKS = 94
"""The line's noise is the quietest of the last 3 s,"""
_QUIETEST = 6
"""but for some chunks in which packets were lost."""

_CHUNKS_OF_A_GAP = 220
"""7 s: no plan's pause is longer."""
_GAPS, _LEAST, _EDGE = 3, 8, 8
"""The middle one of the last three gaps counts, or the quieter of two, without the quarter second at its ends."""
_OFTEN = 97
_ABOVE_DB = 3.0


def levels_db(chunks: Array) -> npt.NDArray[np.float64]:
    """(m, n) samples -> dBFS of each row; zeros, which lost packets leave, do not count."""
    machine = kernel()
    if machine is not None and len(chunks) and chunks.shape[1] % 16 == 0 and chunks.dtype == np.float32:
        return np.asarray(10 * np.log10(machine.loudness(chunks) + 1e-10))
    power = np.einsum("ij,ij->i", chunks, chunks) / _arrived(chunks)
    return np.asarray(10 * np.log10(power.astype(np.float64) + 1e-10))


def without_offset(samples: npt.NDArray[np.generic], size: int) -> Array:
    """Whole rows of `size` samples as floats, (m, size), each without the offset of what arrived of it.

    Args:
        samples: mono, int16 or floats in [-1, 1], (n,); zeros, which lost packets leave, stay zeros.
        size: samples of a row.
    """
    scale = np.float32(1 / 32768 if samples.dtype == np.int16 else 1)
    rows = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float32) * scale
    arrived = rows != 0
    rows -= arrived * (rows.sum(axis=1, keepdims=True) / np.maximum(arrived.sum(axis=1, keepdims=True), 1))
    return rows


def _arrived(chunks: Array) -> npt.NDArray[np.int64]:
    """How many samples of each row are not zero, one at least; a row's length is a multiple of 8 below 2048.

    Counted in bytes, eight bytes as one number: `np.count_nonzero` of rows takes four times as long."""
    eights = np.add.reduce((chunks != 0).view(np.uint64), axis=1)
    return np.asarray(np.maximum(np.add.reduce(eights.view(np.uint8).reshape(-1, 8), axis=1, dtype=np.int64), 1))


class Floor:
    """The line's noise level, kept up to date."""

    def __init__(self) -> None:
        self._levels = np.zeros(_CHUNKS)
        self._known = 0

    def update(self, levels: npt.NDArray[np.float64]) -> float:
        """The noise in dBFS after these levels."""
        had, self._known = self._known, min(self._known + len(levels), _CHUNKS)
        place, machine = self._known * _QUIETEST // _CHUNKS, kernel()
        if machine is not None and len(levels):
            return max(machine.floor(self._levels, had, levels, place), SILENT_DB)
        self._levels[: self._known] = np.concatenate([self._levels[:had], levels])[-self._known :]
        return max(float(np.partition(self._levels[: self._known], place)[place]), SILENT_DB)

    @property
    def is_new(self) -> bool:
        """Too little has been heard to know the noise."""
        return self._known < 5


class Background:
    """How loud it gets between rings: as loud as that were other people's voices while nobody had answered."""

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=_GAPS)
        self._levels: list[float] = []
        self._rang = False
        self.loudest_db = -np.inf

    def gap(self, levels: npt.NDArray[np.float64]) -> None:
        """Take the levels of what came after the last burst."""
        if self._rang and len(self._levels) < _CHUNKS_OF_A_GAP:
            self._levels += levels.tolist()

    def burst(self) -> None:
        """Another burst: nobody had answered before it."""
        inside = self._levels[_EDGE:-_EDGE]
        if len(inside) >= _LEAST and len(self._levels) < _CHUNKS_OF_A_GAP:
            self._gaps.append(percentile(np.array(inside), _OFTEN))
        # An operator who puts through talks between two rings, too, and a vowel can pass for a ring; once.
        usual = sorted(self._gaps)[(len(self._gaps) - 1) // 2] if len(self._gaps) > 1 else -np.inf
        self.loudest_db = usual + _ABOVE_DB
        self._levels, self._rang = [], True

    def forget(self) -> None:
        """The call was answered, or it is over."""
        self._gaps.clear()
        self._levels, self._rang = [], False
        self.loudest_db = -np.inf
