"""A busy or congestion tone, and what packets lost of its bursts left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from dsp.answering.heard_call import Call, between
from dsp.detector import VOICE_ERROR_S
from dsp.ringing.lengths import STRETCH, fits
from dsp.segment import BUSY, CONGESTION, MISSING, MUSIC, SIT, SPEECH, TONE, Segment
from dsp.tone_plan import Tone, TonePlan

_NEAR_S = 0.01
"""Edges of a tone's bursts are known to this."""
_TORN_PERIODS = 3
"""Of a refusal so many bursts in a row may have lost too much to be named."""

_SOON_S, _FAR, _LONGER = 1.0, 4, 2
"""What comes so soon behind a refusal and lasts so many times as long is the same one; so many times, of a part of its
cadence."""


REFUSED = {BUSY: BUSY, CONGESTION: CONGESTION, SIT: CONGESTION}


def tone_of(plan: TonePlan, refusal: Segment) -> Tone | None:
    """The plan's tone of a refusal."""
    return {BUSY: plan.busy, CONGESTION: plan.congestion}.get(refusal.sound)


def _period_s(tone: Tone) -> float:
    return sum(on + off for on, off in tone.cadence)


def with_whole_refusals(segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> tuple[Segment, ...]:
    """The segments by start; of two refusals right behind one another the second tells what both are where it is far
    longer: of so few bursts packets may have left its cadence. So it does where the first is less than a period of it,
    and half as long at most."""
    told = [s for s in segments if s.sound != MISSING]
    renamed = {
        one: replace(one, sound=other.sound)
        for one, other in pairwise(told)
        if one.sound in (BUSY, CONGESTION) and other.sound in (BUSY, CONGESTION) and one.sound != other.sound
        if _is_piece(one, other, sr=sr, plan=plan)
    }
    return tuple(renamed.get(s, s) for s in segments)


def _is_piece(one: Segment, other: Segment, *, sr: int, plan: TonePlan) -> bool:
    tone = tone_of(plan, other)
    period = _period_s(tone) * (1 + STRETCH) * sr if tone else 0.0
    apart = other.start - one.end
    few = apart <= _SOON_S * sr and one.length * _FAR <= other.length
    return few or (max(apart, one.length) <= period and one.length * _LONGER <= other.length)


def is_burst(call: Call, speech: Segment, refusal: Segment) -> bool:
    """Whether what passed for a voice, or briefly for music, is a refusal's first burst, or two, torn by lost packets:
    it is of its tones, or, where the samples are not at hand, comes a period before it."""
    tone = call.plan.busy if refusal.sound == BUSY else call.plan.congestion
    if tone is None or speech.sound not in (SPEECH, MUSIC) or speech.end > refusal.start:
        return False
    if speech.sound == MUSIC and speech.length > _TORN_PERIODS * (1 + STRETCH) * _period_s(tone) * call.sr:
        return False
    own = call.recording.is_tone(speech, tone)
    if own is not None:
        near = _TORN_PERIODS * (1 + STRETCH) * _period_s(tone) * call.sr
        torn = (s.start for s in between(call, (TONE,), speech.end, refusal.start) if call.recording.is_tone(s, tone))
        since = min(torn, default=refusal.start)
        return (own and since - speech.start <= near) or _is_amid_bursts(call, speech, refusal, tone)
    apart_s, scale = (refusal.start - speech.start) / call.sr, scale_of(refusal, tone, sr=call.sr)
    steps = [on + off for on, off in tone.cadence]
    return any(fits(apart_s, step) and apart_s <= step * scale + VOICE_ERROR_S for step in steps)


def _is_amid_bursts(call: Call, speech: Segment, refusal: Segment, tone: Tone) -> bool:
    """Whether what passed for a voice, no longer than a period, begins halfway between two bursts, one before it, that
    are two periods apart."""
    period = _period_s(tone)
    reach = round(2 * (1 + STRETCH) * period * call.sr)
    before = between(call, (TONE,), speech.start - reach, speech.start)
    behind = [*between(call, (TONE,), speech.end, refusal.start), refusal]
    pairs = [(a.start, b.start) for a in before for b in behind if fits((b.start - a.start) / call.sr / 2, period)]
    halfway = any(abs(a + b - 2 * speech.start) <= 4 * _NEAR_S * call.sr for a, b in pairs)
    return halfway and speech.length <= (1 + STRETCH) * period * call.sr


def scale_of(refusal: Segment, tone: Tone, *, sr: int) -> float:
    """How much slower than the plan's a refusal's cadence runs: it begins with a burst and ends with one. Packets lost
    at an end of it count for little among many bursts."""
    period_s, off_s = _period_s(tone), tone.cadence[-1][1]
    count = round((refusal.length / sr + off_s) / period_s)
    return refusal.length / sr / (count * period_s - off_s) if count > 1 else 1 + STRETCH


def torn_refusal(call: Call, since: int, until: int) -> Segment | None:
    """The first of several bursts of a refusal's tones that keep its time, where packets lost of it left too little to
    be named."""
    for sound, tone in ((BUSY, call.plan.busy), (CONGESTION, call.plan.congestion)):
        tones = [s for s in between(call, (TONE,), since, until) if tone and _may_be_burst(call, s, tone)]
        kept = [_kept_edges(a, b, tone, sr=call.sr) for a, b in pairwise(tones)] if tone else []
        if 2 in kept or any(a and b for a, b in pairwise(kept)):
            return replace(tones[0], sound=sound)
    return None


def _may_be_burst(call: Call, heard: Segment, tone: Tone) -> bool:
    """Whether a sound is a signal's, and no longer than its bursts."""
    longest = max(on for on, _ in tone.cadence) * (1 + STRETCH)
    return heard.length <= longest * call.sr and bool(call.recording.is_tone(heard, tone))


def begun_at(call: Call, refusal: Segment, since: int) -> int:
    """Where a refusal began: with the first tone behind a sample that is its own, though packets lost parted it."""
    tone = call.plan.busy if refusal.sound == BUSY else call.plan.congestion
    if tone is None:
        return refusal.start
    own = (s.start for s in between(call, (TONE, SPEECH), since, refusal.start) if _is_its(call, s, refusal, tone))
    return min(own, default=refusal.start)


def _is_its(call: Call, heard: Segment, refusal: Segment, tone: Tone) -> bool:
    """Whether a sound is one of a refusal's bursts; by its time alone where the samples are not at hand."""
    own = call.recording.is_tone(heard, tone)
    return is_burst(call, heard, refusal) if own is None else own


def _kept_edges(one: Segment, other: Segment, tone: Tone, *, sr: int) -> int:
    """How many edges of two bursts, of begin and end, are whole periods of a tone apart: one is by chance."""
    period = _period_s(tone) * sr
    apart = (other.start - one.start, other.end - one.end)
    return sum(round(by / period) >= 1 and abs(by - round(by / period) * period) <= _NEAR_S * sr for by in apart)
