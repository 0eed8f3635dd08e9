"""Ringing: bursts that follow one another in the plan's cadence, put into rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dsp.cadence import STRETCH, fits
from dsp.segment import MISSING, MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import TonePlan

TRUE_PERIOD = 0.008
"""A measured period this near the plan's is the plan's: exchanges count with crystals, and a lost packet moves an
edge by 20 ms."""

_MAX_LEAN_S = 0.003
_HOLE_S = 0.09
_AGREE = 0.0015
"""Starts this near each other, as a share of the period, differ by noise, not by lost packets."""


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
    """Two bursts agree on where the ringing began, or the only one has the plan's length: no packet was lost there."""
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
    bursts = _joined(sorted((s for s in segments if s.sound == RINGBACK), key=lambda s: s.start), sr=sr)
    rings = _rings(bursts, sr=sr, plan=plan)
    groups: list[list[tuple[Segment, ...]]] = []
    for ring in rings:
        if groups and _goes_on(groups[-1], ring, segments, sr=sr, plan=plan):
            groups[-1].append(ring)
        else:
            groups.append([ring])
    trains = [_train(group, sr=sr, plan=plan) for group in groups]
    return tuple(train for train in trains if _proven(train, segments, sr=sr, plan=plan))


def _joined(bursts: Sequence[Segment], *, sr: int) -> list[Segment]:
    """Pieces of one burst put together: no plan's silence is as short as some lost packets."""
    whole: list[Segment] = []
    for burst in bursts:
        if whole and burst.start - whole[-1].end < _HOLE_S * sr:
            whole[-1] = Segment(RINGBACK, whole[-1].start, max(burst.end, whole[-1].end))
        else:
            whole.append(burst)
    return whole


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
    group: list[tuple[Segment, ...]], ring: tuple[Segment, ...], segments: Sequence[Segment], *, sr: int, plan: TonePlan
) -> bool:
    """Whether a ring belongs to the ringing before it: on time, or late with nobody heard between."""
    before, start = group[-1][0].start, ring[0].start
    period = _period(group, sr=sr, plan=plan)
    steps = (start - before) / period
    if round(steps) >= 1 and abs(steps - round(steps)) <= 0.04 and round(steps) <= 2:
        return True  # a burst on time: whatever sounded in the gap did not stop the ringing
    spoken = any(s.sound in (SPEECH, MUSIC) and s.start < start and s.end > group[-1][-1].end for s in segments)
    return not spoken and steps < 2 * (1 + STRETCH)


def _period(group: list[tuple[Segment, ...]], *, sr: int, plan: TonePlan) -> float:
    """Samples from ring to ring."""
    nominal = plan.period_s * sr
    starts = np.array([ring[0].start for ring in group], dtype=float)
    steps = np.round(np.diff(starts) / nominal)
    fair = (steps >= 1) & (np.abs(np.diff(starts) / np.maximum(steps, 1) / nominal - 1) <= STRETCH)
    if fair.any():
        # The median: one burst whose first packet was lost, or one restart, does not move it.
        each = np.diff(starts)[fair] / steps[fair]
        if np.abs(each / nominal - 1).min() <= _AGREE / 3:
            return nominal  # one step to the plan's own hair: the others lost a packet
        measured = float(np.median(each))  # which a lost packet or a restart does not move
        near = each[np.abs(each - measured) <= _AGREE * nominal]
        if len(near) > 1:
            return float(near.mean())
    else:
        measured = nominal * _scale(group[0], sr=sr, plan=plan)
    return nominal if abs(measured / nominal - 1) <= TRUE_PERIOD else measured


def _scale(ring: tuple[Segment, ...], *, sr: int, plan: TonePlan) -> float:
    """How much longer than the plan's a ring's first burst is, if it was not cut: the whole cadence is."""
    ratio = ring[0].length / sr / plan.cadence[0][0]
    return ratio if 1.03 < ratio <= 1 + STRETCH else 1.0


def _train(group: list[tuple[Segment, ...]], *, sr: int, plan: TonePlan) -> Train:
    period = _period(group, sr=sr, plan=plan)
    count, restarted = 1, False
    for one, other in pairwise(group):
        steps = (other[0].start - one[0].start) / period
        on_time = abs(steps - round(steps)) <= 0.06 and round(steps) >= 1
        count += round(steps) if on_time else 1
        restarted |= not on_time
    onset, last_start = _anchors(group, period)
    sure = _sure(group, onset, period, sr=sr, plan=plan)
    lean = _lean(group, period, sr=sr, plan=plan)
    return Train(tuple(group), count, period, restarted, round(onset - lean), last_start - lean, sure, lean)


def _sure(
    group: list[tuple[Segment, ...]], onset: float, period: float, *, sr: int, plan: TonePlan
) -> bool:
    wanted = plan.cadence[0][0] * sr * period / (plan.period_s * sr)
    if any(abs(ring[0].length - wanted) <= 2 * _MAX_LEAN_S * sr for ring in group[:1]):
        return True
    steps = [(ring[0].start - onset) / period for ring in group]
    on_grid = sum(abs(step - round(step)) <= _AGREE for step in steps)
    return on_grid >= 3 or (on_grid == 2 and abs(period / (plan.period_s * sr) - 1) <= _AGREE)


def _lean(group: list[tuple[Segment, ...]], period: float, *, sr: int, plan: TonePlan) -> float:
    """How far inside the true edges the bursts' edges are seen: exchanges fade tones in and out over milliseconds.

    Half of what a whole burst lacks of the plan's length.
    """
    wanted = plan.cadence[0][0] * period / plan.period_s
    lacks = [(wanted - ring[0].length) / 2 for ring in group]
    small = [lack for lack in lacks if abs(lack) <= _MAX_LEAN_S * sr]
    return float(np.median(small)) if small else 0.0


def _anchors(group: list[tuple[Segment, ...]], period: float) -> tuple[float, float]:
    """Starts of the first and the last ring, each out of all the rings in step with it.

    A lost packet makes a burst begin late, never early: where the rings disagree, the earlier are right.
    """
    starts = np.array([ring[0].start for ring in group], dtype=float)

    def anchor(at: float) -> float:
        offsets = (starts - at) / period
        implied = at + (offsets - np.round(offsets)) * period
        near = implied[np.abs(implied - at) <= 0.06 * period]
        if len(near) > 2 and near.max() - near.min() <= _AGREE * period:
            return float(np.median(near))
        return float(np.sort(near)[(len(near) - 1) // 3])

    return anchor(float(starts[0])), anchor(float(starts[-1]))


def _proven(train: Train, segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> bool:
    """One burst is no proof inside music or speech; two in cadence are, and so is one that stands free."""
    if len(train.rings) > 1 and not train.restarted:
        return True
    lonely = train.rings[0][0]
    if any(s.sound == MUSIC and s.start < lonely.end + sr and s.end > lonely.start - sr for s in segments):
        return False
    whole = any(fits(lonely.length / sr, on) for on, _ in plan.cadence)
    near = any(s.sound == SPEECH and lonely.start - 0.3 * sr < s.end and s.start < lonely.start for s in segments)
    return whole or not near


def hidden(segments: Sequence[Segment], start: float, end: float) -> bool:
    """Whether most of [start, end) never arrived, so that nothing can be said of what sounded there."""
    lost = sum(max(min(s.end, end) - max(s.start, start), 0) for s in segments if s.sound == MISSING)
    return lost > 0.5 * (end - start)
