"""The arithmetic of lateness: frames against the soonest of their stream, errors as quantiles, memory as a slope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRAME_S = 0.020
"""G.711 goes out in packets of 20 ms."""
LATE_S = 0.020
"""A frame this much later than the soonest of its stream has missed its turn."""
PARTS = 12
"""A slope is drawn through so many means: neighbouring looks at a process's memory say the same twice."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Spread:
    """Quantiles of what was measured, milliseconds; each None where nothing was."""

    p50: float | None
    """Half are below it."""
    p95: float | None
    """95 of 100 are."""
    p99: float | None
    """99 of 100 are."""
    max: float | None
    """The largest."""


@dataclass(frozen=True)
class Slope:
    """How fast something grows."""

    per_hour: float
    """In its own unit."""
    error: float
    """Standard error of that."""

    @property
    def grows(self) -> bool:
        """Whether it surely does: by more than three standard errors."""
        return self.per_hour > 3 * self.error


def spread_ms(seconds: Sequence[float] | Floats) -> Spread:
    """Quantiles of sizes, whatever their sign."""
    size = np.abs(np.asarray(seconds, float)) * 1000
    if not len(size):
        return Spread(None, None, None, None)
    low, high, most = (round(float(q), 2) for q in np.quantile(size, (0.5, 0.95, 0.99)))
    return Spread(low, high, most, round(float(size.max()), 2))


def unwrapped(sequence: Sequence[int] | Ints) -> Ints:
    """Sequence numbers of one stream in the order of arrival, shape (n,), without their wrapping at 2¹⁶.

    Each lies within half a turn of the one before (RFC 3550 §A.1).
    """
    numbers = np.asarray(sequence, np.int64)
    if not len(numbers):
        return numbers
    steps = (np.diff(numbers) + (1 << 15)) % (1 << 16) - (1 << 15)
    return np.concatenate([numbers[:1], numbers[0] + np.cumsum(steps)])


def late_s(sequence: Sequence[int] | Ints, at_s: Sequence[float] | Floats) -> Floats:
    """How much later each frame of a stream came than the soonest of them would have it, seconds, shape (n,)."""
    at = np.asarray(at_s, float)
    if not len(at):
        return at
    offsets = at - unwrapped(sequence) * FRAME_S
    return np.asarray(offsets - offsets.min())


def slope_of(at_s: Sequence[float], values: Sequence[float]) -> Slope | None:
    """The slope of looks at something, through the means of PARTS equal parts; None with fewer looks than these."""
    if len(at_s) < PARTS:
        return None
    hours = _means(np.asarray(at_s, float)) / 3600
    means = _means(np.asarray(values, float))
    apart = hours - hours.mean()
    square = float((apart**2).sum())
    per_hour = float((apart * means).sum()) / square
    left = means - means.mean() - per_hour * apart
    error = float(np.sqrt((left**2).sum() / (PARTS - 2) / square))
    return Slope(per_hour, error)


def _means(values: Floats) -> Floats:
    return np.array([part.mean() for part in np.array_split(values, PARTS)])
