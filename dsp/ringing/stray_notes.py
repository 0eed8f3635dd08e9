"""Bursts beside a ringing that are none of its rings: a vowel, or a note."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dsp.compiled.quantile import middle
from dsp.ringing.beat import LOST_S, Ring, off_period
from dsp.ringing.one_ringing import REPLIES, TOLD
from dsp.ringing.ring_proof import SOONEST_S
from dsp.ringing.train import Train
from dsp.segment import MUSIC, Segment

_AT_ONCE_S, _SOON_S = 1.5, 3.0
"""Hold music begins so soon behind who puts through; so soon behind its first note the rest of it is known."""
_LOST_BOTH_S = 0.225
"""Packets lost at both ends of a ring take no more of it."""
_STRAY_S = 0.085
"""A burst that lacks more than four packets of what all others have, off their beat, may be a note."""


def without_note(group: list[Ring], *, sr: int) -> list[Ring]:
    """A ringing without a first piece that did not begin out of quiet and is on the others' beat with neither edge: who
    was heard before had it for a vowel, or music for its last note."""
    (first, *more), others = group[0], group[1:]
    if more or first.begins or first.stops or first.told or len(others) < TOLD:
        return group
    starts, ends = [ring[0].start for ring in others], [ring[0].end for ring in others]
    period, near = middle([b - a for a, b in pairwise(ends)]), LOST_S * sr
    off = (abs(off_period(one - first.start, period)) > near for one in starts)
    off_ends = (abs(off_period(one - first.end, period)) > near for one in ends)
    brief = first.length < middle([ring[0].length for ring in others]) - _LOST_BOTH_S * sr
    return others if brief and all(off) and all(off_ends) else group


def is_too_brief(train: Train, *, sr: int) -> bool:
    """Whether a burst alone was over sooner than anybody lifts a handset: behind whoever answered it is a note, or a
    vowel."""
    return len(train.bursts) == 1 and train.last.length < SOONEST_S * sr


def is_stray(train: Train, following: Train | None, usual: float, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether one burst alone before a ringing is too short for this call's, and nobody cut it: a note, most likely."""
    if following is None or len(train.bursts) > 1 or train.last.stops:
        return False
    if usual and abs(train.last.length - usual) > LOST_S * sr and _is_music_put_on(train.last, segments, sr=sr):
        return True
    if train.last.length > usual - _STRAY_S * sr:
        return False
    return not any(s.sound in REPLIES and train.last.start < s.start < following.onset for s in segments)


def _is_music_put_on(burst: Segment, segments: Sequence[Segment], *, sr: int) -> bool:
    """Whether a burst comes right behind a voice, and music soon behind it: then it may be the music's first note."""
    spoken = any(s.sound in REPLIES and 0 <= burst.start - s.end <= _AT_ONCE_S * sr for s in segments)
    return spoken and any(s.sound == MUSIC and 0 <= s.start - burst.end <= _SOON_S * sr for s in segments)
