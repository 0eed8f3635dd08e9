"""Cadences out of the sound itself: bursts with the same lines that come again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dsp.bursts.tonal_bursts import TonalBurst, tonal_bursts

_SAME_HZ = 0.012
_SAME_S = 0.05


@dataclass(frozen=True, slots=True)
class HeardTone:
    """A cadence heard again and again."""

    frequencies_hz: tuple[float, ...]
    """Rising."""
    modulation_hz: float | None
    """None for a steady tone."""
    cadence: tuple[tuple[float, float], ...]
    """(on, off) seconds of each burst of one period."""
    periods: int
    """How many periods were heard."""

    @property
    def period_s(self) -> float:
        """Seconds from period to period."""
        return sum(on + off for on, off in self.cadence)


def heard_tones(samples: npt.NDArray[np.generic], *, sr: int) -> tuple[HeardTone, ...]:
    """Every cadence of a recording, the longest-lasting first; empty when none repeats.

    Args:
        samples: mono, int16 or floats in [-1, 1], shape (n,).
        sr: 8000 or 16000.
    """
    return tones_of(tonal_bursts(samples, sr=sr))


def tones_of(bursts: Sequence[TonalBurst]) -> tuple[HeardTone, ...]:
    """Every cadence of some bursts, the longest-lasting first."""
    tones: list[HeardTone] = []
    while bursts:
        same = [b for b in bursts if same_lines(b, bursts[0])]
        bursts = [b for b in bursts if b not in same]
        tone = cadence_of(same)
        if tone is not None:
            tones.append(tone)
    return tuple(sorted(tones, key=lambda t: -t.periods * t.period_s))


def same_lines(a: TonalBurst, b: TonalBurst) -> bool:
    """Whether two bursts have the same tones, within 1.2 %."""
    if len(a.frequencies_hz) != len(b.frequencies_hz) or (a.modulation_hz is None) != (b.modulation_hz is None):
        return False
    return all(abs(f / g - 1) < _SAME_HZ for f, g in zip(a.frequencies_hz, b.frequencies_hz, strict=True))


def cadence_of(bursts: Sequence[TonalBurst]) -> HeardTone | None:
    """One period's (on, off) pairs, if at least two whole periods were heard alike."""
    for size in (1, 2):
        groups = [bursts[i : i + size + 1] for i in range(len(bursts) - size)]
        whole = [g for g in groups if _pairs(g)[-1][1] < 12]
        alike = _alike([_pairs(g) for g in whole], size)
        if len(alike) >= 2 and (size == 2 or len(alike) > 0.6 * len(whole)):
            cadence = tuple(
                (float(np.median([p[i][0] for p in alike])), float(np.median([p[i][1] for p in alike])))
                for i in range(size)
            )
            lines = np.median([b.frequencies_hz for b in bursts], axis=0)
            swings = [b.modulation_hz for b in bursts if b.modulation_hz is not None]
            return HeardTone(
                tuple(map(float, lines)), float(np.median(swings)) if swings else None, cadence, len(alike)
            )
    return None


def _pairs(group: Sequence[TonalBurst]) -> tuple[tuple[float, float], ...]:
    return tuple((a.length_s, b.start_s - a.end_s) for a, b in pairwise(group))


def _alike(periods: list[tuple[tuple[float, float], ...]], size: int) -> list[tuple[tuple[float, float], ...]]:
    """The largest family of equal periods; with two bursts a period, the longer pause comes last."""
    best: list[tuple[tuple[float, float], ...]] = []
    for one in periods:
        if size == 2 and one[0][1] >= one[1][1]:
            continue
        same = [
            p
            for p in periods
            if all(abs(a - b) <= _SAME_S for x, y in zip(p, one, strict=True) for a, b in zip(x, y, strict=True))
        ]
        best = max(best, same, key=len)
    return best
