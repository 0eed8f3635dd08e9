"""From measurements to what the rubric may know of a call: `FACTS.json` as a dict. Nothing is guessed here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.measure import Measured
from harness.measured_leg import MeasuredLeg
from harness.timeline import Event

FACT_OF_OUTCOME = {  # what a leg came to, and what the rubric is told of it
    "answered": "answered",
    "no_answer": "no_answer",
    "busy": "busy",
    "fault_ours": "fault_ours",
    "fault_theirs": "fault_theirs",
    # The far side refused, or its network had no way: a candidate that a person confirms, never a zero by itself.
    "rejected": "fault_theirs",
    "congestion": "fault_theirs",
}
HOLD_S = 2.0
"""Music shorter than this, after somebody had answered, is no hold; ours, see rubric/forms/README.md."""


def facts_of(
    measured: Measured,
    *,
    has_ivr: bool | None = None,
    signals_release: bool = False,
    attempts: int = 1,
    events: Iterable[Event] = (),
) -> dict[str, Any]:
    """Give the facts of a call as `rubric.facts.parse_facts` reads them.

    `has_ivr` is the switchboard's, None where none was called; `signals_release` says that the line is proved to
    tell who hung up; `attempts` counts the dialling of the first leg; `events` are the timeline's.
    """
    happened = [leg for leg in measured.legs if leg.outcome in FACT_OF_OUTCOME]
    legs = {leg.leg: _leg(leg) for leg in happened}
    for leg in list(legs.values())[:1]:
        leg["attempts"] = attempts
    facts: dict[str, Any] = {"legs": legs}
    evidence = {leg.leg: list(leg.evidence) for leg in happened if leg.evidence}
    if has_ivr is not None:
        facts["has_ivr"] = has_ivr or "ivr" in legs
        evidence["has_ivr"] = evidence.get("ivr", ["agency.toml:has_ivr"])
    if "unit" in legs and len(legs) > 1:
        facts["transferred"] = True
        evidence["transferred"] = evidence.get("unit", [])
    seen = tuple(events)
    # Analogue trunks and gateways send BYE late or never: only a line that was proved tells who released first.
    if signals_release and measured.release_valid and measured.first_release in ("far", "near"):
        facts["caller_hung_up_first"] = measured.first_release == "near"
        evidence["caller_hung_up_first"] = _releases(seen)
    if measured.waited_s is not None:
        facts["waited_s"] = measured.waited_s
    music = _holds(measured, seen)
    if music:  # a hold without music cannot be told from silence: then a person says
        facts["held"] = True
        evidence["held"] = music
    kept = {name: traces for name, traces in evidence.items() if traces}
    return facts | ({"evidence": kept} if kept else {})


def _holds(measured: Measured, events: tuple[Event, ...]) -> list[str]:
    """Music after the last leg's first words."""
    spoke = [leg.voice_onset_s for leg in measured.legs[-1:] if leg.outcome == "answered" and leg.voice_onset_s]
    music = [one for one in events if one.what == "music" and one.end_s is not None]
    long = [one for one in music if (one.end_s or 0.0) - one.at_s >= HOLD_S]
    return [f"heard:music@{one.at_s:.3f}-{one.end_s:.3f}" for one in long if spoke and one.at_s > spoke[0].latest]


def _releases(events: tuple[Event, ...]) -> list[str]:
    byes = [one for one in events if one.source == "sip" and "BYE" in one.what.split()]
    return [f"sip:{one.what}@{one.at_s:.3f}" for one in byes[:1]]


def _leg(leg: MeasuredLeg) -> dict[str, Any]:
    facts: dict[str, Any] = {"outcome": FACT_OF_OUTCOME[leg.outcome], "forwarded": leg.forwarded}
    if facts["outcome"] == "fault_theirs":
        facts["fault_confirmed"] = False
    # A menu's voice is a recording and meant to be one; behind it only a person can say who speaks.
    if leg.provisional and leg.outcome == "answered" and leg.leg != "ivr":
        facts["provisional"] = True
    if leg.rings is not None:
        facts["rings"] = {"earliest": leg.rings[0], "latest": leg.rings[1]}
        facts["rings_source"] = leg.rings_source
    if leg.answer_latency_s is not None:
        facts["answer_latency_s"] = leg.answer_latency_s.to_dict()
    if leg.ring_onset_s is not None:
        facts["ring_onset_s"] = max(0.0, round(leg.ring_onset_s.middle, 4))
    if leg.pick_up_s is not None:
        facts["pick_up_s"] = leg.pick_up_s.at_least(0.0).to_dict()
    return facts
