"""Where somebody speaks: the network, looked at only where something can begin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from dsp.segment import SPEECH, Segment
from dsp.silero import CHUNK, CONTEXT, GROUP, Network, State

Array = npt.NDArray[np.float32]
Reader = Callable[[int, int], Array]

START_P, STOP_P = 0.5, 0.35
"""Measured on telephone speech: begin when p >= 0.5 in 3 of 4 chunks, end when p < 0.35 for 300 ms."""
_STOP_CHUNKS = 10
_GATE_DB = 3.0
"""A chunk this much above the line's noise may hold a voice: steady noise varies by 0.4 dB from chunk to chunk."""
_SILENT_DB = -66.0
"""Below this nothing is looked at."""
_FLOOR_CHUNKS = 94
"""The line's noise is the quietest of the last 3 s."""
_REWIND = 4
"""The network hears this many chunks before the one that opened the gate."""


class VoiceTracker:
    """Speech segments out of samples at 8 kHz."""

    def __init__(self, net: Network, *, read: Reader) -> None:
        self._net = net
        self._read = read
        self._at = 0
        self._since = 0
        self._state: State | None = None
        self._hold = 0
        self._levels: list[float] = []
        self._recent: list[tuple[int, float]] = []
        self._start: int | None = None
        self._last = 0
        self._quiet = 0

    @property
    def keep_from(self) -> int:
        """Samples before this one are not needed any more."""
        return self._at - (_REWIND + 2) * CHUNK - CONTEXT

    @property
    def open(self) -> Segment | None:
        """The speech that has begun and not ended."""
        return None if self._start is None else Segment(SPEECH, self._start, self._last)

    @property
    def likely(self) -> bool:
        """Whether somebody is speaking now, or may just have begun."""
        return self._start is not None or any(p >= START_P for _, p in self._recent)

    def reset(self, at: int) -> list[Segment]:
        """Begin anew at a sample: a burst ended there, or the call was answered."""
        done = self._end()
        self._at = self._since = max(at, self._at)
        self._state, self._hold, self._recent = None, 0, []
        return done

    def advance(self, until: int) -> list[Segment]:
        """Hear every whole chunk before `until`."""
        count = (until - self._at) // CHUNK
        if count <= 0:
            return []
        base = self._at
        samples = self._read(base, base + count * CHUNK).reshape(count, CHUNK)
        levels = 10 * np.log10(np.einsum("ij,ij->i", samples, samples) / CHUNK + 1e-10)
        done: list[Segment] = []
        wanted = [self._gate(float(level)) for level in levels]
        i = 0
        while i < count:
            if not wanted[i]:
                done += self._sleep()
                i += 1
                continue
            stop = i
            while stop < count and (wanted[stop]) and stop - i < GROUP:
                stop += 1
            done += self._hear(base + i * CHUNK, stop - i)
            i = stop
        self._at = base + count * CHUNK
        return done

    def _sleep(self) -> list[Segment]:
        self._state, self._recent = None, []
        return self._end()

    def _gate(self, level: float) -> bool:
        self._levels = [*self._levels[1 - _FLOOR_CHUNKS :], level]
        floor = max(min(self._levels), _SILENT_DB)
        if level > floor + _GATE_DB or len(self._levels) < 4:
            self._hold = _STOP_CHUNKS + 2
        self._hold -= 1
        return self._hold >= 0

    def _hear(self, at: int, count: int) -> list[Segment]:
        if self._state is None:
            self._state = State()
            back = min(_REWIND, (at - self._since) // CHUNK)
            at, count = at - back * CHUNK, count + back
        done: list[Segment] = []
        for first in range(0, count, GROUP):
            done += self._group(at + first * CHUNK, min(GROUP, count - first))
        return done

    def _group(self, at: int, count: int) -> list[Segment]:
        rows = np.zeros((GROUP, CONTEXT + CHUNK), np.float32)
        audio = self._read(at - CONTEXT, at + count * CHUNK)
        for row in range(count):
            rows[row] = audio[row * CHUNK : row * CHUNK + CONTEXT + CHUNK]
        encoded = self._net.encode(rows)
        assert self._state is not None
        done: list[Segment] = []
        for row in range(count):
            done += self._decide(at + row * CHUNK, self._net.step(encoded[row], self._state))
        return done

    def _decide(self, at: int, p: float) -> list[Segment]:
        if self._start is None:
            self._recent = [*self._recent[-3:], (at, p)]
            likely = [chunk for chunk, q in self._recent if q >= START_P]
            if len(likely) >= 3:
                self._start, self._last, self._quiet = likely[0], at + CHUNK, 0
            return []
        if p >= STOP_P:
            self._last, self._quiet = at + CHUNK, 0
            return []
        self._quiet += 1
        return self._end() if self._quiet >= _STOP_CHUNKS else []

    def _end(self) -> list[Segment]:
        if self._start is None:
            return []
        done = [Segment(SPEECH, self._start, self._last)]
        self._start, self._recent = None, []
        return done
