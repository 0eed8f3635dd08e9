"""A tone that could not be named, as long as the rings beside it and on their beat: it is one of them.

A coder that wavers, or noise, may hide what a tone is; when it begins and how long it lasts they do not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from dsp.ringing.beat import EARLY_S, LOST_S
from dsp.ringing.train import Train
from dsp.ringing.trains import find_trains
from dsp.segment import MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import TonePlan

_ALONE_S = 0.15
"""A note has others beside it."""


def with_tones_on_beat(
    segments: Sequence[Segment],
    *,
    sr: int,
    plan: TonePlan,
    buffer_s: float = 0.0,
    strangers: Collection[Segment] = (),
) -> tuple[Segment, ...]:
    """The segments by start, with each such tone a ring.

    `buffer_s`: so much sound a jitter buffer may have put in or taken out at any place; `strangers`: bursts that are no
    rings."""
    tones = [s for s in segments if s.sound == TONE and _is_alone(s, segments, sr=sr)]
    if not tones:
        return tuple(segments)
    own = [s for s in segments if s not in strangers]
    trains = [train for train in find_trains(own, sr=sr, plan=plan, buffer_s=buffer_s) if len(train.rings) > 1]
    rings = {s for s in tones for train in trains if _is_ring(s, train, sr=sr, plan=plan)}
    return tuple(replace(s, sound=RINGBACK) if s in rings else s for s in segments)


def _is_alone(tone: Segment, segments: Sequence[Segment], *, sr: int) -> bool:
    near = _ALONE_S * sr
    others = (s for s in segments if s.sound in (TONE, MUSIC, SPEECH) and s != tone)
    return all(s.start > tone.end + near or s.end < tone.start - near for s in others)


def _is_ring(tone: Segment, train: Train, *, sr: int, plan: TonePlan) -> bool:
    """Whether a tone begins where a ring of a ringing was due, or would have been the one before the first, and is as
    long as its bursts are, but for a packet or two."""
    scale, at = train.period / plan.period_s, 0.0
    for place, (on, off) in enumerate(plan.cadence):
        lengths = [ring[place].length for ring in train.rings if len(ring) > place]
        steps = round((tone.start - train.onset - at * scale) / train.period)
        late = tone.start - train.onset - at * scale - steps * train.period
        alike = any(abs(tone.length - length) <= LOST_S * sr for length in lengths)
        if -1 <= steps <= train.count and -4 * EARLY_S * sr <= late <= LOST_S * sr and alike:
            return True
        at += on + off
    return False
