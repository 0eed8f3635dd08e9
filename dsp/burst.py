"""A burst: a stretch in which one set of tones sounds steadily, and where exactly it begins and ends."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dgesv

from dsp.kernel import MOST_TONES, kernel
from dsp.quantile import median
from dsp.stream import overlapping
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
_LENGTHS = 256, 640, _FIT + _SEEK
"""Waves of one length serve all shorter pieces."""
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
    broken: bool = False
    """Nothing at all is heard behind it, not even the line's noise: packets were lost there."""
    share: float = 1.0
    """Share of the whole band's energy that the tones hold: little beside other instruments."""


def envelope(samples: Array, tone_set: ToneSet) -> Array:
    """Strength of the set's tones over one beat, every millisecond: entry i is centred at i + half a beat."""
    window = round(tone_set.beat_s * 1000)
    sums, turns = _by_ms(samples, tone_set)
    count = len(sums)
    whole = np.zeros((turns.shape[0], count + 1), np.complex128)
    np.multiply(sums.view(np.complex64).T, turns[:, :count], out=whole[:, 1:])
    np.cumsum(whole, axis=1, out=whole)
    beats = (whole[:, window:] - whole[:, : max(count + 1 - window, 0)]).view(np.float64)
    np.square(beats, out=beats)
    total = np.add.reduce(beats, axis=0)
    return np.asarray(np.sqrt(2 * (total[::2] + total[1::2])) / (window * _MS), dtype=np.float32)


def _by_ms(samples: Array, tone_set: ToneSet) -> tuple[Array, npt.NDArray[np.complex128]]:
    """(what each millisecond has in common with each tone, (count, 2 * tones); how far the tones have turned by then,
    (tones, count or more))."""
    count = len(samples) // _MS
    within, turns = _mixer(tone_set.frequencies_hz, -(-count // _KEPT) * _KEPT)
    return np.ascontiguousarray(samples[: count * _MS].reshape(count, _MS) @ within.T), turns


@lru_cache(maxsize=32)
def _mixer(tones: tuple[float, ...], count: int) -> tuple[Array, npt.NDArray[np.complex128]]:
    """Each tone's turns: of a millisecond's samples, (2 * tones, 8), and of `count` milliseconds, (tones, count)."""
    turn = -2j * np.pi / SR * np.array(tones)
    within = np.exp(np.outer(np.arange(_MS), turn)).astype(np.complex64)
    return np.ascontiguousarray(within.view(np.float32).T), np.exp(np.outer(turn, np.arange(count) * _MS))


def edges(samples: Array, tone_set: ToneSet, *, inside: int) -> tuple[int, int, float]:
    """(start, end, level) of the burst that sounds at sample `inside`.

    The strength over one beat rises from nothing to the burst's own within one window; where it passes half,
    half of the window is filled: that is the edge."""
    window = round(tone_set.beat_s * 1000)
    last_place = len(samples) // _MS - window
    if last_place < 0:
        return 0, len(samples), 0.0
    at, machine = min(max(inside // _MS - window // 2, 0), last_place), kernel()
    if machine is None:
        first, last, level = _edges(envelope(samples, tone_set), at, window=window)
    else:
        turns = _mixer(tone_set.frequencies_hz, -(-len(samples) // (_MS * _KEPT)) * _KEPT)
        wave = np.ascontiguousarray(samples, np.float32)
        first, last, level = machine.edges(wave, *turns, window=window, at=at, bridge=BRIDGE)
    return round((first + window / 2) * _MS), round((last + 1 + window / 2) * _MS), level


def _edges(strength: Array, at: int, *, window: int) -> tuple[int, int, float]:
    """(first and last millisecond, level) of the burst that sounds at one of them."""
    top = _strongest(strength, at, within=window)
    around = _strongest(strength, at, within=window + BRIDGE)
    if strength[top] < strength[around] / 2:  # a hole in the middle of the burst
        top = around
    loud = strength[strength > strength[top] / 2]
    level = median(loud) if len(loud) else 0.0
    return *_stretch(strength > level / 2, top), level


def _strongest(strength: Array, at: int, *, within: int) -> int:
    first = max(at - within, 0)
    return first + int(strength[first : at + within + 1].argmax())


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
    return float(samples.dot(samples)) / len(samples)


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


def sharpen(samples: Array, tones: tuple[float, ...], edge: int, *, ends: bool) -> int:
    """Place an edge to the millisecond: carry the tones on past it and see where the samples stop following.

    The tones' strengths and phases come from the 140 ms inside the edge; the edge is where taking the rest as
    silence leaves the least energy unexplained. A fit spoilt by lost packets leaves the edge as it was.
    """
    order = samples if ends else samples[::-1]
    at = edge if ends else len(samples) - edge
    first = max(at - _FIT, 0)
    piece = order[first : at + _SEEK]
    inner, search = at - first - _MARGIN, max(at - first - _SEEK, _MARGIN)
    if inner < _FIT // 3 or search >= len(piece):
        return edge
    followed = _followed(piece, inner, search, tones, backwards=not ends)
    if followed is None:
        return edge
    moved = first + search + followed + 1
    return moved if ends else len(samples) - moved


def _followed(piece: Array, inner: int, search: int, tones: tuple[float, ...], *, backwards: bool) -> int | None:
    """How far behind `search` the tones of the first `inner` samples are followed best; None: they are not there."""
    machine = kernel()
    if machine is not None and len(tones) <= MOST_TONES:
        place = machine.sharpen(piece, backwards=backwards, inner=inner, search=search, tones=tones)
        return None if place < 0 else place
    doubles = piece.astype(np.float64)
    found = fit(doubles[:inner], tones)
    if found.power == 0 or found.left > 0.5 * found.power:
        return None
    model = waves(len(piece), tones)[search:] @ found.strengths
    gain = np.cumsum(model * (model - 2 * doubles[search:]))
    return int(gain.argmin())


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


def goes_quiet(behind: Array, before: Array, level: float) -> bool:
    """Whether a tone stopped by itself: noise as before the burst follows, neither nothing nor a repeated packet.

    Args:
        behind: the 40 ms after the tone, (n,).
        before: the line before the tone, (m,).
        level: the tone's root mean square.
    """
    machine = kernel()
    if machine is not None:
        return machine.goes_quiet(behind, before, level=level, no_noise=_NO_NOISE, louder=_LOUDER)
    whole = len(behind) // _PIECE * _PIECE
    pieces = behind[:whole].reshape(-1, _PIECE)
    loud = np.einsum("ij,ij->i", pieces, pieces).max(initial=0) / _PIECE
    if len(before) and loud > max(0.03 * level**2, _LOUDER * mean_square(before)):
        return False
    # Differences, so that mains hum counts for little: of 440 Hz they leave an eighth.
    noise = float(_variances((before[1:] - before[:-1])[None])[0]) if len(before) > 1 else 0.0
    if noise < _NO_NOISE or len(behind) < 8 * _PIECE:
        return False  # a silent line and a lost packet sound the same
    steps = np.zeros(whole, np.float32)
    np.subtract(behind[1:whole], behind[: whole - 1], out=steps[1:])
    powers = _variances(steps.reshape(-1, _PIECE)).tolist()
    return bool(min(powers) > noise / 5 and sum(powers) / len(powers) < max(0.004 * level**2, 1.7 * noise))


def _variances(rows: Array) -> Array:
    """Of each row of steps, which go up and down alike; `np.var` takes three times as long."""
    size = rows.shape[1]
    means = np.add.reduce(rows, axis=1) / size
    return np.asarray(np.einsum("ij,ij->i", rows, rows) / size - means * means)
