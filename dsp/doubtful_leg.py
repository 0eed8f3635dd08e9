"""What a person has to say: something sounded, and what it was is not proven."""

from __future__ import annotations

from collections.abc import Sequence

from dsp.heard_call import Call, between
from dsp.leg import NONE, Leg, voice_span
from dsp.one_ringing import REPLIES
from dsp.ring_proof import TOLD_S, is_exact, is_joined
from dsp.segment import DTMF, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.trains import Train

_LEAST_TONES_S = 0.5
"""Tones behind the ringing that last so long, or are several, are a machine's answer, or music's notes."""


def unknown_call(call: Call) -> tuple[Leg, ...]:
    """A call in which nothing rang and nobody spoke for as long as a prompt: a word, a tone that is no exchange's, or a
    sound without a name."""
    strange = [s for s in call.segments if s.sound in (TONE, DTMF)]
    lasting = sum(s.length for s in strange) > _LEAST_TONES_S * call.sr
    heard = tuple(s for s in call.segments if s.sound in (SPEECH, MUSIC) or (lasting and s in strange))
    if not heard and not call.unnamed:
        return ()
    voice = next((s for s in heard if s.sound == SPEECH), None)
    return (Leg(None, 0, NONE, None, voice_span(call, voice), None, heard, provisional=True),)


def doubtful_legs(call: Call, trains: Sequence[Train]) -> list[Leg]:
    """A burst of an exchange's tones behind whoever picked up, or one as long as a ring to a hair, beside music:
    another telephone that rang, or a note."""
    if not trains:
        return []
    heard = between(call, (RINGBACK,), trains[-1].last.end, call.end)
    told = tuple(s for s in heard if _may_be_ring(call, s))
    over = trains[-1].last.end
    spoken = any(s.start < burst.start for burst in told for s in between(call, REPLIES, over, call.end))
    return [Leg(None, 0, NONE, None, None, None, told, provisional=True)] if spoken else []


def _may_be_ring(call: Call, burst: Segment) -> bool:
    told = burst.told and burst.length >= TOLD_S * call.sr
    exact = burst.begins and is_exact(burst, sr=call.sr, plan=call.plan)
    return told or (exact and not is_joined(burst, call.segments, (SPEECH, MUSIC), sr=call.sr))
