"""A ring that the ear may not have heard, or not to its end: then the pick-up may have been later than it has it."""

from __future__ import annotations

from dataclasses import replace

from dsp.answering.legs import Leg
from dsp.segment import MISSING, RINGBACK, SPEECH, TONE, Segment, Span
from harness.ringing import LOST_S, WORD_S, bursts_s, ring_period
from harness.timeline import Timeline

SHORT_S = 0.08
"""A burst that was cut so soon is not heard any more when one of its packets is lost."""
TOUCHES_S = 0.1
"""What the telephone conceals fades within so long before nothing is left to play."""
WHOLE = 0.9
"""A burst of so much of the plan's length may have been whole."""


def hidden_ring_s(timeline: Timeline, heard: Leg) -> float:
    """How much later the pick-up may have been than the ear has it, seconds.

    Of a ring that was cut short at once nothing may be left to hear where packets were lost just then; a piece of one
    may be there that the ear did not take for it; and one that ends where our own stream was not there to take packets
    may have gone on. Where a ring was cut is then not known: only that it was over when somebody spoke, or the next
    one was due.
    """
    if heard.pick_up is None or not bursts_s(timeline, heard):
        return 0.0
    rate, voice = timeline.heard.sr, heard.voice_onset
    limit = heard.pick_up.latest / rate
    held_up_s = timeline.halted_s if limit > _last(heard).end / rate + LOST_S else 0.0
    later = (*_swallowed_s(timeline, heard, limit), *_pieces_s(timeline, heard), *_broken_s(timeline, heard))
    latest = max((limit + held_up_s, *later))
    return max(0.0, min(latest, latest if voice is None else voice.latest / rate) - limit)


def another_ring(timeline: Timeline, heard: Leg) -> bool:
    """Whether a ring may have begun that the ear did not count; not where only the last one's end is unknown."""
    if heard.pick_up is None or not bursts_s(timeline, heard):
        return False
    return bool(_swallowed_s(timeline, heard, heard.pick_up.latest / timeline.heard.sr) or _pieces_s(timeline, heard))


def without_torn_word(timeline: Timeline, heard: Leg) -> Leg:
    """The same leg where its voice is the rest of a burst behind a hole of our own: the next one then, or none."""
    rate, voice = timeline.heard.sr, heard.voice_onset
    words = sorted((s for s in timeline.heard.segments if s.sound == SPEECH), key=lambda s: s.start)
    said = next((s for s in words if voice is not None and voice.earliest <= s.start <= voice.latest), None)
    if voice is None or said is None or said.length >= WORD_S * rate or not _breaks(timeline, said.start):
        return heard
    later = next((s for s in words if s.start > said.start), None)
    moved = (
        None
        if later is None
        else Span(later.start - (said.start - voice.earliest), later.start + voice.latest - said.start)
    )
    return replace(heard, voice_onset=moved)


def _breaks(timeline: Timeline, sample: int) -> bool:
    """Whether just here our own stream took no packets, or had none to play."""
    at_s = sample / timeline.heard.sr
    ours = [m for m in timeline.record.missing if not m.packets]
    return any(m.start_s - TOUCHES_S <= at_s <= m.end_s + TOUCHES_S for m in ours)


def _swallowed_s(timeline: Timeline, heard: Leg, limit_s: float) -> list[float]:
    """Until when a ring that was due may have begun in missing sound."""
    rate = timeline.heard.sr
    if abs(limit_s - bursts_s(timeline, heard)[-1] - ring_period(timeline, heard)) >= LOST_S:
        return []
    lost = [s.end / rate for s in timeline.heard.segments if s.sound == MISSING and s.start / rate < limit_s + SHORT_S]
    return [end + LOST_S for end in lost if end > limit_s - LOST_S]


def _pieces_s(timeline: Timeline, heard: Leg) -> list[float]:
    """Where the next ring was due behind what sounded when one was due, and the ear did not count."""
    rate, voice = timeline.heard.sr, heard.voice_onset
    until = timeline.heard.n if voice is None else voice.earliest
    named = [s for s in timeline.heard.segments if s.sound in (RINGBACK, TONE) and s not in heard.evidence]
    last, slack_s = _last(heard), LOST_S + timeline.excess_lag_s
    dues = _dues_s(timeline, heard)
    pieces = [s for s in (*named, *timeline.unnamed) if last.end < s.start < until]
    due = [s for s in pieces if s.sound == RINGBACK or any(abs(s.start / rate - at) < slack_s for at in dues)]
    return [_over_s(timeline, heard, piece) for piece in due]


def _broken_s(timeline: Timeline, heard: Leg) -> list[float]:
    """Where the next ring was due behind a last burst that ends in a hole of our own making."""
    last = _last(heard)
    shortest = min(on for on, _ in timeline.heard.plan.cadence)
    cut = last.length < WHOLE * shortest * timeline.heard.sr
    return [_over_s(timeline, heard, last)] if cut and _breaks(timeline, last.end) else []


def _over_s(timeline: Timeline, heard: Leg, burst: Segment) -> float:
    """A burst of unknown length was over when the next ring was due."""
    return burst.start / timeline.heard.sr + ring_period(timeline, heard) + LOST_S + timeline.excess_lag_s


def _last(heard: Leg) -> Segment:
    return max((s for s in heard.evidence if s.sound == RINGBACK), key=lambda s: s.start)


def _dues_s(timeline: Timeline, heard: Leg) -> list[float]:
    """When the next bursts are due: inside a ring, and those of the next two rings."""
    last, period = bursts_s(timeline, heard)[-1], ring_period(timeline, heard)
    inside = [on + off for on, off in timeline.heard.plan.cadence[:-1]]
    return [last + step for step in (*inside, *(period - step for step in inside), period, 2 * period)]
