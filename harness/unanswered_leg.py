"""A leg that nobody answered: no answer, busy, refused, or a fault of somebody's."""

from __future__ import annotations

from dsp.answering.legs import Leg
from harness.ending_cause import VOID, Cause, cause_of
from harness.interval import Interval
from harness.measured_leg import MeasuredLeg
from harness.ringing import RINGING, evidence_of, music_rings, ring_count, ring_onset, was_forwarded
from harness.softphone.signals import RELEASED, RESPONSE, RTP_RESUMED, RTP_STOPPED, SipSignal
from harness.timeline import Timeline, responses


def unanswered_leg(timeline: Timeline, name: str, heard: Leg | None) -> MeasuredLeg:
    """Measure a leg without a 2xx; what is not for certain the unit's own silence is never its zero."""
    onset, source = ring_onset(timeline, heard)
    gone = next((s for s in timeline.record.signals if s.kind == RELEASED), None)
    cause = cause_of(timeline.record.signals, rang=rang(timeline, heard))
    outcome = _refusal(timeline, name, heard, cause)
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
            *(f"sip:{s.status}@{s.latest_s:.3f}" for s in _finals(timeline, cause)),
        ),
    )


def _refusal(timeline: Timeline, name: str, heard: Leg | None, cause: Cause) -> str:
    if timeline.record.fault:
        return VOID
    if heard is not None and heard.outcome in ("busy", "congestion"):
        return heard.outcome
    if rang(timeline, heard) and waited_out(timeline, name):
        return VOID if sound_gone(timeline) else "no_answer"
    return cause.outcome


def _finals(timeline: Timeline, cause: Cause) -> tuple[SipSignal, ...]:
    drawn = (timeline.record.signals[index] for index in cause.drawn)
    return tuple(s for s in drawn if s.kind == RESPONSE and s.status >= 300)


def unheeded(timeline: Timeline, name: str) -> str:
    """What ringing without an answer is worth: nothing where we, our line or the far end cut it short."""
    if timeline.record.fault or sound_gone(timeline):
        return VOID
    if waited_out(timeline, name):
        return "no_answer"
    gone = next((s for s in timeline.record.signals if s.kind == RELEASED), None)
    return "rejected" if gone is not None and gone.direction == "rx" else VOID


def sound_gone(timeline: Timeline) -> bool:
    """Whether the far end's sound stopped for good while it rang: the trunk, the network or the PBX died, and nobody
    knows what became of the ringing. The gap of a ringing that is sent without its silence is no stop."""
    signals = timeline.record.signals
    last = next((s for s in reversed(signals) if s.kind in (RTP_STOPPED, RTP_RESUMED)), None)
    gone = next((s.earliest_s for s in signals if s.kind == RELEASED), timeline.record.duration_s)
    return last is not None and last.kind == RTP_STOPPED and gone - last.earliest_s > timeline.heard.plan.period_s


def waited_out(timeline: Timeline, name: str) -> bool:
    """Whether the scenario's whole wait was waited: only then did nobody answer."""
    return any(a.do == "gave_up" and a.leg == name and a.detail == "no_answer" for a in timeline.record.acts)


def rang(timeline: Timeline, heard: Leg | None) -> bool:
    """Whether something rang for certain: 183 alone may carry an announcement."""
    if ring_onset(timeline, heard)[0] is None:
        return False
    told = any(s.status == RINGING for s in responses(timeline.record))
    return told or (heard is not None and heard.ring_onset is not None) or music_rings(timeline) is not None
