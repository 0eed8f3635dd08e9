"""What rang in a call, how often, and when it was picked up: each instant as the span that surely holds it.

Outcomes of a leg: `answered` (a voice or music after the ringing), `busy` and `congestion` (that tone, also
after some rings: the line rang and was then refused; a special information tone counts as congestion),
`no_answer` (ringback and nothing else until the end), `none` (no ringing heard: a prompt, say)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsp.cadence import STRETCH
from dsp.detector import EDGE_ERROR_S, VOICE_ERROR_S
from dsp.segment import BUSY, CONGESTION, MUSIC, SIT, SPEECH, Segment, Span
from dsp.tone_plan import TonePlan
from dsp.trains import Train, find_trains, halted, hidden

__all__ = ["ANSWERED", "NONE", "NO_ANSWER", "Leg", "Span", "find_legs"]

ANSWERED = "answered"
NO_ANSWER = "no_answer"
NONE = "none"

CUT_EARLY_S, CUT_LATE_S = 0.022, 0.030
"""A pick-up that cut a burst is known to this: the packet that held the cut (20 ms) may be lost, and what
came of the tone after it too short to be heard; or it may be concealed by the one before it."""
SHORT_CUT_ERROR_S = 0.045
"""The same where little was left of the burst."""
_LOST_S = 0.045
"""A burst shorter by less than this may have lost its last two packets instead of being cut."""
_SAME_S = 0.0015
"""Ends of bursts that agree to this are equal: edges are known to 1.5 ms at 20 dB."""
_LEAST_PROMPT_S = 0.3
"""No prompt is shorter."""
_SMEARED_S = 0.100
_HAIR_S = 0.0006
"""The pick-up comes before the burst that did not come."""
_SIGNAL_S = 0.030
"""A recording lags the signalling by 14 to 36 ms."""
_REFUSED = {BUSY: BUSY, CONGESTION: CONGESTION, SIT: CONGESTION}


@dataclass(frozen=True, slots=True)
class Leg:
    """One thing that rang, or tried to."""

    ring_onset: Span | None
    """The first burst's start; None: no ringing heard."""
    rings: int
    """Cadence periods begun by the pick-up, or by the end."""
    outcome: str
    """answered, busy, congestion, no_answer or none."""
    pick_up: Span | None
    """When it was picked up; None unless answered."""
    voice_onset: Span | None
    """The first voice after the pick-up, or the prompt's; None: nobody spoke."""
    answer_latency: Span | None
    """From ring onset to pick-up, a length in samples."""
    evidence: tuple[Segment, ...]
    """The bursts, and what ended them."""
    provisional: bool = False
    """The voice may be a recording, or the tone a release: a person or the signalling has to say."""
    music: bool = False
    """Music was what came after the ringing."""
    restarted: bool = False
    """The ringing began anew: possibly forwarded."""


@dataclass(frozen=True, slots=True)
class _Call:
    """What the whole call tells a leg."""

    segments: tuple[Segment, ...]
    sr: int
    plan: TonePlan
    end: int
    early_until: int
    answered_at: int | None


def find_legs(
    segments: Sequence[Segment],
    *,
    sr: int,
    plan: TonePlan,
    end: int,
    early_until: int | None = None,
    answered_at: int | None = None,
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
    """
    ordered = tuple(sorted(segments, key=lambda s: (s.start, s.end)))
    if early_until is None:
        early_until = answered_at if answered_at is not None else 0
    call = _Call(ordered, sr, plan, end, early_until, answered_at)
    trains = find_trains(ordered, sr=sr, plan=plan)
    legs: list[Leg] = []
    first = trains[0].onset if trains else end
    legs += _before(call, first)
    for train, following in zip(trains, (*trains[1:], None), strict=False):
        limit = following.onset if following else end
        leg = _ringing(call, train, limit, behind=bool(legs))
        legs.append(leg)
        legs += _refused_after(call, leg, limit)
    return tuple(legs)


def _between(call: _Call, sounds: Sequence[str], start: float, end: float) -> list[Segment]:
    return [s for s in call.segments if s.sound in sounds and start <= s.start < end]


def _before(call: _Call, first: int) -> list[Leg]:
    """What was heard before any ringing: a prompt, and a busy tone after it."""
    heard = _between(call, (SPEECH, MUSIC), 0, first)
    legs: list[Leg] = []
    refusals = _between(call, tuple(_REFUSED), 0, first)
    spoken = [s for s in heard if not refusals or s.start < refusals[0].start]
    if sum(s.length for s in spoken) > _LEAST_PROMPT_S * call.sr:
        voice = next((s for s in spoken if s.sound == SPEECH), None)
        legs.append(Leg(None, 0, NONE, None, _voice_span(call, voice), None, tuple(spoken), music=voice is None))
    if refusals:
        legs.append(Leg(None, 0, _REFUSED[refusals[0].sound], None, None, None, (refusals[0],)))
    return legs


def _refused_after(call: _Call, leg: Leg, limit: int) -> list[Leg]:
    """A busy tone after an answer: the next telephone was busy, or the far end hung up; the ear cannot
    tell."""
    if leg.outcome != ANSWERED or leg.pick_up is None:
        return []
    refusals = _between(call, tuple(_REFUSED), leg.pick_up.latest, limit)
    return [Leg(None, 0, _REFUSED[first.sound], None, None, None, (first,), provisional=True) for first in refusals[:1]]


def _ringing(call: _Call, train: Train, limit: int, *, behind: bool) -> Leg:
    voice = _first_voice(call, train, limit)
    after = train.last.end - round(EDGE_ERROR_S * call.sr)
    refusal = next(iter(_between(call, tuple(_REFUSED), after, limit)), None)
    music = next(iter(_between(call, (MUSIC,), after, limit)), None)
    onset = _onset(call, train)
    if refusal and not any(s and s.start < refusal.start for s in (voice, music)):
        outcome = _REFUSED[refusal.sound]
        evidence = (*train.bursts, refusal)
        return Leg(onset, train.count, outcome, None, None, None, evidence, restarted=train.restarted)
    reply = min((s for s in (voice, music) if s), key=lambda s: s.start, default=None)
    signalled = _signalled(call, train, limit)
    if reply is None and signalled is None:
        return Leg(onset, train.count, NO_ANSWER, None, None, None, train.bursts, restarted=train.restarted)
    pick_up = signalled or _pick_up(call, train, reply, limit)
    return Leg(
        ring_onset=onset,
        rings=train.count,
        outcome=ANSWERED,
        pick_up=pick_up,
        voice_onset=_voice_span(call, voice),
        answer_latency=_latency(call, train, pick_up),
        evidence=(*train.bursts, *((reply,) if reply else ())),
        provisional=signalled is None and (behind or reply is music),
        music=reply is not None and reply is music,
        restarted=train.restarted,
    )


def _onset(call: _Call, train: Train) -> Span:
    """Where the ringing began; where only one burst tells, its first packets may have been lost."""
    error = EDGE_ERROR_S * call.sr
    lost = 0 if train.sure else _LOST_S * call.sr
    return Span(max(round(train.onset - error - lost), 0), round(train.onset + error))


def _first_voice(call: _Call, train: Train, limit: int) -> Segment | None:
    """The first speech after the ringing that can be a person's: not before the call is answered by
    signalling."""
    after = train.last.end - round(VOICE_ERROR_S * call.sr)
    for speech in _between(call, (SPEECH,), after, limit):
        if _opens_music(call, speech):
            continue
        if speech.start >= call.early_until - VOICE_ERROR_S * call.sr:
            return speech
        if speech.end > call.early_until + 0.3 * call.sr:
            return Segment(SPEECH, call.early_until, speech.end)
    return None


def _opens_music(call: _Call, speech: Segment) -> bool:
    """Music's first notes can pass for half a word."""
    brief = speech.length < 0.6 * call.sr
    return brief and bool(_between(call, (MUSIC,), speech.start, speech.end + call.sr))


def _signalled(call: _Call, train: Train, limit: int) -> Span | None:
    """The 200 OK, where it fits what was heard: the ringing ended with it."""
    at = call.answered_at
    slack = 0.15 * call.sr
    if at is None or not train.last.end - slack <= at <= min(_due(call, train) + slack, limit):
        return None
    return _around(at, _SIGNAL_S * call.sr)


def _pick_up(call: _Call, train: Train, reply: Segment | None, limit: int) -> Span:
    """A cut burst tells the moment; else it lies in the gap, before the voice and before the burst that was
    due."""
    ms = call.sr / 1000
    latest = min(_due(call, train) - _HAIR_S * call.sr, limit)
    if reply is not None:
        latest = min(latest, reply.start + VOICE_ERROR_S * call.sr)
    end = train.last.end
    if _is_whole(call, train):
        earliest = (
            _whole_end(call, train) + _HAIR_S * call.sr
        )  # the burst ran its full length: the pick-up came after it
    elif _was_cut(call, train) and not hidden(call.segments, end, end + 20 * ms):
        short = train.last.length <= 0.13 * call.sr
        earliest = end - (SHORT_CUT_ERROR_S if short else CUT_EARLY_S) * call.sr
        if reply is not None and reply.start <= end + CUT_LATE_S * call.sr:
            # Speaking at once, the voice may pass for the tone's last bit.
            earliest = max(min(earliest, reply.start - _SMEARED_S * call.sr), train.last.start)
        latest = min(latest, end + (SHORT_CUT_ERROR_S if short else CUT_LATE_S) * call.sr)
    else:
        earliest = end - EDGE_ERROR_S * call.sr
    return Span(round(earliest), max(round(latest), round(earliest)))


def _ends(call: _Call, train: Train) -> list[float]:
    """Samples from a ring's start to where the burst in the last one's place is seen to end, of the rings before it,
    and by the plan where the ringing keeps the plan's period."""
    place = len(train.rings[-1]) - 1
    rings = [ring for ring in train.rings[:-1] if len(ring) > place]
    ends = [float(ring[place].end - ring[0].start - halted(ring[place])) for ring in rings]
    if ends and train.period == call.plan.period_s * call.sr:
        ends.append(_nominal_end(call, place) - 2 * train.lean)
    return ends


def _nominal_end(call: _Call, place: int) -> float:
    pairs = call.plan.cadence
    place = min(place, len(pairs) - 1)
    return (sum(on + off for on, off in pairs[:place]) + pairs[place][0]) * call.sr


def _whole_end(call: _Call, train: Train) -> float:
    """Where the last burst ends if it was not cut, by those before it, else by the plan."""
    ends, start = _ends(call, train), train.last_start + halted(train.last)
    if ends:
        return start + float(np.median(ends)) + 2 * train.lean
    return start + _nominal_end(call, len(train.rings[-1]) - 1)


def _is_whole(call: _Call, train: Train) -> bool:
    """Whether the last burst surely ran its full length: it ends where at least two before it did, to a
    hair."""
    ends = _ends(call, train)
    if len(ends) < 2:
        return False
    apart = np.abs(np.array(ends) - float(np.median(ends)))
    same = apart[apart <= _SAME_S * call.sr]
    if len(same) < 2:
        return False
    error = min(4 * float(np.median(same)) + _SAME_S / 4 * call.sr, _SAME_S * call.sr)
    return train.last.end >= _whole_end(call, train) - train.lean - error


def _was_cut(call: _Call, train: Train) -> bool:
    """Whether the last burst is surely shorter than a whole one, and not for want of its last packets."""
    lacks = _whole_end(call, train) - train.last.end
    if _ends(call, train):
        return lacks > _LOST_S * call.sr
    nominal = call.plan.cadence[min(len(train.rings[-1]), len(call.plan.cadence)) - 1][0]
    return lacks > STRETCH * nominal * call.sr + _LOST_S * call.sr


def _due(call: _Call, train: Train) -> float:
    """When the next burst would have begun; where that time never arrived, the one after."""
    ring = train.rings[-1]
    due = train.last_start + train.period
    if len(ring) < len(call.plan.cadence):
        scale = train.period / (call.plan.period_s * call.sr)
        due = train.last_start + sum(sum(pair) for pair in call.plan.cadence[: len(ring)]) * call.sr * scale
    on = call.plan.cadence[0][0] * call.sr
    while due < call.end and hidden(call.segments, due, due + on):
        due += train.period
    return due


def _latency(call: _Call, train: Train, pick_up: Span) -> Span:
    """From ring onset to pick-up. Both ends of a gap are counted by the cadence from the onset: its error
    cancels."""
    error = EDGE_ERROR_S * call.sr
    earliest = pick_up.earliest - train.onset - (0 if _is_whole(call, train) else error)
    latest = pick_up.latest - train.onset + error + (0 if train.sure else _LOST_S * call.sr)
    if train.sure and not train.restarted:
        latest = min(latest, _due(call, train) - train.onset - _HAIR_S * call.sr)
    earliest = max(round(earliest), 0)
    return Span(earliest, max(round(latest), earliest))


def _voice_span(call: _Call, voice: Segment | None) -> Span | None:
    return None if voice is None else _around(voice.start, VOICE_ERROR_S * call.sr)


def _around(sample: float, error: float) -> Span:
    return Span(max(round(sample - error), 0), round(sample + error))
