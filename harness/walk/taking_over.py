"""Handing the call to a tester, for a bounded time; every digit of theirs passes the number gate.

A tester who is lost has BACK_S to come back: the agency's call stays up, and where nobody comes the scenario's own
branch says so to whoever waits there.
"""

from __future__ import annotations

from harness import scenario as do
from harness.errors import Refused
from harness.number_gate.pressed_digits import permit_digits
from harness.scenario.steps import Jump, OnHandOver
from harness.walk.far_tester import Doing
from harness.walk.happened import Happened
from harness.walk.holding import hold_silent
from harness.walk.progress import CallInProgress
from harness.walk.saying import excuse
from harness.walk.transfer import put_through

BACK_S = 20.0
"""So long somebody may wait at the other end for a tester whose telephone was lost."""
LOST, BACK, NOBODY, HERE, DONE = "lost", "back", "nobody", "here", "done"
_TAKEN = do.HandOver(on=OnHandOver(nobody=Jump(to="nobody")))
"""What somebody has who takes an automated call over."""


def hand_over(step: do.HandOver, call: CallInProgress) -> Happened:
    """Wait for a tester and let them have the call; `nobody` where none came, or came back."""
    begin = call.now_s
    call.asked_s = begin  # whoever the tester asks may put the call through
    call.act("tester", detail="invited", who=call.who)
    call.tester.invite(call.call)
    try:
        if not _came(step.wait_s, call):
            return Happened() if call.released else Happened(NOBODY)
        call.act("tester", detail=HERE, who=call.who)
        if not _theirs(step, call, begin):
            return Happened(NOBODY)
    finally:
        call.tester.leave()
    call.act("tester", detail=DONE, who=call.who)
    return Happened()


def finish_taken(call: CallInProgress) -> None:
    """Give the call to whoever takes it over, then see who hangs up first: the scenario ends with the conversation."""
    call.step, call.may_end_step = None, False
    if hand_over(_TAKEN, call).event == NOBODY:
        excuse(call)
    if not call.released:
        hold_silent(do.HoldSilent(), call)
    if not call.released:
        call.hang_up()


def press_for(event: Doing, call: CallInProgress) -> Refused | None:
    """Press a person's digits where the number gate gives leave; else give why not."""
    before = tuple(a.detail for a in call.acts if a.do == "pressed")
    try:
        if call.answered_s is None:
            raise Refused("refused.press_unanswered")  # there is nothing yet that could carry it
        permit_digits(event.detail, before=before, keys=call.keys)
    except Refused as refused:
        call.act("refused", detail=event.detail, who=event.who)
        return refused
    call.asked_s = call.now_s
    call.act("pressed", detail=event.detail, who=event.who)
    if call.takes_events or call.tones is None:
        call.call.send_digits(event.detail, method="rfc4733")
    else:  # as every telephone does it there
        call.call.play(call.tones(event.detail))
    return None


def _came(wait_s: float, call: CallInProgress) -> bool:
    end = call.now_s + wait_s
    while not call.released and not call.tester.here():
        if call.now_s >= end:
            call.act("tester", detail=NOBODY, who=call.who)
            return False
        call.pump()
    return not call.released


def _theirs(step: do.HandOver, call: CallInProgress, begin: float) -> bool:
    """Let the tester have the call; False when they were lost for good."""
    end = call.now_s + step.at_most_s
    while not call.released and call.now_s < end:
        for event in call.tester.events():
            if event.what == "done":
                return True
            _take(event, call)
        if not call.tester.here() and not _came_back(call):
            return call.released
        if step.until == "transfer" and put_through(call, begin) is not None:
            return True
        call.pump()
    return True


def _came_back(call: CallInProgress) -> bool:
    call.act("tester", detail=LOST, who=call.who)
    call.tester.invite(call.call)
    if not _came(BACK_S, call):
        return False
    call.act("tester", detail=BACK, who=call.who)
    return True


def _take(event: Doing, call: CallInProgress) -> None:
    if event.what == "mark":
        call.act("marked", detail=event.detail, who=event.who)
    else:
        press_for(event, call)
