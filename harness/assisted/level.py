"""How loud a leg is now, for a meter: dBFS of the last quarter second (0 dBFS: a sine at full scale)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW_S = 0.25
"""A recorder writes blocks of a quarter second: nothing shorter could move."""
_FULL = 32767.0**2 / 2


class Level:
    """Keeps the end of what it is fed, and tells its level."""

    def __init__(self) -> None:
        self._tail = np.zeros(0, np.int16)

    def feed(self, samples: NDArray[np.int16], *, rate: int) -> None:
        """Take what was recorded since the last time, shape (n,)."""
        if len(samples):
            self._tail = np.concatenate([self._tail, samples])[-round(WINDOW_S * rate) :]

    @property
    def dbfs(self) -> float | None:
        """The level; None where there was no sound yet, or not the least of it."""
        return level_dbfs(self._tail)


def level_dbfs(samples: NDArray[np.int16]) -> float | None:
    """Level of samples, shape (n,); None for none, and for digital silence."""
    power = float(np.mean(np.square(samples, dtype=float))) if len(samples) else 0.0
    return float(10 * np.log10(power / _FULL)) if power > 0 else None
