"""What is known of a live call beside the call itself: whose it is, how far it is, how its people's legs are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.assisted.state import LiveState, Phase, TesterIs

if TYPE_CHECKING:
    from harness.assisted.live_call import LiveCall
    from harness.walk.progress import CallInProgress

_OF_STEP: dict[str, Phase] = {"tester": "talks", "say": "courtesy", "dial": "dials"}


def known_of(live: LiveCall, serial: int) -> LiveState:
    """The state of a call, as far as it is known without looking into the call."""
    desk, plan = live.people.speaker, live.plan
    return LiveState(
        serial=serial,
        call_id=live.call_id,
        attempt=live.attempt,
        tester=live.tester,
        unit=plan.unit.unit,
        name=plan.unit.name or plan.unit.unit,
        number=live.number,
        scenario=plan.scenario.name,
        steps=tuple(f"{step.do} {getattr(step, 'leg', '')}".strip() for step in plan.scenario.steps),
        questions=live.questions,
        phase=live.phase_now,
        tester_is=tester_is(live),
        tester_dbfs=None if desk is None else desk.level.dbfs,
        countdowns=(live.redial,) if live.redial is not None else (),
        refused=live.refused,
        listeners=live.people.listeners,
        taken_by=live.people.taker,
        outcome=live.outcome,
        sentence=live.sentence,
    )


def tester_is(live: LiveCall) -> TesterIs:
    """How the leg of whoever has the call is."""
    desk = live.people.speaker
    if desk is None:
        return "gone" if live.people.taker else "none"
    if live.over or desk.given_up:
        return "gone"
    if not desk.here:
        return "away" if live.dialled_already else "ringing"
    return "here" if desk.talks else "muted"


def phase_of(live: LiveCall, call: CallInProgress) -> Phase:
    """How far a call is that is being walked."""
    if call.silent is not None:
        return "holds"
    if call.step is None:
        return "courtesy" if call.excuses else "talks" if live.people.taker else "walks"
    return _OF_STEP.get(live.plan.scenario.steps[call.step].do, "walks")
