"""Whether a stretch is an exchange's tone: lines, where voices and instruments wander."""

from __future__ import annotations

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
    power = lines.real**2 + lines.imag**2
    return Spectrum(power, max(2.2 * SR / max(n, 1), 2 * _HZ), float(power[_LOW:_HIGH].sum()))


def _peak(power: Array, f: float) -> int:
    low = int(f * (1 - DETUNE) / _HZ)
    return low + int(power[low : int(f * (1 + DETUNE) / _HZ) + 2].argmax())


MIN_DIGIT = 0.7
"""Share of the whole band that a digit's two tones must hold: a chord has more lines."""


def purity(heard: Spectrum, tone_set: ToneSet) -> Purity:
    """How purely a stretch is this set of tones, each anywhere within the tolerated detuning."""
    power, half = heard.power, heard.half_hz / _HZ
    low, high = tone_set.edges_hz
    band = float(power[int((low - 60) / _HZ) : int((high + 60) / _HZ) + 1].sum())
    if band <= 0:
        return Purity(0.0, 0.0, 0.0, 0.0)
    lines = np.zeros(len(power), bool)
    strengths = []
    for f in tone_set.frequencies_hz:
        peak = _peak(power, f)
        line = slice(int(peak - half), int(peak + half) + 2)
        strengths.append(float(power[line].sum()))
        lines[line] = True
        for side in (-1, 1) if tone_set.modulation_hz else ():
            at = peak + side * (tone_set.modulation_hz or 0) / _HZ
            swing = slice(int(at - half - 1), int(at + half + 1) + 2)
            lines[swing] = True
            if heard.half_hz < (tone_set.modulation_hz or 0) / 2:
                strengths.append(float(power[swing].sum()))
    held = float(power[lines].sum())
    return Purity(held / band, min(strengths) / max(strengths), held, held / heard.whole)


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
    left, top, right = np.log(power[at - 1 : at + 2].astype(np.float64) + 1e-20) / 2
    bend = left - 2 * top + right
    return float(at + (0.5 * (left - right) / bend if bend else 0.0)) * _HZ
