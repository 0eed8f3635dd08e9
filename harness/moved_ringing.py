"""Ringing that our own jitter buffer moved: one telephone's bursts, which the ear took for two telephones'."""

from __future__ import annotations

from dataclasses import replace

from dsp.answering.legs import Leg
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment, Span
from harness.timeline import Timeline

STEADY_S = 0.1
"""A buffer that moved sounds by less cannot pass for ringing that begins anew."""


def rung_on(timeline: Timeline) -> tuple[Leg, ...]:
    """Give the heard legs; where the buffer moved sounds, ringing that goes on behind a gap of about one period is one.

    A machine that is stalled hears a ring early or late by as much as its buffer grew, and the beat is lost.
    """
    legs: list[Leg] = []
    for leg in timeline.heard.legs:
        if legs and timeline.excess_lag_s >= STEADY_S and _goes_on(timeline, legs[-1], leg):
            legs[-1] = _joined(legs[-1], leg, twice=_torn(timeline, legs[-1], leg))
        else:
            legs.append(leg)
    return tuple(legs)


def _goes_on(timeline: Timeline, one: Leg, other: Leg) -> bool:
    """Whether nobody spoke and nothing played between two ringings, the one unanswered, the other in its next place."""
    before, behind = _bursts(one), _bursts(other)
    if one.outcome != "no_answer" or not before or not behind:
        return False
    plan, rate = timeline.heard.plan, timeline.heard.sr
    slack_s = timeline.excess_lag_s + STEADY_S
    apart_s = (behind[0].start - before[-1].start) / rate
    steps = [plan.period_s - sum(on + off for on, off in plan.cadence[:n]) for n in range(len(plan.cadence))]
    between = [s for s in timeline.heard.segments if s.sound in (SPEECH, MUSIC)]
    quiet = not any(before[-1].end <= s.start < behind[0].start for s in between)
    return quiet and (_torn(timeline, one, other) or any(abs(apart_s - step) <= slack_s for step in steps))


def _torn(timeline: Timeline, one: Leg, other: Leg) -> bool:
    """Whether the last burst of the one and the first of the other are one that stood still with the far end."""
    rate = timeline.heard.sr
    ends_s, begins_s = _bursts(one)[-1].end / rate, _bursts(other)[0].start / rate
    return any(start <= ends_s + STEADY_S and begins_s <= end + STEADY_S for start, end in timeline.halts)


def _bursts(leg: Leg) -> list[Segment]:
    return [s for s in leg.evidence if s.sound == RINGBACK]


def _joined(one: Leg, other: Leg, *, twice: bool) -> Leg:
    """The two as one; `twice`: both count the burst between them."""
    onset, pick_up = one.ring_onset, other.pick_up
    latency = None
    if onset is not None and pick_up is not None:
        latency = Span(max(pick_up.earliest - onset.latest, 0), pick_up.latest - onset.earliest)
    return replace(
        other,
        ring_onset=onset,
        rings=one.rings + other.rings - twice,
        answer_latency=latency,
        evidence=(*one.evidence, *other.evidence),
        restarted=False,
    )
