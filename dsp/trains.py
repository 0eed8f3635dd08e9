"""Ringing: bursts that follow one another in the plan's cadence, put into rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dsp.beat import EARLY_S, Beat, Ring, find_beat, is_sure, lean
from dsp.cadence import STRETCH
from dsp.ring_proof import hidden, is_whole, proven
from dsp.segment import DTMF, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import TonePlan
from dsp.torn_bursts import HOLE_S, joined

_ON_TIME = 0.04
_SOONEST = 0.5
"""Of a period: what comes sooner is no ring of the same ringing."""


@dataclass(frozen=True, slots=True)
class Train:
    """One ringing: what is heard while one telephone rings."""

    rings: tuple[Ring, ...]
    """Bursts of each ring, in order."""
    starts: tuple[float, ...]
    """First sample of each ring, as all bursts together say."""
    count: int
    """Cadence periods begun, also those whose burst was lost with its packets."""
    period: float
    """Samples from ring to ring, as measured."""
    restarted: bool
    """The cadence began anew without a voice between: possibly forwarded."""
    onset: int
    """First sample of the first burst, as all bursts together say."""
    sure: bool
    """Two bursts agree on where the ringing began, or the only one has the plan's length: no packet was lost
    there."""
    on_beat: int
    """Rings that begin on the beat to a hair."""
    lean: float
    """How far inside their true edges bursts are seen, in samples; corrected in the starts above."""

    @property
    def last(self) -> Segment:
        """The last burst."""
        return self.rings[-1][-1]

    @property
    def last_start(self) -> float:
        """First sample of the last ring."""
        return self.starts[-1]

    @property
    def bursts(self) -> tuple[Segment, ...]:
        """Every burst in order."""
        return tuple(burst for ring in self.rings for burst in ring)


def find_trains(segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> tuple[Train, ...]:
    """Every ringing among the segments of a call, in order. Bursts that prove nothing are left out."""
    bursts = joined(sorted((s for s in segments if s.sound == RINGBACK), key=lambda s: s.start), sr=sr, plan=plan)
    groups: list[list[Ring]] = []
    for ring in _rings(bursts, sr=sr, plan=plan):
        if groups and _goes_on(groups[-1], ring, segments, sr=sr, plan=plan):
            groups[-1].append(ring)
        else:
            groups.append([ring])
    trains = [_train(group, sr=sr, plan=plan) for group in groups]
    return tuple(
        train
        for train in trains
        if proven(train.rings, segments, on_beat=train.on_beat, restarted=train.restarted, sr=sr, plan=plan)
    )


def _rings(bursts: list[Segment], *, sr: int, plan: TonePlan) -> list[Ring]:
    """Bursts of one period together: two bursts that are one ring are one ring."""
    pause = 0.6 * max(off for _, off in plan.cadence) * sr
    rings: list[list[Segment]] = []
    for burst in bursts:
        if rings and burst.start - rings[-1][-1].end < pause and len(rings[-1]) < len(plan.cadence):
            rings[-1].append(burst)
        else:
            rings.append([burst])
    return [tuple(ring) for ring in rings]


def _goes_on(group: list[Ring], ring: Ring, segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether a ring belongs to the ringing before it: on time, or late with nobody heard between."""
    before, start = group[-1][0], ring[0].start
    beat = find_beat(group, sr=sr, plan=plan)
    period = _period(group, beat, start, sr=sr, plan=plan)
    steps = (start - before.start) / period
    heard = (SPEECH, MUSIC, TONE, DTMF)
    spoken = any(s.sound in heard and s.start < start and s.end > group[-1][-1].end for s in segments)
    if not (is_whole(before, sr=sr, plan=plan) or before.start < HOLE_S * sr):
        # What ended early was picked up, or was never ringing; or packets were lost, and nothing came between.
        late, known = abs(start - before.start - period), len(group) > 1
        in_time = late <= (_ON_TIME if known else STRETCH) * period
        return in_time and (not spoken or (known and late <= 2 * EARLY_S * sr))
    if round(steps) in (1, 2) and abs(steps - round(steps)) <= _ON_TIME:
        # A burst on time: whatever sounded in the gap did not stop the ringing, unless a burst did not come.
        due = before.start + period
        talk = any(s.sound == SPEECH and s.start < start and s.end > group[-1][-1].end for s in segments)
        exact = len(group) > 2 and abs(start - before.start - 2 * period) <= 2 * EARLY_S * sr
        return round(steps) == 1 or not spoken or (exact and not talk) or hidden(segments, due, due + before.length)
    whole = all(is_whole(burst, sr=sr, plan=plan) for burst in (group[-1][-1], ring[0]))
    return not spoken and whole and _SOONEST < steps < 2 * (1 + STRETCH)


def _period(group: list[Ring], beat: Beat, start: int, *, sr: int, plan: TonePlan) -> float:
    """The beat's period; of one ring alone also the one that its length tells, if the next ring fits that better."""
    if len(group) > 1:
        return beat.period
    told = group[0][0].length / plan.cadence[0][0] * plan.period_s
    step = start - group[0][0].start
    return min((beat.period, told), key=lambda period: abs(step - period))


def _train(group: list[Ring], *, sr: int, plan: TonePlan) -> Train:
    beat = find_beat(group, sr=sr, plan=plan)
    told = _told(group, beat, sr=sr, plan=plan)
    count, restarted = 1, False
    for (one, was_told), (other, is_told) in pairwise(zip(group, told, strict=True)):
        steps = (other[0].start - one[0].start) / beat.period
        near = abs(steps - round(steps)) <= 0.06 or (was_told and is_told)
        on_time = near and round(steps) >= 1
        count += round(steps) if on_time else 1
        restarted |= not on_time
    inside = lean(group, beat, sr=sr, plan=plan)
    heard = [float(ring[0].start) for ring in group]
    beats = [beat.onset + float(step) * beat.period for step in beat.steps]
    starts = [at if known and not restarted else own for at, known, own in zip(beats, told, heard, strict=True)]
    sure = is_sure(group, beat, sr=sr, plan=plan)
    onset = round(starts[0] - inside)
    moved = tuple(start - inside for start in starts)
    return Train(tuple(group), moved, count, beat.period, restarted, onset, sure, beat.on_it, inside)


def _told(group: list[Ring], beat: Beat, *, sr: int, plan: TonePlan) -> list[bool]:
    """Whether each ring begins on its beat, or late by just the packets that its first burst lacks."""
    whole = plan.cadence[0][0] * beat.period / plan.period_s
    slack = 2 * EARLY_S * sr
    late = [
        ring[0].start - beat.onset - float(step) * beat.period for ring, step in zip(group, beat.steps, strict=True)
    ]
    lost = [slack < by and ring[0].length <= whole - by + 2 * slack for ring, by in zip(group, late, strict=True)]
    return [abs(by) <= slack or cut for by, cut in zip(late, lost, strict=True)]
