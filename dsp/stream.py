"""The last seconds of a call at 8 kHz, out of blocks of any size at 8 or 16 kHz."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from dsp.compiled.kernel import kernel
from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]
Reader = Callable[[int, int], Array]
"""Gives the samples [start, end) at 8 kHz."""

_BLOCK = 2560
"""Outputs converted at a time, so that the cut of the audio cannot show in the last bit."""
_HALF = 31
_CENTRED_S, _OFFSET = 0.32, 0.0005
"""The first step tells a converter's offset from zero; a smaller one does no harm."""
_BLOCK_B, _POLE = np.array([1, -1], np.float32), -0.99
"""High pass at 13 Hz, at 8 kHz."""


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
        self._backwards = np.ascontiguousarray(self._taps[::-1])
        self._raw = np.zeros(_HALF if self._double else 0, np.float32)
        self._store = self._audio = np.zeros(0, np.float32)
        self._end = 0
        self._base = 0
        self._first: list[Array] | None = []
        self._wanted = round(_CENTRED_S * sr)
        self._blocker: Array | None = None
        self._block_a = np.array([1, _POLE if sr == SR else -math.sqrt(-_POLE)], np.float32)

    @property
    def available(self) -> int:
        """Samples at 8 kHz that have come so far."""
        return self._base + len(self._audio)

    def append(self, block: Array) -> None:
        """The next samples, (n,) at the stream's rate."""
        if self._blocker is None and self._first is not None:
            self._await_offset(block)
        else:
            self._take(block if self._blocker is None else self._blocked(block))

    def _await_offset(self, block: Array) -> None:
        """Keep the first samples until they tell whether the line's silence lies at zero."""
        assert self._first is not None
        self._first.append(block)
        if sum(map(len, self._first)) < self._wanted:
            return
        together = np.concatenate(self._first)
        self._first = None
        if abs(float(together[: self._wanted].mean())) > _OFFSET:
            self._blocker = np.array([-together[0]], np.float32)
        self._take(together if self._blocker is None else self._blocked(together))

    def _blocked(self, block: Array) -> Array:
        """Without what does not swing: a converter's offset, which some coders let fade."""
        if not len(block):
            return block
        out, self._blocker = lfilter(_BLOCK_B, self._block_a, block, zi=self._blocker)
        return np.asarray(out, dtype=np.float32)

    def _take(self, block: Array) -> None:
        if not self._double:
            self._keep(block)
            return
        self._raw = np.concatenate([self._raw, block])
        ready = []
        while len(self._raw) >= 2 * _BLOCK + 2 * _HALF:
            ready.append(self._halved(self._raw[: 2 * _BLOCK + 2 * _HALF]))
            self._raw = self._raw[2 * _BLOCK :]
        for audio in ready:
            self._keep(audio)

    def _keep(self, audio: Array) -> None:
        """Write it behind what is kept. Full, a new store takes that over: whoever still reads the old one may."""
        kept, end = len(self._audio), self._end + len(audio)
        if end > len(self._store):
            store = np.empty(2 * (kept + len(audio)), np.float32)
            store[:kept] = self._audio
            self._store, self._end, end = store, kept, kept + len(audio)
        self._store[self._end : end] = audio
        self._audio, self._end = self._store[end - kept - len(audio) : end], end

    def _halved(self, raw: Array) -> Array:
        machine = kernel()
        if machine is not None:
            return machine.halved(raw, self._backwards, _BLOCK)
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


def overlapping(samples: Array, count: int, length: int, every: int) -> Array:
    """Pieces of some samples as they lie, (count, length), one beginning every so many; `sliding_window_view` takes ten
    times as long to say so."""
    size = samples.itemsize
    return np.ndarray((count, length), np.float32, np.ascontiguousarray(samples), strides=(every * size, size))
