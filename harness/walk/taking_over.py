"""Handing the call to a tester, for a bounded time; every digit of theirs passes the number gate."""

from __future__ import annotations

from harness import scenario as do
from harness.errors import Refused
from harness.number_gate import permit_digits
from harness.walk.far_tester import Doing
from harness.walk.happened import Happened
from harness.walk.progress import CallInProgress


def hand_over(step: do.HandOver, call: CallInProgress) -> Happened:
    """Wait for a tester and let them have the call; `nobody` where none came."""
    call.act("tester", detail="invited")
    call.tester.invite(call.call)
    try:
        if not _came(step, call):
            return Happened() if call.released else Happened("nobody")
        call.act("tester", detail="here")
        _theirs(step, call)
    finally:
        call.tester.leave()
    call.act("tester", detail="done")
    return Happened()


def _came(step: do.HandOver, call: CallInProgress) -> bool:
    end = call.now_s + step.wait_s
    while not call.released and not call.tester.here():
        if call.now_s >= end:
            call.act("tester", detail="nobody")
            return False
        call.pump()
    return not call.released


def _theirs(step: do.HandOver, call: CallInProgress) -> None:
    end = call.now_s + step.at_most_s
    while not call.released and call.now_s < end:
        for event in call.tester.events():
            if event.what == "done":
                return
            _take(event, call)
        call.pump()


def _take(event: Doing, call: CallInProgress) -> None:
    if event.what == "mark":
        call.act("marked", detail=event.detail)
        return
    before = tuple(a.detail for a in call.acts if a.do == "pressed")
    try:
        permit_digits(event.detail, before=before, keys=call.keys)
    except Refused:
        call.act("refused", detail=event.detail)
        return
    call.asked_s = call.now_s
    call.act("pressed", detail=event.detail)
    call.call.send_digits(event.detail, method="rfc4733")
