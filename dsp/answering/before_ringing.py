"""What was heard before any ringing: a prompt, a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from dsp.answering.cut_for_refusal import refused_leg
from dsp.answering.heard_call import Call, between
from dsp.answering.leg import NONE, Leg, voice_span
from dsp.answering.refusal import REFUSED, is_burst
from dsp.ringing.lengths import STRETCH, fits
from dsp.ringing.one_ringing import NOTE_S
from dsp.ringing.ring_proof import TOLD_S, lost_beside
from dsp.ringing.ring_proof import is_whole as is_whole_ring
from dsp.segment import BUSY, DTMF, MUSIC, RINGBACK, SPEECH, TONE, Segment

_LEAST_S = {SPEECH: 0.28, MUSIC: 1.0}
"""No prompt is shorter, but for the errors of its edges."""
_PIECE_S = 0.12
"""A sound before the ringing that nobody could name and that lasts so long may be a short prompt, or what packets lost
of it left."""
_PROVES_S = 0.25
"""Two tones at once for so long are no instrument's."""
_TONES_S = 0.4
"""Notes of a voice that pass for tones last no longer."""
_TALKED_S = 10.0
"""Behind so much talk and music somebody may have been spoken to, who hung up: the tone is the same."""
_IN_TIME_S = 0.02
"""Words do not begin as exactly as far apart as an exchange's bursts but by chance."""


def legs_before(call: Call, first: int) -> list[Leg]:
    """What was heard before any ringing: a prompt, and a busy tone after it."""
    heard = between(call, (SPEECH, MUSIC), 0, first)
    legs: list[Leg] = []
    refusals = between(call, tuple(REFUSED), 0, first)
    spoken = [s for s in heard if not refusals or (s.start < refusals[0].start and not is_burst(call, s, refusals[0]))]
    heard_s = {sound: sum(_lasts(call, s, first) for s in spoken if s.sound == sound) / call.sr for sound in _LEAST_S}
    if any(heard_s[sound] > least for sound, least in _LEAST_S.items()):
        voice = next((s for s in spoken if s.sound == SPEECH), None)
        told = tuple(spoken)
        rang = _may_have_rung(call, spoken, first) or _sounded_before(call, spoken, first)
        rang |= first == call.end and (_keep_time(call, spoken) or (not refusals and bool(call.clues.unheard)))
        rang |= first == call.end and _toned_before(call, spoken[0].start)
        rang |= bool(refusals) and _is_amid(call, spoken, refusals[0])
        legs.append(Leg(None, 0, NONE, None, voice_span(call, voice), None, told, rang, music=voice is None))
    elif first < call.end and not refusals and _may_be_prompt(call, spoken, first):
        legs.append(Leg(None, 0, NONE, None, None, None, tuple(spoken), provisional=True))
    if refusals:
        talked = sum(heard_s.values()) > _TALKED_S or any(leg.provisional for leg in legs)
        legs.append(replace(refused_leg(call, refusals[0]), provisional=talked))
    return legs


def _may_be_prompt(call: Call, spoken: Sequence[Segment], first: int) -> bool:
    """Whether what sounded before the ringing, too short for a prompt or without a name, may be one all the same."""
    unnamed = any(s.latest < first and s.latest - s.earliest >= _PIECE_S * call.sr for s in call.clues.unnamed)
    return unnamed or any(s.sound == SPEECH for s in spoken)


def _lasts(call: Call, heard: Segment, first: int) -> int:
    """Samples that a prompt lasts, with the packets lost for certain just before and behind it, which held more."""
    lost = lost_beside(heard, call.segments, sr=call.sr)
    return min(heard.end, first) - heard.start + sum(s.length for s in lost)


def _may_have_rung(call: Call, spoken: Sequence[Segment], first: int) -> bool:
    """Whether what was heard before any certain ringing may yet be who picked up: a burst that proves nothing came out
    of quiet before it, was a whole one, two of an exchange's tones, or no brief note."""
    if first < call.end:  # what rang behind it was another telephone, then
        # A piece of a ring that packets tore may pass for a voice.
        lasting = (s.start for s in spoken if s.length > _LEAST_S[s.sound] * call.sr)
        bursts = between(call, (RINGBACK,), 0, next(lasting, spoken[0].start))
        return any(s.length >= TOLD_S * call.sr for s in bursts) or _rang_before_voice(call, spoken)
    bursts = between(call, (RINGBACK,), 0, spoken[-1].end)
    long = (s for s in bursts if s.length >= NOTE_S * call.sr)
    return any(
        s.begins or s.told or s.length >= TOLD_S * call.sr or is_whole_ring(s, sr=call.sr, plan=call.plan) for s in long
    )


def _rang_before_voice(call: Call, spoken: Sequence[Segment]) -> bool:
    """Whether two of an exchange's tones came out of quiet before the first voice, whatever passed for music there."""
    voice = next((s.start for s in spoken if s.sound == SPEECH and s.length > _LEAST_S[SPEECH] * call.sr), 0)
    return any(s.begins and s.told and s.length >= _PROVES_S * call.sr for s in between(call, (RINGBACK,), 0, voice))


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


def _toned_before(call: Call, spoken: int) -> bool:
    """Whether tones that are none of the plan's came before who was heard, and no key that ends a dial tone: a ringing
    of another plan, most likely."""
    tones = between(call, (TONE,), 0, spoken)
    keys = between(call, (DTMF,), tones[0].start, spoken) if tones else []
    return not keys and sum(s.length for s in tones) >= _TONES_S * call.sr


def _sounded_before(call: Call, spoken: Sequence[Segment], first: int) -> bool:
    """Whether nothing rang for certain and a sound without a name came before whoever was heard."""
    return first == call.end and any(s.latest <= spoken[0].start for s in call.clues.unnamed)


def _is_amid(call: Call, spoken: Sequence[Segment], refusal: Segment) -> bool:
    """Whether what passed for a voice, no longer than a burst, comes between a tone and a refusal: most likely a burst
    of it that packets were lost of, as of the tone's next one."""
    tone = call.plan.busy if refusal.sound == BUSY else call.plan.congestion
    if tone is None:
        return False
    period, longest = sum(on + off for on, off in tone.cadence), max(on for on, _ in tone.cadence)
    tones = between(call, (TONE,), refusal.start - 4 * period * call.sr, spoken[0].start)
    brief = all(fits(s.length / call.sr, longest) or s.length < longest * call.sr for s in spoken)
    return brief and any(fits(s.length / call.sr, on) for s in tones for on, _ in tone.cadence)
