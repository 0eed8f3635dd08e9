"""Ringings put together that holes in the packets tore apart, and parted where another telephone rang."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dsp.ringing.beat import EARLY_S, Beat, Ring, find_beat, off_period
from dsp.ringing.one_ringing import REPLIES, TOLD, keeps_beat
from dsp.segment import SPEECH, Segment
from dsp.tone_plan import TonePlan


def merged(groups: list[list[Ring]], segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> list[list[Ring]]:
    """The ringings, where holes in the packets tore none apart."""
    whole: list[list[Ring]] = []
    for place, group in enumerate(groups):
        following = groups[place + 1] if place + 1 < len(groups) else []
        quiet = bool(following) and not replied(segments, group[-1][-1].end, following[0][0].start)
        later = [group, [*group, *following]] if quiet else [group]
        if whole and any(keeps_beat(whole[-1], one, segments, sr=sr, plan=plan) for one in later):
            whole[-1] = [*whole[-1], *group]
        else:
            whole.append(group)
    return whole


def parted(
    group: list[Ring], segments: Sequence[Segment], *, sr: int, plan: TonePlan, moved: float
) -> list[list[Ring]]:
    """A ringing, or two: where somebody spoke behind its first rings, and those that follow tell a beat that these are
    not on, nor by the packets that the last of them lacks, another telephone rang since then."""
    for place in range(1, len(group) - 1):
        before, since = group[:place], group[place:]
        if _spoken(segments, before[-1][0].end, since[0][0].start):
            beat = find_beat(since, sr=sr, plan=plan)
            least, most = _late(before, since, beat, sr=sr, plan=plan)
            slack = max(4 * EARLY_S * sr, moved)
            if beat.on_it >= TOLD and not (least <= slack and most >= -slack):
                return [before, since]
            if _is_another_beat(before, since, sr=sr, moved=moved):
                return [before, since]
    return [group]


def _is_another_beat(before: list[Ring], since: list[Ring], *, sr: int, moved: float) -> bool:
    """Whether two rings behind who spoke are as far apart as the two before, and as long, but are not on their beat."""
    if min(len(before), len(since)) < 2 or moved:
        return False
    rings = [*before[-2:], *since[:2]]
    lengths = [ring[0].length for ring in rings]
    near, (one, between, other) = 4 * EARLY_S * sr, [b[0].start - a[0].start for a, b in pairwise(rings)]
    alike = max(lengths) - min(lengths) <= near and all(ring[0].begins and ring[0].stops for ring in rings)
    return alike and abs(other - one) <= near and abs(off_period(between, one)) > 2 * near


def _late(before: list[Ring], since: list[Ring], beat: Beat, *, sr: int, plan: TonePlan) -> tuple[float, float]:
    """How late for a beat the rings before it began, at least and at most: by their own beat, if three tell one, or by
    the last of them, but for the packets it lacks."""
    own = find_beat(before, sr=sr, plan=plan)
    if own.on_it >= TOLD:
        late, lacks = _off(own.onset + round((before[-1][0].start - own.onset) / own.period) * own.period, beat), 0.0
    else:
        late = _off(before[-1][0].start, beat)
        lacks = max(float(max(ring[0].length for ring in since) - before[-1][0].length), 0.0)
    return late - lacks, late


def _off(start: float, beat: Beat) -> float:
    """How far behind the next beat a sample is; below 0: before it."""
    return off_period(start - beat.onset, beat.period)


def _spoken(segments: Sequence[Segment], over: int, start: int) -> bool:
    return any(s.sound == SPEECH and over <= s.start < start for s in segments)


def replied(segments: Sequence[Segment], over: int, start: int) -> bool:
    """Whether anybody was heard between two samples."""
    return any(s.sound in REPLIES and s.start < start and s.end > over for s in segments)
