"""When the burst behind the last one was due, and how many more may have begun unheard."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import ceil

from dsp.answering.due_end import possible_holes
from dsp.answering.edges_known import AFTER_HOLE_S, BESIDE_LOST_S, CUT_LATE_S, HAIR_S, PACKET_S, SHORT_S
from dsp.answering.heard_call import Call
from dsp.answering.late_start import late_start
from dsp.compiled.quantile import middle
from dsp.ringing.beat import EARLY_S, LOST_S
from dsp.ringing.lengths import STRETCH
from dsp.ringing.one_ringing import PIECE_S, TOLD
from dsp.ringing.ring_proof import lost_until
from dsp.ringing.train import Train
from dsp.segment import MUSIC, RINGBACK, Segment, Span, overlaps

_LEAST_S = 0.04
"""Less of a tone is none for certain."""
_PIECE_S = 0.030
"""A burst that is due may begin with lost packets where one is missing so soon behind its start."""


def due(call: Call, train: Train) -> float:
    """Before this sample the pick-up was: the next burst would have begun; where that time never arrived, the one
    after."""
    sr, at = call.sr, next_burst(call, train) + _put_in(call, train)
    on = call.plan.cadence[0][0] * sr
    while at < call.end:
        gone = lost_until(call.segments, at, within=_PIECE_S * sr)
        brief = brief_end(call, train, at if gone is None else gone)
        if brief is not None:
            torn = lost_until(call.segments, brief, within=BESIDE_LOST_S * sr)
            return brief + CUT_LATE_S * sr if torn is None else min(torn + AFTER_HOLE_S * sr, at + on)
        if gone is None:
            return max(at, _latest_next(call, train)) - HAIR_S * sr
        if gone < at + on - 2 * _PIECE_S * sr:
            return min(gone + AFTER_HOLE_S * sr, at + on)
        at += train.period
    return at - HAIR_S * sr


def _put_in(call: Call, train: Train) -> float:
    """Samples that a jitter buffer put into the last ring, which is so much longer than the others: what follows comes
    so much later."""
    lengths = [ring[-1].end - ring[0].start for ring in train.rings]
    return max(lengths[-1] - float(middle(lengths[:-1])), 0.0) if call.buffer_s and len(lengths) > 2 else 0.0


def _latest_next(call: Call, train: Train) -> float:
    """No later the next ring begins: where one ring alone is longer than the plan's, or was before two packets of it
    were lost, the line's whole cadence may run so slow; and one that was cut at once is not looked for there."""
    if len(train.rings) > 1 or train.sure:
        return 0.0
    slow = (train.rings[0][0].length / call.sr + LOST_S) / call.plan.cadence[0][0]
    slow = slow if slow > 1 else 1 + STRETCH  # so may one that lost more
    return train.last_start + (min(slow, 1 + STRETCH) * call.plan.period_s + SHORT_S) * call.sr


def brief_end(call: Call, train: Train, at: float) -> int | None:
    """Where what sounded like a ring's beginning ends, where one was due: it may as well be a voice's, or music that
    begins with the ring, or that a line made of it."""
    near = reach(call, at)
    heard = [s for s in call.segments if s.sound == RINGBACK and s.length < PIECE_S * call.sr]
    told = next((s.end for s in (*call.clues.doubtful, *heard) if s.start in near and s.start > train.last.end), None)
    if told is None:
        # Of a ring that is taken for music's beginning nothing tells where it ends, and music's rests last.
        whole, behind = at + train.last.length, round(at + train.period - (CUT_LATE_S + HAIR_S) * call.sr)
        music = (s for s in call.segments if s.sound == MUSIC and s.start in near and _may_begin_with_ring(call, s))
        told = next((s.end if s.end < whole else behind for s in music), None)
    return call.recording.brief_end(round(at), train.last) if told is None else told


def _may_begin_with_ring(call: Call, music: Segment) -> bool:
    """Whether a ring may be what music begins with: it is mostly its tones, or as steady as one that a line clipped."""
    if overlaps(music, call.clues.unheard):
        return True
    first = replace(music, end=min(music.end, music.start + round(PIECE_S * call.sr)))
    return call.recording.is_tone(first, call.plan.ringback) is not False


def rings_unheard(call: Call, train: Train) -> int:
    """1 where something began when the next ring was due that may have been one, or its tones sound as the call ends,
    else 0."""
    at = next_burst(call, train)
    begun = any(sound.earliest in reach(call, at) for sound in call.clues.unheard)
    return int(begun or _sounds_at_end(call, at))


def _sounds_at_end(call: Call, at: float) -> bool:
    """Whether a call ends in the first moment of a ring that was due."""
    last = Segment(RINGBACK, round(at), call.end)
    brief = _LEAST_S * call.sr <= last.length <= SHORT_S * call.sr
    return brief and bool(call.recording.is_tone(last, call.plan.ringback))


def reach(call: Call, at: float) -> range:
    """Where a ring may be heard to begin that was due at a sample."""
    return range(round(at - PACKET_S * call.sr), round(at + SHORT_S * call.sr))


def next_burst(call: Call, train: Train) -> float:
    """Where the burst behind the last one begins, of the same ring or the next."""
    ring, sr = train.rings[-1], call.sr
    if len(ring) == len(call.plan.cadence):
        return _next_ring(train)
    scale = train.period / (call.plan.period_s * sr)
    at = train.last_start + sum(sum(pair) for pair in call.plan.cadence[: len(ring)]) * sr * scale
    return at + max(possible_holes(train.last))


def _next_ring(train: Train) -> float:
    """Where the ring behind the last one begins."""
    return train.last_start + train.period + max(possible_holes(train.last))


def more_rings(call: Call, train: Train, pick_up: Span) -> int:
    """So many rings may have begun behind the last one that was heard, before the pick-up."""
    soonest = _next_ring(train) - _sooner(call, train)
    return max(ceil((pick_up.latest - soonest) / train.period), 0)


def _sooner(call: Call, train: Train) -> float:
    """So many samples sooner than counted the next ring may have begun: where no three rings keep a beat, by as much as
    the last one began late, for want of its first packets; twice that where it is counted from the one before it. Where
    one ring alone is shorter than the plan's, the line's whole cadence may run so fast."""
    if len(train.rings) < 2 and not train.sure:
        fast = max(train.rings[0][0].length / call.sr / call.plan.cadence[0][0], 1 - STRETCH)
        return max(1 - fast, 0.0) * call.plan.period_s * call.sr
    if train.on_beat >= TOLD or len(train.rings) < 2:
        return 0.0
    by_ends = _sooner_by_ends(call, train)
    if by_ends > 0:
        return by_ends
    lacks = max(ring[0].length for ring in train.rings) - train.rings[-1][0].length
    if _end_on_plan(call, train):
        return 0.0
    late = min(late_start(call, train), max(float(lacks), 0.0))
    return 2 * late if late > EARLY_S * call.sr else 0.0


def _sooner_by_ends(call: Call, train: Train) -> float:
    """The same where the ends of three rings keep a beat and the last began late: it lost its first packets."""
    ends = [ring[-1].end for ring in train.rings]
    steps = [b - a for a, b in pairwise(ends)]
    if len(steps) < 2 or max(steps) - min(steps) > 4 * EARLY_S * call.sr:
        return 0.0
    lengths = [ring[-1].end - ring[0].start for ring in train.rings]
    if max(lengths) - lengths[-1] <= LOST_S * call.sr:
        return 0.0
    return max(_next_ring(train) - (ends[-1] + sum(steps) / len(steps) - max(lengths)), 0.0)


def _end_on_plan(call: Call, train: Train) -> bool:
    """Whether the last ring ends whole periods of the plan behind the first, to a hair: lost packets made it late, no
    faster cadence."""
    apart, period = train.last.end - train.rings[0][-1].end, call.plan.period_s * call.sr
    alike = len(train.rings[0]) == len(train.rings[-1]) and train.period == period
    return alike and abs(apart - round(apart / period) * period) <= EARLY_S * call.sr
