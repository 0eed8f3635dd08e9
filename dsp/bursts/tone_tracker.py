"""Finds bursts of a plan's tones in a stream of frames."""

from __future__ import annotations

from dsp.bursts.burst import Burst
from dsp.bursts.burst_ends import BACK
from dsp.bursts.frames import Frames
from dsp.bursts.lone_tones import LoneTones
from dsp.bursts.run_bursts import LONG_FRAMES, Run, RunBursts
from dsp.stream import Reader
from dsp.tone_sets import HOP, WINDOW, ToneSet

_BELOW_PEAK = 0.05
"""A frame this far under its burst's strongest is past the burst's edge;"""
_TURNED = 0.75
"""a gain control may turn the tone down by so much from frame to frame."""
_GAP_FRAMES = 3
"""Holes of up to 80 ms, some 98 at most, are lost packets; `burst.BRIDGE` must not be shorter."""
_CHECK_FRAMES = 20
"""After 0.4 s a candidate must look like a tone, or the voice waits for it in vain."""


class ToneTracker:
    """Bursts out of frame powers. `read(start, end)` gives samples not older than `keep_from`."""

    def __init__(self, sets: tuple[ToneSet, ...], *, read: Reader) -> None:
        self._sets = sets
        self._read = read
        self._run: Run | None = None
        self._next = 0
        self._holes = tuple(1 if one.is_far else _GAP_FRAMES for one in sets)
        self._bursts = RunBursts(sets, read=read)
        self._lone = LoneTones(sets, read=read)

    @property
    def clear_until(self) -> int:
        """Up to this sample no tone is open: the voice may be looked for."""
        return (self._run.first if self._run else self._next) * HOP

    @property
    def keep_from(self) -> int:
        """Samples before this one are not needed any more."""
        if self._run is None:
            return self._next * HOP - BACK
        first = self._run.first if self._run.start is None else max(self._run.last - LONG_FRAMES, self._run.first)
        return first * HOP - BACK

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
        frames = self._lone.told(first, frames)
        if self._run is not None and self._goes_on(self._run, first, frames):
            return []
        found: list[Burst] = []
        for i, (tone_set, power) in enumerate(zip(frames.sets, frames.powers, strict=True), first):
            if (tone_set >= 0 or self._run is not None) and not self._is_passed(i, tone_set, power):
                found += self._frame(i, tone_set if tone_set >= 0 else None, power)
        return found

    def _is_passed(self, frame: int, tone_set: int, power: float) -> bool:
        """Whether a frame only goes on with a run, with a hole in it, or with nothing; what is to be noted is noted."""
        run = self._run
        if run is None:
            return tone_set < 0
        if tone_set != run.tone_set or power <= _BELOW_PEAK * run.peak:
            return frame - run.last <= self._holes[run.tone_set]
        if frame - run.first in (_CHECK_FRAMES, LONG_FRAMES):
            return False
        run.last, run.peak = frame, max(run.peak * _TURNED, power)
        return True

    def _goes_on(self, run: Run, first: int, frames: Frames) -> bool:
        """Whether the tone sounds on in every frame and need not be looked at: then they are taken all at once."""
        before, after = run.last - run.first, first + len(frames.sets) - 1 - run.first
        looks = before < _CHECK_FRAMES <= after or before < LONG_FRAMES <= after
        if looks or run.last != first - 1 or frames.sets.count(run.tone_set) < len(frames.sets):
            return False
        if min(frames.powers) <= _BELOW_PEAK * max(run.peak, *frames.powers):
            return False
        for power in frames.powers:
            run.peak = max(run.peak * _TURNED, power)
        run.last = run.first + after
        return True

    def _frame(self, frame: int, tone_set: int | None, power: float) -> list[Burst]:
        run = self._run
        found: list[Burst] = []
        if run and tone_set == run.tone_set and power > _BELOW_PEAK * run.peak:
            run.last, run.peak = frame, max(run.peak * _TURNED, power)
            self._look(run)
        elif run and frame - run.last > self._holes[run.tone_set]:
            if (
                tone_set in self._bursts.names.near[run.tone_set]
                and power > _BELOW_PEAK * run.peak
                and self._is_on(run, frame)
            ):
                self._reach(run, frame)
            else:
                found = self._close()
        if self._run is None and tone_set is not None and self._may_begin(frame, tone_set, found):
            self._run = Run(tone_set, frame, frame, power)
        return found

    def _is_on(self, run: Run, frame: int) -> bool:
        """Whether a run's tone still sounds in a frame: in noise a set beside it can be the stronger one."""
        samples = self._read(frame * HOP, frame * HOP + WINDOW)
        ((name, _, _),) = self._bursts.names.names_of(samples[None], run.tones)
        if name is None:
            return False
        (low, high), (lowest, highest) = self._sets[name].edges_hz, self._sets[run.tones].edges_hz
        return (low <= lowest and highest <= high) or (lowest <= low and high <= highest)

    def _reach(self, run: Run, frame: int) -> None:
        """The tone sounded on up to a frame."""
        for passed in range(run.last + 1, frame + 1):
            run.last = passed
            self._look(run)
            if self._run is None:
                break

    def _may_begin(self, frame: int, tone_set: int, found: list[Burst]) -> bool:
        """Whether a frame can be a tone's first: two tones in one window, an old and a new one, are no digit."""
        if self._sets[tone_set].is_far and frame * HOP < self._bursts.last_end:
            return False
        return not found or frame * HOP + WINDOW // 2 > found[-1].end

    def _look(self, run: Run) -> None:
        """Give up a candidate that is no tone; fix the start of a long tone."""
        frames = run.last - run.first
        if frames == _CHECK_FRAMES:
            looked = self._bursts.names.look_at(run.first * HOP + WINDOW // 2, run.last * HOP, run.tone_set)
            if looked is None:
                self._run = None
            else:
                run.named = looked[0]
        elif frames == LONG_FRAMES and run.start is None:
            run.start = self._bursts.edges(run)[0]

    def close(self) -> list[Burst]:
        """The tone that was sounding when the audio ended."""
        return self._close() if self._run else []

    def _close(self) -> list[Burst]:
        """The burst that a run was; nothing where it was too short to prove itself, or a piece of a voice."""
        run, self._run = self._run, None
        return [] if run is None else self._bursts.of(run)

    def steadiness(self, burst: Burst) -> float:
        """Share of a burst's energy in tones that hold still, as `dsp.bursts.steadiness` has it."""
        return self._bursts.steadiness.of(burst)

    def judged(self, burst: Burst, *, believed: bool) -> None:
        """Whether a burst was a tone after all, or a voice's or music's."""
        self._bursts.judged(burst, believed=believed)

    def lines(self, burst: Burst) -> int:
        """How many lines a burst's set has."""
        return self._sets[burst.tone_set].lines

    def probe(self, due: int, tone_set: int, *, slack: int, reach: int) -> Burst | None:
        """What is left of a burst that was due within `slack` samples from one on and was cut off almost at once."""
        return self._bursts.probe(due, tone_set, slack=slack, reach=reach)
