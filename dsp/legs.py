"""What rang in a call, how often, and when it was picked up: each instant as the span that surely holds it.

Outcomes of a leg: `answered` (a voice or music after the ringing), `busy` and `congestion` (that tone, also
after some rings: the line rang and was then refused; a special information tone counts as congestion),
`no_answer` (ringback and nothing else until the end), `none` (no ringing heard: a prompt, say)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf

from dsp.cadence import STRETCH, fits
from dsp.detector import EDGE_ERROR_S, VOICE_ERROR_S
from dsp.one_ringing import NOTE_S, REPLIES
from dsp.pick_up import (
    Brief,
    Call,
    End,
    IsTone,
    due,
    latency_span,
    latest_onset,
    lost_at_onset,
    more_rings,
    nothing_brief,
    pick_up_span,
)
from dsp.ring_proof import TOLD_S, is_exact, is_joined, lost_beside
from dsp.ring_proof import is_whole as is_whole_ring
from dsp.segment import BUSY, CONGESTION, DTMF, MUSIC, RINGBACK, SIT, SPEECH, TONE, Segment, Span
from dsp.tone_plan import Tone, TonePlan
from dsp.trains import Train, find_trains

__all__ = ["ANSWERED", "NONE", "NO_ANSWER", "Leg", "Span", "find_legs"]

ANSWERED = "answered"
NO_ANSWER = "no_answer"
NONE = "none"

_LEAST_S = {SPEECH: 0.28, MUSIC: 1.0}
"""No prompt is shorter, but for the errors of its edges."""
_WORD_S = 0.3
"""A sound without a name that lasts so long may be a word."""
_PIECE_S = 0.2
"""A sound before the ringing that nobody could name and that lasts so long may be a short prompt, or what packets lost
of it left."""
_STOPPED_S = 0.3
"""Of a ring that was due so much would have been heard, whatever packets were lost."""
_LEAST_TONES_S = 0.5
"""Tones behind the ringing that last so long, or are several, are a machine's answer, or music's notes."""
_SIGNAL_S = 0.030
"""A recording lags the signalling by 14 to 36 ms."""
_IN_TIME_S = 0.02
"""Words do not begin as exactly as far apart as an exchange's bursts but by chance."""
_TORN_PERIODS = 3
"""Of a refusal so many bursts in a row may have lost too much to be named."""
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
    and somebody may have picked up in silence, or a sound without a name came behind the last ring. A person or the
    signalling has to say."""
    music: bool = False
    """Music, or a machine's tones, was what came after the ringing."""
    restarted: bool = False
    """The ringing began anew: possibly forwarded."""
    more_rings: int = 0
    """So many rings more than `rings` may have begun unheard, where one was due within the span of the pick-up."""

    @property
    def most_rings(self) -> int:
        """So many rings may have begun at the most."""
        return self.rings + self.more_rings


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
    """
    ordered = tuple(sorted(segments, key=lambda s: (s.start, s.end)))
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
    )
    trains = find_trains(ordered, sr=sr, plan=plan, buffer_s=buffer_s)
    legs: list[Leg] = []
    first = trains[0].onset if trains else end
    legs += _before(call, first)
    for train, following in zip(trains, (*trains[1:], None), strict=False):
        limit = following.onset if following else end
        leg = _ringing(call, train, limit, behind=bool(legs))
        legs.append(leg)
        legs += _refused_after(call, leg, limit)
    legs += _doubtful(call, trains)
    return tuple(legs) or _unknown(call)


def _unknown(call: Call) -> tuple[Leg, ...]:
    """A call in which nothing rang and nobody spoke for as long as a prompt: a word, a tone that is no exchange's, or a
    sound without a name."""
    strange = [s for s in call.segments if s.sound in (TONE, DTMF)]
    lasting = sum(s.length for s in strange) > _LEAST_TONES_S * call.sr
    heard = tuple(s for s in call.segments if s.sound in (SPEECH, MUSIC) or (lasting and s in strange))
    if not heard and not call.unnamed:
        return ()
    voice = next((s for s in heard if s.sound == SPEECH), None)
    return (Leg(None, 0, NONE, None, _voice_span(call, voice), None, heard, provisional=True),)


def _doubtful(call: Call, trains: Sequence[Train]) -> list[Leg]:
    """A burst of an exchange's tones behind whoever picked up, or one as long as a ring to a hair, beside music:
    another telephone that rang, or a note."""
    if not trains:
        return []
    heard = _between(call, (RINGBACK,), trains[-1].last.end, call.end)
    told = tuple(s for s in heard if _may_be_ring(call, s))
    over = trains[-1].last.end
    spoken = any(s.start < burst.start for burst in told for s in _between(call, REPLIES, over, call.end))
    return [Leg(None, 0, NONE, None, None, None, told, provisional=True)] if spoken else []


def _may_be_ring(call: Call, burst: Segment) -> bool:
    told = burst.told and burst.length >= TOLD_S * call.sr
    exact = burst.begins and is_exact(burst, sr=call.sr, plan=call.plan)
    return told or (exact and not is_joined(burst, call.segments, (SPEECH, MUSIC), sr=call.sr))


def _between(call: Call, sounds: Sequence[str], start: float, end: float) -> list[Segment]:
    return [s for s in call.segments if s.sound in sounds and start <= s.start < end]


def _before(call: Call, first: int) -> list[Leg]:
    """What was heard before any ringing: a prompt, and a busy tone after it."""
    heard = _between(call, (SPEECH, MUSIC), 0, first)
    legs: list[Leg] = []
    refusals = _between(call, tuple(_REFUSED), 0, first)
    spoken = [s for s in heard if not refusals or (s.start < refusals[0].start and not _is_burst(call, s, refusals[0]))]
    heard_s = {sound: sum(_lasts(call, s, first) for s in spoken if s.sound == sound) / call.sr for sound in _LEAST_S}
    if any(heard_s[sound] > least for sound, least in _LEAST_S.items()):
        voice = next((s for s in spoken if s.sound == SPEECH), None)
        told = tuple(spoken)
        rang = _may_have_rung(call, spoken, first) or _sounded_before(call, spoken, first)
        rang |= first == call.end and _keep_time(call, spoken)
        rang |= bool(refusals) and _is_amid(call, spoken, refusals[0])
        legs.append(Leg(None, 0, NONE, None, _voice_span(call, voice), None, told, rang, music=voice is None))
    elif first < call.end and not refusals and _may_be_prompt(call, spoken, first):
        legs.append(Leg(None, 0, NONE, None, None, None, tuple(spoken), provisional=True))
    if refusals:
        legs.append(Leg(None, 0, _REFUSED[refusals[0].sound], None, None, None, (refusals[0],)))
    return legs


def _may_be_prompt(call: Call, spoken: Sequence[Segment], first: int) -> bool:
    """Whether what sounded before the ringing, too short for a prompt or without a name, may be one all the same."""
    unnamed = any(s.latest < first and s.latest - s.earliest >= _PIECE_S * call.sr for s in call.unnamed)
    return unnamed or any(s.sound == SPEECH for s in spoken)


def _lasts(call: Call, heard: Segment, first: int) -> int:
    """Samples that a prompt lasts, with the packets lost for certain just before and behind it, which held more."""
    lost = lost_beside(heard, call.segments, sr=call.sr)
    return min(heard.end, first) - heard.start + sum(s.length for s in lost)


def _may_have_rung(call: Call, spoken: Sequence[Segment], first: int) -> bool:
    """Whether nothing rang for certain and what was heard may yet be who picked up: a burst that proves nothing came
    out of quiet before it, or was a whole one."""
    bursts = _between(call, (RINGBACK,), 0, spoken[-1].end) if first == call.end else []
    long = (s for s in bursts if s.length >= NOTE_S * call.sr)
    return any(s.begins or is_whole_ring(s, sr=call.sr, plan=call.plan) for s in long)


def _keep_time(call: Call, spoken: Sequence[Segment]) -> bool:
    """Whether two words are no longer than the plan's bursts and begin as far apart as those do: rings that a line
    clipped beyond recognition pass for such."""
    longest = max(on for on, _ in call.plan.cadence) * (1 + STRETCH) * call.sr
    words = [s.start for s in spoken if s.sound == SPEECH and s.length <= longest]
    at, steps = 0.0, {0.0}
    for on, off in call.plan.cadence[:-1]:
        at += on + off
        steps |= {at, -at}
    apart = [(b - a) / call.sr for a, b in combinations(words, 2)]
    period = call.plan.period_s
    return any(abs(one - n * period - step) <= _IN_TIME_S for one in apart for n in (1, 2) for step in steps)


def _sounded_before(call: Call, spoken: Sequence[Segment], first: int) -> bool:
    """Whether nothing rang for certain and a sound without a name came before whoever was heard."""
    return first == call.end and any(s.latest <= spoken[0].start for s in call.unnamed)


def _is_burst(call: Call, speech: Segment, refusal: Segment) -> bool:
    """Whether what passed for a voice is the first burst of a refusal, or two, torn by lost packets: it is of its
    tones, or, where the samples are not at hand, comes a period before it."""
    tone = call.plan.busy if refusal.sound == BUSY else call.plan.congestion
    if tone is None or speech.sound != SPEECH or speech.end > refusal.start:
        return False
    if call.is_tone is not None:
        near = _TORN_PERIODS * sum(on + off for on, off in tone.cadence) * call.sr
        return refusal.start - speech.start <= near and call.is_tone(speech, tone)
    apart_s, scale = (refusal.start - speech.start) / call.sr, _scale(refusal, tone, sr=call.sr)
    steps = [on + off for on, off in tone.cadence]
    return any(fits(apart_s, step) and apart_s <= step * scale + VOICE_ERROR_S for step in steps)


def _is_amid(call: Call, spoken: Sequence[Segment], refusal: Segment) -> bool:
    """Whether what passed for a voice, no longer than a burst, comes between a tone and a refusal: most likely a burst
    of it that packets were lost of, as of the tone's next one."""
    tone = call.plan.busy if refusal.sound == BUSY else call.plan.congestion
    if tone is None:
        return False
    period, longest = sum(on + off for on, off in tone.cadence), max(on for on, _ in tone.cadence)
    tones = _between(call, (TONE,), refusal.start - 4 * period * call.sr, spoken[0].start)
    brief = all(fits(s.length / call.sr, longest) or s.length < longest * call.sr for s in spoken)
    return brief and any(fits(s.length / call.sr, on) for s in tones for on, _ in tone.cadence)


def _scale(refusal: Segment, tone: Tone, *, sr: int) -> float:
    """How much slower than the plan's a refusal's cadence runs: it begins with a burst and ends with one. Packets lost
    at an end of it count for little among many bursts."""
    period_s, off_s = sum(on + off for on, off in tone.cadence), tone.cadence[-1][1]
    count = round((refusal.length / sr + off_s) / period_s)
    return refusal.length / sr / (count * period_s - off_s) if count > 1 else 1 + STRETCH


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
    machine = _machine(call, train, limit)
    if refusal and not any(
        s and s.start < refusal.start for s in (voice, music, _answering(call, train, machine, refusal))
    ):
        outcome = _REFUSED[refusal.sound]
        evidence = (*train.bursts, refusal)
        return Leg(onset, train.count, outcome, None, None, None, evidence, restarted=train.restarted)
    reply = min((s for s in (voice, music, machine) if s), key=lambda s: s.start, default=None)
    signalled = _signalled(call, train, limit)
    if reply is None and signalled is None and not _may_be_answered(call, train, after, limit):
        unsure = _stopped(call, train, limit, within_s=_STOPPED_S) or _unnamed_since(call, after, limit, _WORD_S)
        return Leg(onset, train.count, NO_ANSWER, None, None, None, train.bursts, unsure, restarted=train.restarted)
    pick_up = signalled or pick_up_span(call, train, reply, limit)
    return Leg(
        ring_onset=onset,
        rings=train.count,
        outcome=ANSWERED,
        pick_up=pick_up,
        voice_onset=_voice_span(call, voice),
        answer_latency=latency_span(call, train, pick_up),
        evidence=(*train.bursts, *((reply,) if reply else ())),
        provisional=signalled is None and (behind or reply is None or reply is not voice),
        music=reply is not None and reply in (music, machine),
        restarted=train.restarted,
        more_rings=0 if signalled else more_rings(call, train, pick_up),
    )


def _may_be_answered(call: Call, train: Train, after: int, limit: int) -> bool:
    """Whether the ringing stopped and a sound without a name came: somebody's, most likely; a person has to say."""
    return _stopped(call, train, limit) and _unnamed_since(call, after, limit, 0.0)


def _unnamed_since(call: Call, after: int, limit: int, least_s: float) -> bool:
    since = max(after, call.early_until)
    sounds = (s for s in call.unnamed if since <= s.earliest < limit)
    return any(sound.latest - sound.earliest >= least_s * call.sr for sound in sounds)


def _stopped(call: Call, train: Train, limit: int, *, within_s: float = inf) -> bool:
    """Whether a ring that was due did not come: all of it, or so much of it as must have been heard."""
    return due(call, train) + min(train.last.length, within_s * call.sr) < limit


def _onset(call: Call, train: Train) -> Span:
    """Where the ringing began."""
    error, lost = EDGE_ERROR_S * call.sr, lost_at_onset(call, train)
    return Span(max(round(train.onset - error - lost), 0), round(latest_onset(call, train) + error))


def _first_voice(call: Call, train: Train, limit: int) -> Segment | None:
    """The first speech after the ringing that can be a person's: not before the call is answered by
    signalling."""
    after = train.last.end - round(VOICE_ERROR_S * call.sr)
    refusal = next(iter(_between(call, tuple(_REFUSED), after, limit)), None)
    for speech in _between(call, (SPEECH,), after, limit):
        if _opens_music(call, speech) or (refusal is not None and _is_burst(call, speech, refusal)):
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


def _answering(call: Call, train: Train, machine: Segment | None, refusal: Segment) -> Segment | None:
    """Tones without a name before a refusal, if a ring that was due did not come before them: somebody had picked up,
    and the refusal is a release. Else, or where they are its own tones, they are pieces of it."""
    if machine is None or not _stopped(call, train, machine.start):
        return None
    tone = call.plan.busy if refusal.sound == BUSY else call.plan.congestion
    own = tone is not None and call.is_tone is not None and call.is_tone(machine, tone)
    return None if own else machine


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
