"""Which set of tones a stretch is, if it is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsp.bursts import purity
from dsp.bursts.purity import MIN_DIGIT, Purity, Spectrum, lines_hz, purities, spectra
from dsp.stream import Reader
from dsp.tone_sets import SR, ToneSet

Array = npt.NDArray[np.float32]

_HALF = round(0.100 * SR)
_HALF_PURE, _HALF_SHARE = 0.85, 0.6
"""A half of a burst is believed only where it is purer than a whole one need be."""
_TOLD_APART, _EVEN = 0.6, 0.15
_CLIPPED, _EVEN_AGAIN, _SAME_HZ = 0.55, 0.5, 1.0
_MORE = 1.1
"""A set with more tones than another must explain a tenth more than that one: skirts of a line look like lines."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The last burst of a set, by which the next is judged."""

    level: float
    """Root mean square."""
    tones: tuple[float, ...]
    """Its frequencies in Hz."""
    share: float
    """Share of the whole band's energy that they held."""


class ToneNames:
    """Names stretches of sound by the sets of tones listened for."""

    def __init__(self, sets: tuple[ToneSet, ...], *, read: Reader, usual: Mapping[int, Usual]) -> None:
        self._sets = sets
        self.near = _neighbours(sets)
        """For each set those that share its band."""
        self._near_sets = tuple(tuple(sets[i] for i in near) for near in self.near)
        self._read = read
        self._usual = usual

    def look_at(self, start: int, end: int, likely: int) -> tuple[int, Purity, Spectrum] | None:
        """(set, purity, spectrum) of a stretch: of the whole, else of a half without the packet that was
        lost, else of one of two quarters."""
        samples = self._read(start, end)
        ((tone_set, found, heard),) = self.names_of(samples[None], likely)
        if tone_set is not None:
            return tone_set, found, heard
        again = self._heard_again(heard, likely)
        if again is not None:
            return likely, again, heard
        for parts in (2, 4):
            length = len(samples) // parts
            if length < _HALF:
                break
            pieces = self.names_of(samples[: parts * length].reshape(parts, length), likely)
            pure = [(name, found, heard) for name, found, heard in pieces if name is not None and _is_pure(found)]
            if len(pure) >= parts // 2 and len({name for name, _, _ in pure}) == 1:
                return max(pure, key=lambda piece: piece[1].concentration)
        return None

    def _heard_again(self, heard: Spectrum, likely: int) -> Purity | None:
        """Two tones that sounded before, to the hertz, though clipped: that puts others beside them."""
        usual, tones = self._usual.get(likely), self._sets[likely]
        if usual is None or tones.lines < 2 or tones.modulation_hz or heard.half_hz > _TOLD_APART * tones.spacing_hz:
            return None
        (found,) = purities(heard, (tones,))
        same = all(abs(a - b) < _SAME_HZ for a, b in zip(lines_hz(heard, tones), usual.tones, strict=True))
        return found if same and found.concentration > _CLIPPED and found.balance > _EVEN_AGAIN else None

    def names_of(self, stretches: Array, likely: int) -> list[tuple[int | None, Purity, Spectrum]]:
        """(set or None, purity, spectrum) of each of some stretches, (m, n), m four at most, as `named` has it."""
        is_far, near = self._sets[likely].is_far, self.near[likely]
        told = purity.named(stretches, (self._sets[likely],) if is_far else self._near_sets[likely])
        if told is None:
            return [(*self.named(heard, likely), heard) for heard in spectra(stretches)]
        if is_far:
            return [
                (likely if name >= 0 and found.share > MIN_DIGIT else None, found, heard) for name, found, heard in told
            ]
        return [(near[name] if name >= 0 else None, found, heard) for name, found, heard in told]

    def named(self, heard: Spectrum, likely: int) -> tuple[int | None, Purity]:
        """The set whose lines hold the stretch best, among those that share its band; None: no tone."""
        best, most = None, Purity(0, 0, 0, 0)
        if self._sets[likely].is_far:
            (found,) = purities(heard, (self._sets[likely],))
            return (likely if found.is_tone and found.share > MIN_DIGIT else None), found
        for index, found in zip(self.near[likely], purities(heard, self._near_sets[likely]), strict=True):
            if found.is_tone and (best is None or found.energy > most.energy * self._extra(index, best, heard)):
                best, most = index, found
        return best, most

    def _extra(self, one: int, other: int, heard: Spectrum) -> float:
        """How much more energy one set must explain than another to be the better name."""
        more = self._sets[one].lines - self._sets[other].lines
        if more == 0 or heard.half_hz > _TOLD_APART * max(self._sets[one].spacing_hz, self._sets[other].spacing_hz):
            return 1.0
        return _MORE if more > 0 else 1 / _MORE

    def told_apart(self, heard: Spectrum, found: Purity, tone_set: int) -> bool:
        """Whether a set's several lines were seen one by one, about as strong."""
        tones = self._sets[tone_set]
        return tones.lines > 1 and heard.half_hz < _TOLD_APART * tones.spacing_hz and found.balance > _EVEN


def _is_pure(found: Purity) -> bool:
    """Whether a part is a tone: it is believed only where it is purer than a whole need be."""
    return found.concentration > _HALF_PURE and found.share > _HALF_SHARE


@lru_cache(maxsize=64)
def _neighbours(sets: tuple[ToneSet, ...]) -> tuple[tuple[int, ...], ...]:
    """For each set those that share its band, itself among them."""
    edges_hz = [s.edges_hz for s in sets]
    return tuple(
        tuple(i for i, (low, high) in enumerate(edges_hz) if low <= highest and high >= lowest)
        for lowest, highest in edges_hz
    )
