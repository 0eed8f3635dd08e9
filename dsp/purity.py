"""Whether a stretch is an exchange's tone: lines, where voices and instruments wander."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

from dsp.tone_sets import BAND_HZ, DETUNE, SR, ToneSet

Array = npt.NDArray[np.float32]

MIN_CONCENTRATION = 0.7
"""Share of a set's band that its lines must hold."""
MIN_BALANCE = 0.04
"""The weaker of two tones against the stronger (14 dB of twist; ITU-T E.180 asks for 3 dB at the source)."""
_TOLD_APART = 0.6
"""Lines so far apart, in halves of a line's width, can be read one by one; else a swing is taken as the plan has it."""
_LENGTHS = (4096, 2048, 1024, 512)
_LONG, _BRIEF = 8192, 1024
"""Points of a spectrum; half as many show the wide lines of a brief stretch as well."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One long spectrum of a stretch."""

    power: Array
    """Of each line,"""
    hz: float
    """so far apart."""
    half_hz: float
    """Half the width of one steady tone in it: a Hann window's lobe is 4 / T wide."""
    whole: float
    """Energy of the telephone band."""


@dataclass(frozen=True, slots=True)
class Purity:
    """How well a stretch is one set of tones."""

    concentration: float
    """Share of the set's band that its lines hold."""
    balance: float
    """The weakest line over the strongest; a tone that swings has two beside it, a fifth as strong."""
    energy: float
    """Energy of the lines: of two sets that fit, the right one explains more."""
    share: float
    """The same, of the whole telephone band's."""

    @property
    def is_tone(self) -> bool:
        """Pure and balanced enough for an exchange's tone."""
        return self.concentration >= MIN_CONCENTRATION and self.balance >= MIN_BALANCE


@lru_cache(maxsize=8)
def _hann(n: int) -> Array:
    return np.hanning(n + 2)[1:-1].astype(np.float32)


def spectrum(samples: Array) -> Spectrum:
    """The spectrum of the middle of a stretch, half a second of it at most."""
    n = next((length for length in _LENGTHS if length <= len(samples)), len(samples))
    first = (len(samples) - n) // 2
    padded = np.zeros(_LONG if n > _BRIEF else _LONG // 2, np.float32)
    np.multiply(samples[first : first + n], _hann(n), out=padded[:n])
    lines = rfft(padded, overwrite_x=True)
    power = np.square(lines.real)
    power += np.square(lines.imag)
    hz = SR / len(padded)
    low, high = (int(edge / hz) for edge in BAND_HZ)
    return Spectrum(power, hz, max(2.2 * SR / max(n, 1), 2 * hz), _energy(power, low, high))


MIN_DIGIT = 0.7
"""Share of the whole band that a digit's two tones must hold: a chord has more lines."""


def purity(heard: Spectrum, tone_set: ToneSet) -> Purity:
    """How purely a stretch is this set of tones, each anywhere within the tolerated detuning."""
    power, half = heard.power, heard.half_hz / heard.hz
    places = _places(tone_set, heard.hz)
    band = _energy(power, *places.band)
    if band <= 0:
        return Purity(0.0, 0.0, 0.0, 0.0)
    lines, strengths = [], []
    for low, high in places.tones:
        peak = low + int(power[low:high].argmax())
        lines.append((int(peak - half), int(peak + half) + 2))
        strengths.append(_energy(power, *lines[-1]))
        for side in places.sides:
            lines.append((int(peak + side - half - 1), int(peak + side + half + 1) + 2))
            if heard.half_hz < (tone_set.modulation_hz or 0) / 2:
                strengths.append(_energy(power, *lines[-1]))
    held = sum(_energy(power, *stretch) for stretch in _joined(lines))
    return Purity(held / band, min(strengths) / max(strengths), held, held / heard.whole)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where in a spectrum a set is looked for: [first, last) of its lines."""

    band: tuple[int, int]
    tones: tuple[tuple[int, int], ...]
    sides: tuple[float, ...]


@lru_cache(maxsize=256)
def _places(tone_set: ToneSet, hz: float) -> _Places:
    low, high = tone_set.edges_hz
    swing = (tone_set.modulation_hz or 0) / hz
    return _Places(
        band=(int((low - 60) / hz), int((high + 60) / hz) + 1),
        tones=tuple(_span(f, hz) for f in tone_set.frequencies_hz),
        sides=(-swing, swing) if swing else (),
    )


def _span(f: float, hz: float) -> tuple[int, int]:
    return int(f * (1 - DETUNE) / hz), int(f * (1 + DETUNE) / hz) + 2


def _energy(power: Array, first: int, last: int) -> float:
    # What `sum` calls, without its checks, which take as long as a short sum itself.
    return float(np.add.reduce(power[max(first, 0) : last]))


def _joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same lines, each once."""
    done: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if done and first < done[-1][1]:
            done[-1] = done[-1][0], max(done[-1][1], last)
        else:
            done.append((first, last))
    return done


def lines_hz(heard: Spectrum, tone_set: ToneSet) -> tuple[float, ...]:
    """The frequencies really sounding, near those of the set, with the two sides of a modulated tone,
    rising."""
    found = [_interpolated(heard, *_span(f, heard.hz)) for f in tone_set.frequencies_hz]
    side = tone_set.modulation_hz
    if side is None:
        return tuple(found)
    swing = side
    if heard.half_hz < _TOLD_APART * side:
        lower, upper = (_side(heard, found[0] + sign * side) for sign in (-1, 1))
        swing = (upper - lower) / 2
    return found[0] - swing, found[0], found[0] + swing


def _side(heard: Spectrum, f: float) -> float:
    low, high = max(int((f - 6) / heard.hz), 1), int((f + 6) / heard.hz) + 2
    if high > len(heard.power) - 1 or low >= high:
        return f  # outside the band: nothing to read there
    return _interpolated(heard, low, high)


def _interpolated(heard: Spectrum, low: int, high: int) -> float:
    """Frequency of the strongest line of [low, high), between the lines."""
    at = low + int(heard.power[low:high].argmax())
    left, top, right = (math.log(strength + 1e-20) / 2 for strength in heard.power[at - 1 : at + 2].tolist())
    bend = left - 2 * top + right
    return float(at + (0.5 * (left - right) / bend if bend else 0.0)) * heard.hz
