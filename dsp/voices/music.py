"""Music told from noise: its energy stands in few lines of the spectrum."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsp.compiled.fourier import rfft
from dsp.compiled.kernel import kernel
from dsp.compiled.quantile import percentile
from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]
Marks = npt.NDArray[np.bool_]

_WINDOW = 1024
_LINES = 16
_PERCENTILE = 30
MIN_TONALITY = 0.65
"""Hold music has 0.67 to 1.0, speech 0.54 to 0.96, white noise 0.15, noise falling 6 dB an octave 0.55."""
_MIN_ABOVE = 0.35
"""The same without its slope, so that its low notes do not speak for all: hold music has 0.25 to 0.97, most of it above
0.55; noise of streets and of talk, hum in noise 0.14 to 0.31."""
_LEAST_SWAY_DB = 0.4
"""Music's loudness sways by more from chunk to chunk (0.58 dB and more); mains hum's by less (0.15)."""
_MAINS_HZ = (50.0, 60.0)
_MAINS_SHARE = 0.6
"""Hum, whatever a coder and lost packets make of it, has 0.72 to 1.0 of its energy on the mains' harmonics; music has
at most 0.46, made-up chords more in one window of twenty."""
_OFF_MAINS = 0.003
_LOWEST_HZ = 40
_HANN = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_BAND_HZ = (150, 3600)
_LOW, _HIGH = (int(f * _WINDOW / SR) for f in _BAND_HZ)


def tonality(samples: Array) -> float:
    """Share of the band's energy in the sixteen strongest of its 440 lines, in the lower third of all windows.

    Of noise with a tone in it for half the time the lower third is noise; music is music throughout.
    """
    count, machine = len(samples) // _WINDOW, kernel()
    if count == 0:
        return 0.0
    if machine is not None:
        wave = np.ascontiguousarray(samples, np.float32)
        shares = np.array(machine.tonality(wave, _HANN, (_LOW, _HIGH)))
    else:
        shares = _shares(samples[: count * _WINDOW].reshape(count, _WINDOW))
    return percentile(shares, _PERCENTILE) if len(shares) else 0.0


def _shares(frames: Array) -> Array:
    spectrum = rfft(frames * _HANN)[:, _LOW:_HIGH]
    power = np.partition(spectrum.real**2 + spectrum.imag**2, -_LINES, axis=1)
    total = power.sum(axis=1)
    held = power[:, -_LINES:].sum(axis=1)
    shares: Array = held[total > 0] / total[total > 0]
    return shares


def is_musical(samples: Array, levels: npt.NDArray[np.float64]) -> bool:
    """Whether a loud stretch without a voice is music, neither noise nor hum.

    Args:
        samples: the stretch, (n,).
        levels: dBFS of its chunks, (m,).
    """
    if _sway(levels) < _LEAST_SWAY_DB or tonality(samples) < MIN_TONALITY:
        return False
    if tonality(samples[1:] - samples[:-1]) < _MIN_ABOVE:
        return False
    return mains_share(samples) < _MAINS_SHARE


def _sway(levels: npt.NDArray[np.float64]) -> float:
    """Standard deviation; `np.std` takes three times as long."""
    apart = levels - np.add.reduce(levels) / len(levels)
    return math.sqrt(np.add.reduce(apart * apart) / len(levels))


def mains_share(samples: Array) -> float:
    """Share of the band's energy on the harmonics of 50 or of 60 Hz, the lowest of them among it or not; of 1.5 s of
    them each is 1.3 Hz wide."""
    window, bands, harmonic = _mains(len(samples))
    lines = rfft(samples * window)
    power = lines.real**2 + lines.imag**2
    heard = [power * band for band in bands]
    return max(float(band[on].sum()) / max(float(band.sum()), 1e-20) for band in heard for on in harmonic)


@lru_cache(maxsize=4)
def _mains(n: int) -> tuple[Array, list[Marks], list[Marks]]:
    """(the window of n samples; which lines of their spectrum are in the band, without its lowest and with them; which
    are on the harmonics of either mains)."""
    hz = np.arange(n // 2 + 1) * SR / n
    harmonic = [np.abs(hz - np.round(hz / f) * f) <= 1 + _OFF_MAINS * hz for f in _MAINS_HZ]
    bands = [(hz >= low) & (hz <= _BAND_HZ[1]) for low in (_BAND_HZ[0], _LOWEST_HZ)]
    return np.hanning(n).astype(np.float32), bands, harmonic
