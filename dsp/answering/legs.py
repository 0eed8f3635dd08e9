"""What rang in a call, how often, and when it was picked up: each instant as the span that surely holds it.

Outcomes of a leg: `answered` (a voice or music after the ringing), `busy` and `congestion` (that tone, also
after some rings: the line rang and was then refused; a special information tone counts as congestion),
`no_answer` (ringback and nothing else until the end), `none` (no ringing heard: a prompt, say)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dsp.answering.before_ringing import legs_before
from dsp.answering.doubtful_leg import doubtful_legs, is_doubtful, unknown_call
from dsp.answering.faint_reply import is_faint
from dsp.answering.heard_call import NO_CLUES, UNSIGNALLED, Call, Clues, Signalling, between
from dsp.answering.latency import onset_span
from dsp.answering.leg import ANSWERED, NO_ANSWER, NONE, Leg, opened
from dsp.answering.recording import NOT_AT_HAND, Recording
from dsp.answering.refusal import REFUSED, torn_refusal, with_whole_refusals
from dsp.answering.ringing_leg import ringing_leg
from dsp.answering.rung_beside import is_talked_into, may_have_rung_on, may_ring_on
from dsp.answering.tone_on_beat import with_tones_on_beat
from dsp.answering.unaccounted import amid_replies, is_beside, legs_of, unaccounted
from dsp.detector import EDGE_ERROR_S
from dsp.ringing.train import Train
from dsp.ringing.trains import find_trains
from dsp.segment import DTMF, TONE, Segment, Span
from dsp.tone_plan import TonePlan

_NOTES_S, _BRIEF_S = 2.0, 2.0
"""Notes are so near to a refusal that is one of them, and it is so brief."""

__all__ = ["ANSWERED", "NONE", "NO_ANSWER", "Leg", "Span", "find_legs"]


def find_legs(
    segments: Sequence[Segment],
    *,
    sr: int,
    plan: TonePlan,
    end: int,
    signalling: Signalling = UNSIGNALLED,
    buffer_s: float = 0.0,
    recording: Recording = NOT_AT_HAND,
    clues: Clues = NO_CLUES,
) -> tuple[Leg, ...]:
    """The legs of a call, in order.

    `segments`: what the detector heard, in any order; of the rest `Call` says what it is.
    """
    ordered = tuple(sorted(segments, key=lambda s: (s.start, s.end)))
    ordered = with_whole_refusals(ordered, sr=sr, plan=plan)
    strangers = clues.exchange.strangers
    ordered = with_tones_on_beat(ordered, sr=sr, plan=plan, buffer_s=buffer_s, strangers=strangers)
    call = Call(ordered, sr, plan, end, signalling=signalling, buffer_s=buffer_s, recording=recording, clues=clues)
    own = [s for s in ordered if s not in strangers]
    trains = find_trains(own, sr=sr, plan=plan, buffer_s=buffer_s)
    strange = unaccounted(call, trains)
    before = legs_before(call, _first_onset(call, trains))
    before = [_with_strange(leg, strange) for leg in before] + legs_of(call, trains, strange, before)
    before.sort(key=lambda leg: leg.evidence[0].start if leg.evidence else 0)
    legs = [*before, *_ringing_legs(call, trains, strange, behind=bool(before)), *doubtful_legs(call, trains)]
    return tuple(_as_known(legs)) or unknown_call(call)


def _first_onset(call: Call, trains: Sequence[Train]) -> int:
    """Where the first ringing began, or may have: what is heard since then is its own, though it passed for a voice."""
    if not trains:
        return call.end
    earliest = onset_span(call, trains[0]).earliest + round(EDGE_ERROR_S * call.sr)
    return min(trains[0].onset, earliest) if trains[0].unheard else trains[0].onset


def _with_strange(leg: Leg, strange: Sequence[Segment]) -> Leg:
    """A leg in which nothing rang, left to a person where a burst that none took sounds amid what was heard, or before
    it: it may have been what somebody picked up."""
    amid = any(s.start < leg.evidence[-1].end for s in strange) if leg.evidence else False
    return replace(leg, provisional=True) if amid and leg.outcome == NONE else leg


def _as_known(legs: Sequence[Leg]) -> list[Leg]:
    """The legs; a refusal alone is no better known than what was heard before it, where that is left to a person."""
    doubted = [any(before.provisional for before in legs[:place]) for place in range(len(legs))]
    alone = [leg.outcome in REFUSED.values() and not leg.rings for leg in legs]
    return [
        replace(leg, provisional=leg.provisional or (is_alone and doubt))
        for leg, is_alone, doubt in zip(legs, alone, doubted, strict=True)
    ]


def _ringing_legs(call: Call, trains: Sequence[Train], strange: Sequence[Segment], *, behind: bool) -> list[Leg]:
    """The leg of each ringing, and what came behind it; `strange`: bursts that none took; `behind`: somebody had been
    heard before them all."""
    legs: list[Leg] = []
    rings_on, beside = False, list(strange)
    for train, following in zip(trains, (*trains[1:], None), strict=False):
        limit = following.onset if following else call.end
        leg = ringing_leg(call, train, limit, behind=behind or bool(legs))
        rings_on, rang_on = may_ring_on(call, train, following), rings_on
        unsure = rings_on or rang_on or _is_unsure(call, leg, train, following) or is_beside(call, train, beside)
        # Of a ringing that is not known the next may be the rest.
        beside += train.bursts if unsure else ()
        legs.append(opened(leg) if unsure else leg)
        legs += [] if unsure else _refused_after(call, leg, limit)  # of a ringing left to a person it may be the end
        amid = amid_replies(call, train, following) if following is not None else []
        legs += [Leg(None, 0, NONE, None, None, None, tuple(amid), provisional=True)] if amid else []
    return legs


def _is_unsure(call: Call, leg: Leg, train: Train, following: Train | None) -> bool:
    """Whether only a person can say how a ringing went."""
    # Nobody is heard, and yet another rings, whom nobody can have answered yet.
    forwarded = leg.outcome == NO_ANSWER and following is not None and call.signalling.nobody_until <= train.last.end
    rang = leg.outcome == ANSWERED and (may_have_rung_on(call, train) or is_talked_into(call, train))
    # Nor need it be who answered that is hardly heard, where it rings on.
    faint = following is not None and any(is_faint(call, train, s) for s in leg.evidence if s not in train.bursts)
    return forwarded or rang or faint or is_doubtful(call, train)


def _refused_after(call: Call, leg: Leg, limit: int) -> list[Leg]:
    """A busy tone after an answer: the next telephone was busy, or the far end hung up; the ear cannot
    tell."""
    if leg.outcome != ANSWERED or leg.pick_up is None:
        return []
    torn = torn_refusal(call, leg.pick_up.latest, limit)
    refusals = between(call, tuple(REFUSED), leg.pick_up.latest, limit) or ([torn] if torn else [])
    refusals = [refusal for refusal in refusals if not _is_amid_notes(call, refusal)]
    return [Leg(None, 0, REFUSED[first.sound], None, None, None, (first,), provisional=True) for first in refusals[:1]]


def _is_amid_notes(call: Call, refusal: Segment) -> bool:
    """Whether a brief refusal has keys or tones without a name on both sides of it: all of them are notes of music."""
    beside, notes = round(_NOTES_S * call.sr), (DTMF, TONE)
    before = between(call, notes, refusal.start - beside, refusal.start)
    behind = between(call, notes, refusal.end, refusal.end + beside)
    return refusal.length <= _BRIEF_S * call.sr and bool(before and behind)
