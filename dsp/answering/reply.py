"""Who, or what, answered a ringing: the first voice, music or tones behind it."""

from __future__ import annotations

from math import inf

from dsp.answering.heard_call import Call, between
from dsp.answering.next_burst import due
from dsp.answering.refusal import REFUSED, is_burst
from dsp.detector import VOICE_ERROR_S
from dsp.ringing.train import Train
from dsp.segment import BUSY, DTMF, MUSIC, SPEECH, TONE, Segment

_LEAST_TONES_S = 0.5
"""Tones behind the ringing that last so long, or are several, are a machine's answer, or music's notes."""


def ringing_stopped(call: Call, train: Train, limit: int, *, within_s: float = inf) -> bool:
    """Whether a ring that was due did not come: all of it, or so much of it as must have been heard."""
    return due(call, train) + min(train.last.length, within_s * call.sr) < limit


def first_voice(call: Call, train: Train, limit: int) -> Segment | None:
    """The first speech after the ringing that can be a person's: not before the call is answered by
    signalling."""
    after = train.last.end - round(VOICE_ERROR_S * call.sr)
    refusal = next(iter(between(call, tuple(REFUSED), after, limit)), None)
    for speech in between(call, (SPEECH,), after, limit):
        if _opens_music(call, speech) or (refusal is not None and is_burst(call, speech, refusal)):
            continue
        if speech.start >= call.signalling.nobody_until - VOICE_ERROR_S * call.sr:
            return speech
        if speech.end > call.signalling.nobody_until + 0.3 * call.sr:
            return Segment(SPEECH, call.signalling.nobody_until, speech.end)
    return None


def machine_reply(call: Call, train: Train, limit: int) -> Segment | None:
    """Tones that are no exchange's behind the ringing: a fax, or notes of music too few to be known for it."""
    after = max(train.last.end, call.signalling.nobody_until)
    tones = between(call, (TONE, DTMF), after, limit)
    if len(tones) > 1 or sum(s.length for s in tones) > _LEAST_TONES_S * call.sr:
        return tones[0]
    return None


def machine_before(call: Call, train: Train, machine: Segment | None, refusal: Segment) -> Segment | None:
    """Tones without a name before a refusal, if a ring that was due did not come before them: somebody had picked up,
    and the refusal is a release. Else, or where they are its own tones, they are pieces of it."""
    if machine is None or not ringing_stopped(call, train, machine.start):
        return None
    tone = call.plan.busy if refusal.sound == BUSY else call.plan.congestion
    own = tone is not None and call.recording.is_tone(machine, tone)
    return None if own else machine


def _opens_music(call: Call, speech: Segment) -> bool:
    """Music's first notes can pass for half a word."""
    brief = speech.length < 0.6 * call.sr
    return brief and bool(between(call, (MUSIC,), speech.start, speech.end + call.sr))
