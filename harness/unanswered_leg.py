"""A leg that nobody answered: no answer, busy, refused, or a fault of somebody's."""

from __future__ import annotations

from dsp.legs import Leg
from harness.interval import Interval
from harness.measured_leg import MeasuredLeg
from harness.ringing import RINGING, evidence_of, music_rings, ring_count, ring_onset, was_forwarded
from harness.softphone.signals import RELEASED, SipSignal
from harness.timeline import Timeline, responses

BUSY_HERE = (486, 600)
OURS = (401, 402, 405, 406, 407, 408, 413, 414, 415, 416, 420, 421, 422, 423, 481, 482, 483, 488, 493, 494, 606)
"""Responses about our request, our account or our network: never the unit's zero."""
THEIRS = (404, 410, 480, 484, 485, 604)
"""Responses that say the number does not work: a candidate that a person confirms."""


def unanswered_leg(timeline: Timeline, name: str, heard: Leg | None) -> MeasuredLeg:
    """Measure a leg without a 2xx; what is not for certain the unit's own silence is never its zero."""
    final = next((s for s in responses(timeline.record) if s.status >= 300), None)
    onset, source = ring_onset(timeline, heard)
    gone = next((s for s in timeline.record.signals if s.kind == RELEASED), None)
    outcome = _refusal(timeline, name, heard, final, rang=onset is not None and _rang(timeline, heard))
    waited = None if onset is None or gone is None else (Interval(gone.earliest_s, gone.latest_s) - onset).at_least(0.0)
    rings = ring_count(timeline, heard, waited) if waited and outcome == "no_answer" else None
    return MeasuredLeg(
        leg=name,
        outcome=outcome,
        ring_onset_s=onset,
        rings=rings,
        rings_source=source if rings else None,
        waited_s=waited,
        forwarded=was_forwarded(timeline, heard),
        evidence=(
            *evidence_of(timeline, heard),
            *(() if final is None else (f"sip:{final.status}@{final.latest_s:.3f}",)),
        ),
    )


def _refusal(timeline: Timeline, name: str, heard: Leg | None, final: SipSignal | None, *, rang: bool) -> str:
    if timeline.record.fault:
        return "fault_ours"
    if heard is not None and heard.outcome in ("busy", "congestion"):
        return heard.outcome
    if rang and _waited_out(timeline, name):
        return "no_answer"
    if final is None:
        return "fault_ours"
    if final.status in BUSY_HERE:
        return "busy"
    if final.status in (408, 487) and rang:
        return "rejected"  # somebody ended the ringing before we gave up
    if final.status in THEIRS:
        return "fault_theirs"
    return "fault_ours" if final.status in OURS or 500 <= final.status < 600 else "rejected"


def unheeded(timeline: Timeline, name: str) -> str:
    """What ringing without an answer is worth: nothing where we, our line or the far end cut it short."""
    if timeline.record.fault:
        return "fault_ours"
    if _waited_out(timeline, name):
        return "no_answer"
    gone = next((s for s in timeline.record.signals if s.kind == RELEASED), None)
    return "rejected" if gone is not None and gone.direction == "rx" else "fault_ours"


def _waited_out(timeline: Timeline, name: str) -> bool:
    """Whether the scenario's whole wait was waited: only then did nobody answer."""
    return any(a.do == "gave_up" and a.leg == name and a.detail == "no_answer" for a in timeline.record.acts)


def _rang(timeline: Timeline, heard: Leg | None) -> bool:
    """Whether something rang for certain: 183 alone may carry an announcement."""
    told = any(s.status == RINGING for s in responses(timeline.record))
    return told or (heard is not None and heard.ring_onset is not None) or music_rings(timeline) is not None
