"""A burst: a stretch in which one set of tones sounds steadily, and where exactly it begins and ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp.tone_sets import DETUNE, SR, ToneSet

Array = npt.NDArray[np.float32]

MIN_CONCENTRATION = 0.7
"""Share of a set's band that its lines must hold: tones of exchanges are lines, voices and instruments wander."""
MIN_BALANCE = 0.04
"""The weaker of two tones against the stronger (14 dB of twist; ITU-T E.180 asks for 3 dB at the source)."""
SHORTEST = round(0.130 * SR)
"""Shorter, two tones 40 Hz apart are one hump and prove nothing alone."""
BRIDGE = round(0.090 * SR)
"""A hole this short inside a burst is lost packets, not silence: the shortest off time of any plan is 0.1 s."""
_LONGEST = 8192
_FIT = round(0.160 * SR)
_MARGIN = round(0.012 * SR)
_SEEK = round(0.025 * SR)


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


@dataclass(frozen=True, slots=True)
class Purity:
    """How well a stretch is one set of tones."""

    concentration: float
    """Share of the set's band that its lines hold."""
    balance: float
    """The weaker line over the stronger."""
    energy: float
    """Energy of the lines: of two sets that fit, the right one explains more."""

    @property
    def is_tone(self) -> bool:
        """Pure and balanced enough for an exchange's tone."""
        return self.concentration >= MIN_CONCENTRATION and self.balance >= MIN_BALANCE


def purity(samples: Array, tone_set: ToneSet) -> Purity:
    """How purely a stretch is this set of tones.

    One long Hann spectrum; a line may lie anywhere within the tolerated detuning of its nominal frequency.
    """
    middle = samples[(len(samples) - min(len(samples), _LONGEST)) // 2 :][:_LONGEST]
    n = len(middle)
    size = 16384
    power = np.abs(np.fft.rfft(middle * np.hanning(n + 2)[1:-1], size)) ** 2
    hz = SR / size
    half = max(2.2 * SR / n, 2.5)  # a Hann line is 4 / T wide
    low, high = tone_set.edges_hz
    band = power[int((low - 60) / hz) : int((high + 60) / hz) + 1].sum()
    if band <= 0:
        return Purity(0.0, 0.0, 0.0)
    lines = np.zeros(len(power), bool)
    strengths = []
    for f in tone_set.frequencies_hz:
        near = slice(int(f * (1 - DETUNE) / hz), int(f * (1 + DETUNE) / hz) + 2)
        peak = (near.start + int(np.argmax(power[near]))) * hz
        line = slice(int((peak - half) / hz), int((peak + half) / hz) + 2)
        strengths.append(float(power[line].sum()))
        lines[line] = True
        for side in (-1, 1) if tone_set.modulation_hz else ():
            at = peak + side * (tone_set.modulation_hz or 0)
            lines[int((at - half - 1) / hz) : int((at + half + 1) / hz) + 2] = True
    held = float(power[lines].sum())
    return Purity(held / band, min(strengths) / max(strengths), held)


def envelope(samples: Array, tone_set: ToneSet) -> Array:
    """Strength of the set's tones over one beat. Shape (n - window + 1,); entry i is centred at i + window / 2."""
    window = round(tone_set.beat_s * SR)
    t = np.arange(len(samples))
    total = np.zeros(max(len(samples) - window + 1, 0))
    for f in tone_set.frequencies_hz:
        shifted = np.cumsum(np.concatenate([[0], samples * np.exp(-2j * np.pi * f / SR * t)]))
        total += np.abs(shifted[window:] - shifted[: len(total)]) ** 2
    return np.asarray(np.sqrt(2 * total) / window, dtype=np.float32)


def edges(samples: Array, tone_set: ToneSet, *, inside: int, usual: float | None = None) -> tuple[int, int, float]:
    """(start, end, level) of the burst that sounds at sample `inside`.

    The strength over one beat rises from nothing to the burst's own within one window; where it passes half, half of
    the window is filled: that is the edge. `usual` is the level of the bursts before: with it the length of a burst
    shorter than the window can be told, which never reaches its full strength.
    """
    window = round(tone_set.beat_s * SR)
    strength = envelope(samples, tone_set)
    if not len(strength):
        return 0, len(samples), 0.0
    at = min(max(inside - window // 2, 0), len(strength) - 1)
    near = strength[max(at - window, 0) : at + window + 1]
    peak = float(near.max())
    level = float(np.median(strength[strength > peak / 2]))
    if usual is not None and peak < 0.9 * usual:
        centre = _middle(strength, max(at - window, 0) + int(near.argmax()), peak / 2) + window // 2
        length = window * peak / usual
        return round(centre - length / 2), round(centre + length / 2), usual
    first, last = _stretch(strength > level / 2, max(at - window, 0) + int(near.argmax()))
    return first + window // 2, last + 1 + window // 2, level


def lines_hz(samples: Array, tone_set: ToneSet) -> tuple[float, ...]:
    """The frequencies really sounding in a burst, near those of the set: peaks of one long spectrum, interpolated."""
    middle = samples[(len(samples) - min(len(samples), _LONGEST)) // 2 :][:_LONGEST]
    size = 16384
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle) + 2)[1:-1], size))
    found = []
    for f in tone_set.frequencies_hz:
        low = int(f * (1 - DETUNE) * size / SR)
        at = low + int(np.argmax(power[low : int(f * (1 + DETUNE) * size / SR) + 2]))
        left, top, right = np.log(power[at - 1 : at + 2] + 1e-12)
        bend = left - 2 * top + right
        found.append((at + (0.5 * (left - right) / bend if bend else 0.0)) * SR / size)
    return tuple(found)


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
    t = np.arange(len(piece)) / SR
    base = np.stack([wave(2 * np.pi * f * t) for f in tones for wave in (np.cos, np.sin)], axis=1)
    model = base @ np.linalg.lstsq(base[:inner], piece[:inner], rcond=None)[0]
    power = float(np.sum(piece[:inner] ** 2))
    if power == 0 or float(np.sum((piece[:inner] - model[:inner]) ** 2)) > 0.5 * power:
        return edge
    search = max(at - first - _SEEK, _MARGIN)
    gain = np.cumsum(model[search:] ** 2 - 2 * piece[search:] * model[search:])
    moved = first + search + int(np.argmin(gain)) + 1
    return moved if ends else len(samples) - moved


def explained(samples: Array, tones: tuple[float, ...]) -> float:
    """Share of the energy of a short piece (n,) that some tones can account for, by least squares."""
    t = np.arange(len(samples)) / SR
    if len(tones) > 1 and len(samples) * np.diff(tones).min() < 0.7 * SR:  # one hump: they cannot be told apart
        tones = (float(np.mean(tones)),)
    base = np.stack([wave(2 * np.pi * f * t) for f in tones for wave in (np.cos, np.sin)], axis=1)
    fit = base @ np.linalg.lstsq(base, samples.astype(np.float64), rcond=None)[0]
    total = float(np.sum(samples.astype(np.float64) ** 2))
    return float(np.sum(fit**2)) / total if total > 0 else 0.0


def _middle(strength: Array, at: int, floor: float) -> float:
    first, last = _stretch(strength > floor, at)
    return (first + last) / 2


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
