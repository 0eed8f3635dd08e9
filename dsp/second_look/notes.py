"""Music in one piece: its notes that passed for tones, and its rests, belong to it.

A note of an instrument can have an exchange's frequencies, or a key's. What tells is what is around it: ringing, keys
and refusals have quiet on one side at least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from dsp.segment import BUSY, CONGESTION, DIAL, DTMF, MISSING, MUSIC, RINGBACK, SIT, SPEECH, TONE, Segment

_TONES = (RINGBACK, BUSY, CONGESTION, DIAL, SIT, TONE, DTMF)
_BEFORE_S, _AFTER_S = 0.35, 1.5
"""A note follows on the music; the music that goes on behind it is known a little late."""
_NEXT_S = 1.0
"""Tones without a meaning, and keys, may come after a longer pause, where music goes on behind them."""
_AT_ONCE_S = 0.05
"""What comes out of quiet is none of its notes, unless the quiet is this short."""
_OPENS_S = 0.6
"""A tone that did not begin out of quiet, so shortly before music, is its first note."""
_RINGS_S = 7.0
"""Ringing has a second burst within this: Taiwan's after 3 s, the slowest plans' after 6 s."""
_BEAT_S = 0.02
"""Bursts of ringing begin on their beat to this, but where packets were lost."""
_TELL_BEAT, _OFF_S = 3, 0.05
_REST_S = 1.5
_LONGEST_S = 2.5
"""A refusal that lasts longer is one; no instrument holds a note for longer, nor repeats it so."""


def without_notes(segments: Sequence[Segment], *, sr: int) -> tuple[Segment, ...]:
    """The segments by start, with music whole: no tones inside it, and no gaps at its rests.

    Args:
        segments: what the detector heard, in any order; speech is never touched.
        sr: samples a second.
    """
    ordered = sorted(segments, key=lambda s: (s.start, s.end))
    heard = [s for s in ordered if s.sound != MISSING]
    if not any(s.sound == MUSIC for s in heard):
        return tuple(ordered)
    whole: list[Segment] = []
    for index, segment in enumerate(heard):
        if segment.sound == MUSIC:
            _add_music(whole, segment, sr=sr)
        elif not _is_note(segment, whole, heard[index + 1 :], sr=sr):
            whole.append(segment)
        elif whole and whole[-1].sound == MUSIC:
            whole[-1] = replace(whole[-1], end=max(whole[-1].end, segment.end))
        else:
            whole.append(Segment(MUSIC, segment.start, segment.end))
    lost = [s for s in ordered if s.sound == MISSING]
    return tuple(sorted((*whole, *lost), key=lambda s: (s.start, s.end)))


def _add_music(whole: list[Segment], music: Segment, *, sr: int) -> None:
    """Music goes on over a rest."""
    if whole and whole[-1].sound == MUSIC and music.start - whole[-1].end <= _REST_S * sr:
        whole[-1] = replace(whole[-1], end=max(whole[-1].end, music.end))
    else:
        whole.append(music)


def _is_note(tone: Segment, before: Sequence[Segment], after: Sequence[Segment], *, sr: int) -> bool:
    if tone.sound not in _TONES or tone.length > _LONGEST_S * sr:
        return False
    if tone.sound == RINGBACK and tone.told:
        return False  # whether it rang is for who knows the plan to say
    if tone.sound == RINGBACK and _keeps_beat(tone, after, sr=sr):
        return False
    last = before[-1] if before else None
    near_s = _NEXT_S if tone.sound in (TONE, DTMF) else _AT_ONCE_S if tone.begins else _BEFORE_S
    follows = last is not None and last.sound == MUSIC and tone.start - last.end <= near_s * sr
    if follows and last is not None and (tone.end <= last.end or _ends_music(tone, last, sr=sr)):
        return True
    refused = tone.sound in (BUSY, CONGESTION) and (follows or not tone.begins)
    if refused and any(s.sound == SPEECH for s in after):
        return True  # behind two bursts that refused nobody speaks
    if tone.sound == DTMF and _music_after(tone, after, within_s=_AT_ONCE_S, sr=sr):
        return True  # nobody presses a key just as music begins
    opens_s = {TONE: _OPENS_S, RINGBACK: _AT_ONCE_S}.get(tone.sound, 0.0)
    if tone.sound == RINGBACK and _rings(tone, (*before, *after), sr=sr):
        opens_s = 0.0  # one burst out of other sounds is no proof of ringing, two are
    if tone.sound == RINGBACK and _is_off_beat(tone, before, sr=sr):
        return _music_after(tone, after, within_s=_AT_ONCE_S, sr=sr)
    if not follows:
        return not tone.begins and opens_s > 0 and _music_after(tone, after, within_s=opens_s, sr=sr)
    return _music_after(tone, after, within_s=_AFTER_S, sr=sr)


def _ends_music(tone: Segment, music: Segment, *, sr: int) -> bool:
    """Whether a tone without a meaning is music's last note: it follows at once, and did not begin out of quiet."""
    return tone.sound == TONE and not tone.begins and tone.start - music.end <= _AT_ONCE_S * sr


def _rings(burst: Segment, others: Sequence[Segment], *, sr: int) -> bool:
    """Whether another burst of ringing is near, before or after."""
    rings = (s for s in others if s.sound == RINGBACK)
    return any(_BEFORE_S * sr < abs(s.start - burst.start) < _RINGS_S * sr for s in rings)


def _is_off_beat(burst: Segment, before: Sequence[Segment], *, sr: int) -> bool:
    """Whether the bursts of ringing before one, three at least, came at other distances and were over long before."""
    rings = [s for s in before if s.sound == RINGBACK]
    if len(rings) < _TELL_BEAT:
        return False
    last, slack = rings[-1], _OFF_S * sr
    if burst.start < last.start + max(s.length for s in rings) + slack:
        return False  # a piece of the last one
    steps = [b.start - a.start for a, b in pairwise(rings)]
    return all(abs(burst.start - last.start - step) > slack for step in steps)


def _keeps_beat(burst: Segment, after: Sequence[Segment], *, sr: int) -> bool:
    """Whether a burst begins or ends on the beat of the next two of ringing, between which no music plays."""
    rings = [s for s in after if s.sound == RINGBACK and s.start > burst.start + _BEFORE_S * sr]
    if len(rings) < 2 or any(s.sound == MUSIC and rings[0].end < s.end and s.start < rings[1].start for s in after):
        return False
    period, slack = rings[1].start - rings[0].start, _BEAT_S * sr
    whole = abs(rings[1].length - rings[0].length) <= slack and period > _BEFORE_S * sr + rings[0].length
    apart = rings[0].start - burst.start, rings[0].end - burst.end
    return whole and min(abs(by - period) for by in apart) <= slack


def _music_after(tone: Segment, after: Sequence[Segment], *, within_s: float, sr: int) -> bool:
    """Whether music goes on behind a tone, other notes between."""
    end = tone.end
    for segment in after:
        if segment.start - end > within_s * sr:
            return False
        if segment.sound == MUSIC:
            return True
        if segment.sound not in _TONES or segment.length > _LONGEST_S * sr:
            return False
        end = max(end, segment.end)
    return False
