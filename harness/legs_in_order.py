"""Which of the scenario's legs each ringing belongs to."""

from __future__ import annotations

from dataclasses import replace

from dsp.answering.legs import Leg
from dsp.segment import MUSIC, RINGBACK, SPEECH
from harness.first_leg import first_leg
from harness.heard_leg import leg_behind
from harness.imported_legs import imported_legs
from harness.measured_leg import MeasuredLeg
from harness.moved_ringing import rung_on
from harness.record import CallRecord
from harness.redial import VOID
from harness.ringing import began_after, untouched
from harness.timeline import Timeline, answer_of

AT_ONCE_S = 1.5
"""Nobody lifts a handset within half a ring: what answers so fast is a machine, or a person by chance."""
SLACK_S = 1.6
"""A leg's ringing may begin this long before the leg before it was known to be answered: the ear is behind, and a
burst is known only when it is over."""


def measure_legs(timeline: Timeline) -> tuple[MeasuredLeg, ...]:
    """Measure the scenario's legs in order, as far as the call came.

    A cut recording proves of none what it came to: even a 200 may be a gateway's, behind which it still rang.
    """
    if timeline.record.imported:
        return imported_legs(timeline)
    windows = _windows(timeline.record)
    if timeline.record.cut:
        return tuple(MeasuredLeg(leg=name, outcome=VOID) for name, _, _ in windows)
    legs: list[MeasuredLeg] = []
    used: list[Leg] = []
    for index, (name, start, end) in enumerate(windows):
        heard = _heard_in(timeline, start, end, used)
        if heard is not None and index == 0 and len(windows) > 1 and _is_transfer(timeline, heard):
            heard = None
        used += [heard] if heard is not None else []
        legs.append(first_leg(timeline, name, heard) if index == 0 else leg_behind(timeline, name, heard))
    return tuple(_without_numbers(leg) for leg in legs) if _greeted(timeline, legs) else tuple(legs)


def _greeted(timeline: Timeline, legs: list[MeasuredLeg]) -> bool:
    """Whether somebody answered faster than a person can, spoke, and then a telephone rang.

    A recording that greets and then rings the operator sounds just like an operator who answers at once and puts
    through: only a person can tell whose ringing that was. A menu answers at once by its nature.
    """
    first, answer = legs[0] if legs else None, answer_of(timeline.record)
    if first is None or answer is None or first.leg == "ivr" or first.outcome != "answered":
        return False
    onset, rate = first.ring_onset_s, timeline.heard.sr
    if onset is not None and answer.latest_s - onset.earliest > AT_ONCE_S:
        return False
    since = answer.latest_s * rate
    words = [s.start for s in timeline.heard.segments if s.sound in (SPEECH, MUSIC) and s.start > since]
    rang = [s.start for s in timeline.heard.segments if s.sound == RINGBACK and s.start > since]
    return bool(words and rang) and min(words) < max(rang) and min(words) < min(rang)


def _without_numbers(leg: MeasuredLeg) -> MeasuredLeg:
    """Nobody knows whose telephone it was: no time and no ring of it is told."""
    if leg.outcome != "answered":
        return leg
    return replace(leg, provisional=True, rings=None, rings_source=None, answer_latency_s=None, greeting_latency_s=None)


def _windows(record: CallRecord) -> list[tuple[str, float, float]]:
    """Each leg that was waited for and the two instants between which its ringing can have begun."""
    waits = [(a.leg, a.at_s) for a in record.acts if a.do == "wait"] or [(record.legs[0], 0.0)]
    starts = [float("-inf"), *(_begins(record, at_s) for _, at_s in waits[1:])]
    ends = [*(_known_answered(record, leg) for leg, _ in waits[:-1]), float("inf")]
    return [(leg, start, end) for (leg, _), start, end in zip(waits, starts, ends, strict=True)]


def _known_answered(record: CallRecord, leg: str) -> float:
    return min((a.at_s for a in record.acts if a.do == "answered" and a.leg == leg), default=float("inf"))


def _is_transfer(timeline: Timeline, heard: Leg) -> bool:
    """Whether this rang behind somebody's words behind the 200: the next leg's telephone."""
    answer = answer_of(timeline.record)
    return answer is not None and began_after(timeline, heard, answer) and not untouched(timeline, heard, answer)


def _begins(record: CallRecord, wait_s: float) -> float:
    """A leg's ringing comes behind the digits that lead to it, or behind the answer of the leg before."""
    before = [a for a in record.acts if a.at_s <= wait_s]
    answered = [a.at_s - SLACK_S for a in before if a.do == "answered"]
    pressed = [a.at_s for a in before if a.do == "pressed"]
    return max(answered + pressed, default=wait_s)


def _heard_in(timeline: Timeline, start: float, end: float, used: list[Leg]) -> Leg | None:
    """The leg that the ear heard ring, or be refused, within a window."""
    rate = timeline.heard.sr
    for leg in rung_on(timeline):
        began = leg.ring_onset.earliest if leg.ring_onset else leg.evidence[0].start if leg.evidence else 0
        if leg.outcome != "none" and leg not in used and start <= began / rate < end:
            return leg
    return None
