"""Steady single tones: the beep behind a voicemail's words, a ringback of a plan nobody listens for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

from dsp.prompts.prompt_frames import Samples, floats_of

WINDOW_S, HOP_S = 0.064, 0.016
PURE = 0.90
"""So much of the energy lies in one tone; a voice's strongest partial has less, and does not stand still."""
FROM_HZ, TO_HZ = 300.0, 2200.0
LEAST_S = 0.18
"""Shorter ones are keys, clicks and consonants."""
LEAST_RMS = 0.002
"""-54 dBFS: what is fainter is the line."""


def steady_tones(samples: Samples, *, sr: int) -> list[tuple[int, int]]:
    """Where one tone stands still, (start, end) in samples; whatever else the ear would call it."""
    wave, window, hop = floats_of(samples), round(WINDOW_S * sr), round(HOP_S * sr)
    if len(wave) < window:
        return []
    rows = np.lib.stride_tricks.sliding_window_view(wave, window)[::hop]
    power = np.abs(rfft(rows * np.hanning(window).astype(np.float32))) ** 2
    peak = power.argmax(axis=1)
    near = sum(
        np.take_along_axis(power, np.clip(peak + d, 0, power.shape[1] - 1)[:, None], 1)[:, 0] for d in (-2, -1, 0, 1, 2)
    )
    hz = peak * sr / window
    pure = (near >= PURE * power.sum(axis=1)) & (hz >= FROM_HZ) & (hz <= TO_HZ)
    pure &= np.sqrt((rows**2).mean(axis=1)) >= LEAST_RMS
    return [(a * hop, b * hop + window) for a, b in _runs(pure, peak) if (b - a) * hop + window >= LEAST_S * sr]


def _runs(pure: npt.NDArray[np.bool_], peak: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Frames that follow each other at one pitch: (first, last)."""
    runs: list[tuple[int, int]] = []
    for index in np.flatnonzero(pure).tolist():
        if runs and index == runs[-1][1] + 1 and abs(int(peak[index]) - int(peak[runs[-1][0]])) <= 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs
