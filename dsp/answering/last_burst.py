"""A ringing's last burst, where it may as well be the first sound of who picked up: then the leg holds both readings.

A voice begins with a vowel, and music with a note: what is short and goes over into either proves no ring, though one
was due just then. Nor does what comes early for the beat: lost packets make a ring late."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from dsp.answering.edges_known import BESIDE_LOST_S, SHORT_S
from dsp.answering.heard_call import Call
from dsp.answering.leg import Leg
from dsp.answering.next_burst import next_burst
from dsp.compiled.quantile import middle
from dsp.ringing.beat import EARLY_S, LOST_S
from dsp.ringing.one_ringing import PIECE_S, TOLD
from dsp.ringing.ring_proof import TOLD_S, lost_since
from dsp.ringing.train import Train
from dsp.segment import MUSIC, SPEECH, Segment, Span

_FOLLOWS_S, _SOON_S = 0.15, 0.3
"""What was taken for a tone hides so much of a voice that it was the beginning of; so much, where it was brief."""
_GOES_ON_S = 1.0
_TOUCHES_S, _AT_ONCE_S = 0.05, 0.08
"""So soon behind a piece that proves nothing a voice was most likely what it is of, on the beat or not."""


def may_be_reply(call: Call, train: Train, reply: Segment | None) -> bool:
    """Whether the last burst of several may be the beginning of a reply."""
    if reply is None or len(train.bursts) < 2:
        return False
    sr, last = call.sr, train.last
    apart = (reply.start - last.end) / sr
    if apart > 0 and _is_off(call, train):
        return True
    if not -_TOUCHES_S <= apart <= _follows_s(last, reply, sr=sr):
        return False
    if _is_early(call, train):
        return True
    vague = last.length < TOLD_S * sr or not last.begins or (reply.sound == MUSIC and _is_unlike(call, train))
    at_once = last.length < SHORT_S * sr and apart < _AT_ONCE_S
    return vague and not (last.told or last.stops or (_is_on_time(call, train) and not at_once))


def _follows_s(last: Segment, reply: Segment, *, sr: int) -> float:
    """So soon behind its first sound a reply is known: music is known late for it."""
    if reply.sound == MUSIC and last.length < PIECE_S * sr:
        return _GOES_ON_S
    return _SOON_S if last.length < SHORT_S * sr else _FOLLOWS_S


def _is_off(call: Call, train: Train) -> bool:
    """Whether a piece off a beat that others tell may be a note of music that nobody knew for it."""
    last, by = train.last, train.last.start - next_burst(call, without_last(train))
    brief = last.length < TOLD_S * call.sr and not (last.told or last.stops)
    return brief and len(train.rings) >= TOLD and abs(by) > max(LOST_S, call.buffer_s) * call.sr


def _is_unlike(call: Call, train: Train) -> bool:
    """Whether the last ring is off the beat, not as long as all others, nor cut in the line's noise: a note may be."""
    others = [ring[0].length for ring in train.rings[:-1]]
    alike = len(others) >= TOLD - 1 and max(others) - min(others) <= 4 * EARLY_S * call.sr
    alike &= abs(train.last.start - next_burst(call, without_last(train))) > LOST_S * call.sr
    return alike and not train.last.stops and min(others) - train.last.length > LOST_S * call.sr


def _is_on_time(call: Call, train: Train) -> bool:
    """Whether the last burst begins to a hair when it was due, as a voice does by chance only; the end of a packet that
    was lost is no beginning."""
    before = _of_its_own(call, without_last(train))
    lost = lost_since(call.segments, train.last.start, within=BESIDE_LOST_S * call.sr)
    return lost is None and abs(train.last.start - train.lean - next_burst(call, before)) <= 2 * EARLY_S * call.sr


def _of_its_own(call: Call, train: Train) -> Train:
    """A ringing without its last burst, on the beat that its other rings tell: of one ring, or of two that keep it to a
    hair, it is the plan's."""
    period, starts = call.plan.period_s * call.sr, [float(ring[0].start) for ring in train.rings]
    if len(starts) == 2 and abs(starts[1] - starts[0] - period) <= EARLY_S * call.sr:
        return replace(train, period=period, starts=tuple(start - train.lean for start in starts))
    return replace(train, period=period) if len(starts) < 2 else train


def _is_early(call: Call, train: Train) -> bool:
    """Whether the last ring comes sooner behind the one before it than packets lost of that one, or a jitter buffer,
    make it; where those before it keep a beat, than its hair."""
    starts = [ring[0].start for ring in train.rings]
    if len(starts) < 2:
        return False
    steps = [b - a for a, b in pairwise(starts[:-1])]
    steady = len(steps) >= TOLD - 1 and max(steps) - min(steps) <= 4 * EARLY_S * call.sr
    period = middle(steps) if steady else train.period
    slack = max(4 * EARLY_S if steady else LOST_S, call.buffer_s)
    return starts[-1] - starts[-2] < period - slack * call.sr


def without_last(train: Train) -> Train:
    """The ringing without its last burst."""
    *before, last = train.rings
    if len(last) > 1:
        return replace(train, rings=(*before, last[:-1]))
    step = max(round((train.starts[-1] - train.starts[-2]) / train.period), 1)
    return replace(train, rings=tuple(before), starts=train.starts[:-1], count=train.count - step)


def begun_with(burst: Segment, reply: Segment) -> Segment:
    """A reply that a burst was the first sound of."""
    return Segment(SPEECH, burst.start, max(reply.end, burst.end))


def either(one: Leg, other: Leg) -> Leg:
    """A leg that holds what two readings of it say."""
    fewest, most = min(one.rings, other.rings), max(one.most_rings, other.most_rings)
    return replace(
        one,
        rings=fewest,
        more_rings=most - fewest,
        pick_up=_around(one.pick_up, other.pick_up),
        answer_latency=_around(one.answer_latency, other.answer_latency),
    )


def _around(one: Span | None, other: Span | None) -> Span | None:
    if one is None or other is None:
        return None
    return Span(min(one.earliest, other.earliest), max(one.latest, other.latest))
