"""Tones fitted to a few samples by least squares, and how much of those they explain."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dgesv

from dsp.compiled.kernel import MOST_TONES, kernel
from dsp.stream import overlapping
from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_LENGTHS = 256, 640, round(0.160 * SR) + round(0.025 * SR)
"""Waves of one length serve all shorter pieces; the longest are those by which an edge is placed (`sharp_edges`)."""


def waves(n: int, tones: tuple[float, ...]) -> Doubles:
    """Cosine and sine of each tone, (n, 2 * tones)."""
    place = bisect_left(_LENGTHS, n)
    return _waves(_LENGTHS[place] if place < len(_LENGTHS) else n, tones)[:n]


@lru_cache(maxsize=16)
def _waves(n: int, tones: tuple[float, ...]) -> Doubles:
    turns, far = 2j * np.pi / SR * np.array(tones), -(-n // 64)
    # Few sines, multiplied: a turn of 64 k + j samples is one of 64 k and one of j.
    few = np.exp(np.multiply.outer(_few(far), turns))
    return np.multiply(few[:far, None], few[None, far:]).reshape(-1, len(tones)).view(np.float64)


@lru_cache(maxsize=64)
def _few(far: int) -> Doubles:
    """The samples whose turns are worked out: every 64th, and the first 64."""
    return np.concatenate([64.0 * np.arange(far), np.arange(64.0)])


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
    """Least squares by the normal equations; a trace keeps nearly equal tones from upsetting them."""
    strengths, power, told, energy = _fitted(samples, tones)
    return Fit(strengths, power, energy, power - 2 * told + energy)


def _fitted(samples: Doubles, tones: tuple[float, ...]) -> tuple[Doubles, float, float, float]:
    """(strengths, energy of the piece, what the tones so strong have in common with it, their own energy)."""
    trace, inverse = _normal(len(samples), tones)
    seen = samples @ waves(len(samples), tones)
    strengths = inverse @ seen
    told = float(strengths @ seen)
    # Of strengths that solve (square + trace) strengths = seen.
    return strengths, float(samples @ samples), told, told - trace * float(strengths @ strengths)


@lru_cache(maxsize=32)
def _normal(n: int, tones: tuple[float, ...]) -> tuple[float, Doubles]:
    """(trace, inverse of the normal equations' matrix and the trace).

    What a tone's cosine or sine makes of another's over n samples has a closed form: the products of the waves
    themselves took four times as long."""
    turns = [2 * math.pi * f / SR for f in tones]
    square = np.empty((2 * len(tones), 2 * len(tones)))
    for i, one in enumerate(turns):
        for j, other in enumerate(turns[: i + 1]):
            (even, odd), (evens, odds) = _turned(one - other, n), _turned(one + other, n)
            square[2 * i, 2 * j], square[2 * i, 2 * j + 1] = (evens + even) / 2, (odds - odd) / 2
            square[2 * i + 1, 2 * j], square[2 * i + 1, 2 * j + 1] = (odds + odd) / 2, (even - evens) / 2
            if i > j:
                square[2 * j : 2 * j + 2, 2 * i : 2 * i + 2] = square[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].T
    one_each, trace = np.eye(len(square)), 1e-4 * n + 1e-9
    # What numpy's own `inv` calls, without its checks, which take five times as long.
    return trace, dgesv(square + trace * one_each, one_each)[2]


def _turned(turn: float, n: int) -> tuple[float, float]:
    """Sums of cos(turn k) and of sin(turn k) for k below n."""
    half = math.sin(turn / 2)
    if abs(half) < 1e-12:
        return float(n), 0.0
    size, middle = math.sin(n * turn / 2) / half, (n - 1) * turn / 2
    return size * math.cos(middle), size * math.sin(middle)


def explained(samples: Array, tones: tuple[float, ...]) -> float:
    """Share of the energy of a short piece (n,) that some tones can account for, by least squares."""
    told, machine = _told(tones, len(samples)), kernel()
    if machine is not None and len(told) <= MOST_TONES:
        return machine.explained(samples, 0, 1, len(samples), told)[0]
    _, power, _, energy = _fitted(samples.astype(np.float64), told)
    return energy / power if power > 0 else 0.0


def explained_each(rows: Array, tones: tuple[float, ...]) -> Doubles:
    """The same of several pieces of one length at once, (m, n): (m,)."""
    tones, machine = _told(tones, rows.shape[1]), kernel()
    if machine is not None and len(tones) <= MOST_TONES and len(rows):
        stride = rows.strides[0] // rows.itemsize
        return np.array(machine.explained(rows[0], stride, len(rows), rows.shape[1], tones))
    pieces = rows.astype(np.float64, copy=False)
    trace, inverse = _normal(rows.shape[1], tones)
    seen = pieces @ waves(rows.shape[1], tones)
    strengths = seen @ inverse
    energy = np.einsum("ij,ij->i", strengths, seen - trace * strengths)
    power = np.einsum("ij,ij->i", pieces, pieces)
    return np.asarray(energy / np.where(power > 0, power, np.inf))


@lru_cache(maxsize=64)
def _told(tones: tuple[float, ...], n: int) -> tuple[float, ...]:
    """The tones that n samples can tell apart: what is one hump is taken for one."""
    nearest = min((b - a for a, b in pairwise(tones)), default=np.inf)
    return (sum(tones) / len(tones),) if n * nearest < 0.7 * SR else tones


def inwards(
    pieces: Array, step: int, most: int, n: int, tones: tuple[float, ...], *, power: float, share: float
) -> int:
    """How many of `most` pieces of n samples come before the first that is a tone: as loud as `power` a sample, and
    more than a share of it explained by some tones.

    Args:
        pieces: from the first on, or where `step` is below 0 from the last on, contiguous.
        step: samples from one to the next.
    """
    told, machine = _told(tones, n), kernel()
    rows = pieces if step > 0 else pieces[-n:]
    if machine is not None and len(told) <= MOST_TONES:
        return machine.inwards(rows, step, most, n, told, power=power, share=share)
    several = overlapping(pieces, most, n, abs(step))
    loud = np.einsum("ij,ij->i", several, several) / n > power
    sounds = (loud & (explained_each(several, tones) > share))[:: 1 if step > 0 else -1]
    return int(sounds.argmax()) if sounds.any() else most
