"""Whether the last burst of a ringing ran its full length, was cut, or lost its last packets."""

from __future__ import annotations

import numpy as np

from dsp.answering.cut_by_a_hair import is_over, lacks_in_step
from dsp.answering.due_end import SAME_S, _usual, ends_before, least_end, possible_holes, whole_end
from dsp.answering.heard_call import Call
from dsp.answering.late_start import hidden_start, late_start
from dsp.answering.lost_at_end import HEARD_S, SILENT_HEARD_S, SWAYS_S, hidden_by_swing_s, least_lack_s, nothing_lost
from dsp.compiled.quantile import middle
from dsp.ringing.beat import EARLY_S, LOST_S
from dsp.ringing.lengths import STRETCH
from dsp.ringing.one_ringing import TOLD
from dsp.ringing.torn_bursts import Torn
from dsp.ringing.train import Train

_CODED_S = 0.002
"""Coders move an edge by so much; what is cut so near to its end sounds whole."""


def is_whole(call: Call, train: Train, hole: int | None = None) -> bool:
    """Whether the last burst surely ran its full length: it ends where at least two before it did, to a hair, or its
    tones are heard until then behind packets that were lost."""
    ends = ends_before(call, train)
    if len(ends) < 2:
        return False
    usual = _usual(call, train, ends)
    same = [apart for end in ends if (apart := abs(end - usual)) <= SAME_S * call.sr]
    if len(same) < 2:
        return False
    error = (_CODED_S if train.last.stops and len(ends) > 2 else SAME_S) * call.sr  # one ring tells it less well
    holes = possible_holes(train.last) if hole is None else (hole,)
    return all(_reaches(call, train, whole_end(call, train, h), error) for h in holes)


def _reaches(call: Call, train: Train, whole: float, error: float) -> bool:
    """Whether the last burst is seen to run to where it was due to be over, but for an error, or heard there again."""
    return train.last.end >= whole - train.lean - error or call.recording.ends_at(train.last, round(whole))


def was_cut(call: Call, train: Train, hole: int) -> bool:
    """Whether the last burst is surely shorter than a whole one, and not for want of its last packets."""
    lacks = least_end(call, train, hole) - train.lean - train.last.end
    over = is_over(call, train, hole)
    if (over or nothing_lost(call, train)) and lacks_in_step(call, train, lacks / call.sr, over=over):
        return True
    if call.recording.lasts_until(train.last, round(whole_end(call, train, hole))):
        return False
    if _is_as_long(call, train) or _ends_in_time(call, train) or _ends_keep_beat(call, train):
        return False
    least = least_lack_s(call, train) + hidden_by_swing_s(call)
    if not ends_before(call, train):
        nominal = call.plan.cadence[min(len(train.rings[-1]), len(call.plan.cadence)) - 1][0]
        least += STRETCH * nominal
        if _like_its_brother(call, train):
            return False
    return lacks > least * call.sr + max(late_start(call, train), hidden_start(call, train))


def _is_as_long(call: Call, train: Train) -> bool:
    """Whether the last burst, both of whose edges are seen, is as long as most in its place: it began a moment soon."""
    place, last = len(train.rings[-1]) - 1, train.last
    others = [ring[place].length for ring in train.rings[:-1] if len(ring) > place]
    seen = last.begins and last.stops and not isinstance(last, Torn)
    return seen and len(others) > 1 and abs(last.length - middle(others)) <= SWAYS_S * call.sr


def _ends_in_time(call: Call, train: Train) -> bool:
    """Whether the last burst, whose beginning was lost, ends where two others on the beat do."""
    place, last = len(train.rings[-1]) - 1, train.last
    ends = [ring[place].end for ring in train.rings[:-1] if len(ring) > place]
    apart = [(last.end - end) / train.period for end in ends]
    near = [by for by in apart if abs(by - round(by)) * train.period <= HEARD_S * call.sr]
    late = last.start - train.last_start > LOST_S * call.sr or place > 0
    return late and train.on_beat >= TOLD and len(near) > 1


def _ends_keep_beat(call: Call, train: Train) -> bool:
    """Whether the last burst ends on the beat that the ends before it tell, in a place of each ring: where it is
    shorter all the same, its beginning was lost."""
    place = len(train.rings[-1]) - 1
    told = [
        (round((start - train.last_start) / train.period), ring[place].end)
        for start, ring in zip(train.starts, train.rings, strict=True)
        if len(ring) > place
    ]
    if len(told) < TOLD or train.restarted:
        return False
    steps, ends = np.array(told[:-1], dtype=float).T
    period, last = np.polyfit(steps, ends, 1)
    on_beat = float(np.abs(ends - last - steps * period).max())
    slack = (HEARD_S if len(told) > TOLD else 2 * EARLY_S) * call.sr
    apart = abs(abs(period) - train.period)  # the beats of both edges are no further apart than packets move one
    return bool(on_beat <= slack and -slack <= train.last.end - last <= LOST_S * call.sr and apart <= LOST_S * call.sr)


def _like_its_brother(call: Call, train: Train) -> bool:
    """Whether the last burst is as long as the one before it in the first ring, by what the plan has of both: where the
    whole cadence runs fast, none is there to tell by that a ring was not cut."""
    *before, last = train.rings[-1]
    if not before:
        return False
    (own, other) = (call.plan.cadence[place][0] for place in (len(before), len(before) - 1))
    return last.length >= before[-1].length * own / other - SILENT_HEARD_S * call.sr
