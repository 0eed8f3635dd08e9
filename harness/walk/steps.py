"""Walks a scenario: step after step, and where a branch was taken, from its label on."""

from __future__ import annotations

from collections import Counter

from harness import scenario as do
from harness.scenario.steps import jumps
from harness.walk.answer import wait_for_answer
from harness.walk.happened import GOES_ON, VOID, Happened
from harness.walk.holding import hold_silent
from harness.walk.keys import press
from harness.walk.listening import listen
from harness.walk.progress import CallInProgress
from harness.walk.saying import say
from harness.walk.taking_over import finish_taken, hand_over
from harness.walk.transfer import follow_transfer
from harness.walk.watching import TakenOver

MAY_END = (do.Listen, do.Press, do.FollowTransfer, do.HoldSilent)
"""Steps that end when somebody takes the call over; a telephone that rings is waited for, a sentence said to its end,
for whoever answers is measured all the same."""


def walk(scenario: do.Scenario, call: CallInProgress) -> None:
    """Walk a scenario to its end, or until the far end is gone."""
    try:
        _walk(scenario.steps, call)
    except TakenOver:
        finish_taken(call)
    call.step = None
    if call.released:
        call.act("released")


def _walk(steps: tuple[do.Step, ...], call: CallInProgress) -> None:
    at, taken = 0, Counter[tuple[int, str]]()
    while at < len(steps) and not call.released:
        call.step, call.may_end_step = at, isinstance(steps[at], MAY_END)
        happened = _take(steps[at], at + 1, call)
        at = _next(steps, at, happened, taken, call)


def _take(step: do.Step, number: int, call: CallInProgress) -> Happened:
    match step:
        case do.WaitForAnswer():
            return wait_for_answer(step, call)
        case do.Listen():
            return listen(step, call)
        case do.Press():
            return press(step, number, call)
        case do.Say():
            return say(step, number, call)
        case do.FollowTransfer():
            return follow_transfer(step, call)
        case do.HandOver():
            return hand_over(step, call)
        case do.HoldSilent():
            return hold_silent(step, call)
        case do.HangUp():
            call.hang_up()
        case do.Dial():
            pass  # the INVITE was sent when the call began
    return Happened()


def _next(
    steps: tuple[do.Step, ...], at: int, happened: Happened, taken: Counter[tuple[int, str]], call: CallInProgress
) -> int:
    """Give the index of the next step. What no branch is there for ends the call, voids it, or changes nothing."""
    if not happened.event or call.released:
        return at + 1
    for event, jump in jumps(steps[at]):
        if event == happened.event and taken[at, event] < (jump.at_most or 1_000):
            taken[at, event] += 1
            call.act("branch", leg=happened.leg, detail=f"{event} → {jump.to}")
            return next(n for n, step in enumerate(steps) if step.label == jump.to)
    if happened.event in VOID:
        call.failed("walk.digits_no_effect", happened.detail)
    if happened.event not in GOES_ON:
        call.hang_up(leg=happened.leg)
    return at + 1
