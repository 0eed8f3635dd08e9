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
Doubles = npt.NDArray[np.float64]

BRIDGE = 99
"""ms. A hole this short inside a burst is lost packets, not silence: the shortest off time of any plan is 100
ms."""
_MS = SR // 1000
_PIECE, _NO_NOISE, _LOUDER = 5 * _MS, 3e-9, 4.0
_FIT = round(0.160 * SR)
_MARGIN = round(0.012 * SR)
_SEEK = round(0.025 * SR)
_LONGEST = _FIT + _SEEK
_KEPT = 2000
"""ms. So much of a tone's turning is kept for the next burst: most bursts, with what is around them, are shorter."""


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
    stops: bool = False
    """The line's own noise goes on behind it: no packet was lost there."""
    begins: bool = True
    """It was quiet before it."""
    told_apart: bool = False
    """It was long enough, and its lines even enough, to be this set and none with fewer lines."""
    share: float = 1.0
    """Share of the whole band's energy that the tones hold: little beside other instruments."""


def envelope(samples: Array, tone_set: ToneSet) -> Array:
    """Strength of the set's tones over one beat, every millisecond: entry i is centred at i + half a beat."""
    window = round(tone_set.beat_s * 1000)
    count = len(samples) // _MS
    within, turns = _mixer(tone_set.frequencies_hz, -(-count // _KEPT) * _KEPT)
    sums = np.ascontiguousarray(samples[: count * _MS].reshape(count, _MS) @ within).view(np.complex64)
    whole = np.zeros((turns.shape[0], count + 1), np.complex128)
    np.multiply(sums.T, turns[:, :count], out=whole[:, 1:])
    np.cumsum(whole, axis=1, out=whole)
    beats = (whole[:, window:] - whole[:, : max(count + 1 - window, 0)]).view(np.float64)
    np.square(beats, out=beats)
    total = np.add.reduce(beats, axis=0)
    return np.asarray(np.sqrt(2 * (total[::2] + total[1::2])) / (window * _MS), dtype=np.float32)


@lru_cache(maxsize=32)
def _mixer(tones: tuple[float, ...], count: int) -> tuple[Array, npt.NDArray[np.complex128]]:
    """Each tone's turns: of a millisecond's samples, (8, 2 * tones), and of `count` milliseconds, (tones, count)."""
    turn = -2j * np.pi / SR * np.array(tones)
    within = np.exp(np.outer(np.arange(_MS), turn)).astype(np.complex64)
    return within.view(np.float32), np.exp(np.outer(turn, np.arange(count) * _MS))


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
    level = median(strength[strength > strength[top] / 2])
    first, last = _stretch(strength > level / 2, top)
    return round((first + window / 2) * _MS), round((last + 1 + window / 2) * _MS), level


def _stretch(above: npt.NDArray[np.bool_], at: int) -> tuple[int, int]:
    """The stretch of true values around `at`, over holes no longer than a bridge."""
    marks = np.flatnonzero(above)
    if not len(marks):
        return at, at
    holes = np.flatnonzero(marks[1:] - marks[:-1] > BRIDGE)
    place = int(np.searchsorted(marks[holes], at)) if len(holes) else 0
    first = marks[holes[place - 1] + 1] if place > 0 else marks[0]
    last = marks[holes[place]] if place < len(holes) else marks[-1]
    return int(first), int(last)


def mean_square(samples: Array) -> float:
    """The power of some samples, (n,), at least one."""
    return float(samples @ samples) / len(samples)


def median(values: Array) -> float:
    """What `np.median` gives of one row, at least one value long, in a fifth of the time."""
    half = len(values) // 2
    parted = np.partition(values, half)
    return float(parted[half]) if len(values) % 2 else float(parted[half] + np.maximum.reduce(parted[:half])) / 2


def waves(n: int, tones: tuple[float, ...]) -> Doubles:
    """Cosine and sine of each tone, (n, 2 * tones)."""
    return _waves(max(n, _LONGEST), tones)[:n]


@lru_cache(maxsize=16)
def _waves(n: int, tones: tuple[float, ...]) -> Doubles:
    base = np.empty((n, 2 * len(tones)))
    for column, f in enumerate(tones):
        turn = 2j * np.pi * f / SR
        # Few sines, multiplied: a turn of 64 k + j samples is one of 64 k and one of j.
        far, near = np.exp(turn * 64 * np.arange(-(-n // 64))), np.exp(turn * np.arange(64))
        wave = np.multiply.outer(far, near).reshape(-1)[:n]
        base[:, 2 * column], base[:, 2 * column + 1] = wave.real, wave.imag
    return base


@dataclass(frozen=True, slots=True)
class Fit:
    """Some tones, fitted to a piece by least squares."""

    strengths: Doubles
    """Of each tone's cosine and sine."""
    power: float
    """Energy of the piece,"""
    energy: float
    """of the tones so strong,"""
    left: float
    """and of what they leave."""


def fit(samples: Doubles, tones: tuple[float, ...]) -> Fit:
    """Least squares by the normal equations."""
    square, inverse = _normal(len(samples), tones)
    seen = waves(len(samples), tones).T @ samples
    strengths = inverse @ seen
    power, energy = float(samples @ samples), float(strengths @ square @ strengths)
    return Fit(strengths, power, energy, power - 2 * float(strengths @ seen) + energy)


@lru_cache(maxsize=16)
def _normal(n: int, tones: tuple[float, ...]) -> tuple[Doubles, Doubles]:
    """The normal equations' matrix and its inverse; a trace keeps nearly equal tones from upsetting them."""
    base = waves(n, tones)
    square = base.T @ base
    one = np.eye(len(square))
    # What numpy's own `inv` calls, without its checks, which take five times as long.
    _, _, inverse, _ = dgesv(square + (1e-4 * n + 1e-9) * one, one)
    return square, inverse


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
    found = fit(piece[:inner], tones)
    search = max(at - first - _SEEK, _MARGIN)
    if found.power == 0 or found.left > 0.5 * found.power or search >= len(piece):
        return edge
    model = waves(len(piece), tones)[search:] @ found.strengths
    gain = np.cumsum(model * (model - 2 * piece[search:]))
    moved = first + search + int(gain.argmin()) + 1
    return moved if ends else len(samples) - moved


def explained(samples: Array, tones: tuple[float, ...]) -> float:
    """Share of the energy of a short piece (n,) that some tones can account for, by least squares."""
    nearest = min((b - a for a, b in pairwise(tones)), default=np.inf)
    if len(samples) * nearest < 0.7 * SR:  # one hump: they cannot be told apart
        tones = (sum(tones) / len(tones),)
    found = fit(samples.astype(np.float64), tones)
    return found.energy / found.power if found.power > 0 else 0.0


def goes_quiet(behind: Array, before: Array, level: float) -> bool:
    """Whether a tone stopped by itself: noise as before the burst follows, neither nothing nor a repeated packet.

    Args:
        behind: the 40 ms after the tone, (n,).
        before: the line before the tone, (m,).
        level: the tone's root mean square.
    """
    loud = np.square(behind[: len(behind) // _PIECE * _PIECE]).reshape(-1, _PIECE).mean(axis=1)
    if len(before) and loud.max(initial=0) > max(0.03 * level**2, _LOUDER * float(np.mean(before**2))):
        return False
    # Differences, so that mains hum counts for little: of 440 Hz they leave an eighth.
    before, behind = np.diff(before), np.diff(behind, prepend=behind[:1])
    noise = float(np.var(before)) if len(before) else 0.0
    if noise < _NO_NOISE or len(behind) < 8 * _PIECE:
        return False  # a silent line and a lost packet sound the same
    powers = np.var(behind[: len(behind) // _PIECE * _PIECE].reshape(-1, _PIECE), axis=1)
    return bool(powers.min() > noise / 5 and powers.mean() < max(0.004 * level**2, 1.7 * noise))
