"""What is left of a burst that was cut off almost at once: looked for where the cadence wanted one.

A pick-up some milliseconds into a burst leaves too little for a spectrum. But when the burst was due, which
tones it has and how loud they are is known by then, so that 8 ms of it are enough."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.burst import fitted, waves
from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]

_MS = SR // 1000
REACH = 150 * _MS
"""Longer pieces are found without being looked for."""
_HOLED = 55 * _MS
"""A piece this long may have a lost packet in it."""
SHORTEST, LEAST_LATE = 8 * _MS, 30 * _MS
_LENGTHS = tuple(n * _MS for n in (8, 10, 12, 14, 16, 18, 20, 23, 26, 30, 34, 38, 43, 48, 54, 60, 70, 80, 95, 110, 130))
_LATE = tuple(n * _MS for n in (0, 20, 40))
"""The first packets may be lost."""


def cut_piece(samples: Array, *, level: float, tones: tuple[float, ...], noise: float) -> tuple[int, int] | None:
    """(start, end) of a short burst that was due at the first sample, or None.

    Args:
        samples: from the moment the burst was due, (REACH,).
        level: root mean square of the bursts before.
        tones: their frequencies in Hz.
        noise: mean square of the line before.
    """
    piece = samples.astype(np.float64)
    energy = np.concatenate([[0.0], np.cumsum(piece**2)])
    best, least = None, energy[-1]
    for late in _LATE:
        for length in _LENGTHS:
            if length - late < (SHORTEST if late == 0 else LEAST_LATE):
                continue
            held = _held(piece[late:length], tones)
            left = energy[-1] - held
            if left < least and _plausible(held, energy[length] - energy[late], length - late, level, noise):
                best, least = (late, length), left
        if best is not None:
            return best
    return None


def _held(piece: npt.NDArray[np.float64], tones: tuple[float, ...]) -> float:
    """Energy of the part that the tones account for."""
    base = waves(len(piece), tones)
    return float(np.sum((base @ fitted(base, piece)) ** 2))


def _plausible(held: float, total: float, n: int, level: float, noise: float) -> bool:
    """As loud as the bursts before, and what the tones leave is little more than the line's noise."""
    loud = held / n / level**2
    left = (total - held) / n
    pure = left < max(4 * noise, 0.1 * held / n) or (n > _HOLED and held > 0.6 * total)
    return 0.2 < loud < 3.0 and held > 40 * noise and pure
