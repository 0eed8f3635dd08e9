"""Where a burst begins and ends, by the strength of its tones over one beat."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsp.compiled.kernel import kernel
from dsp.compiled.quantile import median
from dsp.tone_sets import SR, ToneSet

Array = npt.NDArray[np.float32]

BRIDGE = 99
"""ms. A hole this short inside a burst is lost packets, not silence: the shortest off time of any plan is 100
ms."""
_MS = SR // 1000
_KEPT = 2000
"""ms. So much of a tone's turning is kept for the next burst: most bursts, with what is around them, are shorter."""


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
