"""Whether a stretch is an exchange's tone: lines, where voices and instruments wander."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dsp.compiled.fourier import rfft
from dsp.compiled.kernel import MOST_TONES, kernel
from dsp.tone_sets import BAND_HZ, DETUNE, SR, ToneSet

Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MIN_CONCENTRATION = 0.7
"""Share of a set's band that its lines must hold."""
MIN_BALANCE = 0.04
"""The weaker of two tones against the stronger (14 dB of twist; ITU-T E.180 asks for 3 dB at the source)."""
_TOLD_APART = 0.6
"""Lines so far apart, in halves of a line's width, can be read one by one; else a swing is taken as the plan has it."""
_LENGTHS = (4096, 2048, 1024, 512)
_LONG, _BRIEF = 8192, 1024
"""Points of a spectrum; half as many show the wide lines of a brief stretch as well."""


class _Shape(NamedTuple):
    """How a stretch of some length is looked at."""

    window: Array
    """Of its middle, which begins"""
    first: int
    """at this sample."""
    points: int
    """Of the spectrum,"""
    hz: float
    """whose lines are so far apart,"""
    half_hz: float
    """and half as wide."""
    band: tuple[int, int]
    """Lines of the telephone band."""


class Spectrum(NamedTuple):
    """One long spectrum of a stretch."""

    power: Array
    """Of each line,"""
    hz: float
    """so far apart."""
    half_hz: float
    """Half the width of one steady tone in it: a Hann window's lobe is 4 / T wide."""
    whole: float
    """Energy of the telephone band."""


class Purity(NamedTuple):
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


@lru_cache(maxsize=512)
def _hann(n: int) -> Array:
    return np.hanning(n + 2)[1:-1].astype(np.float32)


def spectrum(samples: Array) -> Spectrum:
    """The spectrum of the middle of a stretch, (n,), half a second of it at most."""
    return spectra(samples[None])[0]


def spectra(stretches: Array) -> list[Spectrum]:
    """The same of several stretches of one length, (m, n), at once: four take little longer than two."""
    shape, machine = _shape(stretches.shape[1]), kernel()
    if machine is not None and len(shape.window):
        rows = np.ascontiguousarray(stretches, np.float32).reshape(-1)[shape.first :]
        size, (count, length) = shape.points // 2, stretches.shape
        powers, wholes = machine.spectra(rows, length, count, shape.window, size, shape.band)
    else:
        powers, wholes = _spectra(stretches[:, shape.first : shape.first + len(shape.window)], shape.points, shape.band)
    return [Spectrum(power, shape.hz, shape.half_hz, whole) for power, whole in zip(powers, wholes, strict=True)]


@lru_cache(maxsize=512)
def _shape(length: int) -> _Shape:
    n = next((some for some in _LENGTHS if some <= length), length)
    points = _LONG if n > _BRIEF else _LONG // 2
    hz = SR / points
    half_hz = max(2.2 * SR / max(n, 1), 2 * hz)
    return _Shape(_hann(n), (length - n) // 2, points, hz, half_hz, (int(BAND_HZ[0] / hz), int(BAND_HZ[1] / hz)))


def _spectra(stretches: Array, points: int, band: tuple[int, int]) -> tuple[Array, list[float]]:
    """(power of each line, its sum over the band) of each of several stretches."""
    count, n = stretches.shape
    padded = np.zeros((count, points), np.float32)
    np.multiply(stretches, _hann(n), out=padded[:, :n])
    lines = rfft(padded)
    powers = np.square(lines.real)
    powers += np.square(lines.imag)
    return powers, np.add.reduce(powers[:, slice(*band)], axis=1).tolist()


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


def purities(heard: Spectrum, tone_sets: tuple[ToneSet, ...]) -> list[Purity]:
    """The same for several sets at once."""
    machine, places = kernel(), _all_places(tone_sets, heard.hz)
    if machine is None or places is None:
        return [purity(heard, one) for one in tone_sets]
    half = heard.half_hz / heard.hz
    found = machine.purities(heard.power, half, heard.half_hz, heard.whole, places)
    return [Purity(*found[at : at + 4]) for at in range(0, len(found), 4)]


def named(stretches: Array, tone_sets: tuple[ToneSet, ...]) -> list[tuple[int, Purity, Spectrum]] | None:
    """Which of some sets holds each of some stretches best, (m, n), m four at most, -1 for none, as
    `dsp.bursts.tone_names.ToneNames.named` has it; None: that cannot be told in compiled code."""
    machine, shape = kernel(), _shape(stretches.shape[1])
    places = _all_places(tone_sets, shape.hz) if machine is not None else None
    if machine is None or places is None or not len(shape.window):
        return None
    rows = np.ascontiguousarray(stretches, np.float32).reshape(-1)[shape.first :]
    spectrum_of = len(stretches), stretches.shape[1], shape.window, shape.points // 2, shape.band
    powers, found = machine.named(rows, *spectrum_of, shape.hz, shape.half_hz, places)
    return [
        (int(best), Purity(*pure), Spectrum(power, shape.hz, shape.half_hz, whole))
        for power, (best, *pure, whole) in zip(powers, found, strict=True)
    ]


@lru_cache(maxsize=256)
def _all_places(tone_sets: tuple[ToneSet, ...], hz: float) -> Doubles | None:
    """Where sets are looked for, as the compiled loops read it, (sets, 13); None: a set has too many tones."""
    if any(len(one.frequencies_hz) > MOST_TONES for one in tone_sets):
        return None
    table = np.zeros((len(tone_sets), 2 * MOST_TONES + 7))
    for row, one in zip(table, tone_sets, strict=True):
        places = _places(one, hz)
        row[:3] = *places.band, len(places.tones)
        row[3 : 3 + 2 * len(places.tones)] = np.ravel(places.tones)
        row[-4:] = (one.modulation_hz or 0.0) / hz, one.modulation_hz or 0.0, one.lines, one.spacing_hz
    return table


@dataclass(frozen=True, slots=True)
class _Places:
    """Where in a spectrum a set is looked for: [first, last) of its lines."""

    band: tuple[int, int]
    tones: tuple[tuple[int, int], ...]
    spans: npt.NDArray[np.int32]
    sides: tuple[float, ...]


@lru_cache(maxsize=256)
def _places(tone_set: ToneSet, hz: float) -> _Places:
    low, high = tone_set.edges_hz
    swing = (tone_set.modulation_hz or 0) / hz
    tones = tuple(_span(f, hz) for f in tone_set.frequencies_hz)
    return _Places(
        band=(int((low - 60) / hz), int((high + 60) / hz) + 1),
        tones=tones,
        spans=np.array(tones, np.int32).reshape(-1, 2),
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
    found = _peaks(heard, _places(tone_set, heard.hz))
    side = tone_set.modulation_hz
    if side is None:
        return tuple(found)
    swing = side
    if heard.half_hz < _TOLD_APART * side:
        lower, upper = (_side(heard, found[0] + sign * side) for sign in (-1, 1))
        swing = (upper - lower) / 2
    return found[0] - swing, found[0], found[0] + swing


def _peaks(heard: Spectrum, places: _Places) -> list[float]:
    """Frequency of the strongest line near each of a set's."""
    machine = kernel()
    if machine is None:
        return [_interpolated(heard, *span) for span in places.tones]
    return [place * heard.hz for place in machine.peaks(heard.power, places.spans)]


def _side(heard: Spectrum, f: float) -> float:
    low, high = max(int((f - 6) / heard.hz), 1), int((f + 6) / heard.hz) + 2
    if high > len(heard.power) - 1 or low >= high:
        return f  # outside the band: nothing to read there
    return _interpolated(heard, low, high)


def _interpolated(heard: Spectrum, low: int, high: int) -> float:
    """Frequency of the strongest line of [low, high), between the lines."""
    at = low + int(heard.power[low:high].argmax())
    before, most, behind = heard.power[at - 1 : at + 2].tolist()
    left, top, right = math.log(before + 1e-20) / 2, math.log(most + 1e-20) / 2, math.log(behind + 1e-20) / 2
    bend = left - 2 * top + right
    return float(at + (0.5 * (left - right) / bend if bend else 0.0)) * heard.hz
