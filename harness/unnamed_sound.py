"""Ringing that may have been there unheard: what was lost, or sounded and has no name, before the first burst."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.answering.legs import Leg
from dsp.listening import Listening
from dsp.segment import DTMF, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment, Span
from harness.stretches import stretches

FRAME_S = 0.020
AS_LOUD = 0.25
"""As loud as ringing, or as a voice, is what has a quarter of its level (12 dB less)."""
LEAST_S = 0.06
"""Shorter sounds are clicks."""
EDGE_S = 0.06
"""So near to a sound with a name it is that sound's own edge."""
NEAR_S = 0.3
"""A stream that is set up anew is silent for so long."""
SHORT_S = 0.06
"""A first burst that lacks more than this lost its beginning, if anything was lost there."""
ECHO_S = 0.2
"""Notes follow upon each other so closely; what does not pause for longer before music is its beginning."""
HIDES = 0.5
"""What hides so much of a burst may hide all of it."""


def unnamed(samples: NDArray[np.int16], heard: Listening) -> tuple[Segment, ...]:
    """Give the stretches as loud as the ringing (else as the voices) that no segment covers.

    Args:
        samples: the far side, shape (n,).
        heard: what was heard in it.
    """
    size = round(FRAME_S * heard.sr)
    count = len(samples) // size
    frames = samples[: count * size].reshape(count, size).astype(np.float64)
    level = np.sqrt(np.mean(np.square(frames), axis=1)) if count else np.zeros(0)
    known = np.zeros(count, dtype=bool)
    for s in heard.segments:
        if s.sound != MISSING:
            edge = round(EDGE_S * heard.sr)
            known[max((s.start - edge) // size, 0) : (s.end + edge) // size + 1] = True
    usual = _usual(level, heard.segments, size)
    loud = np.zeros(count, dtype=bool) if usual is None else (level > AS_LOUD * usual) & ~known
    runs = stretches(loud) * size
    found = [Segment(TONE, int(a), int(b)) for a, b in runs if b - a >= LEAST_S * heard.sr]
    opening = _openings(found, heard)
    return tuple(s for s in found if not any(first <= s.start < music for first, music in opening))


def _openings(loud: Sequence[Segment], heard: Listening) -> list[tuple[int, int]]:
    """From where to where each piece of music sounded before it was known: (first note, music)."""
    before = sorted((*loud, *(s for s in heard.segments if s.sound in (TONE, DTMF))), key=lambda s: -s.end)
    found = []
    for music in (s.start for s in heard.segments if s.sound == MUSIC):
        first = music
        for note in before:
            if note.start < first and first - note.end <= ECHO_S * heard.sr:
                first = note.start
        found.append((first, music))
    return found


def _usual(level: NDArray[np.float64], segments: Sequence[Segment], size: int) -> float | None:
    """The middle level of the ringing; without any, of the voices."""
    for sound in (RINGBACK, SPEECH):
        own = [level[s.start // size : s.end // size] for s in segments if s.sound == sound]
        if any(len(piece) for piece in own):
            return float(np.median(np.concatenate(own)))
    return None


def may_have_begun(heard: Leg, listening: Listening, loud: Sequence[Segment], *, since: int) -> Span | None:
    """Between which samples the ringing may have begun before the first burst that was heard; None: it did not.

    Args:
        heard: the leg.
        listening: all that was heard, with its windows of missing sound.
        loud: what `unnamed` gives.
        since: the first sample at which it can have rung.
    """
    first = next((s for s in heard.evidence if s.sound == RINGBACK), None)
    if first is None:
        return None
    whole = round(listening.plan.cadence[0][0] * listening.sr)
    # A burst that was torn may have begun before what is left of it.
    edge = round(EDGE_S * listening.sr)
    torn = [s for s in _sounding(listening, loud, first) if s.end > since]
    at = [min(s.start, s.end - whole) - edge for s in torn]
    at += _begun_in(listening, first, since)
    return Span(max(min(at), 0), first.start) if at else None


def _sounding(listening: Listening, loud: Sequence[Segment], first: Segment) -> list[Segment]:
    """What may be bursts torn too much to be known: of no name, or taken for a note."""
    longest = 1.3 * max(on for on, _ in listening.plan.cadence) * listening.sr + NEAR_S * listening.sr
    named = [s for s in listening.segments if s.sound in (RINGBACK, TONE, MUSIC) and s.length <= longest]
    return [s for s in (*named, *loud) if s.end < first.start - EDGE_S * listening.sr]


def _begun_in(listening: Listening, first: Segment, since: int) -> list[int]:
    """Where the first burst, or one before it, may have begun while packets were missing."""
    rate, whole = listening.sr, listening.plan.cadence[0][0] * listening.sr
    lacks = round(whole - first.length)
    lost = [s for s in listening.segments if s.sound == MISSING and s.start <= first.start + EDGE_S * rate]
    near = [s for s in lost if s.end >= first.start - max(lacks, 0) - NEAR_S * rate]
    # A jitter buffer that is just filling swallows some packets too.
    filling = first.start < since + NEAR_S * rate
    begun = [first.start - lacks] if (near or filling) and lacks > SHORT_S * rate else []
    hidden = [s.start - round(SHORT_S * rate) for s in lost if s.length > HIDES * whole and s.end < first.start]
    return [*begun, *hidden]
