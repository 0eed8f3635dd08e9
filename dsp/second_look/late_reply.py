"""Where whoever picked up is first heard, by the line's loudness: a click, a hole in the packets or the line's hum,
from which a voice or music was counted, is neither.

A reply that is heard too early would put the pick-up before it was. So its start is moved to where something stands out
of what the line sounded like before it, where for a while nothing does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dsp.compiled.quantile import median
from dsp.segment import MISSING, MUSIC, RINGBACK, SPEECH, Segment
from dsp.voices.loudness import levels_db, without_offset

Samples = npt.NDArray[np.generic]

_FRAME_S, _EDGE_S = 0.020, 0.1
"""A burst's end may ring on for so long."""
_BEFORE_S, _BEHIND_S = 0.5, 4.0
"""The line is known by so much before the reply; so far behind its start its sound is looked for."""
_NOTHING_DB, _SILENT_DB = -90.0, -66.0
"""Below the one a packet was lost; what is fainter than the other is silence."""
_STANDS_OUT_DB, _LASTS, _LEAST = 6.0, 4, 5
"""A sound is so much louder than the line, in so many of as many frames in a row and one."""
_LATE_S = 0.1
"""A consonant may be parted by so much from the rest of its word."""
_HALF = 0.5
_CLICK, _BEHIND = 2, 2
"""But it goes over into it: what is over within so many frames, with the line alone for as many behind it, is none."""


def with_heard_onsets(segments: Sequence[Segment], samples: npt.NDArray[np.generic], *, sr: int) -> tuple[Segment, ...]:
    """The segments by start, with each first voice or music behind a burst begun where it is first heard.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
    """
    ordered = sorted(segments, key=lambda s: (s.start, s.end))
    told = [s for s in ordered if s.sound != MISSING]
    rings = [s for s in told if s.sound == RINGBACK]
    moved = {
        reply: _heard(reply, _before(last, reply, rings, sr=sr), samples, sr=sr)
        for last, reply in pairwise(told)
        if last.sound == RINGBACK and reply.sound in (SPEECH, MUSIC)
    }
    return tuple(sorted((moved.get(s, s) for s in ordered), key=lambda s: (s.start, s.end)))


def _before(last: Segment, reply: Segment, rings: Sequence[Segment], *, sr: int) -> tuple[int, int]:
    """The samples before a reply by which the line is known: of the gap it came in, or of the one before that."""
    edge, size = round(_EDGE_S * sr), round(_FRAME_S * sr)
    since, until = max(last.end + edge, reply.start - round(_BEFORE_S * sr)), reply.start - size
    place = rings.index(last)
    if until - since >= _LEAST * size or not place:
        return since, until
    return rings[place - 1].end + edge, last.start - size


def _heard(reply: Segment, before: tuple[int, int], samples: Samples, *, sr: int) -> Segment:
    """A reply from where it stands out of the line on, if that is later than a word's parts may be apart."""
    size = round(_FRAME_S * sr)
    line = _levels_db(samples[slice(*before)], size)
    levels = _levels_db(samples[reply.start : min(reply.end, reply.start + round(_BEHIND_S * sr))], size)
    line = line[line > _NOTHING_DB]
    if len(levels) < _LEAST:
        return reply
    usual_db = median(line) if len(line) else _SILENT_DB
    loud = levels > max(usual_db + _STANDS_OUT_DB, _SILENT_DB)
    first = _first_sound(loud)
    if first is None:
        return reply
    torn = _is_torn(samples[reply.start : reply.start + first * size], samples[slice(*before)], size)
    if first * _FRAME_S < _LATE_S and not _is_nothing(loud[:first], torn=torn):
        return reply
    return replace(reply, start=reply.start + first * size)


def _first_sound(loud: npt.NDArray[np.bool_]) -> int | None:
    """The first loud frame of those in which something lasts; None: nothing does."""
    lasting = np.flatnonzero(np.convolve(loud, np.ones(_LEAST), mode="valid") >= _LASTS)
    if not len(lasting):
        return None
    at = int(lasting[0])
    return at + int(np.argmax(loud[at:]))


def _is_nothing(before: npt.NDArray[np.bool_], *, torn: bool) -> bool:
    """Whether frames before a sound hold a click, or the edges of a lost packet, and then the line alone."""
    heard = int(before.sum())
    return (torn or heard > 0) and heard <= _CLICK and not before[-_BEHIND:].any()


def _is_torn(sound: Samples, line: Samples, size: int) -> bool:
    """Whether a packet was lost in a sound, on a line that is not as silent as that."""
    lost = np.convolve(sound == 0, np.ones(size), mode="valid") if len(sound) >= size else np.zeros(0)
    return bool(len(line)) and bool(np.mean(line == 0) < _HALF) and bool((lost >= size).any())


def _levels_db(samples: Samples, size: int) -> npt.NDArray[np.float64]:
    """dBFS of each frame without its offset."""
    return levels_db(without_offset(samples, size))
