"""The beat that the rings of one telephone keep, whatever packets were lost at their starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import median, middle
from dsp.ringing.lengths import STRETCH
from dsp.segment import Segment
from dsp.tone_plan import TonePlan

Ring = tuple[Segment, ...]

EARLY_S = 0.0025
"""Starts of bursts are known to this at 10 dB of signal to noise."""
LOST_S = 0.045
"""Two packets."""
_MAX_LEAN_S = 0.0075
_ROUNDED = 0.01
_BY_CHANCE = 3
"""So many rings that begin late may by chance keep a beat of their own."""
_SAME_SCALE = 0.02
"""A burst is as long as its cadence is slow, to this share."""
_HIDDEN_S = 0.015
_ALIKE_S, _MOST_HIDDEN_S = 0.03, 0.225
_SHORT_S = 0.1
"""A shorter piece's start is not known as well."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Where rings begin, from the first on."""

    period: float
    """Samples from ring to ring."""
    onset: float
    """First sample of the first ring."""
    steps: npt.NDArray[np.float64]
    """Which beat each ring is on, from 0."""
    on_it: int
    """Rings that begin on their beat to 2.5 ms; the others begin late."""


def off_period(apart: float, period: float) -> float:
    """How far two moments are from whole periods apart; below 0: less."""
    return apart - round(apart / period) * period


def find_beat(group: Sequence[Ring], *, sr: int, plan: TonePlan) -> Beat:
    """The beat most rings keep. A lost packet makes a burst begin late, never early: no ring is before its
    beat."""
    nominal = plan.period_s * sr
    starts = np.array([ring[0].start for ring in group], dtype=float)
    steps = np.concatenate([[0], np.cumsum(np.maximum(np.round(np.diff(starts) / nominal), 1))])
    scale = _scale(group, sr=sr, plan=plan)
    best, most = Beat(nominal * _first_scale(group[0], sr=sr, plan=plan), float(starts[0]), steps, 1), (0, 0.0)
    lines = _lines(group, starts, steps, nominal, sr)
    onsets, periods = (np.array([values]).T for values in ([b.onset for b in lines], [b.period for b in lines]))
    apart = starts - onsets - steps * periods
    late = apart / sr
    # Three that agree on the plan's own period tell it, though a click before another makes that one early.
    agreed = ((np.abs(late) <= EARLY_S).sum(axis=1) >= _BY_CHANCE) & (periods[:, 0] == nominal)
    in_order = (late.min(axis=1) >= -EARLY_S * np.where(agreed, 2, 1)).tolist()
    near = (late.max(axis=1) <= LOST_S).tolist()
    early = (late <= EARLY_S).sum(axis=1).tolist()
    for line, possible, close, on_it, by in zip(lines, in_order, near, early, apart.tolist(), strict=True):
        is_plans = line.period == nominal
        if abs(line.period / nominal - 1) > STRETCH or not possible:
            continue
        explained = _explained(group, by, sr)
        kept = on_it + explained
        likely = (kept + is_plans, -abs(line.period / nominal - scale))
        close = close and (len(starts) > 2 or _lacks(group, starts, line, sr, plan))
        all_told = len(starts) > 1 and kept == len(starts)  # one ring is on any beat: there its length tells
        told = on_it > 1 or (is_plans and (close or all_told))
        if told and likely > most:
            best, most = Beat(line.period, line.onset, steps, on_it), likely
    by_ends = _by_ends(group, sr=sr, plan=plan)
    return _settled(best, starts, sr=sr, nominal=nominal) if by_ends is None or most[0] > 2 else by_ends


def _by_ends(group: Sequence[Ring], *, sr: int, plan: TonePlan) -> Beat | None:
    """The beat that the ends of two rings tell, where one lacks its beginning and the other is as long as the whole
    cadence is slow or fast."""
    if len(group) != 2 or len(group[0]) != len(group[1]):
        return None
    first, other = group[0][0], group[1][0]
    longer, shorter = (other, first) if other.length > first.length else (first, other)
    period = float(other.end - first.end)
    scale = period / (plan.period_s * sr)
    whole = abs(scale - 1) <= STRETCH and abs(longer.length / sr / plan.cadence[0][0] - scale) <= _SAME_SCALE
    if not whole or longer.length - shorter.length <= LOST_S * sr:
        return None
    return Beat(period, float(first.start) if longer is first else other.start - period, np.array([0.0, 1.0]), 1)


def _explained(group: Sequence[Ring], late: Sequence[float], sr: int) -> int:
    """How many rings are late for a beat by just what their first bursts lack of the longest one."""
    longest = max(ring[0].length for ring in group)
    return sum(
        by > EARLY_S * sr and abs(longest - by - ring[0].length) <= 2 * EARLY_S * sr
        for ring, by in zip(group, late, strict=True)
    )


def _lacks(group: Sequence[Ring], starts: npt.NDArray[np.float64], beat: Beat, sr: int, plan: TonePlan) -> bool:
    """Whether every ring late for a beat lacks as much of its first burst."""
    late = starts - beat.onset - beat.steps * beat.period
    whole = plan.cadence[0][0] * sr
    return all(ring[0].length <= whole - by + 4 * EARLY_S * sr for ring, by in zip(group, late, strict=True))


def _lines(
    group: Sequence[Ring],
    starts: npt.NDArray[np.float64],
    steps: npt.NDArray[np.float64],
    nominal: float,
    sr: int,
) -> list[Beat]:
    """Every beat that two rings, or one and the plan, could keep."""
    told = [i for i, ring in enumerate(group) if ring[0].length > _SHORT_S * sr]
    told = told if len(told) > 1 else list(range(len(group)))
    lines = [_line(starts, steps, i, j) for n, i in enumerate(told) for j in told[n + 1 :]]
    return lines + [Beat(nominal, float(starts[i] - steps[i] * nominal), steps, 0) for i in told]


def _line(starts: npt.NDArray[np.float64], steps: npt.NDArray[np.float64], i: int, j: int) -> Beat:
    period = float((starts[j] - starts[i]) / (steps[j] - steps[i]))
    return Beat(period, float(starts[i] - steps[i] * period), steps, 0)


def _settled(beat: Beat, starts: npt.NDArray[np.float64], *, sr: int, nominal: float) -> Beat:
    """The same beat, laid through the middle of the rings on it."""
    late = starts - beat.onset - beat.steps * beat.period
    on_it = np.abs(late) <= EARLY_S * sr
    if beat.on_it < 2:
        return beat
    period = beat.period
    if beat.on_it > 2 and period != nominal:
        period = float(np.polyfit(beat.steps[on_it], starts[on_it], 1)[0])
    onset = median(starts[on_it] - beat.steps[on_it] * period)
    return Beat(period, onset, beat.steps, beat.on_it)


def _scale(group: Sequence[Ring], *, sr: int, plan: TonePlan) -> float:
    """How long the bursts are against the plan's, by the longest that can be whole: lost packets only shorten."""
    ratios = [ring[0].length / sr / plan.cadence[0][0] for ring in group]
    whole = [ratio for ratio in ratios if abs(ratio - 1) <= STRETCH]
    longest = max(whole, default=1.0)
    return longest if abs(longest - 1) > _ROUNDED else 1.0


def _first_scale(ring: Ring, *, sr: int, plan: TonePlan) -> float:
    """How much longer than the plan's a ring's first burst is, if it was not cut: the whole cadence is."""
    ratio = ring[0].length / sr / plan.cadence[0][0]
    return ratio if 1.03 < ratio <= 1 + STRETCH else 1.0


def is_sure(group: Sequence[Ring], beat: Beat, *, sr: int, plan: TonePlan) -> bool:
    """Whether two bursts agree on where the ringing began, or the first has its whole length. One ring alone that is as
    long as no plan has it tells no length by which none of its packets were lost."""
    wanted = plan.cadence[0][0] * (beat.period / plan.period_s if len(group) > 1 else sr)
    nominal = plan.period_s * sr
    if abs(group[0][0].length - wanted) <= 2 * EARLY_S * sr:
        return not _may_keep_plan(group, beat, nominal, sr)
    if _begins_late(group, wanted, sr):
        return False
    if beat.period == nominal:
        return beat.on_it > 2 or (beat.on_it == 2 and not _grows(group, sr))
    if beat.on_it == _BY_CHANCE:
        return not (_may_be_late(group, beat, nominal, sr) or _grows(group, sr))
    return beat.on_it > _BY_CHANCE


def _may_keep_plan(group: Sequence[Ring], beat: Beat, nominal: float, sr: int) -> bool:
    """Whether two rings of another beat, which their ends tell or the first one's length, may keep the plan's, each
    late by a packet or two that it lost."""
    if len(group) != 2 or beat.on_it > 1 or beat.period == nominal:
        return False
    return abs(group[1][0].start - group[0][0].start - nominal) <= LOST_S * sr


def _begins_late(group: Sequence[Ring], wanted: float, sr: int) -> bool:
    """Whether all rings lack as much, but for one that was cut: a coder that takes a packet to follow a faint tone
    hides the first of each, and a network may lose it of two."""
    lacks = [lack for ring in group if (lack := wanted - ring[0].length) <= LOST_S * sr]
    if hidden_start(group, wanted, sr=sr):
        return True
    if len(group) < 2 or not lacks:
        return False
    # Of four the last may be cut, and one have lost its own: two that do not lack tell of the others.
    return (sorted(lacks)[(len(lacks) - 1) // 2] if len(lacks) > _BY_CHANCE else middle(lacks)) > _HIDDEN_S * sr


def hidden_start(group: Sequence[Ring], wanted: float, *, sr: int) -> float:
    """So many samples all bursts lack alike, but for a last one, which may be cut: no network loses as much of each,
    but a gain control that turns every one down may hide how it begins. 0: they do not, or are no such bursts."""
    lacks = [wanted - ring[0].length for ring in group[:-1]]
    alike = len(lacks) > 1 and max(lacks) - min(lacks) <= _ALIKE_S * sr
    return max(lacks) if alike and LOST_S * sr < min(lacks) and max(lacks) <= _MOST_HIDDEN_S * sr else 0.0


def _grows(group: Sequence[Ring], sr: int) -> bool:
    """Whether a later ring's first burst is longer than the first one's, which then lost packets."""
    grown = max(ring[0].length for ring in group) - group[0][0].length
    return EARLY_S * 2 * sr < grown <= LOST_S * sr


def _may_be_late(group: Sequence[Ring], beat: Beat, nominal: float, sr: int) -> bool:
    """Whether the rings may as well keep the plan's period, each late by a packet or two of its own."""
    starts = np.array([ring[0].start for ring in group]) - beat.steps * nominal
    return float(starts[0] - starts.min()) > EARLY_S * sr and float(np.ptp(starts)) <= LOST_S * sr


def lean(group: Sequence[Ring], beat: Beat, *, sr: int, plan: TonePlan) -> float:
    """How far inside the true edges the bursts' edges are seen, in samples: exchanges fade tones in and out.

    Half of what a whole burst lacks of its length by the beat."""
    if beat.on_it < 3 and beat.period != plan.period_s * sr:
        return 0.0
    wanted = plan.cadence[0][0] * beat.period / plan.period_s
    lacks = [(wanted - ring[0].length) / 2 for ring in group]
    small = sorted(lack for lack in lacks if abs(lack) <= _MAX_LEAN_S * sr)
    if small and small[-1] - small[0] > EARLY_S * sr:
        return small[(len(small) - 1) // 3]  # some lack what packets took, or who cut one
    return middle(small) if small else 0.0
