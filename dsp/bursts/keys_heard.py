"""Whether a sound holds keys that a telephone exchange would take (ITU-T Q.23, Q.24): sooner told of than missed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from dsp.synthesis import Array
from dsp.tone_sets import DTMF_HIGH_HZ, DTMF_KEYS, DTMF_LOW_HZ

WINDOW_S, STEP_S = 0.025, 0.005
"""The shortest tone that receivers take lasts 23 ms to 40 ms (ITU-T Q.24, Annex A)."""
OFF = (-0.03, -0.015, 0.0, 0.015, 0.03)
"""So far off a tone may be: no receiver takes more than 3.5 % (ITU-T Q.24)."""
SHARE = 0.7
"""So much of the sound is the two tones when a key is pressed: less is 4 dB of speech above, which receivers refuse."""
TWIST_DB = 12.0
"""So much louder one tone may be than the other; receivers take 4 dB to 10 dB."""
QUIETEST = 10 ** (-45 / 20)
"""No receiver must take what is below -45 dBFS or so."""


def keys_heard(samples: npt.NDArray[np.generic], *, sr: int) -> tuple[tuple[str, float], ...]:
    """Give each key in a sound and the second at which it begins; samples int16 or floats in [-1, 1], shape (n,)."""
    sound: Array = np.multiply(samples, 1 / 32768 if samples.dtype.kind == "i" else 1, dtype=np.float32)
    n, step = round(WINDOW_S * sr), round(STEP_S * sr)
    if len(sound) < n:
        return ()
    found: list[tuple[str, float]] = []
    before = ""
    keys = _keys(sliding_window_view(sound, n)[::step], sr)
    for place, key in enumerate(keys):
        if key and key != before and place + 1 < len(keys) and keys[place + 1] == key:
            found.append((key, place * step / sr))
        before = key
    return tuple(found)


def _keys(windows: Array, sr: int) -> list[str]:
    """The key of each window, or nothing, shape (windows, n)."""
    powers = np.concatenate([_powers(windows[at : at + 4000], sr) for at in range(0, len(windows), 4000)])
    low, high = powers[:, :4], powers[:, 4:8]
    pair = low.max(axis=1), high.max(axis=1)
    twist = 10 ** (TWIST_DB / 10)
    loud = (pair[0] + pair[1]) / 2 > QUIETEST**2 / 2
    even = (pair[0] < twist * pair[1]) & (pair[1] < twist * pair[0])
    sure = loud & even & (pair[0] + pair[1] > SHARE * powers[:, 8])
    rows, columns = low.argmax(axis=1), high.argmax(axis=1)
    return [DTMF_KEYS[row][column] if yes else "" for yes, row, column in zip(sure, rows, columns, strict=True)]


def _powers(windows: Array, sr: int) -> Array:
    """Power of each of the eight tones and of the whole sound, shape (windows, 9)."""
    tones, n = _tones(sr, windows.shape[1]), windows.shape[1]
    each = 2 * np.abs(windows @ tones) ** 2 / n**2
    best = each.reshape(len(windows), 8, len(OFF)).max(axis=2)
    return np.concatenate([best, np.mean(windows**2, axis=1, keepdims=True)], axis=1)


@lru_cache(maxsize=4)
def _tones(sr: int, n: int) -> npt.NDArray[np.complex64]:
    t = np.arange(n) / sr
    hz = [f * (1 + off) for f in (*DTMF_LOW_HZ, *DTMF_HIGH_HZ) for off in OFF]
    return np.asarray(np.exp(-2j * np.pi * np.outer(t, hz)), np.complex64)
