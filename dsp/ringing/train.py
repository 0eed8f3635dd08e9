"""One ringing: what is heard while one telephone rings, timed by the beat that its rings keep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from dsp.ringing.beat import EARLY_S, Beat, Ring, find_beat, is_sure, lean
from dsp.ringing.restart import last_restart, lost_of_period
from dsp.segment import Segment
from dsp.tone_plan import TonePlan

_NEAR = 0.06
"""Of a period: rings so far off their time belong to no ringing begun anew."""


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
    unheard: float = 0.0
    """So many samples before the onset a first burst may have been lost: later rings have one more."""

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


def train_of(group: list[Ring], *, sr: int, plan: TonePlan) -> Train:
    """One ringing; where it began anew its beat is that of the rings since, and its onset that of the first ones."""
    place = last_restart(group, sr=sr, plan=plan)
    since = _of_one_beat(group[place:], sr=sr, plan=plan)
    if not place:
        return since
    first = train_of(group[:place], sr=sr, plan=plan)
    return replace(
        since,
        rings=first.rings + since.rings,
        starts=first.starts + since.starts,
        count=first.count + since.count,
        restarted=True,
        onset=first.onset,
        sure=first.sure,
        unheard=first.unheard,
    )


def _of_one_beat(group: list[Ring], *, sr: int, plan: TonePlan) -> Train:
    beat = find_beat(group, sr=sr, plan=plan)
    told = _told(group, beat, sr=sr, plan=plan)
    count, restarted, unheard = 1, False, 0.0
    for (one, was_told), (other, is_told) in pairwise(zip(group, told, strict=True)):
        steps, before = _periods(one, other, beat.period, plan=plan)
        by_end = (other[0].end - one[0].end) / beat.period  # its first packets may be lost
        near = min(abs(by - round(steps)) for by in (steps, by_end)) <= _NEAR or (was_told and is_told)
        on_time = near and round(steps) >= 1
        count += round(steps) if on_time else 1
        restarted |= not on_time
        unheard = before * beat.period if one is group[0] and on_time else unheard
    inside = lean(group, beat, sr=sr, plan=plan)
    heard = [float(ring[0].start) for ring in group]
    beats = [beat.onset + float(step) * beat.period for step in beat.steps]
    starts = [at if known and not restarted else own for at, known, own in zip(beats, told, heard, strict=True)]
    sure = is_sure(group, beat, sr=sr, plan=plan)
    onset = round(starts[0] - inside)
    moved = tuple(start - inside for start in starts)
    return Train(tuple(group), moved, count, beat.period, restarted, onset, sure, beat.on_it, inside, unheard)


def _periods(one: Ring, other: Ring, period: float, *, plan: TonePlan) -> tuple[float, float]:
    """(from one ring to the next, of that before the one's first burst that was heard), in periods: of two bursts that
    are one ring the first may be lost with its packets."""
    apart = (other[0].start - one[0].start) / period
    told = [
        (apart + before - later, before)
        for before in lost_of_period(one, plan)
        for later in lost_of_period(other, plan)
    ]
    near = (steps for steps in told if abs(steps[0] - round(steps[0])) <= _NEAR)
    return next(near, (apart, 0.0))


def _told(group: list[Ring], beat: Beat, *, sr: int, plan: TonePlan) -> list[bool]:
    """Whether each ring begins on its beat, or late by just the packets that its first burst lacks."""
    whole = plan.cadence[0][0] * beat.period / plan.period_s
    slack = 2 * EARLY_S * sr
    late = [
        ring[0].start - beat.onset - float(step) * beat.period for ring, step in zip(group, beat.steps, strict=True)
    ]
    lost = [slack < by and ring[0].length <= whole - by + 2 * slack for ring, by in zip(group, late, strict=True)]
    return [abs(by) <= slack or cut for by, cut in zip(late, lost, strict=True)]
