"""A burst's two ends: where exactly they are, and what is heard on either side."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsp.burst import explained, explained_each, goes_quiet, mean_square, sharpen, waves
from dsp.purity import lines_hz, spectrum
from dsp.steadiness import Steadiness
from dsp.stream import Reader, overlapping
from dsp.tone_sets import SR, ToneSet

Array = npt.NDArray[np.float32]

PIECE = round(0.032 * SR)
_TRIM, _TOGETHER = PIECE // 2, 8
_SHORT, _HOLE, _REPLY, TAIL = round(0.01 * SR), 0.15, 5, 0.7
AFTER = round(0.004 * SR), round(0.044 * SR)
_NOTHING, _NOISE = (round(0.005 * SR), round(0.020 * SR)), 3e-9
_ECHO = 0.08
_QUIET, _LOUD_BEFORE = (round(0.15 * SR), round(0.02 * SR)), 0.25
_SOFT_BEFORE, _RISEN, _PACKET = 0.03, 10.0, round(0.02 * SR)
"""What is less soft than this against a burst, and has risen so far, is a sound of its own."""
_BEFORE = round(0.25 * SR), round(0.03 * SR)
_AROUND = round(0.05 * SR)
BACK = round(0.5 * SR)
"""So much before a burst is read."""


class BurstEnds:
    """Reads a burst's ends out of the samples around it."""

    def __init__(self, sets: tuple[ToneSet, ...], *, read: Reader, steadiness: Steadiness) -> None:
        self._sets = sets
        self._read = read
        self._steadiness = steadiness

    def begins(self, start: int, level: float) -> bool:
        """Whether it was quiet before a burst."""
        before = self._read(max(start - _QUIET[0], 0), max(start - _QUIET[1], 0))
        if not len(before):
            return True
        power, earlier = mean_square(before), self._read(max(start - BACK, 0), max(start - _QUIET[0], 0))
        if power >= _LOUD_BEFORE * level**2:
            return False
        return power < _SOFT_BEFORE * level**2 or power < _RISEN * _quietest(earlier)

    def breaks_off(self, start: int, end: int) -> bool:
        """Whether nothing is heard behind a tone on a line that has its noise."""
        before = self._read(max(start - _BEFORE[0], 0), max(start - _BEFORE[1], 0))
        noise = mean_square(before) if len(before) else 0.0
        behind = self._read(end + _NOTHING[0], end + _NOTHING[1])
        return noise > _NOISE and len(behind) > 0 and mean_square(behind) < noise / 100

    def stops(self, start: int, end: int, tones: tuple[float, ...], level: float, *, since: int) -> bool:
        """Whether the line's own noise goes on behind a burst; the one before it ended at `since`."""
        before = self._read(max(start - _BEFORE[0], since + AFTER[0]), start - _BEFORE[1])
        behind = self._read(end + AFTER[0], end + AFTER[1])
        # The first packet behind it must not hold the tone again, half as loud.
        packet = behind[: round(0.016 * SR)]
        repeated = explained(packet, tones) * mean_square(packet) if len(packet) else 0.0
        return repeated < _ECHO * level**2 and goes_quiet(behind, before, level)

    def trimmed(self, start: int, end: int, tones: tuple[float, ...], level: float, *, share: float) -> tuple[int, int]:
        """Take off what is no tone at the ends: a voice that came right after, bridged like a lost packet."""
        end = self._inwards(end - PIECE, -_TRIM, end - start, tones, level, share) + PIECE
        return self._inwards(start, _TRIM, end - start, tones, level, share), end

    def _inwards(self, at: int, step: int, length: int, tones: tuple[float, ...], level: float, share: float) -> int:
        """Where the first piece begins that is a tone, from one on inwards; of a burst three pieces are left.

        Nearly always it is the first one. Where it is not, several are looked at together: notes of music swell."""
        most = -(-(length - 3 * PIECE) // _TRIM)
        if most <= 0 or self._sounds(at, tones, level, share):
            return at
        for passed in range(1, most, _TOGETHER):
            places = [at + step * i for i in range(passed, min(passed + _TOGETHER, most))]
            sounds = self._sounding(min(places), len(places), tones, level, share)
            if sounds.any():
                return places[int((sounds if step > 0 else sounds[::-1]).argmax())]
        return at + step * most

    def without_reply(self, start: int, end: int, tone_set: int, level: float, share: float) -> int:
        """The end before the last hole, if what comes after that is no tone but somebody who spoke at once."""
        samples = self._read(start, end)
        count = len(samples) // _SHORT
        quiet = _tone_power(samples[: count * _SHORT], self._sets[tone_set]) < _HOLE * level**2
        last = int(np.flatnonzero(quiet)[-1]) if quiet.any() else 0
        if not _REPLY <= last < count - _REPLY or not quiet[last - 1]:
            return end
        tail = start + (last + 1) * _SHORT
        samples = self._read(tail, end)
        tones = lines_hz(spectrum(samples), self._sets[tone_set])
        held = explained(samples, tones) > TAIL * share or self._steadiness.by_windows(tail, end, tone_set) > TAIL
        return end if held else tail - _SHORT

    def _sounds(self, at: int, tones: tuple[float, ...], level: float, share: float) -> bool:
        piece = self._read(at, at + PIECE)
        return mean_square(piece) > 0.1 * level**2 and explained(piece, tones) > 0.6 * share

    def _sounding(
        self, at: int, count: int, tones: tuple[float, ...], level: float, share: float
    ) -> npt.NDArray[np.bool_]:
        """The same of several pieces, one every half piece from a sample on, (count,)."""
        pieces = overlapping(self._read(at, at + PIECE + (count - 1) * _TRIM), count, PIECE, _TRIM)
        loud = np.einsum("ij,ij->i", pieces, pieces) / PIECE > 0.1 * level**2
        return np.asarray(loud & (explained_each(pieces, tones) > 0.6 * share))

    def sharpened(self, start: int, end: int, tones: tuple[float, ...], *, long: bool) -> tuple[int, int]:
        """Both ends to the millisecond; the start of a long burst is known already."""
        base = max(start, end - 2 * SR) - _AROUND
        samples = self._read(base, end + _AROUND)
        if not long:
            start = base + sharpen(samples, tones, start - base, ends=False)
        return start, base + sharpen(samples, tones, end - base, ends=True)


def _tone_power(samples: Array, tones: ToneSet) -> npt.NDArray[np.float64]:
    """Mean square of a set's tones in each whole piece of 10 ms: tones near one another are one in so short a time."""
    told = tones.frequencies_hz
    base = _base(told if tones.is_far else (sum(told) / len(told),))
    return np.asarray(np.square(samples.reshape(-1, _SHORT) @ base).sum(axis=1) / _SHORT)


@lru_cache(maxsize=64)
def _base(tones: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """(piece, 2 * tones), orthonormal: what of a piece is these tones, whatever their phases."""
    return np.asarray(np.linalg.qr(waves(_SHORT, tones))[0])


def _quietest(samples: Array) -> float:
    """Mean square of the quieter pieces of 20 ms, but for what was lost; infinite where there is none."""
    powers = np.square(samples[len(samples) % _PACKET :].reshape(-1, _PACKET)).mean(axis=1)
    heard = np.sort(powers[powers > 0])
    return float(heard[len(heard) // 4]) if len(heard) else np.inf
