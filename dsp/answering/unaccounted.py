"""Bursts of ringback's tones that no ringing took: what is said of the ringing beside them is not sure, then."""

from __future__ import annotations

from collections.abc import Sequence

from dsp.answering.heard_call import Call, between
from dsp.answering.leg import NONE, Leg
from dsp.ringing.one_ringing import REPLIES
from dsp.ringing.other_signals import without_dial_tone, without_refusals
from dsp.ringing.ring_proof import TOLD_S, is_whole
from dsp.ringing.train import Train
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment, overlaps

_LEAST_S = 0.15
"""What is shorter may be a note, or a click."""
_MANY = 3
_FREE_S = 0.1
"""A voice's or music's own note has more of it so near."""


def unaccounted(call: Call, trains: Sequence[Train]) -> list[Segment]:
    """The bursts out of quiet that stand free of voices and music and are in none of some ringings, nor a refusal's:
    two of an exchange's tones, or, where the plan has but one, what stops in the line's noise; or so many that they are
    no notes."""
    bursts = without_dial_tone(between(call, (RINGBACK,), 0, call.end), call.segments, sr=call.sr, plan=call.plan)
    heard = without_refusals(bursts, call.segments, sr=call.sr, plan=call.plan)
    taken = [burst for train in trains for burst in train.bursts]
    sure = (s for s in heard if s.begins or s in call.clues.exchange.kin or call.recording.is_two_tones(s))
    long = [s for s in sure if s.length >= _LEAST_S * call.sr and not overlaps(s, taken)]
    left = [s for s in long if _stands_free(call, s, alone=not trains)]
    brief = TOLD_S * call.sr  # too short to be told
    told = left if len(left) >= _MANY else [s for s in left if (s.stops and s.length < brief) or _is_sure_tone(call, s)]
    return sorted(
        {*told, *(s for s in long if s in call.clues.exchange.kin or _goes_over(call, s))}, key=lambda s: s.start
    )


def _goes_over(call: Call, burst: Segment) -> bool:
    """Whether a burst lasts longer than a vowel, out of quiet, and its two tones are told, which no instrument sounds
    alone; or a voice begins just when it ends: a ring that somebody cut who speaks at once."""
    if burst.length < TOLD_S * call.sr:
        return False
    if burst.told:
        return True
    near = _FREE_S * call.sr
    before = (s for s in call.segments if s.sound in (SPEECH, MUSIC) and s.start < burst.start)
    spoken = any(abs(s.start - burst.end) <= near for s in between(call, (SPEECH,), burst.start, call.end))
    return spoken and not any(s.end > burst.start - near for s in before)


def is_beside(call: Call, train: Train, bursts: Sequence[Segment]) -> bool:
    """Whether one of some bursts comes before a ringing or behind it, with nobody heard between."""
    first, last = train.rings[0][0].start, train.last.end
    before = (s for s in bursts if s.end <= first and not _replied(call, s.end, first))
    behind = (s for s in bursts if s.start >= last and not _replied(call, last, s.start))
    return next(before, None) is not None or next(behind, None) is not None


def amid_replies(call: Call, train: Train, following: Train) -> list[Segment]:
    """The whole bursts out of quiet between two ringings that stand free behind a voice or music and before another:
    who had picked up may have put through, and another telephone rang."""
    over, onset = train.last.end, following.rings[0][0].start
    heard = without_refusals(between(call, (RINGBACK,), over, onset), call.segments, sr=call.sr, plan=call.plan)
    free = (
        s for s in heard if s.begins and is_whole(s, sr=call.sr, plan=call.plan) and _stands_free(call, s, alone=False)
    )
    return [s for s in free if _replied(call, over, s.start) and _replied(call, s.end, onset)]


def _is_sure_tone(call: Call, burst: Segment) -> bool:
    """Whether a burst began out of quiet and no note has it, or is two tones in step."""
    alone = len(call.plan.ringback.frequencies_hz) == 1
    known = burst.told or (alone and (burst.stops or burst.length >= TOLD_S * call.sr))
    return (burst.begins and known) or call.recording.is_two_tones(burst)


def legs_of(call: Call, trains: Sequence[Train], bursts: Sequence[Segment], legs: Sequence[Leg]) -> list[Leg]:
    """A leg that only a person can tell of for some bursts before any ringing that somebody answered, or without one,
    where no leg before has them and none is left to a person; of those behind the last ringing it is for
    `dsp.answering.doubtful_leg` to say."""
    first = trains[0].rings[0][0].start if trains else call.end
    told = [s for leg in legs for s in leg.evidence]
    before = tuple(s for s in bursts if s.end <= first and (not trains or _replied(call, s.end, first)))
    before = tuple(s for s in before if s not in told)
    refused = any(leg.outcome != NONE for leg in legs)
    if not before or (not refused and any(leg.provisional for leg in legs)):
        return []
    return [Leg(None, 0, NONE, None, None, None, before, provisional=True)]


def _replied(call: Call, since: int, until: int) -> bool:
    return any(s.sound in REPLIES and s.start < until and s.end > since for s in call.segments)


def _stands_free(call: Call, burst: Segment, *, alone: bool) -> bool:
    """Whether a burst is no voice's or music's; where nothing rang for certain one of two tones is none that stops."""
    if alone and burst.told and burst.stops and burst.length >= TOLD_S * call.sr:
        return True
    near = _FREE_S * call.sr
    sounds = (s for s in call.segments if s.sound in (SPEECH, MUSIC))
    return not any(s.start < burst.end + near and s.end > burst.start - near for s in sounds)
