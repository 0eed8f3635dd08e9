"""What rang in a call, how often, and when it was picked up: each instant as the span that surely holds it.

Outcomes of a leg: `answered` (a voice or music after the ringing), `busy` and `congestion` (that tone, also
after some rings: the line rang and was then refused; a special information tone counts as congestion),
`no_answer` (ringback and nothing else until the end), `none` (no ringing heard: a prompt, say)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsp.beat import LOST_S
from dsp.detector import EDGE_ERROR_S, VOICE_ERROR_S
from dsp.pick_up import Call, due, latency_span, pick_up_span
from dsp.segment import BUSY, CONGESTION, DTMF, MUSIC, SIT, SPEECH, TONE, Segment, Span
from dsp.tone_plan import TonePlan
from dsp.trains import Train, find_trains

__all__ = ["ANSWERED", "NONE", "NO_ANSWER", "Leg", "Span", "find_legs"]

ANSWERED = "answered"
NO_ANSWER = "no_answer"
NONE = "none"

_LEAST_S = {SPEECH: 0.3, MUSIC: 1.0}
"""No prompt is shorter."""
_LEAST_TONES_S = 0.5
"""Tones behind the ringing that last so long, or are several, are a machine's answer, or music's notes."""
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
    """The voice may be a recording, or the tone a release; of `no_answer`: the ringing stopped before the audio,
    and somebody may have picked up in silence. A person or the signalling has to say."""
    music: bool = False
    """Music, or a machine's tones, was what came after the ringing."""
    restarted: bool = False
    """The ringing began anew: possibly forwarded."""


def find_legs(
    segments: Sequence[Segment],
    *,
    sr: int,
    plan: TonePlan,
    end: int,
    early_until: int | None = None,
    answered_at: int | None = None,
    buffer_s: float = 0.0,
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
    """
    ordered = tuple(sorted(segments, key=lambda s: (s.start, s.end)))
    if early_until is None:
        early_until = answered_at if answered_at is not None else 0
    call = Call(ordered, sr, plan, end, early_until, answered_at, buffer_s)
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


def _between(call: Call, sounds: Sequence[str], start: float, end: float) -> list[Segment]:
    return [s for s in call.segments if s.sound in sounds and start <= s.start < end]


def _before(call: Call, first: int) -> list[Leg]:
    """What was heard before any ringing: a prompt, and a busy tone after it."""
    heard = _between(call, (SPEECH, MUSIC), 0, first)
    legs: list[Leg] = []
    refusals = _between(call, tuple(_REFUSED), 0, first)
    spoken = [s for s in heard if not refusals or s.start < refusals[0].start]
    heard_s = {
        sound: sum(min(s.end, first) - s.start for s in spoken if s.sound == sound) / call.sr for sound in _LEAST_S
    }
    if any(heard_s[sound] > least for sound, least in _LEAST_S.items()):
        voice = next((s for s in spoken if s.sound == SPEECH), None)
        legs.append(Leg(None, 0, NONE, None, _voice_span(call, voice), None, tuple(spoken), music=voice is None))
    if refusals:
        legs.append(Leg(None, 0, _REFUSED[refusals[0].sound], None, None, None, (refusals[0],)))
    return legs


def _refused_after(call: Call, leg: Leg, limit: int) -> list[Leg]:
    """A busy tone after an answer: the next telephone was busy, or the far end hung up; the ear cannot
    tell."""
    if leg.outcome != ANSWERED or leg.pick_up is None:
        return []
    refusals = _between(call, tuple(_REFUSED), leg.pick_up.latest, limit)
    return [Leg(None, 0, _REFUSED[first.sound], None, None, None, (first,), provisional=True) for first in refusals[:1]]


def _ringing(call: Call, train: Train, limit: int, *, behind: bool) -> Leg:
    voice = _first_voice(call, train, limit)
    after = train.last.end - round(EDGE_ERROR_S * call.sr)
    refusal = next(iter(_between(call, tuple(_REFUSED), after, limit)), None)
    music = next(iter(_between(call, (MUSIC,), after, limit)), None)
    onset = _onset(call, train)
    if refusal and not any(s and s.start < refusal.start for s in (voice, music)):
        outcome = _REFUSED[refusal.sound]
        evidence = (*train.bursts, refusal)
        return Leg(onset, train.count, outcome, None, None, None, evidence, restarted=train.restarted)
    machine = _machine(call, train, limit)
    reply = min((s for s in (voice, music, machine) if s), key=lambda s: s.start, default=None)
    signalled = _signalled(call, train, limit)
    if reply is None and signalled is None:
        stopped = due(call, train) + train.last.length < limit
        return Leg(onset, train.count, NO_ANSWER, None, None, None, train.bursts, stopped, restarted=train.restarted)
    pick_up = signalled or pick_up_span(call, train, reply, limit)
    return Leg(
        ring_onset=onset,
        rings=train.count,
        outcome=ANSWERED,
        pick_up=pick_up,
        voice_onset=_voice_span(call, voice),
        answer_latency=latency_span(call, train, pick_up),
        evidence=(*train.bursts, *((reply,) if reply else ())),
        provisional=signalled is None and (behind or reply is not voice),
        music=reply is not None and reply in (music, machine),
        restarted=train.restarted,
    )


def _onset(call: Call, train: Train) -> Span:
    """Where the ringing began; where only one burst tells, its first packets may have been lost."""
    error = EDGE_ERROR_S * call.sr
    lost = 0 if train.sure else LOST_S * call.sr
    # A jitter buffer may have moved the later bursts, by which the onset was told, against the first one.
    latest = max(train.onset, train.rings[0][0].start) if call.buffer_s else train.onset
    return Span(max(round(train.onset - error - lost), 0), round(latest + error))


def _first_voice(call: Call, train: Train, limit: int) -> Segment | None:
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


def _machine(call: Call, train: Train, limit: int) -> Segment | None:
    """Tones that are no exchange's behind the ringing: a fax, or notes of music too few to be known for it."""
    after = max(train.last.end, call.early_until)
    tones = _between(call, (TONE, DTMF), after, limit)
    if len(tones) > 1 or sum(s.length for s in tones) > _LEAST_TONES_S * call.sr:
        return tones[0]
    return None


def _opens_music(call: Call, speech: Segment) -> bool:
    """Music's first notes can pass for half a word."""
    brief = speech.length < 0.6 * call.sr
    return brief and bool(_between(call, (MUSIC,), speech.start, speech.end + call.sr))


def _signalled(call: Call, train: Train, limit: int) -> Span | None:
    """The 200 OK, where it fits what was heard: the ringing ended with it."""
    at = call.answered_at
    slack = 0.15 * call.sr
    if at is None or not train.last.end - slack <= at <= min(due(call, train) + slack, limit):
        return None
    return _around(at, _SIGNAL_S * call.sr)


def _voice_span(call: Call, voice: Segment | None) -> Span | None:
    return None if voice is None else _around(voice.start, VOICE_ERROR_S * call.sr)


def _around(sample: float, error: float) -> Span:
    return Span(max(round(sample - error), 0), round(sample + error))
