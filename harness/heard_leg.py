"""A leg whose pick-up only the ear can know: behind a menu, a transfer, or a gateway that answers early."""

from __future__ import annotations

from dataclasses import replace

from dsp.legs import Leg
from dsp.segment import Span
from harness.interval import Interval
from harness.measured_leg import HEARD, MeasuredLeg
from harness.ringing import evidence_of, hidden_ring_s, talked_over, when
from harness.timeline import Timeline
from harness.unanswered_leg import unheeded

WORD_ERROR_S = 0.1
"""The end of a word dies away: so well its place is known."""


def leg_behind(timeline: Timeline, name: str, heard: Leg | None) -> MeasuredLeg:
    """Measure a leg behind a menu or a person; whose voice it is stays provisional."""
    if heard is not None and talked_over(timeline, heard):
        return MeasuredLeg(leg=name, outcome="answered", provisional=True, evidence=evidence_of(timeline, heard))
    if heard is not None:
        return replace(leg_from_ear(timeline, name, heard), provisional=True)
    act = next((a for a in timeline.record.acts if a.leg == name and a.do in ("answered", "gave_up")), None)
    if act is not None and act.do == "answered":
        return MeasuredLeg(leg=name, outcome="answered", provisional=True, evidence=(f"act:answered@{act.at_s:.3f}",))
    fault = "fault_ours" if timeline.record.fault else "none"
    waits = tuple(f"act:wait@{a.at_s:.3f}" for a in timeline.record.acts if a.leg == name and a.do == "wait")
    return MeasuredLeg(leg=name, outcome=fault, evidence=waits)


def leg_from_ear(timeline: Timeline, name: str, heard: Leg) -> MeasuredLeg:
    """Measure a leg from its sound alone."""
    onset = None if heard.ring_onset is None else timeline.on_the_wire(heard.ring_onset)
    pick_up = None if heard.pick_up is None else timeline.on_the_wire(heard.pick_up)
    voice = None if heard.voice_onset is None else timeline.on_the_wire(heard.voice_onset)
    answered = heard.outcome == "answered"
    latency = None if heard.answer_latency is None else timeline.between(heard.answer_latency)
    more_s = hidden_ring_s(timeline, heard)
    if more_s and pick_up is not None and latency is not None:
        pick_up, latency = pick_up.widened(0.0, more_s), latency.widened(0.0, more_s)
    return MeasuredLeg(
        leg=name,
        outcome=unheeded(timeline, name) if heard.outcome == "no_answer" else heard.outcome,
        ring_onset_s=onset,
        rings=(heard.rings, heard.rings + bool(more_s)) if onset is not None else None,
        rings_source=HEARD if onset is not None else None,
        pick_up_s=pick_up,
        pick_up_source=HEARD if pick_up is not None else None,
        answer_latency_s=latency,
        voice_onset_s=voice if answered else None,
        greeting_latency_s=None if not (answered and voice and pick_up) else (voice - pick_up).at_least(0.0),
        transfer_delay_s=_transfer_delay(timeline, onset),
        provisional=heard.provisional,
        music=heard.music,
        forwarded=heard.restarted,
        evidence=evidence_of(timeline, heard),
    )


def _transfer_delay(timeline: Timeline, onset: Interval | None) -> Interval | None:
    if onset is None:
        return None
    rate = timeline.heard.sr
    words = [s.end for s in timeline.heard.segments if s.sound == "speech" and s.end / rate < onset.latest]
    spoken = [timeline.on_the_wire(Span(end, end)).widened(WORD_ERROR_S, WORD_ERROR_S) for end in words]
    pressed = [when(s) for s in timeline.record.signals if s.kind == "digit" and s.latest_s < onset.latest]
    last = max(spoken + pressed, key=lambda i: i.latest, default=None)
    return None if last is None else (onset - last).at_least(0.0)
