"""What rang in a call, how often, and when it was picked up: each instant as the span that surely holds it.

Outcomes of a leg: `answered` (a voice or music after the ringing), `busy` and `congestion` (that tone, also
after some rings: the line rang and was then refused; a special information tone counts as congestion),
`no_answer` (ringback and nothing else until the end), `none` (no ringing heard: a prompt, say)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dsp.before_ringing import legs_before
from dsp.detector import EDGE_ERROR_S
from dsp.doubtful_leg import (
    doubtful_legs,
    is_doubtful,
    is_talked_over,
    keeps_another_beat,
    may_hide_ring,
    may_ring_on,
    unknown_call,
)
from dsp.heard_call import Brief, Call, End, GoesOn, IsTone, between, nothing_brief
from dsp.last_burst import begun_with, either, may_be_reply, without_last
from dsp.latency import latency_span, onset_span
from dsp.leg import ANSWERED, NO_ANSWER, NONE, Leg, around, opened, voice_span
from dsp.next_burst import due, more_rings, next_burst, rings_unheard
from dsp.pick_up import pick_up_span
from dsp.refusal import REFUSED, begun_at, torn_refusal
from dsp.reply import first_voice, machine_before, machine_reply, ringing_stopped
from dsp.ring_proof import is_whole as is_whole_ring
from dsp.segment import MUSIC, Segment, Span
from dsp.tone_on_beat import with_tones_on_beat
from dsp.tone_plan import TonePlan
from dsp.trains import Train, find_trains
from dsp.whole_burst import possible_holes, was_cut

_WORD_S = 0.3
"""A sound without a name that lasts so long may be a word."""
_STOPPED_S = 0.3
"""Of a ring that was due so much would have been heard, whatever packets were lost."""
_AT_ONCE_S = 0.5
"""An exchange that cuts a ring for a refusal sends it no later."""
_SIGNAL_S = 0.030
"""A recording lags the signalling by 14 to 36 ms."""

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
    brief: Brief = nothing_brief,
    doubtful: tuple[Segment, ...] = (),
    is_tone: IsTone | None = None,
    rest_end: End | None = None,
    sure_end: End | None = None,
    goes_on: GoesOn | None = None,
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
        brief: where a ring ends that begins at a sample and was cut at once (`dsp.brief_ring`).
        doubtful: what may have been a ring that was cut, or a voice (`dsp.clipped_rings`).
        is_tone: whether a segment is mostly a signal of the exchange (`dsp.tone_share`).
        rest_end: where a burst's tones are last heard behind packets that were lost (`dsp.tone_share`).
        sure_end: up to where a burst is surely its tones (`dsp.tone_share`).
        goes_on: whether the line is heard right behind a burst (`dsp.packet_behind`).
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
        brief,
        doubtful,
        is_tone,
        rest_end,
        sure_end,
        goes_on,
        unheard,
    )
    trains = find_trains(ordered, sr=sr, plan=plan, buffer_s=buffer_s)
    legs: list[Leg] = []
    first = trains[0].onset if trains else end
    legs += legs_before(call, first)
    for train, following in zip(trains, (*trains[1:], None), strict=False):
        limit = following.onset if following else end
        leg = _ringing(call, train, limit, behind=bool(legs))
        # Nobody is heard, and yet another rings, whom nobody can have answered yet.
        unsure = leg.outcome == NO_ANSWER and following is not None and call.early_until <= train.last.end
        unsure |= is_doubtful(call, train) or may_ring_on(call, train, following)
        legs.append(opened(leg) if unsure else leg)
        legs += _refused_after(call, leg, limit)
    legs += doubtful_legs(call, trains)
    return tuple(legs) or unknown_call(call)


def _refused_after(call: Call, leg: Leg, limit: int) -> list[Leg]:
    """A busy tone after an answer: the next telephone was busy, or the far end hung up; the ear cannot
    tell."""
    if leg.outcome != ANSWERED or leg.pick_up is None:
        return []
    torn = torn_refusal(call, leg.pick_up.latest, limit)
    refusals = between(call, tuple(REFUSED), leg.pick_up.latest, limit) or ([torn] if torn else [])
    return [Leg(None, 0, REFUSED[first.sound], None, None, None, (first,), provisional=True) for first in refusals[:1]]


def _ringing(call: Call, train: Train, limit: int, *, behind: bool) -> Leg:
    voice = first_voice(call, train, limit)
    after = train.last.end - round(EDGE_ERROR_S * call.sr)
    refusal = next(iter(between(call, tuple(REFUSED), after, limit)), None)
    music = next(iter(between(call, (MUSIC,), after, limit)), None)
    onset = onset_span(call, train)
    machine = machine_reply(call, train, limit)
    if refusal and not any(
        s and s.start < refusal.start for s in (voice, music, machine_before(call, train, machine, refusal))
    ):
        outcome = REFUSED[refusal.sound]
        evidence = (*train.bursts, refusal)
        refused = Leg(onset, train.count, outcome, None, None, None, evidence, restarted=train.restarted)
        return opened(refused) if _picked_up_before(call, train, begun_at(call, refusal, after)) else refused
    reply = min((s for s in (voice, music, machine) if s), key=lambda s: s.start, default=None)
    signalled = _signalled(call, train, limit)
    if reply is None and signalled is None and not _may_be_answered(call, train, after, limit):
        unsure = ringing_stopped(call, train, limit, within_s=_STOPPED_S) or _unnamed_since(call, after, limit, _WORD_S)
        unsure |= _stopped_early(call, train, limit)
        told = Leg(onset, train.count, NO_ANSWER, None, None, None, train.bursts, unsure, restarted=train.restarted)
        told = replace(told, more_rings=rings_unheard(call, train))
        return opened(told) if behind and _is_one_brief(call, train) else told
    leg = Leg(
        ring_onset=onset,
        rings=train.count,
        outcome=ANSWERED,
        pick_up=signalled,
        voice_onset=voice_span(call, voice),
        answer_latency=None if signalled is None else latency_span(call, train, signalled),
        evidence=(*train.bursts, *((reply,) if reply else ())),
        provisional=signalled is None and (behind or reply is None or reply is not voice),
        music=reply is not None and reply in (music, machine),
        restarted=train.restarted,
    )
    if signalled and keeps_another_beat(call, train):
        return replace(leg, rings=len(train.rings), more_rings=max(train.count - len(train.rings), 0))
    if signalled:
        return leg
    if may_hide_ring(call, train, reply):
        return opened(leg)
    return _picked_up(call, train, *_in_front(call, train, leg, reply), limit)


def _in_front(call: Call, train: Train, leg: Leg, reply: Segment | None) -> tuple[Leg, Segment | None]:
    """A leg and who replied; nobody for certain, where somebody talks in the background all along."""
    if reply is None or reply.start >= next_burst(call, train) or not is_talked_over(call, train):
        return leg, reply
    return replace(leg, voice_onset=None, provisional=True), None


def _picked_up(call: Call, train: Train, leg: Leg, reply: Segment | None, limit: int) -> Leg:
    """A leg with when it was picked up by what was heard; with and without a last burst that may be the reply's."""
    pick_up = pick_up_span(call, train, reply, limit)
    told = replace(
        leg,
        rings=train.count,
        pick_up=pick_up,
        answer_latency=latency_span(call, train, pick_up),
        more_rings=more_rings(call, train, pick_up),
    )
    if reply is None or not may_be_reply(call, train, reply):
        return told
    return either(told, _picked_up(call, without_last(train), leg, begun_with(train.last, reply), limit))


def _picked_up_before(call: Call, train: Train, refused: int) -> bool:
    """Whether somebody had picked up and was not heard before a refusal: it comes before the next ring, and only with
    it an exchange cuts one. Where a 200 came behind the first ring the signalling tells more than the cut."""
    if call.answered_at is not None and call.answered_at > train.onset:
        return ringing_stopped(call, train, refused)
    cut = was_cut(call, train, max(possible_holes(train.last))) and refused - train.last.end > _AT_ONCE_S * call.sr
    return cut or ringing_stopped(call, train, refused)


def _stopped_early(call: Call, train: Train, limit: int) -> bool:
    """Whether the last ring was cut, and the line went on."""
    return limit - train.last.end > _AT_ONCE_S * call.sr and was_cut(call, train, max(possible_holes(train.last)))


def _is_one_brief(call: Call, train: Train) -> bool:
    """Whether all that rang behind who had picked up is one burst that is no whole one: a machine's signal, as well."""
    return len(train.bursts) == 1 and not is_whole_ring(train.last, sr=call.sr, plan=call.plan)


def _may_be_answered(call: Call, train: Train, after: int, limit: int) -> bool:
    """Whether the ringing stopped and a sound without a name came: somebody's, most likely; a person has to say."""
    return ringing_stopped(call, train, limit) and _unnamed_since(call, after, limit, 0.0)


def _unnamed_since(call: Call, after: int, limit: int, least_s: float) -> bool:
    since = max(after, call.early_until)
    sounds = (s for s in call.unnamed if since <= s.earliest < limit)
    return any(sound.latest - sound.earliest >= least_s * call.sr for sound in sounds)


def _signalled(call: Call, train: Train, limit: int) -> Span | None:
    """The 200 OK, where it fits what was heard: the ringing ended with it."""
    at = call.answered_at
    slack = 0.15 * call.sr
    if at is None or not train.last.end - slack <= at <= min(due(call, train) + slack, limit):
        return None
    return around(at, _SIGNAL_S * call.sr)
