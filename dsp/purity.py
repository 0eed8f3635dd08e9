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
_SIZE = 8192
_LENGTHS = (4096, 2048, 1024, 512)
_HZ = SR / _SIZE
_LOW, _HIGH = (int(edge / _HZ) for edge in BAND_HZ)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One long spectrum of a stretch."""

    power: Array
    """Of each line, _HZ apart."""
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
    lines = rfft(samples[first : first + n] * _hann(n), _SIZE)
    power = np.square(lines.real)
    power += np.square(lines.imag)
    return Spectrum(power, max(2.2 * SR / max(n, 1), 2 * _HZ), _energy(power, _LOW, _HIGH))


def _peak(power: Array, f: float) -> int:
    low, high = _span(f)
    return low + int(power[low:high].argmax())


MIN_DIGIT = 0.7
"""Share of the whole band that a digit's two tones must hold: a chord has more lines."""


def purity(heard: Spectrum, tone_set: ToneSet) -> Purity:
    """How purely a stretch is this set of tones, each anywhere within the tolerated detuning."""
    power, half = heard.power, heard.half_hz / _HZ
    places = _places(tone_set)
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
def _places(tone_set: ToneSet) -> _Places:
    low, high = tone_set.edges_hz
    swing = (tone_set.modulation_hz or 0) / _HZ
    return _Places(
        band=(int((low - 60) / _HZ), int((high + 60) / _HZ) + 1),
        tones=tuple(_span(f) for f in tone_set.frequencies_hz),
        sides=(-swing, swing) if swing else (),
    )


def _span(f: float) -> tuple[int, int]:
    return int(f * (1 - DETUNE) / _HZ), int(f * (1 + DETUNE) / _HZ) + 2


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
    found = [_interpolated(heard.power, _peak(heard.power, f)) for f in tone_set.frequencies_hz]
    side = tone_set.modulation_hz
    if side is None:
        return tuple(found)
    swing = side
    if heard.half_hz < _TOLD_APART * side:
        lower, upper = (_side(heard.power, found[0] + sign * side) for sign in (-1, 1))
        swing = (upper - lower) / 2
    return found[0] - swing, found[0], found[0] + swing


def _side(power: Array, f: float) -> float:
    low, high = max(int((f - 6) / _HZ), 1), int((f + 6) / _HZ) + 2
    if high > len(power) - 1 or low >= high:
        return f  # outside the band: nothing to read there
    return _interpolated(power, low + int(np.argmax(power[low:high])))


def _interpolated(power: Array, at: int) -> float:
    left, top, right = (math.log(strength + 1e-20) / 2 for strength in power[at - 1 : at + 2].tolist())
    bend = left - 2 * top + right
    return float(at + (0.5 * (left - right) / bend if bend else 0.0)) * _HZ
