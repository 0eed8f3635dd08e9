"""Finds bursts of a plan's tones in a stream of frames."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp.burst import Burst, edges, explained, goes_quiet, mean_square, sharpen
from dsp.frames import Frames
from dsp.probe import cut_piece
from dsp.purity import MIN_DIGIT, Purity, Spectrum, lines_hz, purity, spectrum
from dsp.tone_sets import HOP, SR, WINDOW, ToneSet

Array = npt.NDArray[np.float32]
Reader = Callable[[int, int], Array]

_BELOW_PEAK = 0.05
"""A frame this far under its burst's strongest is past the burst's edge."""
_GAP_FRAMES = 3
"""Holes of up to 80 ms, some 98 at most, are lost packets; `burst.BRIDGE` must not be shorter."""
_CHECK_FRAMES = 20
"""After 0.4 s a candidate must look like a tone, or the voice waits for it in vain."""
_LONG_FRAMES = 150
"""From 3 s on a tone is a long one: only its two ends are looked at."""
_BRIEF = round(0.35 * SR)
"""A proven burst shorter than this must also be as pure as the noise before it allows."""
_PIECE = round(0.032 * SR)
_HALF = round(0.100 * SR)
_HALF_PURE, _HALF_SHARE = 0.85, 0.6
"""A half of a burst is believed only where it is purer than a whole one need be."""
_SHORT, _HOLE, _REPLY, _TAIL = round(0.01 * SR), 0.15, 5, 0.7
_STEADY, _STEADY_EDGE, _HELD = round(0.5 * SR), round(0.005 * SR), 0.7
_STEADY_WINDOW, _WINDOWS_HELD = round(0.08 * SR), 0.7
_TOLD_APART, _EVEN = 0.6, 0.15
_MORE = 1.1
"""A set with more tones than another must explain a tenth more than that one: skirts of a line look like lines."""
_AFTER = round(0.004 * SR), round(0.044 * SR)
_ECHO = 0.08
_QUIET, _LOUD_BEFORE = (round(0.15 * SR), round(0.02 * SR)), 0.25
_BEFORE = round(0.25 * SR), round(0.03 * SR)
_AROUND = round(0.05 * SR)
_BACK = round(0.5 * SR)


@dataclass(slots=True)
class _Run:
    """Frames in which one set was strongest."""

    tone_set: int
    first: int
    last: int
    peak: float
    named: int | None = None
    """The set its spectrum showed, once it was looked at: of sets that overlap the strongest is not always
    it."""
    start: int | None = None
    """The exact start, once the run is long enough to be proven while it sounds."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """The last burst of a set, by which the next is judged."""

    level: float
    tones: tuple[float, ...]
    share: float


class ToneTracker:
    """Bursts out of frame powers. `read(start, end)` gives samples not older than `keep_from`."""

    def __init__(self, sets: tuple[ToneSet, ...], *, read: Reader) -> None:
        self._sets = sets
        self._near = _neighbours(sets)
        self._read = read
        self._run: _Run | None = None
        self._usual: dict[int, _Usual] = {}
        self._next = 0
        self._last_end = 0
        self._steadiness: tuple[Burst, float] | None = None

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

    def push(self, frames: Frames) -> list[Burst]:
        """The next frames."""
        first, self._next = self._next, self._next + len(frames.sets)
        if self._run is None and not frames.sounds:
            return []
        if self._run is not None and self._goes_on(self._run, first, frames):
            return []
        found: list[Burst] = []
        for i, (tone_set, power) in enumerate(zip(frames.sets, frames.powers, strict=True), first):
            if tone_set >= 0 or self._run is not None:
                found += self._frame(i, tone_set if tone_set >= 0 else None, power)
        return found

    def _goes_on(self, run: _Run, first: int, frames: Frames) -> bool:
        """Whether the tone sounds on in every frame and need not be looked at: then they are taken all at once."""
        before, after = run.last - run.first, first + len(frames.sets) - 1 - run.first
        looks = before < _CHECK_FRAMES <= after or before < _LONG_FRAMES <= after
        if looks or run.last != first - 1 or frames.sets.count(run.tone_set) < len(frames.sets):
            return False
        peak = max(run.peak, *frames.powers)
        if min(frames.powers) <= _BELOW_PEAK * peak:
            return False
        run.last, run.peak = run.first + after, peak
        return True

    def _frame(self, frame: int, tone_set: int | None, power: float) -> list[Burst]:
        run = self._run
        found: list[Burst] = []
        if run and tone_set == run.tone_set and power > _BELOW_PEAK * run.peak:
            run.last, run.peak = frame, max(run.peak, power)
            self._look(run)
        elif run and frame - run.last > (1 if self._sets[run.tone_set].is_far else _GAP_FRAMES):
            found = self._close()
        if self._run is None and tone_set is not None and self._may_begin(frame, tone_set, found):
            self._run = _Run(tone_set, frame, frame, power)
        return found

    def _may_begin(self, frame: int, tone_set: int, found: list[Burst]) -> bool:
        """Whether a frame can be a tone's first: two tones in one window, an old and a new one, are no digit."""
        if self._sets[tone_set].is_far and frame * HOP < self._last_end:
            return False
        return not found or frame * HOP + WINDOW // 2 > found[-1].end

    def _look(self, run: _Run) -> None:
        """Give up a candidate that is no tone; fix the start of a long tone."""
        frames = run.last - run.first
        if frames == _CHECK_FRAMES:
            looked = self._look_at(run.first * HOP + WINDOW // 2, run.last * HOP, run.tone_set)
            if looked is None:
                self._run = None
            else:
                run.named = looked[0]
        elif frames == _LONG_FRAMES and run.start is None:
            run.start = self._edges(run)[0]

    def close(self) -> list[Burst]:
        """The tone that was sounding when the audio ended."""
        return self._close() if self._run else []

    def _set_of(self, run: _Run) -> int:
        return run.tone_set if run.named is None else run.named

    def _edges(self, run: _Run) -> tuple[int, int, float]:
        first = run.first if run.start is None else max(run.last - _LONG_FRAMES // 2, run.first)
        base = max(first * HOP - _BACK, 0)
        samples = self._read(base, run.last * HOP + WINDOW + HOP)
        inside = (first + run.last) // 2 * HOP + WINDOW // 2 - base
        start, end, level = edges(samples, self._sets[self._set_of(run)], inside=inside)
        return base + start, base + end, level

    def _close(self) -> list[Burst]:
        """The burst that a run was; nothing where it was too short to prove itself, or a piece of a voice."""
        run, self._run = self._run, None
        if run is None:
            return []
        centre = (run.first + run.last) // 2 * HOP + WINDOW // 2
        half = max((run.last - run.first) * HOP // 2, HOP)
        shortest = self._sets[run.tone_set].shortest_s * SR
        if 2 * half + 2 * HOP < shortest:
            return []
        looked = self._look_at(max(centre - half, centre + half - 2 * SR), centre + half, run.tone_set)
        if looked is None:
            return []
        run.named, found, heard = looked
        return self._proven(run, heard, found)

    def _proven(self, run: _Run, heard: Spectrum, found: Purity) -> list[Burst]:
        tone_set = self._set_of(run)
        start, end, level = self._edges(run)
        start = max(start if run.start is None else run.start, self._last_end)
        if end - start < self._sets[tone_set].shortest_s * SR:
            return []
        end = self._without_reply(start, end, tone_set, level, found.share)
        tones = lines_hz(heard, self._sets[tone_set])
        usual = self._usual.get(tone_set, _Usual(level, tones, 1.0))
        if not self._is_steady(start, end, level, self._sets[tone_set].modulation_hz):
            return []
        if end - start < _BRIEF and not self._fits(start, end, usual):
            return []
        start, end = self._trimmed(start, end, tones, level, share=min(usual.share, found.share))
        start, end = self._sharpened(start, end, tones, long=run.start is not None)
        self._usual[tone_set] = _Usual(level, tones, found.share)
        stops, begins = self._stops(start, end, tones, level), self._begins(start, level)
        burst = Burst(
            tone_set,
            start,
            end,
            level,
            proven=True,
            stops=stops,
            begins=begins,
            told_apart=self._told_apart(heard, found, tone_set),
            share=found.share,
        )
        return self._found(burst)

    def _told_apart(self, heard: Spectrum, found: Purity, tone_set: int) -> bool:
        """Whether a set's several lines were seen one by one, about as strong."""
        tones = self._sets[tone_set]
        return tones.lines > 1 and heard.half_hz < _TOLD_APART * tones.spacing_hz and found.balance > _EVEN

    def _begins(self, start: int, level: float) -> bool:
        before = self._read(max(start - _QUIET[0], 0), max(start - _QUIET[1], 0))
        return not len(before) or float(np.mean(before**2)) < _LOUD_BEFORE * level**2

    def _stops(self, start: int, end: int, tones: tuple[float, ...], level: float) -> bool:
        before = self._read(max(start - _BEFORE[0], self._last_end + _AFTER[0]), start - _BEFORE[1])
        behind = self._read(end + _AFTER[0], end + _AFTER[1])
        # The first packet behind it must not hold the tone again, half as loud.
        packet = behind[: round(0.016 * SR)]
        repeated = explained(packet, tones) * float(np.mean(packet**2)) if len(packet) else 0.0
        return repeated < _ECHO * level**2 and goes_quiet(behind, before, level)

    def steadiness(self, burst: Burst) -> float:
        """Share of a burst's energy in tones that keep frequency, strength and phase from its start to its end.

        Exchanges' tones have 0.75 to 1.0 (less only where packets were lost), vowels up to 0.46: measured on cut
        bursts and on speech, through every codec of the truth set."""
        if self._steadiness is None or self._steadiness[0] != burst:
            share = self._steady_share(burst)
            if share < _HELD:
                by_windows = self._share_by_windows(burst)
                share = max(share, by_windows if by_windows > _WINDOWS_HELD else 0.0)
            self._steadiness = burst, share
        return self._steadiness[1]

    def _steady_share(self, burst: Burst) -> float:
        middle = (burst.start + burst.end) // 2
        whole = self._held(
            max(middle - _STEADY // 2, burst.start), min(middle + _STEADY // 2, burst.end), burst.tone_set
        )
        if whole > _HELD or burst.end - burst.start < _STEADY:
            return whole
        # Where the sender halted, each side is steady, but not with the other.
        sides = ((burst.start, middle - _STEADY // 8), (middle + _STEADY // 8, burst.end))
        return max(whole, min(self._held(start, end, burst.tone_set) for start, end in sides))

    def _share_by_windows(self, burst: Burst) -> float:
        """The same where lost packets were concealed: phase and place of the tones jump there, but between the jumps
        they are the same tones. The median over short windows, by the frequencies that one of four parts tells best.

        Vowels have up to 0.6, exchanges' tones 0.75 and more: measured on speech and music, and on bursts of which
        one packet in ten was lost and concealed."""
        return self._by_windows(burst.start + _STEADY_EDGE, burst.end - _STEADY_EDGE, burst.tone_set)

    def _by_windows(self, start: int, end: int, tone_set: int) -> float:
        samples = self._read(start, end)
        if len(samples) < 2 * _STEADY_WINDOW:
            return 0.0
        part = max(len(samples) // 4, 2 * _STEADY_WINDOW)
        told = {
            lines_hz(spectrum(samples[at : at + part]), self._sets[tone_set])
            for at in range(0, len(samples) - part + 1, part)
        }
        starts = range(0, len(samples) - _STEADY_WINDOW + 1, _STEADY_WINDOW // 2)
        return max(
            float(np.median([explained(samples[at : at + _STEADY_WINDOW], tones) for at in starts])) for tones in told
        )

    def lines(self, burst: Burst) -> int:
        """How many lines a burst's set has."""
        return self._sets[burst.tone_set].lines

    def _held(self, start: int, end: int, tone_set: int) -> float:
        samples = self._read(start + _STEADY_EDGE, end - _STEADY_EDGE)
        return explained(samples, lines_hz(spectrum(samples), self._sets[tone_set])) if len(samples) else 0.0

    def probe(self, due: int, tone_set: int, *, slack: int, reach: int) -> Burst | None:
        """What is left of a burst that was due within `slack` samples from one on and was cut off almost at once."""
        usual = self._usual.get(tone_set)
        if usual is None or due < self._last_end:
            return None
        noise = self._read(max(due - round(0.25 * SR), self._last_end + _AFTER[0]), due)
        power = (mean_square(noise) if len(noise) else 0.0) + 1e-10
        samples = self._read(due, due + slack + reach)
        piece = cut_piece(samples, level=usual.level, tones=usual.tones, noise=power, reach=reach, slack=slack)
        if piece is None:
            return None
        return self._found(Burst(tone_set, due + piece[0], due + piece[1], usual.level, proven=False))[0]

    def _found(self, burst: Burst) -> list[Burst]:
        self._last_end = burst.end
        return [burst]

    def _trimmed(
        self, start: int, end: int, tones: tuple[float, ...], level: float, *, share: float
    ) -> tuple[int, int]:
        """Take off what is no tone at the ends: a voice that came right after, bridged like a lost packet."""
        while end - start > 3 * _PIECE and not self._sounds(end - _PIECE, tones, level, share):
            end -= _PIECE // 2
        while end - start > 3 * _PIECE and not self._sounds(start, tones, level, share):
            start += _PIECE // 2
        return start, end

    def _without_reply(self, start: int, end: int, tone_set: int, level: float, share: float) -> int:
        """The end before the last hole, if what comes after that is no tone but somebody who spoke at once."""
        samples = self._read(start, end)
        count = len(samples) // _SHORT
        powers = np.square(samples[: count * _SHORT]).reshape(count, _SHORT).sum(axis=1) / _SHORT
        quiet = powers < _HOLE * level**2
        last = int(np.flatnonzero(quiet)[-1]) if quiet.any() else 0
        if not _REPLY <= last < count - _REPLY or not quiet[last - 1]:
            return end
        tail = start + (last + 1) * _SHORT
        samples = self._read(tail, end)
        tones = lines_hz(spectrum(samples), self._sets[tone_set])
        held = explained(samples, tones) > _TAIL * share or self._by_windows(tail, end, tone_set) > _TAIL
        return end if held else tail - _SHORT

    def _sounds(self, at: int, tones: tuple[float, ...], level: float, share: float) -> bool:
        piece = self._read(at, at + _PIECE)
        return explained(piece, tones) > 0.6 * share and mean_square(piece) > 0.1 * level**2

    def _sharpened(self, start: int, end: int, tones: tuple[float, ...], *, long: bool) -> tuple[int, int]:
        base = max(start, end - 2 * SR) - _AROUND
        samples = self._read(base, end + _AROUND)
        if not long:
            start = base + sharpen(samples, tones, start - base, ends=False)
        return start, base + sharpen(samples, tones, end - base, ends=True)

    def _fits(self, start: int, end: int, usual: _Usual) -> bool:
        """Whether a short piece is as loud and as pure as the burst before it, in the noise before it."""
        noise = self._read(start - round(0.25 * SR), start - round(0.03 * SR))
        wanted = min(usual.level**2 / (usual.level**2 + mean_square(noise)), usual.share)
        piece = self._read(start + 16, max(end - 16, start + 48))
        loud = math.sqrt(mean_square(piece)) / usual.level
        return 0.5 < loud < 2.0 and explained(piece, usual.tones) > 0.75 * wanted

    def _is_steady(self, start: int, end: int, level: float, swing: float | None) -> bool:
        """An exchange's tone is as loud at its end as at its start; a plucked or spoken one dies away."""
        third = (end - start) // 3
        beat = _PIECE if swing is None else 2 * SR / swing
        if third < beat:
            return True
        parts = [mean_square(self._read(at, at + third)) for at in (start, start + third, end - third)]
        return max(parts) < 4 * min(parts) + 0.1 * level**2

    def _look_at(self, start: int, end: int, likely: int) -> tuple[int, Purity, Spectrum] | None:
        """(set, purity, spectrum) of a stretch: of the whole, else of a half without the packet that was
        lost, else of one of two quarters."""
        samples = self._read(start, end)
        heard = spectrum(samples)
        tone_set, found = self._named(heard, likely)
        if tone_set is not None:
            return tone_set, found, heard
        for parts in (2, 4):
            length = len(samples) // parts
            if length < _HALF:
                break
            pieces = [self._pure(samples[i * length : (i + 1) * length], likely) for i in range(parts)]
            pure = [piece for piece in pieces if piece is not None]
            if len(pure) >= parts // 2 and len({name for name, _, _ in pure}) == 1:
                return max(pure, key=lambda piece: piece[1].concentration)
        return None

    def _pure(self, samples: Array, likely: int) -> tuple[int, Purity, Spectrum] | None:
        """The same of a part, which is believed only where it is purer than a whole need be."""
        heard = spectrum(samples)
        tone_set, found = self._named(heard, likely)
        if tone_set is None or found.concentration <= _HALF_PURE or found.share <= _HALF_SHARE:
            return None
        return tone_set, found, heard

    def _named(self, heard: Spectrum, likely: int) -> tuple[int | None, Purity]:
        """The set whose lines hold the stretch best, among those that share its band; None: no tone."""
        best, most = None, Purity(0, 0, 0, 0)
        if self._sets[likely].is_far:
            found = purity(heard, self._sets[likely])
            return (likely if found.is_tone and found.share > MIN_DIGIT else None), found
        for index in self._near[likely]:
            found = purity(heard, self._sets[index])
            if found.is_tone and (best is None or found.energy > most.energy * self._extra(index, best, heard)):
                best, most = index, found
        return best, most

    def _extra(self, one: int, other: int, heard: Spectrum) -> float:
        """How much more energy one set must explain than another to be the better name."""
        more = self._sets[one].lines - self._sets[other].lines
        if more == 0 or heard.half_hz > _TOLD_APART * max(self._sets[one].spacing_hz, self._sets[other].spacing_hz):
            return 1.0
        return _MORE if more > 0 else 1 / _MORE


def _neighbours(sets: tuple[ToneSet, ...]) -> tuple[tuple[int, ...], ...]:
    """For each set those that share its band, itself among them."""
    edges_hz = [s.edges_hz for s in sets]
    return tuple(
        tuple(i for i, (low, high) in enumerate(edges_hz) if low <= highest and high >= lowest)
        for lowest, highest in edges_hz
    )
