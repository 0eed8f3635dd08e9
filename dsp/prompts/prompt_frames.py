"""What a prompt is remembered by: decibels in 16 logarithmic bands of the telephone band, a row every 10 ms.

The rows are worked out in blocks of a fixed size from the start of the audio, so that any cutting of it gives the
same numbers to the last bit."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]
Samples = npt.NDArray[np.generic]

HOP = 80
"""A row every 10 ms."""
WINDOW = 256
BANDS = 16
BLOCK = 20
"""Rows that are worked out at once: 0.2 s."""
LEAST_DB = -90.0
"""Digital silence stands here."""


def floats_of(samples: Samples) -> Array:
    """The samples, (n,), int16 or floats in [-1, 1], as floats."""
    scale = np.float32(1 / 32768) if samples.dtype == np.int16 else np.float32(1)
    return np.asarray(samples.astype(np.float32) * scale, dtype=np.float32)


class Framer:
    """Turns audio into rows. Row i is centred at sample i * HOP of the audio at 8 kHz."""

    def __init__(self, *, sr: int) -> None:
        """
        Args:
            sr: 8000 or 16000.

        Raises:
            ValueError: another rate.
        """
        if sr not in (SR, 2 * SR):
            raise ValueError(f"prompts are known at {SR} or {2 * SR} samples a second, not {sr}")
        self._factor = sr // SR
        self._odd = np.zeros(0, np.float32)
        self._wave = np.zeros(WINDOW // 2, np.float32)
        self.rows = 0
        """Rows handed out so far."""

    def feed(self, samples: Samples) -> list[Array]:
        """The blocks of rows that are now complete, each (BLOCK, BANDS)."""
        wave = np.concatenate([self._odd, floats_of(np.asarray(samples))])
        if self._factor == 2:
            even = len(wave) // 2 * 2
            self._odd, wave = wave[even:], wave[:even].reshape(-1, 2).mean(axis=1)
        self._wave = np.concatenate([self._wave, wave])
        return self._blocks()

    def flush(self) -> list[Array]:
        """What was fed and not yet handed out, filled up with silence."""
        self._wave = np.concatenate([self._wave, np.zeros(BLOCK * HOP + WINDOW, np.float32)])
        return self._blocks()

    def _blocks(self) -> list[Array]:
        blocks = []
        while len(self._wave) >= (BLOCK - 1) * HOP + WINDOW:
            blocks.append(_powers(self._wave[: (BLOCK - 1) * HOP + WINDOW]))
            self._wave = self._wave[BLOCK * HOP :]
            self.rows += BLOCK
        return blocks


def rows_of(samples: Samples, *, sr: int) -> Array:
    """The rows of a whole recording, (n // HOP + 1, BANDS) at 8 kHz."""
    framer = Framer(sr=sr)
    blocks = framer.feed(samples) + framer.flush()
    return np.concatenate(blocks)[: len(samples) * SR // sr // HOP + 1]


def _powers(wave: Array) -> Array:
    lines = rfft(wave[_places()] * _hann())
    power = (lines.real**2 + lines.imag**2) @ _bands()
    return np.asarray(10 * np.log10(power + np.float32(10 ** (LEAST_DB / 10))), dtype=np.float32)


@lru_cache(maxsize=1)
def _places() -> npt.NDArray[np.intp]:
    """(BLOCK, WINDOW): the samples of each row."""
    return np.arange(BLOCK)[:, None] * HOP + np.arange(WINDOW)


@lru_cache(maxsize=1)
def _hann() -> Array:
    return np.hanning(WINDOW).astype(np.float32)


@lru_cache(maxsize=1)
def _bands() -> Array:
    """(lines, 16): equal steps of the logarithm from 200 to 3400 Hz."""
    edges = np.geomspace(200, 3400, BANDS + 1) / (SR / WINDOW)
    lines = np.arange(WINDOW // 2 + 1)
    inside = [(lines >= low - 0.5) & (lines < high + 0.5) for low, high in pairwise(edges)]
    return np.stack(inside, axis=1).astype(np.float32)
