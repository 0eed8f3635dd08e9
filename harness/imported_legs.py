"""The legs of an imported recording: what the ear alone can say of them, and what it cannot, with the reason.

Nothing was signalled to us: there is no 180, no 200 and no BYE. Where the recording does not tell for certain, the leg
keeps no number, so that its items stay open for a person.
"""

from __future__ import annotations

from dataclasses import replace

from dsp.answering.legs import Leg
from harness.ending_cause import VOID
from harness.heard_leg import leg_from_ear
from harness.measured_leg import MeasuredLeg
from harness.moved_ringing import rung_on
from harness.record import MIXED
from harness.timeline import Timeline

GAVE_UP_S = 27.0
"""What a scenario waits unless it says otherwise: ringing that was listened to for less may have been cut short."""
SLACK_S = 0.3
"""So much longer than the plan's pause it must be quiet before the first ring that none can have come before it."""
NO_SIGNALLING = "imported.no_signalling"
MIXED_SIDES = "imported.mixed"
BEGUN_LATE = "imported.begun_late"
NO_RINGING = "imported.no_ringing"
OTHER_LEGS = "imported.other_legs"
UNCLEAR_END = "imported.unclear_end"


def imported_legs(timeline: Timeline) -> tuple[MeasuredLeg, ...]:
    """Measure the legs that the scenario names, in order, from the sound alone."""
    names, rung = timeline.record.legs, _rung(timeline)
    if not rung or len(names) > len(rung):
        return tuple(_unknown(timeline, name) for name in names)
    legs = [_measured(timeline, name, heard, first=heard is rung[0]) for name, heard in zip(names, rung, strict=False)]
    if len(rung) > len(names):
        # Put through, forwarded, or rung anew: whose telephone the first one was, only a person can tell.
        legs[-1] = replace(legs[-1], provisional=legs[-1].outcome == "answered")
    return tuple(legs)


def imported_problems(timeline: Timeline) -> tuple[str, ...]:
    """What cannot be told from the recording, as keys of the catalogue."""
    rung, names = _rung(timeline), timeline.record.legs
    legs = imported_legs(timeline)
    found = [
        (NO_SIGNALLING, True),
        (MIXED_SIDES, timeline.record.far == MIXED),
        (NO_RINGING, not rung),
        (OTHER_LEGS, bool(rung) and len(rung) != len(names)),
        (BEGUN_LATE, bool(rung) and _begun_late(timeline, rung[0])),
        (UNCLEAR_END, any(leg.outcome == VOID for leg in legs)),
    ]
    return tuple(key for key, so in found if so)


def _rung(timeline: Timeline) -> list[Leg]:
    """What rang or was refused; a busy tone behind a conversation is its end, or a transfer, and no leg."""
    heard = [leg for leg in rung_on(timeline) if leg.outcome != "none"]
    return [leg for leg in heard if leg.ring_onset is not None or not leg.provisional]


def _measured(timeline: Timeline, name: str, heard: Leg, *, first: bool) -> MeasuredLeg:
    leg = leg_from_ear(timeline, name, heard)
    if heard.outcome == "no_answer":
        return _unanswered(timeline, leg, heard)
    if leg.outcome != "answered":
        return leg
    leg = replace(leg, provisional=leg.provisional or not first)
    if timeline.record.far == MIXED:  # whose voice the first one was is not known
        leg = replace(leg, voice_onset_s=None, greeting_latency_s=None, transfer_delay_s=None, provisional=True)
    if first and _begun_late(timeline, heard):
        leg = replace(leg, ring_onset_s=None, rings=None, rings_source=None, answer_latency_s=None)
    return leg


def _unanswered(timeline: Timeline, leg: MeasuredLeg, heard: Leg) -> MeasuredLeg:
    """Ringing to the end: nobody answered only where it was listened to for long enough."""
    onset = leg.ring_onset_s
    length = timeline.record.duration_s
    if heard.provisional or onset is None or length - onset.latest < GAVE_UP_S:
        return replace(leg, outcome=VOID)
    return replace(leg, outcome="no_answer")


def _begun_late(timeline: Timeline, heard: Leg) -> bool:
    """Whether a ring may have come before the recording began."""
    if timeline.record.from_dialling or heard.ring_onset is None:
        return False
    longest = max(off for _, off in timeline.heard.plan.cadence)
    return heard.ring_onset.earliest / timeline.heard.sr < longest + SLACK_S


def _unknown(timeline: Timeline, name: str) -> MeasuredLeg:
    """A leg of which no ringing can be told: somebody answered where somebody spoke, and a person says who and when."""
    spoke = any(s.sound in ("speech", "music") for s in timeline.heard.segments)
    return MeasuredLeg(leg=name, outcome="answered" if spoke else "none", provisional=spoke)
