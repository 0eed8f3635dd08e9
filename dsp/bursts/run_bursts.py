"""The bursts that runs of frames hold, each judged by its purity, its steadiness and the burst before it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dsp.bursts.burst import Burst
from dsp.bursts.burst_ends import AFTER, BACK, TAIL, BurstEnds
from dsp.bursts.envelope import BRIDGE
from dsp.bursts.envelope import edges as find_edges
from dsp.bursts.evenness import Evenness, is_even
from dsp.bursts.probe import cut_piece
from dsp.bursts.purity import Purity, Spectrum, lines_hz
from dsp.bursts.sharp_edges import mean_square
from dsp.bursts.steadiness import STEADY_EDGE, Steadiness
from dsp.bursts.tone_fit import explained
from dsp.bursts.tone_names import ToneNames, Usual
from dsp.stream import Reader
from dsp.tone_sets import HOP, SR, WINDOW, ToneSet

LONG_FRAMES = 150
"""From 3 s on a tone is a long one: only its two ends are looked at."""
_BRIDGE = BRIDGE * SR // 1000
_LEAST_FRAMES = 3
"""What a hole too long to be bridged cut off a burst is one itself if it fills so many frames."""
_BRIEF = round(0.35 * SR)
"""A proven burst shorter than this must also be as pure as the noise before it allows."""
_OWN = round(0.05 * SR)
_PURER, _PURE = 0.5, 0.85
"""What is so much purer than the burst before it, or so pure, is judged by itself."""


@dataclass(slots=True)
class Run:
    """Frames in which one set was strongest."""

    tone_set: int
    """Which set."""
    first: int
    """The first frame,"""
    last: int
    """and the last so far."""
    peak: float
    """Power of the strongest frame, less the more frames came behind it."""
    named: int | None = None
    """The set its spectrum showed, once it was looked at: of sets that overlap the strongest is not always
    it."""
    start: int | None = None
    """The exact start, once the run is long enough to be proven while it sounds."""

    @property
    def tones(self) -> int:
        """The set that it is, as far as is known."""
        return self.tone_set if self.named is None else self.named


class RunBursts:
    """Makes bursts of runs; what one was like tells what the next may be."""

    def __init__(self, sets: tuple[ToneSet, ...], *, read: Reader) -> None:
        self._sets = sets
        self._read = read
        self._usual: dict[int, Usual] = {}
        self._believed: dict[int, Usual] = {}
        self.names = ToneNames(sets, read=read, usual=self._usual)
        self.steadiness = Steadiness(sets, read=read)
        self._evenness = Evenness(sets, read=read, steadiness=self.steadiness)
        self._ends = BurstEnds(sets, read=read, steadiness=self.steadiness)
        self.last_end = 0
        """Where the last burst ended."""

    def edges(self, run: Run) -> tuple[int, int, float]:
        """(start, end, level) of the burst in a run, to some milliseconds."""
        first = run.first if run.start is None else max(run.last - LONG_FRAMES // 2, run.first)
        base = max(first * HOP - BACK, 0)
        samples = self._read(base, run.last * HOP + WINDOW + HOP)
        inside = (first + run.last) // 2 * HOP + WINDOW // 2 - base
        start, end, level = find_edges(samples, self._sets[run.tones], inside=inside)
        start, end = base + start, base + end
        return start, end if run.start else self._evenness.turned_end(end, run.last * HOP, run.tones), level

    def of(self, run: Run) -> list[Burst]:
        """The bursts that a run holds: none, one, or the pieces around a hole."""
        centre = (run.first + run.last) // 2 * HOP + WINDOW // 2
        half = max((run.last - run.first) * HOP // 2, HOP)
        shortest = self._sets[run.tone_set].shortest_s * SR
        if 2 * half + 2 * HOP < shortest:
            return []
        looked = self.names.look_at(max(centre - half, centre + half - 2 * SR), centre + half, run.tone_set)
        if looked is None:
            return []
        run.named, found, heard = looked
        return self._proven(run, heard, found)

    def _proven(self, run: Run, heard: Spectrum, found: Purity) -> list[Burst]:
        start, end, level = self.edges(run)
        before, behind = self._cut_off(run, start, end)
        pieces = [] if before is None else self.of(before)
        pieces += self._burst(run, start, end, level, heard, found)
        return pieces if behind is None else pieces + self.of(behind)

    def _cut_off(self, run: Run, start: int, end: int) -> tuple[Run | None, Run | None]:
        """What of a run lies before its burst, and what behind it, where a hole was too long to be bridged."""
        last, first = (start - _BRIDGE - WINDOW // 2) // HOP, (end + _BRIDGE - WINDOW // 2) // HOP + 1
        before = run.start is None and run.first + _LEAST_FRAMES <= last < run.last
        behind = run.first < first <= run.last - _LEAST_FRAMES
        return (
            Run(run.tone_set, run.first, last, run.peak) if before else None,
            Run(run.tone_set, first, run.last, run.peak) if behind else None,
        )

    def _burst(self, run: Run, start: int, end: int, level: float, heard: Spectrum, found: Purity) -> list[Burst]:
        tone_set = run.tones
        start = max(start if run.start is None else run.start, self.last_end)
        if end - start < self._sets[tone_set].shortest_s * SR:
            return []
        end = self._ends.without_reply(start, end, tone_set, level, found.share)
        tones = lines_hz(heard, self._sets[tone_set])
        usual = self._usual_of(tone_set, Usual(level, tones, 1.0), share=found.share)
        if not self._is_steady(start, end, level, tone_set, found.share):
            return []
        if end - start < _BRIEF and not self._fits(start, end, usual, tone_set):
            return []
        first = start
        start, end = self._ends.trimmed(start, end, tones, level, share=min(usual.share, found.share))
        start, end = self._ends.sharpened(start, end, tones, long=run.start is not None)
        self._usual[tone_set] = Usual(level, tones, found.share)
        # What was trimmed off may be the tone's own first samples, before a lost packet.
        begins = self._ends.begins(first if 0 < start - first <= _OWN else start, level)
        stops = self._ends.stops(start, end, tones, level, since=self.last_end)
        burst = Burst(
            tone_set,
            start,
            end,
            level,
            proven=True,
            stops=stops,
            broken=self._ends.breaks_off(start, end),
            begins=begins,
            told_apart=self.names.told_apart(heard, found, tone_set),
            share=found.share,
        )
        return self._found(burst)

    def _usual_of(self, tone_set: int, own: Usual, *, share: float) -> Usual:
        """The last burst of a set; what is far purer than that one, which was a voice's or music's, is judged by
        itself, and so is what nothing sounds beside: another exchange's tones may be louder."""
        last = self._usual.get(tone_set)
        return own if last is None or last.share < _PURER * share or share > _PURE else last

    def judged(self, burst: Burst, *, believed: bool) -> None:
        """Whether a burst was a tone after all: what was a voice's or music's tells nothing of the next."""
        tone_set = burst.tone_set
        if believed and tone_set in self._usual:
            self._believed[tone_set] = self._usual[tone_set]
        elif not believed:
            self._usual.pop(tone_set, None)
            if tone_set in self._believed:
                self._usual[tone_set] = self._believed[tone_set]

    def probe(self, due: int, tone_set: int, *, slack: int, reach: int) -> Burst | None:
        """What is left of a burst that was due within `slack` samples from one on and was cut off almost at once."""
        usual = self._usual.get(tone_set)
        if usual is None or due < self.last_end:
            return None
        noise = self._read(max(due - round(0.25 * SR), self.last_end + AFTER[0]), due)
        power = (mean_square(noise) if len(noise) else 0.0) + 1e-10
        samples = self._read(due, due + slack + reach)
        piece = cut_piece(
            samples, level=usual.level, tones=usual.tones, noise=power, reach=reach, slack=slack, before=noise
        )
        if piece is None:
            return None
        start, end = due + piece[0], due + piece[1]
        broken = self._ends.breaks_off(due, end)
        return self._found(Burst(tone_set, start, end, usual.level, proven=False, broken=broken))[0]

    def _found(self, burst: Burst) -> list[Burst]:
        self.last_end = burst.end
        return [burst]

    def _fits(self, start: int, end: int, usual: Usual, tone_set: int) -> bool:
        """Whether a short piece is as loud and as pure as the burst before it, in the noise before it."""
        noise = self._read(start - round(0.25 * SR), start - round(0.03 * SR))
        wanted = min(usual.level**2 / (usual.level**2 + mean_square(noise)), usual.share)
        piece = self._read(start + 16, max(end - 16, start + 48))
        loud = math.sqrt(mean_square(piece)) / usual.level
        if not 0.5 < loud < 2.0:
            return False
        if explained(piece, usual.tones) > 0.75 * wanted:
            return True
        # A concealed packet turns the tones' phase: between such turns they are the same.
        return self.steadiness.by_windows(start + STEADY_EDGE, end - STEADY_EDGE, tone_set) > max(TAIL, 0.75 * wanted)

    def _is_steady(self, start: int, end: int, level: float, tone_set: int, share: float) -> bool:
        """Whether a stretch is as loud all along as an exchange's tone, or turned down by a gain control; what is brief
        as well only where its tones rang before."""
        thirds = self._evenness.thirds(start, end, tone_set)
        if is_even(thirds, level):
            return True
        rang = end - start >= _BRIEF or tone_set in self._believed
        return rang and self._evenness.is_turned_down(start, end, thirds, tone_set, share=share)
