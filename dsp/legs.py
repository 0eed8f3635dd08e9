"""What rang in a call, how often, and when it was picked up: each instant as the span that surely holds it.

Outcomes of a leg: `answered` (a voice or music after the ringing), `busy` and `congestion` (that tone, also
after some rings: the line rang and was then refused; a special information tone counts as congestion),
`no_answer` (ringback and nothing else until the end), `none` (no ringing heard: a prompt, say)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dsp.before_ringing import legs_before
from dsp.doubtful_leg import doubtful_legs, is_doubtful, unknown_call
from dsp.faint_reply import is_faint
from dsp.heard_call import Brief, Call, End, GoesOn, IsTone, Level, RingsAt, between, nothing_brief
from dsp.leg import ANSWERED, NO_ANSWER, NONE, Leg, opened
from dsp.refusal import REFUSED, torn_refusal
from dsp.ringing_leg import ringing_leg
from dsp.rung_beside import is_talked_into, may_have_rung_on, may_ring_on
from dsp.segment import Segment, Span
from dsp.tone_on_beat import with_tones_on_beat
from dsp.tone_plan import TonePlan
from dsp.trains import Train, find_trains
from dsp.unaccounted import amid_replies, is_beside, is_sure_tone, legs_of, unaccounted

__all__ = ["ANSWERED", "NONE", "NO_ANSWER", "Leg", "Span", "find_legs"]


def find_legs(
    segments: Sequence[Segment],
    *,
    sr: int,
    plan: TonePlan,
    end: int,
    early_until: int | None = None,
    answered_at: int | None = None,
    buffer_s: float = 0.0,
    lifts: tuple[Span, ...] = (),
    unnamed: tuple[Span, ...] = (),
    like_rings: tuple[Span, ...] = (),
    brief: Brief = nothing_brief,
    doubtful: tuple[Segment, ...] = (),
    is_tone: IsTone | None = None,
    rest_end: End | None = None,
    sure_end: End | None = None,
    level_db: Level | None = None,
    hole_start: End | None = None,
    goes_on: GoesOn | None = None,
    rings_at: RingsAt | None = None,
    unheard: tuple[Span, ...] = (),
) -> tuple[Leg, ...]:
    """The legs of a call, in order.

    Args:
        segments: what the detector heard, in any order.
        sr: samples a second, of everything here.
        plan: the tones' plan; its cadence makes rings of bursts.
        end: length of the audio.
        early_until: until this sample the call was not answered by signalling: speech before it is an
            announcement, never a pick-up. None: no signalling is known.
        answered_at: the sample at which a 200 OK arrived; None: none, or not known.
        buffer_s: so much sound a jitter buffer may have put in or taken out at any place.
        lifts: where the line's noise stepped between a ring and a voice (`dsp.handset`).
        unnamed: sounds that nobody could name (`dsp.unnamed`).
        like_rings: such sounds that may be rings by their pitch.
        brief: where a ring ends that begins at a sample and was cut at once (`dsp.brief_ring`).
        doubtful: what may have been a ring that was cut, or a voice (`dsp.clipped_rings`).
        is_tone: whether a segment is mostly a signal of the exchange (`dsp.tone_share`).
        rest_end: where a burst's tones are last heard behind packets that were lost (`dsp.tone_share`).
        sure_end: up to where a burst is surely its tones (`dsp.tone_share`).
        level_db: how loud a segment is (`dsp.faint_reply`).
        hole_start: where a hole begins right behind which a burst does (`dsp.packet_behind`).
        goes_on: whether the line is heard right behind a burst (`dsp.packet_behind`).
        rings_at: whether ringback's tones alone sound right behind a sample (`dsp.tone_share`).
        unheard: what may have been rings that nobody told (`dsp.unheard_rings`).
    """
    ordered = tuple(sorted(segments, key=lambda s: (s.start, s.end)))
    ordered = with_tones_on_beat(ordered, sr=sr, plan=plan, buffer_s=buffer_s)
    if early_until is None:
        early_until = answered_at if answered_at is not None else 0
    call = Call(
        ordered,
        sr,
        plan,
        end,
        early_until,
        answered_at,
        buffer_s,
        lifts,
        unnamed,
        like_rings,
        brief,
        doubtful,
        is_tone,
        rest_end,
        sure_end,
        level_db,
        hole_start,
        goes_on,
        rings_at,
        unheard,
    )
    trains = find_trains(ordered, sr=sr, plan=plan, buffer_s=buffer_s)
    strange = unaccounted(call, trains)
    before = legs_before(call, trains[0].onset if trains else end)
    before = [_with_strange(leg, strange) for leg in before] + legs_of(call, trains, strange, before)
    before.sort(key=lambda leg: leg.evidence[0].start if leg.evidence else 0)
    legs = [*before, *_ringing_legs(call, trains, strange, behind=bool(before)), *doubtful_legs(call, trains)]
    return tuple(_as_known(legs)) or unknown_call(call)


def _with_strange(leg: Leg, strange: Sequence[Segment]) -> Leg:
    """A leg in which nothing rang, left to a person where a burst that none took sounds amid what was heard."""
    amid = any(leg.evidence[0].start < s.start < leg.evidence[-1].end for s in strange) if leg.evidence else False
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
        beside += [burst for burst in train.bursts if unsure and is_sure_tone(call, burst)]
        legs.append(opened(leg) if unsure else leg)
        legs += _refused_after(call, leg, limit)
        amid = amid_replies(call, train, following) if following is not None else []
        legs += [Leg(None, 0, NONE, None, None, None, tuple(amid), provisional=True)] if amid else []
    return legs


def _is_unsure(call: Call, leg: Leg, train: Train, following: Train | None) -> bool:
    """Whether only a person can say how a ringing went."""
    # Nobody is heard, and yet another rings, whom nobody can have answered yet.
    forwarded = leg.outcome == NO_ANSWER and following is not None and call.early_until <= train.last.end
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
    return [Leg(None, 0, REFUSED[first.sound], None, None, None, (first,), provisional=True) for first in refusals[:1]]
