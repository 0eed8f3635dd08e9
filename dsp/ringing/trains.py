"""Ringing: bursts that follow one another in the plan's cadence, put into rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dsp.compiled.quantile import middle
from dsp.ringing.beat import EARLY_S, Ring
from dsp.ringing.one_ringing import TOLD, goes_on, may_be_voice
from dsp.ringing.other_signals import without_dial_tone, without_refusals
from dsp.ringing.parted import merged, parted, replied
from dsp.ringing.ring_proof import lost_since, proven
from dsp.ringing.stray_notes import is_stray, is_too_brief, without_note
from dsp.ringing.torn_bursts import joined
from dsp.ringing.train import Train, train_of
from dsp.segment import MISSING, RINGBACK, Segment
from dsp.tone_plan import TonePlan


def find_trains(segments: Sequence[Segment], *, sr: int, plan: TonePlan, buffer_s: float = 0.0) -> tuple[Train, ...]:
    """Every ringing among the segments of a call, in order. Bursts that prove nothing are left out.

    `buffer_s`: so much sound a jitter buffer may have put in or taken out at any place."""
    rings = (s for s in segments if s.sound == RINGBACK and not may_be_voice(s, segments, sr=sr))
    heard = sorted(rings, key=lambda s: s.start)
    heard = without_refusals(without_dial_tone(heard, segments, sr=sr, plan=plan), segments, sr=sr, plan=plan)
    bursts = joined(heard, sr=sr, plan=plan, lost=[s for s in segments if s.sound == MISSING])
    groups: list[list[Ring]] = []
    for ring in _rings(bursts, sr=sr, plan=plan):
        heard_as = (ring, _since_hole(ring, segments, sr=sr)) if groups else ()
        known = next((one for one in heard_as if goes_on(groups[-1], one, segments, sr=sr, plan=plan)), None)
        if known is not None:
            groups[-1].append(known)
        else:
            groups.append([ring])
    groups = [
        part
        for group in merged(groups, segments, sr=sr, plan=plan)
        for part in parted(group, segments, sr=sr, plan=plan, moved=buffer_s * sr)
    ]
    trains = [train_of(without_note(group, sr=sr), sr=sr, plan=plan) for group in groups]
    believed: list[Train] = []
    for train in trains:
        near = _since_reply(segments, believed, train)
        brief = near is not segments and is_too_brief(train, sr=sr)
        if not brief and proven(train.rings, near, on_beat=train.on_beat, restarted=train.restarted, sr=sr, plan=plan):
            believed.append(train)
    told = [ring[0].length for train in believed if train.on_beat >= TOLD for ring in train.rings]
    usual = middle(told) if told else 0.0
    after = (*believed[1:], None)
    return tuple(a for a, b in zip(believed, after, strict=False) if not is_stray(a, b, usual, segments, sr=sr))


def _since_hole(ring: Ring, segments: Sequence[Segment], *, sr: int) -> Ring:
    """A ring, begun where the packets right before it were lost for certain."""
    since = lost_since(segments, ring[0].start, within=EARLY_S * sr)
    return ring if since is None else (replace(ring[0], start=round(since)), *ring[1:])


def _since_reply(segments: Sequence[Segment], believed: Sequence[Train], train: Train) -> Sequence[Segment]:
    """The segments without the bursts of a telephone that was picked up before: they say nothing against the next."""
    if not believed:
        return segments
    over = believed[-1].last.end
    if not replied(segments, over, train.onset):
        return segments
    return [s for s in segments if s.sound != RINGBACK or s.start > over]


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
