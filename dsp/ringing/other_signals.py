"""Bursts of ringback's tones that are another signal's: a refusal's, or the dial tone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dsp.ringing.beat import EARLY_S, LOST_S
from dsp.ringing.lengths import STRETCH
from dsp.ringing.ring_proof import is_exact
from dsp.segment import BUSY, CONGESTION, DTMF, MISSING, RINGBACK, Segment
from dsp.tone_plan import Tone, TonePlan

_PARTED_S, _HOLE_S = 2.5, 0.225
"""A refusal goes on behind so long a hole; its next burst lost no more than this at its start."""


def without_refusals(heard: list[Segment], segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> list[Segment]:
    """The bursts but for those that go on with a refusal of the same tones, that it goes on with, or amid which it
    does: packets lost parted them from it."""
    refusals = {BUSY: plan.busy, CONGESTION: plan.congestion}
    tones = [(s, refusals[s.sound]) for s in segments if s.sound in refusals]
    pieces = {
        burst
        for burst in heard
        for s, tone in tones
        if tone is not None and tone.frequencies_hz == plan.ringback.frequencies_hz
        if 0 < burst.start - s.end < _PARTED_S * sr and _is_on(burst.end - s.end, tone, sr=sr)
    }
    for s, tone in tones:
        if tone is not None and tone.frequencies_hz == plan.ringback.frequencies_hz:
            pieces.update(_ahead_of(s, heard, tone, sr=sr))
    for one, other in pairwise(s for s, tone in tones if tone and tone.frequencies_hz == plan.ringback.frequencies_hz):
        soon = one.sound == other.sound and other.start - one.end < _PARTED_S * sr
        pieces.update(s for s in heard if soon and one.end <= s.start and s.end <= other.start)
    return [burst for burst in heard if burst not in pieces]


def _ahead_of(refusal: Segment, heard: Sequence[Segment], tone: Tone, *, sr: int) -> list[Segment]:
    """The bursts that a refusal goes on with: no longer than its own, and on the beat of one behind them, to a hair, or
    to the first packets that this one lost."""
    longest = max(on for on, _ in tone.cadence) * (1 + STRETCH) * sr
    found = [refusal]
    for burst in sorted((s for s in heard if s.start < refusal.start), key=lambda s: -s.start):
        soon = found[-1].start - burst.end < _PARTED_S * sr
        in_time = any(_keeps_time(burst, one, tone, sr=sr) for one in found)
        in_time |= _is_torn_off(burst, refusal, tone, sr=sr)
        if not soon or burst.length > longest or not in_time:
            break
        found.append(burst)
    return found[1:]


def _keeps_time(burst: Segment, later: Segment, tone: Tone, *, sr: int) -> bool:
    period = sum(on + off for on, off in tone.cadence) * sr
    steps = max(round((later.start - burst.start) / period), 1)
    return -4 * EARLY_S * sr <= later.start - burst.start - steps * period <= LOST_S * sr


def _is_torn_off(burst: Segment, refusal: Segment, tone: Tone, *, sr: int) -> bool:
    """Whether a burst, as long as a refusal's, ends so soon before it that only packets lost at its start part them."""
    (on, off) = tone.cadence[0]
    alike = abs(burst.length - on * sr) <= LOST_S * sr and (on, off) == tone.cadence[-1]
    return alike and 0 <= refusal.start - burst.end - off * sr <= _HOLE_S * sr


def _is_on(apart: int, tone: Tone, *, sr: int) -> bool:
    """Whether two ends are whole periods of a tone apart."""
    period = sum(on + off for on, off in tone.cadence) * sr
    return round(apart / period) >= 1 and abs(apart - round(apart / period) * period) <= LOST_S * sr


def without_dial_tone(heard: list[Segment], segments: Sequence[Segment], *, sr: int, plan: TonePlan) -> list[Segment]:
    """The bursts but for one that keys cut, where the plan's dial tone is of the same tones."""
    if plan.dial is None or plan.dial.frequencies_hz != plan.ringback.frequencies_hz:
        return heard
    told = sorted((s for s in segments if s.sound != MISSING), key=lambda s: s.start)
    dialled = {one for one, other in pairwise(told) if one.sound == RINGBACK and other.sound == DTMF}
    if not heard or heard[0] not in dialled or _keep_period(heard, sr=sr, plan=plan):
        return heard
    return heard[1:]


def _keep_period(heard: list[Segment], *, sr: int, plan: TonePlan) -> bool:
    """Whether the first of some bursts is a whole one, and the next comes a period of the plan behind it."""
    first, *others = heard
    apart = (burst.start - first.start for burst in others[:1])
    return is_exact(first, sr=sr, plan=plan) and any(abs(by - plan.period_s * sr) <= LOST_S * sr for by in apart)
