"""The last seconds of a call at 8 kHz, out of blocks of any size at 8 or 16 kHz."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]

_BLOCK = 2560
"""Outputs converted at a time, so that the cut of the audio cannot show in the last bit."""
_HALF = 31
_CENTRED_S, _OFFSET = 0.32, 0.0005
"""The first step tells a converter's offset from zero; a smaller one does no harm."""


def _half_band() -> Array:
    """Low pass at 3.6 of 16 kHz, 63 taps, linear phase: its delay is taken back exactly."""
    n = np.arange(-_HALF, _HALF + 1)
    taps = np.sinc(2 * 0.235 * n) * 2 * 0.235 * np.hamming(len(n))
    return np.asarray(taps / taps.sum(), dtype=np.float32)


class Stream:
    """Audio that can be read back by sample number until it is forgotten."""

    def __init__(self, *, sr: int) -> None:
        self._double = sr == 2 * SR
        self._taps = _half_band()
        self._raw = np.zeros(_HALF if self._double else 0, np.float32)
        self._audio = np.zeros(0, np.float32)
        self._base = 0
        self._first: list[tuple[Array, bool]] = []
        self._wanted = round(_CENTRED_S * sr)
        self._offset: np.float32 | None = None

    @property
    def available(self) -> int:
        """Samples at 8 kHz that have come so far."""
        return self._base + len(self._audio)

    def append(self, block: Array) -> None:
        """The next samples, (n,) at the stream's rate."""
        if self._offset is None:
            self._await_offset(block, arrived=True)
        else:
            self._take(block - self._offset if self._offset else block)

    def skip(self, n: int) -> None:
        """The next n samples never came: zeros stand for them, without the line's offset."""
        block = np.zeros(n, np.float32)
        if self._offset is None:
            self._await_offset(block, arrived=False)
        else:
            self._take(block)

    def _await_offset(self, block: Array, *, arrived: bool) -> None:
        """Keep the first samples until they tell how far from zero the line's silence lies."""
        self._first.append((block, arrived))
        if sum(len(one) for one, _ in self._first) < self._wanted:
            return
        together = np.concatenate([one for one, _ in self._first])
        real = np.concatenate([np.full(len(one), came) for one, came in self._first])
        told = together[: self._wanted][real[: self._wanted]]
        offset = np.float32(told.mean()) if len(told) else np.float32(0)
        self._offset = offset if abs(offset) > _OFFSET else np.float32(0)
        self._first = []
        self._take(np.where(real, together - self._offset, together) if self._offset else together)

    def _take(self, block: Array) -> None:
        if not self._double:
            self._audio = np.concatenate([self._audio, block])
            return
        self._raw = np.concatenate([self._raw, block])
        ready = []
        while len(self._raw) >= 2 * _BLOCK + 2 * _HALF:
            ready.append(self._halved(self._raw[: 2 * _BLOCK + 2 * _HALF]))
            self._raw = self._raw[2 * _BLOCK :]
        self._audio = np.concatenate([self._audio, *ready])

    def _halved(self, raw: Array) -> Array:
        return np.asarray(np.convolve(raw, self._taps, mode="valid")[::2][:_BLOCK], dtype=np.float32)

    def read(self, start: int, end: int) -> Array:
        """Samples [start, end) at 8 kHz; zeros before the call, after what came, and where forgotten."""
        first, last = start - self._base, end - self._base
        if first >= 0 and last <= len(self._audio):
            return self._audio[first:last]
        out = np.zeros(max(end - start, 0), np.float32)
        piece = self._audio[max(first, 0) : max(last, 0)]
        out[max(-first, 0) : max(-first, 0) + len(piece)] = piece
        return out

    def forget(self, before: int) -> None:
        """Samples before this one will not be read again."""
        cut = min(max(before - self._base, 0), len(self._audio))
        self._audio = self._audio[cut:]
        self._base += cut
