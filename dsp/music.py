"""Music told from noise: its energy stands in few lines of the spectrum."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]

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
_HANN = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_LOW, _HIGH = int(150 * _WINDOW / SR), int(3600 * _WINDOW / SR)


def tonality(samples: Array) -> float:
    """Share of the band's energy in the sixteen strongest of its 440 lines, in the lower third of all windows.

    Of noise with a tone in it for half the time the lower third is noise; music is music throughout.
    """
    count = len(samples) // _WINDOW
    if count == 0:
        return 0.0
    frames = samples[: count * _WINDOW].reshape(count, _WINDOW) * _HANN
    spectrum = rfft(frames)[:, _LOW:_HIGH]
    power = np.partition(spectrum.real**2 + spectrum.imag**2, -_LINES, axis=1)
    total = power.sum(axis=1)
    held = power[:, -_LINES:].sum(axis=1)
    return float(np.percentile(held[total > 0] / total[total > 0], _PERCENTILE)) if (total > 0).any() else 0.0


def is_musical(samples: Array, levels: npt.NDArray[np.float64]) -> bool:
    """Whether a loud stretch without a voice is music, neither noise nor hum.

    Args:
        samples: the stretch, (n,).
        levels: dBFS of its chunks, (m,).
    """
    if float(np.std(levels)) < _LEAST_SWAY_DB or tonality(samples) < MIN_TONALITY:
        return False
    return tonality(np.asarray(np.diff(samples), dtype=np.float32)) >= _MIN_ABOVE
