"""Finds bursts of a plan's tones in a stream of frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp.burst import MIN_BALANCE, MIN_CONCENTRATION, SHORTEST, Burst, concentration, edges, explained
from dsp.tone_sets import HOP, SR, WINDOW, ToneSet

Array = npt.NDArray[np.float32]
Reader = Callable[[int, int], Array]

_SHARE = 0.3
"""Least share of the band's power in one set: a tone 0 dB above white noise has more than half."""
_FAINTEST = 49152 * 10 ** (-56 / 10)
"""Power of a tone of -56 dBFS in a frame (512^2 * 3/16 * rms^2 for a Hann window)."""
_BELOW_PEAK = 0.05
"""A frame this far under its burst's strongest is past the burst's edge."""
_GAP_FRAMES = 4
"""Holes of up to 80 ms are lost packets."""
_CHECK_FRAMES = 20
"""After 0.4 s a candidate must look like a tone, or the voice waits for it in vain."""
_LONG_FRAMES = 150
"""From 3 s on a tone is a long one: only its two ends are looked at."""
_SHORTEST_PIECE = round(0.008 * SR)
"""A piece of a burst shorter than this is not to be told from a click."""
_BACK = round(0.5 * SR)


@dataclass(slots=True)
class _Run:
    """Frames in which one set was strongest."""

    tone_set: int
    first: int
    last: int
    peak: float
    start: int | None = None
    """The exact start, once the run is long enough to be proven while it sounds."""


class ToneTracker:
    """Bursts out of frame powers. `read(start, end)` gives samples not older than `keep_from`."""

    def __init__(self, sets: tuple[ToneSet, ...], *, read: Reader) -> None:
        self._sets = sets
        self._read = read
        self._run: _Run | None = None
        self._usual: dict[int, float] = {}
        self._next = 0

    @property
    def clear_until(self) -> int:
        """Up to this sample no tone is open: the voice may be looked for."""
        return (self._run.first if self._run else self._next) * HOP

    @property
    def keep_from(self) -> int:
        """Samples before this one are not needed any more."""
        if self._run is None:
            return self._next * HOP - _BACK
        first = self._run.first if self._run.start is None else max(self._run.last - _LONG_FRAMES, self._run.first)
        return first * HOP - _BACK

    @property
    def open(self) -> tuple[int, int] | None:
        """(set, start) of the tone sounding now, if it is long enough to be believed."""
        run = self._run
        if run is None or run.last - run.first < _CHECK_FRAMES:
            return None
        return run.tone_set, run.first * HOP + WINDOW // 2

    def push(self, powers: Array) -> list[Burst]:
        """Powers of the next frames, (m, sets + 1), the whole band last."""
        best = powers[:, :-1].argmax(axis=1)
        top = powers[np.arange(len(powers)), best]
        on = (top > _SHARE * powers[:, -1]) & (top > _FAINTEST)
        first, self._next = self._next, self._next + len(powers)
        if self._run is None and not on.any():
            return []
        found: list[Burst] = []
        for i, (sounding, tone_set, power) in enumerate(zip(on.tolist(), best.tolist(), top.tolist(), strict=True)):
            found += self._frame(first + i, tone_set if sounding else None, power)
        return found

    def _frame(self, frame: int, tone_set: int | None, power: float) -> list[Burst]:
        run = self._run
        found: list[Burst] = []
        if run and tone_set == run.tone_set and power > _BELOW_PEAK * run.peak:
            run.last, run.peak = frame, max(run.peak, power)
            self._look(run)
        elif run and frame - run.last > _GAP_FRAMES:
            found = self._close()
        if self._run is None and tone_set is not None and (not found or frame * HOP + WINDOW // 2 > found[-1].end):
            self._run = _Run(tone_set, frame, frame, power)
        return found

    def _look(self, run: _Run) -> None:
        """Give up a candidate that is no tone; fix the start of a long tone."""
        frames = run.last - run.first
        if frames == _CHECK_FRAMES and not self._is_tone(run.first * HOP + WINDOW // 2, run.last * HOP, run.tone_set):
            self._run = None
        elif frames == _LONG_FRAMES and run.start is None:
            run.start = self._edges(run)[0]

    def _is_tone(self, start: int, end: int, tone_set: int) -> bool:
        pure, balance = concentration(self._read(start, end), self._sets[tone_set])
        return pure >= MIN_CONCENTRATION and balance >= MIN_BALANCE

    def close(self) -> list[Burst]:
        """The tone that was sounding when the audio ended."""
        return self._close() if self._run else []

    def _edges(self, run: _Run, usual: float | None = None) -> tuple[int, int, float]:
        first = run.first if run.start is None else max(run.last - _LONG_FRAMES // 2, run.first)
        base = max(first * HOP - _BACK, 0)
        samples = self._read(base, run.last * HOP + WINDOW + HOP)
        inside = (first + run.last) // 2 * HOP + WINDOW // 2 - base
        start, end, level = edges(samples, self._sets[run.tone_set], inside=inside, usual=usual)
        return base + start, base + end, level

    def _close(self) -> list[Burst]:
        run, self._run = self._run, None
        if run is None:
            return []
        short = (run.last - run.first) * HOP < SHORTEST
        start, end, level = self._edges(run, self._usual.get(run.tone_set) if short else None)
        start = start if run.start is None else run.start
        if end - start < SHORTEST:
            return [Burst(run.tone_set, start, end, level, proven=False)] if self._fits(run, start, end) else []
        tone_set = self._named(start if run.start is None else max(start, end - 2 * SR), end, run.tone_set)
        if tone_set is None:
            return []
        self._usual[tone_set] = level
        return [Burst(tone_set, start, end, level, proven=True)]

    def _fits(self, run: _Run, start: int, end: int) -> bool:
        """Whether a short piece is as loud and as pure as the bursts before it, in the noise before it."""
        usual = self._usual.get(run.tone_set)
        if usual is None or end - start < _SHORTEST_PIECE:
            return False
        noise = self._read(start - round(0.25 * SR), start - round(0.03 * SR))
        wanted = usual**2 / (usual**2 + float(np.mean(noise**2)))
        piece = self._read(start + 16, max(end - 16, start + 48))
        loud = float(np.sqrt(np.mean(piece**2))) / usual
        return 0.5 < loud < 2.0 and explained(piece, self._sets[run.tone_set]) > 0.8 * wanted

    def _named(self, start: int, end: int, likely: int) -> int | None:
        """The set whose lines hold the stretch best, among those that share its band; None: no tone."""
        samples = self._read(start, end)
        low, high = self._sets[likely].edges_hz
        best, best_pure = None, MIN_CONCENTRATION
        for index, tone_set in enumerate(self._sets):
            if tone_set.edges_hz[0] > high or tone_set.edges_hz[1] < low:
                continue
            pure, balance = concentration(samples, tone_set)
            if pure > best_pure and balance >= MIN_BALANCE:
                best, best_pure = index, pure
        return best
