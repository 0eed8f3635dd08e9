"""Whether a ring just before a ringing, or just behind it, may be of it: then nobody had picked up between."""

from __future__ import annotations

from dsp.answering.heard_call import Call, between
from dsp.answering.next_burst import next_burst
from dsp.ringing.beat import EARLY_S, LOST_S, off_period
from dsp.ringing.lengths import STRETCH
from dsp.ringing.one_ringing import REPLIES, TOLD
from dsp.ringing.ring_proof import TOLD_S, hidden
from dsp.ringing.train import Train
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment

WORD_S = 0.3
"""No word is shorter."""
_SLOW = 0.1
"""A line's cadence runs so much slower or faster than the plan's."""
_REST_S = 0.2
"""What comes sooner behind a ring may be the rest of it."""


def may_ring_on(call: Call, train: Train, following: Train | None) -> bool:
    """Whether a ringing behind who was heard to pick up may be the same one: it keeps the beat of the ring before, as
    another telephone does by chance only, and who talks on a line is heard between rings as well. Of three rings the
    beat is known better (`goes_on`)."""
    if following is None or train.on_beat >= TOLD or call.signalling.answered_at is not None:
        return False
    one, other = train.rings[-1][0], following.rings[0][0]
    if following.on_beat < 2:
        return _ends_on_beat(train, other, sr=call.sr)
    by_start, by_end = (apart - following.period for apart in (other.start - one.start, other.end - one.end))
    slack = max(LOST_S, call.buffer_s) * call.sr  # two packets that a jitter buffer took out or put in
    return abs(by_start) <= slack or (by_start < 0 and abs(by_end) <= slack)  # it lost its beginning


def is_talked_into(call: Call, train: Train) -> bool:
    """Whether the next ring begins though somebody is told to speak by then, or what they are told to say does: an
    announcement, the caller's own echo, or the ring itself passed for a voice."""
    at = round(next_burst(call, train))
    heard = between(call, (SPEECH,), train.last.end, at + round(2 * LOST_S * call.sr))
    if any(s.end > at + LOST_S * call.sr for s in heard) and call.recording.rings_at(at):
        return True
    first = next(iter(between(call, REPLIES, train.last.end + _REST_S * call.sr, call.end)), None)
    return first is not None and first.sound == SPEECH and call.recording.rings_at(first.start)


def _ends_on_beat(train: Train, burst: Segment, *, sr: int) -> bool:
    """Whether a burst alone that a ring was due for ends whole periods behind another of a ringing, both of which stop
    in the line's noise, or begins so as well."""
    if round((burst.start - train.last_start) / train.period) != 1:
        return False
    slack = EARLY_S * sr
    ends = (ring[0] for ring in train.rings if abs(off_period(burst.end - ring[0].end, train.period)) <= slack)
    return any(
        (one.stops and burst.stops) or abs(off_period(burst.start - one.start, train.period)) <= slack for one in ends
    )


def may_have_rung_before(call: Call, train: Train) -> bool:
    """Whether a burst of the same tones that lost packets begins, or ends, a period before a ringing's first, with
    nobody heard between; or what may have been one that nobody told."""
    first, near = train.rings[0][0], LOST_S * call.sr
    since = first.start - (1 + STRETCH) * train.period
    bursts = [s for s in between(call, (RINGBACK,), since, first.start) if s.length >= TOLD_S * call.sr]
    apart = [(s, by) for s in bursts for one in train.rings[0] for by in (one.start - s.start, one.end - s.end)]
    on_time = (s for s, by in apart if abs(by - train.period) <= near)
    if any(not _spoken(call, s.end, first.start) for s in on_time):
        return True
    # Of one ring alone the period is the plan's, from which the line's may differ.
    slack = EARLY_S if len(train.rings) > 1 else _SLOW * call.plan.period_s
    exact = (s for s in bursts if s.begins and s.told and abs(first.start - s.start - train.period) <= slack * call.sr)
    if call.signalling.nobody_until <= first.start and next(exact, None) is not None:
        return True  # whoever was heard between
    if _passed_for_voice(call, first, train.period):
        return True
    # Its tones alone amid music, which was told to go on until the next one.
    edges = ((s.earliest - first.start, s.latest - first.end) for s in call.clues.unheard if s.latest <= first.start)
    return any(min(abs(by + train.period) for by in both) <= near for both in edges)


def _spoken(call: Call, since: int, until: int) -> bool:
    """Whether a word, music or a machine is heard between two samples: what is shorter may be a piece of the ring."""
    heard = between(call, REPLIES, since, until)
    return any(s.sound != SPEECH or s.length >= WORD_S * call.sr for s in heard)


def _passed_for_voice(call: Call, first: Segment, period: float) -> bool:
    """Whether what passed for a voice begins a period before a ringing's first burst, to a hair, and is mostly its
    tones, which a gain control may hide where they swing."""
    at, near = first.start - period, 4 * EARLY_S * call.sr
    spoken = between(call, (SPEECH, MUSIC), at - near, at + near)
    return any(call.recording.is_tone(s, call.plan.ringback) for s in spoken)


def may_have_rung_on(call: Call, train: Train) -> bool:
    """Whether a sound that may have been a ring and lasts half as long at least begins when the next one was due."""
    due, near = train.last.start + train.period, 2 * LOST_S * call.sr
    least = max(ring[0].length for ring in train.rings) / 2
    begun = (s for s in call.clues.unheard if abs(s.earliest - due) <= near and s.latest - s.earliest >= least)
    # What music may begin with is another question (`next_burst`).
    begun = (s for s in begun if not between(call, (MUSIC,), s.earliest, s.latest))
    return any(not hidden(call.segments, s.earliest, s.latest) for s in begun)
