"""Whether a tone is as loud all along a burst as an exchange's, or is turned down by a gain control; a plucked or
spoken one dies away."""

from __future__ import annotations

from collections.abc import Sequence

from dsp.bursts.burst_ends import AFTER, BACK, PIECE
from dsp.bursts.envelope import edges
from dsp.bursts.sharp_edges import mean_square
from dsp.bursts.steadiness import STEADY_EDGE, Steadiness
from dsp.bursts.tone_fit import explained
from dsp.stream import Reader
from dsp.tone_sets import HOP, SR, WINDOW, ToneSet

_EVEN, _NOISE = 4.0, 0.1
"""A tone's thirds are as loud as this to one another, but for so much of the burst's power."""
_MOST, _AGAIN = 100.0, 1.26
"""A gain control turns a tone down by 20 dB at most, and up again by no more than 1 dB."""
_BEYOND = round(0.05 * SR)
"""So far behind what is half as loud, and so long before it, the tone must sound to be the same."""
_PURE, _OFF = 0.85, 0.1
"""Then the tone must be so pure, and be so much weaker behind its end."""


class Evenness:
    """Reads a burst's loudness out of its samples."""

    def __init__(self, sets: tuple[ToneSet, ...], *, read: Reader, steadiness: Steadiness) -> None:
        self._sets = sets
        self._read = read
        self._steadiness = steadiness

    def thirds(self, start: int, end: int, tone_set: int) -> list[float]:
        """Power of a burst's thirds; empty where they are too short to tell."""
        swing, third = self._sets[tone_set].modulation_hz, (end - start) // 3
        if third < (PIECE if swing is None else 2 * SR / swing):
            return []
        return [mean_square(self._read(at, at + third)) for at in (start, start + third, end - third)]

    def is_turned_down(self, start: int, end: int, thirds: Sequence[float], tone_set: int, *, share: float) -> bool:
        """Whether a burst that is louder at its start is an exchange's all the same, behind a gain control that had
        recovered in the gap: a pure tone that falls without rising again, and is switched off."""
        first, middle, last = thirds
        if self._sets[tone_set].is_far or not (first < _MOST * last and middle < first and last < _AGAIN * middle):
            return False
        inside = start + STEADY_EDGE, end - STEADY_EDGE
        pure = share > _PURE or self._steadiness.by_windows(*inside, tone_set) > _PURE
        return pure and self._is_switched_off(end, last, tone_set)

    def turned_end(self, end: int, last: int, tone_set: int) -> int:
        """The end of a tone that goes on without a hole behind `end`, turned down by more than half, when the last
        frame that may be its own begins at a sample."""
        inside, base = last + WINDOW // 2 - HOP, max(end - BACK // 2, 0)
        if inside - end <= _BEYOND:
            return end
        samples = self._read(base, last + WINDOW + HOP)
        first, later, _ = edges(samples, self._sets[tone_set], inside=inside - base)
        return base + later if base + first < end - _BEYOND else end

    def _is_switched_off(self, end: int, power: float, tone_set: int) -> bool:
        """Whether a tone that was so loud until its end is heard no more behind it, or behind the packets that may have
        been concealed with it there: no note ends like that."""
        tones, wide = self._sets[tone_set].frequencies_hz, AFTER[1] - AFTER[0]
        pieces = (self._read(end + at, end + at + wide) for at in AFTER)
        return any(explained(piece, tones) * mean_square(piece) < _OFF * power for piece in pieces)


def is_even(thirds: Sequence[float], level: float) -> bool:
    """Whether a burst of some level is as loud at its end as at its start."""
    return not thirds or max(thirds) < _EVEN * min(thirds) + _NOISE * level**2
