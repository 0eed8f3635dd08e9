"""Ringing: bursts that follow one another in the plan's cadence, put into rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dsp.cadence import STRETCH, fits
from dsp.segment import BUSY, CONGESTION, DTMF, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import TonePlan

_EARLY_S = 0.0025
"""Starts of bursts are known to this at 10 dB of signal to noise."""
_LOST_S = 0.045
"""Two packets."""
_MAX_LEAN_S = 0.003
_HOLE_S = 0.09
_EXACT = 0.03
_TIGHT_S = 0.01
_HALT = 0.25
"""A sender may halt inside a burst for so much of the plan's shortest silence: a busy machine's stall."""


@dataclass(frozen=True, slots=True)
class Train:
    """One ringing: what is heard while one telephone rings."""

    rings: tuple[tuple[Segment, ...], ...]
    """Bursts of each ring, in order."""
    count: int
    """Cadence periods begun, also those whose burst was lost with its packets."""
    period: float
    """Samples from ring to ring, as measured."""
    restarted: bool
    """The cadence began anew without a voice between: possibly forwarded."""
    onset: int
    """First sample of the first burst, as all bursts together say."""
    last_start: float
    """First sample of the last ring, as all bursts together say."""
    sure: bool
    """Two bursts agree on where the ringing began, or the only one has the plan's length: no packet was lost
    there."""
    lean: float
    """How far inside their true edges bursts are seen, in samples; corrected in the two starts above."""

    @property
    def last(self) -> Segment:
        """The last burst."""
        return self.rings[-1][-1]

    @property
    def bursts(self) -> tuple[Segment, ...]:
        """Every burst in order."""
        return tuple(burst for ring in self.rings for burst in ring)


def find_trains(segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> tuple[Train, ...]:
    """Every ringing among the segments of a call, in order. Bursts that prove nothing are left out."""
    bursts = _joined(sorted((s for s in segments if s.sound == RINGBACK), key=lambda s: s.start), sr=sr, plan=plan)
    rings = _rings(bursts, sr=sr, plan=plan)
    groups: list[list[tuple[Segment, ...]]] = []
    for ring in rings:
        if groups and _goes_on(groups[-1], ring, segments, sr=sr, plan=plan):
            groups[-1].append(ring)
        else:
            groups.append([ring])
    trains = [_train(group, sr=sr, plan=plan) for group in groups]
    return tuple(train for train in trains if _proven(train, segments, sr=sr, plan=plan))


@dataclass(frozen=True, slots=True)
class Torn(Segment):
    """A burst inside which the sender halted: what came after stands later than it should."""

    hole: int = 0
    """Samples of silence inside it."""

    @property
    def length(self) -> int:
        """Samples that sounded."""
        return self.end - self.start - self.hole


def halted(burst: Segment) -> int:
    """Samples for which the sender halted inside a burst."""
    return burst.hole if isinstance(burst, Torn) else 0


def _joined(bursts: Sequence[Segment], *, sr: int, plan: TonePlan) -> list[Segment]:
    """Pieces of one burst put together: no plan's silence is as short as some lost packets, nor as a sender's halt."""
    halt = max(_HOLE_S, _HALT * min(off for _, off in plan.cadence)) * sr
    longest = (max(on for on, _ in plan.cadence) * (1 + STRETCH) + _EXACT) * sr
    whole: list[Segment] = []
    for burst in bursts:
        last = whole[-1] if whole else None
        gap = burst.start - last.end if last is not None else 0
        if last is not None and (gap < _HOLE_S * sr or (gap < halt and last.length + burst.length <= longest)):
            whole[-1] = _one_of(last, burst, max(gap, 0), sr=sr, plan=plan)
        else:
            whole.append(burst)
    return [_stretched(one, other, sr=sr, plan=plan) for one, other in pairwise(whole)] + whole[-1:]


def _stretched(burst: Segment, following: Segment, *, sr: int, plan: TonePlan) -> Segment:
    """A burst too long by just as much as the next one is late: the sender halted inside it, and was bridged."""
    if len(plan.cadence) > 1 or halted(burst):
        return burst
    excess = burst.length - plan.cadence[0][0] * sr
    late = following.start - burst.start - plan.period_s * sr
    if excess > _EXACT * sr and abs(late - excess) < _TIGHT_S * sr:
        return Torn(RINGBACK, burst.start, burst.end, hole=round(excess))
    return burst


def _one_of(first: Segment, second: Segment, gap: int, *, sr: int, plan: TonePlan) -> Torn:
    """Two pieces as one burst: packets were lost where that gives the plan's length, else the sender halted."""
    torn = Torn(RINGBACK, first.start, max(first.end, second.end), hole=halted(first))
    lengths = [on * sr for on, _ in plan.cadence]
    lost, halt = (min(abs(torn.length - less - on) for on in lengths) for less in (0, gap))
    shifted = gap >= _HOLE_S * sr or halt < lost
    return Torn(RINGBACK, torn.start, torn.end, hole=torn.hole + gap) if shifted else torn


def _rings(bursts: list[Segment], *, sr: int, plan: TonePlan) -> list[tuple[Segment, ...]]:
    """Bursts of one period together: two bursts that are one ring are one ring."""
    pause = 0.6 * max(off for _, off in plan.cadence) * sr
    rings: list[list[Segment]] = []
    for burst in bursts:
        if rings and burst.start - rings[-1][-1].end < pause and len(rings[-1]) < len(plan.cadence):
            rings[-1].append(burst)
        else:
            rings.append([burst])
    return [tuple(ring) for ring in rings]


def _goes_on(
    group: list[tuple[Segment, ...]],
    ring: tuple[Segment, ...],
    segments: Sequence[Segment],
    *,
    sr: int,
    plan: TonePlan,
) -> bool:
    """Whether a ring belongs to the ringing before it: on time, or late with nobody heard between."""
    before, start = group[-1][0], ring[0].start
    if not (_is_whole(before, sr=sr, plan=plan) or before.start < _HOLE_S * sr):
        return False  # what ended early was picked up, or was never ringing
    steps = (start - before.start) / _period(group, sr=sr, plan=plan)
    if round(steps) in (1, 2) and abs(steps - round(steps)) <= 0.04:
        return True  # a burst on time: whatever sounded in the gap did not stop the ringing
    spoken = any(s.sound in (SPEECH, MUSIC) and s.start < start and s.end > group[-1][-1].end for s in segments)
    return not spoken and steps < 2 * (1 + STRETCH)


def _is_whole(burst: Segment, *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst has the plan's length, or did before it lost two packets."""
    return any(fits(burst.length / sr + lost, on) for on, _ in plan.cadence for lost in (0, _LOST_S))


def _period(group: list[tuple[Segment, ...]], *, sr: int, plan: TonePlan) -> float:
    """Samples from ring to ring."""
    return _grid(group, sr=sr, plan=plan).period


@dataclass(frozen=True, slots=True)
class _Grid:
    """The beat that the rings keep."""

    period: float
    onset: float
    steps: npt.NDArray[np.float64]
    on_it: int


def _grid(group: list[tuple[Segment, ...]], *, sr: int, plan: TonePlan) -> _Grid:
    """The beat most rings keep. A lost packet makes a burst begin late, never early: no ring is before its
    beat."""
    nominal = plan.period_s * sr
    starts = np.array([ring[0].start for ring in group], dtype=float)
    steps = np.concatenate([[0], np.cumsum(np.maximum(np.round(np.diff(starts) / nominal), 1))])
    first = _Grid(nominal * _scale(group[0], sr=sr, plan=plan), float(starts[0]), steps, 1)
    lines = [_line(starts, steps, i, j) for i in range(len(starts)) for j in range(i + 1, len(starts))]
    lines += [
        _Grid(nominal, float(start - step * nominal), steps, 0) for start, step in zip(starts, steps, strict=True)
    ]
    best, most = first, (0, 0.0)
    onsets, periods = (np.array([values]).T for values in ([b.onset for b in lines], [b.period for b in lines]))
    late = (starts - onsets - steps * periods) / sr
    in_order = (late.min(axis=1) >= -_EARLY_S).tolist()
    for line, possible, on_it in zip(lines, in_order, (late <= _EARLY_S).sum(axis=1).tolist(), strict=True):
        if abs(line.period / nominal - 1) > STRETCH or not possible:
            continue
        likely = (on_it + (line.period == nominal), -abs(line.period / nominal - 1))
        if on_it > 1 and likely > most:
            best, most = _Grid(line.period, line.onset, steps, on_it), likely
    return _settled(best, starts, sr=sr, nominal=nominal)


def _line(starts: npt.NDArray[np.float64], steps: npt.NDArray[np.float64], i: int, j: int) -> _Grid:
    period = float((starts[j] - starts[i]) / (steps[j] - steps[i]))
    return _Grid(period, float(starts[i] - steps[i] * period), steps, 0)


def _settled(grid: _Grid, starts: npt.NDArray[np.float64], *, sr: int, nominal: float) -> _Grid:
    """The same beat, laid through the middle of the rings on it."""
    late = starts - grid.onset - grid.steps * grid.period
    on_it = np.abs(late) <= _EARLY_S * sr
    if grid.on_it < 2:
        return grid
    period = grid.period
    if grid.on_it > 2 and period != nominal:
        period = float(np.polyfit(grid.steps[on_it], starts[on_it], 1)[0])
    onset = float(np.median(starts[on_it] - grid.steps[on_it] * period))
    return _Grid(period, onset, grid.steps, grid.on_it)


def _scale(ring: tuple[Segment, ...], *, sr: int, plan: TonePlan) -> float:
    """How much longer than the plan's a ring's first burst is, if it was not cut: the whole cadence is."""
    ratio = ring[0].length / sr / plan.cadence[0][0]
    return ratio if 1.03 < ratio <= 1 + STRETCH else 1.0


def _train(group: list[tuple[Segment, ...]], *, sr: int, plan: TonePlan) -> Train:
    grid = _grid(group, sr=sr, plan=plan)
    count, restarted = 1, False
    for one, other in pairwise(group):
        steps = (other[0].start - one[0].start) / grid.period
        on_time = abs(steps - round(steps)) <= 0.06 and round(steps) >= 1
        count += round(steps) if on_time else 1
        restarted |= not on_time
    trusted = grid.on_it >= 3 or grid.period == plan.period_s * sr
    lean = _lean(group, grid.period, sr=sr, plan=plan) if trusted else 0.0
    onset, last_start = grid.onset, grid.onset + float(grid.steps[-1]) * grid.period
    if restarted or abs(group[-1][0].start - last_start) > 0.06 * grid.period:
        onset, last_start = group[0][0].start, group[-1][0].start
    sure = _is_sure(group, grid, sr=sr, plan=plan)
    return Train(tuple(group), count, grid.period, restarted, round(onset - lean), last_start - lean, sure, lean)


def _is_sure(group: list[tuple[Segment, ...]], grid: _Grid, *, sr: int, plan: TonePlan) -> bool:
    wanted = plan.cadence[0][0] * grid.period / plan.period_s
    if abs(group[0][0].length - wanted) <= 2 * _MAX_LEAN_S * sr:
        return True
    return grid.on_it >= 3 or (grid.on_it == 2 and grid.period == plan.period_s * sr)


def _lean(group: list[tuple[Segment, ...]], period: float, *, sr: int, plan: TonePlan) -> float:
    """How far inside the true edges the bursts' edges are seen: exchanges fade tones in and out over
    milliseconds.

    Half of what a whole burst lacks of the plan's length.
    """
    wanted = plan.cadence[0][0] * period / plan.period_s
    lacks = [(wanted - ring[0].length) / 2 for ring in group]
    small = [lack for lack in lacks if abs(lack) <= _MAX_LEAN_S * sr]
    return float(np.median(small)) if small else 0.0


def _proven(train: Train, segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """One burst is no proof inside music or speech; two in cadence are, and so is one that stands free."""
    if _has_music_inside(train, segments):
        return False
    whole = [b for b in train.bursts if _is_whole(b, sr=sr, plan=plan)]
    if len(whole) > 1 and not train.restarted:
        return True
    exact = any(abs(b.length / sr - on) <= _EXACT * on for b in train.bursts for on, _ in plan.cadence)
    if not exact and _near(train.rings[0][0], segments, (MUSIC,), before=4 * sr, after=sr):
        return False  # a last note that dies away
    if len(train.rings) > 1 and not train.restarted:
        return True
    lonely = train.rings[0][0]
    if _near(lonely, segments, (MUSIC,), before=sr, after=sr):
        return False
    others = (TONE, RINGBACK, BUSY, CONGESTION)
    if _is_whole(lonely, sr=sr, plan=plan):
        before = _near(lonely, segments, (SPEECH,), before=round(0.5 * sr), after=0)
        after = any(s.sound == SPEECH and abs(s.start - lonely.end) < 0.1 * sr for s in segments)
        amid_speech = before and after  # a long vowel
        return not amid_speech and not _near(lonely, segments, others, before=round(1.5 * sr), after=sr // 2)
    spoken = _near(lonely, segments, (SPEECH,), before=round(0.3 * sr), after=0)
    return not spoken and not _near(lonely, segments, (*others, DTMF), before=4 * sr, after=4 * sr)


def _has_music_inside(train: Train, segments: Sequence[Segment]) -> bool:
    """Whether music fills a pause of the ringing: then it is the music that has these notes."""
    pauses = [(a[-1].end, b[0].start) for a, b in pairwise(train.rings)]
    music = [s for s in segments if s.sound == MUSIC]
    return any(
        sum(max(min(s.end, end) - max(s.start, start), 0) for s in music) > 0.3 * (end - start) for start, end in pauses
    )


def _near(one: Segment, segments: Sequence[Segment], sounds: tuple[str, ...], *, before: int, after: int) -> bool:
    """Whether one of some sounds is heard around a segment (for what comes after: also once it has ended)."""
    low, high = one.start - before, one.end + after if after else one.start
    return any(s.sound in sounds and s.start < high and s.end > low and s.start != one.start for s in segments)


def hidden(segments: Sequence[Segment], start: float, end: float) -> bool:
    """Whether most of [start, end) never arrived, so that nothing can be said of what sounded there."""
    lost = sum(max(min(s.end, end) - max(s.start, start), 0) for s in segments if s.sound == MISSING)
    return lost > 0.5 * (end - start)
