"""A burst: a stretch in which one set of tones sounds steadily, and where exactly it begins and ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dgesv

from dsp.tone_sets import SR, ToneSet

Array = npt.NDArray[np.float32]

BRIDGE = 99
"""ms. A hole this short inside a burst is lost packets, not silence: the shortest off time of any plan is 100
ms."""
_MS = SR // 1000
_FIT = round(0.160 * SR)
_MARGIN = round(0.012 * SR)
_SEEK = round(0.025 * SR)
_KEPT = 2 * SR
"""So much of a tone's wave is kept for the next burst: most bursts, with what is around them, are shorter."""


@dataclass(frozen=True, slots=True)
class Burst:
    """A tone that began and ended."""

    tone_set: int
    """Index of the set of tones."""
    start: int
    """First sample, at 8 kHz."""
    end: int
    """One past the last."""
    level: float
    """Root mean square of the tones."""
    proven: bool
    """False: too short for its tones to be told apart; believed only where a burst was due."""
    share: float = 1.0
    """Share of the whole band's energy that the tones hold: little beside other instruments."""


def envelope(samples: Array, tone_set: ToneSet) -> Array:
    """Strength of the set's tones over one beat, every millisecond: entry i is centred at i + half a beat."""
    window = round(tone_set.beat_s * 1000)
    count = len(samples) // _MS
    total = np.zeros(max(count - window + 1, 0))
    whole = samples[: count * _MS]
    for f in tone_set.frequencies_hz:
        parts = np.zeros((2, count + 1))
        for part, wave in zip(parts, _carrier(f, len(whole)), strict=True):
            np.cumsum(_by_eights(whole * wave), out=part[1:])
        total += ((parts[:, window:] - parts[:, : len(total)]) ** 2).sum(axis=0)
    return np.asarray(np.sqrt(2 * total) / (window * _MS), dtype=np.float32)


def _by_eights(values: Array) -> Array:
    """Sums of the eight samples of each millisecond."""
    for _ in range(3):
        values = values[::2] + values[1::2]
    return values


def _carrier(f: float, n: int) -> tuple[Array, Array]:
    cosine, sine = _kept_carrier(f) if n <= _KEPT else _new_carrier(f, n)
    return cosine[:n], sine[:n]


@lru_cache(maxsize=32)
def _kept_carrier(f: float) -> tuple[Array, Array]:
    return _new_carrier(f, _KEPT)


def _new_carrier(f: float, n: int) -> tuple[Array, Array]:
    phase = (np.arange(n) * (2 * np.pi / SR) * f).astype(np.float32)
    return np.cos(phase), np.sin(phase)


def edges(samples: Array, tone_set: ToneSet, *, inside: int) -> tuple[int, int, float]:
    """(start, end, level) of the burst that sounds at sample `inside`.

    The strength over one beat rises from nothing to the burst's own within one window; where it passes half,
    half of the window is filled: that is the edge."""
    window = round(tone_set.beat_s * 1000)
    strength = envelope(samples, tone_set)
    if not len(strength):
        return 0, len(samples), 0.0
    at = min(max(inside // _MS - window // 2, 0), len(strength) - 1)
    near = max(at - window, 0)
    top = near + int(strength[near : at + window + 1].argmax())
    level = float(np.median(strength[strength > strength[top] / 2]))
    first, last = _stretch(strength > level / 2, top)
    return round((first + window / 2) * _MS), round((last + 1 + window / 2) * _MS), level


def _stretch(above: npt.NDArray[np.bool_], at: int) -> tuple[int, int]:
    """The stretch of true values around `at`, over holes no longer than a bridge."""
    marks = np.flatnonzero(above)
    if not len(marks):
        return at, at
    holes = np.flatnonzero(np.diff(marks) > BRIDGE)
    place = int(np.searchsorted(marks[holes], at)) if len(holes) else 0
    first = marks[holes[place - 1] + 1] if place > 0 else marks[0]
    last = marks[holes[place]] if place < len(holes) else marks[-1]
    return int(first), int(last)


@lru_cache(maxsize=64)
def waves(n: int, tones: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Cosine and sine of each tone, (n, 2 * tones)."""
    base = np.empty((n, 2 * len(tones)))
    for column, f in enumerate(tones):
        turn = 2j * np.pi * f / SR
        # Few sines, multiplied: a turn of 64 k + j samples is one of 64 k and one of j.
        far, near = np.exp(turn * 64 * np.arange(-(-n // 64))), np.exp(turn * np.arange(64))
        wave = np.multiply.outer(far, near).reshape(-1)[:n]
        base[:, 2 * column], base[:, 2 * column + 1] = wave.real, wave.imag
    return base


def fitted(base: npt.NDArray[np.float64], samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Least squares by the normal equations; a trace keeps nearly equal tones from upsetting them."""
    square = base.T @ base
    square.flat[:: len(square) + 1] += 1e-4 * len(samples) + 1e-9
    # What numpy's own `solve` calls, without its checks, which take five times as long.
    _, _, strengths, _ = dgesv(square, base.T @ samples)
    return np.asarray(strengths)


def sharpen(samples: Array, tones: tuple[float, ...], edge: int, *, ends: bool) -> int:
    """Place an edge to the millisecond: carry the tones on past it and see where the samples stop following.

    The tones' strengths and phases come from the 140 ms inside the edge; the edge is where taking the rest as
    silence leaves the least energy unexplained. A fit spoilt by lost packets leaves the edge as it was.
    """
    order = samples if ends else samples[::-1]
    at = edge if ends else len(samples) - edge
    first = max(at - _FIT, 0)
    piece = order[first : at + _SEEK].astype(np.float64)
    inner = at - first - _MARGIN
    if inner < _FIT // 3:
        return edge
    base = waves(len(piece), tones)
    model = base @ fitted(base[:inner], piece[:inner])
    power = float(np.sum(piece[:inner] ** 2))
    if power == 0 or float(np.sum((piece[:inner] - model[:inner]) ** 2)) > 0.5 * power:
        return edge
    search = max(at - first - _SEEK, _MARGIN)
    if search >= len(piece):
        return edge
    gain = np.cumsum(model[search:] ** 2 - 2 * piece[search:] * model[search:])
    moved = first + search + int(np.argmin(gain)) + 1
    return moved if ends else len(samples) - moved


def explained(samples: Array, tones: tuple[float, ...]) -> float:
    """Share of the energy of a short piece (n,) that some tones can account for, by least squares."""
    nearest = min((b - a for a, b in pairwise(tones)), default=np.inf)
    if len(samples) * nearest < 0.7 * SR:  # one hump: they cannot be told apart
        tones = (sum(tones) / len(tones),)
    piece = samples.astype(np.float64)
    total = float(np.sum(piece**2))
    if total <= 0:
        return 0.0
    base = waves(len(piece), tones)
    return float(np.sum((base @ fitted(base, piece)) ** 2)) / total
