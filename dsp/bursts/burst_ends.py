"""A burst's two ends: where exactly they are, and what is heard on either side."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsp.bursts.purity import lines_hz, spectrum
from dsp.bursts.sharp_edges import goes_quiet, mean_square, sharpen
from dsp.bursts.steadiness import Steadiness
from dsp.bursts.tone_fit import explained, inwards, waves
from dsp.compiled.kernel import kernel
from dsp.stream import Reader
from dsp.tone_sets import SR, ToneSet

Array = npt.NDArray[np.float32]

PIECE = round(0.032 * SR)
_TRIM, _TOGETHER = PIECE // 2, 8
_SHORT, _HOLE, TAIL = round(0.01 * SR), 0.15, 0.7
_REPLY, _BEGUN = 5, 4
"""A tone before a hole lasts so many pieces; so many of what comes behind it tell whether it is the tone again."""
AFTER = round(0.004 * SR), round(0.044 * SR)
_NOTHING, _NOISE = (round(0.005 * SR), round(0.020 * SR)), 3e-9
_LOUD, _TONE = 0.1, 0.6
"""A piece is the tone's that is so loud against it, and holds so much of what it holds of the whole."""
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
        most, passed = -(-(length - 3 * PIECE) // _TRIM), 0
        while passed < most:
            count = min(_TOGETHER, most - passed) if passed else 1
            first, last = sorted((at + step * passed, at + step * (passed + count - 1)))
            pieces = self._read(first, last + PIECE)
            found = inwards(pieces, step, count, PIECE, tones, power=_LOUD * level**2, share=_TONE * share)
            passed += found
            if found < count:
                break
        return at + step * passed

    def without_reply(self, start: int, end: int, tone_set: int, level: float, share: float) -> int:
        """The end before the last hole, if what comes after that is no tone but somebody who spoke at once."""
        samples = self._read(start, end)
        count, last = len(samples) // _SHORT, _last_hole(samples, self._sets[tone_set], _HOLE * level**2) + 1
        if not _REPLY <= last < count - _BEGUN:
            return end
        tail = start + (last + 1) * _SHORT
        samples = self._read(tail, end)
        tones = lines_hz(spectrum(samples), self._sets[tone_set])
        held = explained(samples, tones) > TAIL * share or self._steadiness.by_windows(tail, end, tone_set) > TAIL
        return end if held else tail - _SHORT

    def sharpened(self, start: int, end: int, tones: tuple[float, ...], *, long: bool) -> tuple[int, int]:
        """Both ends to the millisecond; the start of a long burst is known already."""
        base = max(start, end - 2 * SR) - _AROUND
        samples = self._read(base, end + _AROUND)
        if not long:
            start = base + sharpen(samples, tones, start - base, ends=False)
        return start, base + sharpen(samples, tones, end - base, ends=True)


def _last_hole(samples: Array, tones: ToneSet, power: float) -> int:
    """The last but one whole piece of 10 ms in which a set's tones are fainter than `power`, their mean square, if the
    last such lies beside it; else -1. Tones near one another are one in so short a time."""
    told, machine = tones.frequencies_hz, kernel()
    base = _base(told if tones.is_far else (sum(told) / len(told),))
    if machine is not None:
        return machine.last_hole(np.ascontiguousarray(samples, np.float32), base, power=power)
    pieces = samples[: len(samples) // _SHORT * _SHORT].reshape(-1, _SHORT)
    quiet = np.flatnonzero(np.square(pieces @ base.T).sum(axis=1) / _SHORT < power)
    return int(quiet[-2]) if len(quiet) > 1 and quiet[-1] - quiet[-2] == 1 else -1


@lru_cache(maxsize=64)
def _base(tones: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """(2 * tones, piece), orthonormal: what of a piece is these tones, whatever their phases."""
    return np.ascontiguousarray(np.linalg.qr(waves(_SHORT, tones))[0].T)


def _quietest(samples: Array) -> float:
    """Mean square of the quieter pieces of 20 ms, but for what was lost; infinite where there is none."""
    powers = np.square(samples[len(samples) % _PACKET :].reshape(-1, _PACKET)).mean(axis=1)
    heard = np.sort(powers[powers > 0])
    return float(heard[len(heard) // 4]) if len(heard) else np.inf
