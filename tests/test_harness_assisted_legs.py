"""What a tester's leg and a live call may not do, whoever is at the telephone; no traffic, virtual legs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from agency_folder import leave_for, make_agency

import harness.assisted.desk as desk_module
from harness.assisted.desk import AGAIN_S, MOST_ANSWERS, Desk
from harness.assisted.live_call import LiveCall
from harness.assisted.people import People
from harness.assisted.phone import desk_of
from harness.desk_legs import legs_up
from harness.errors import Refused, TesterNotReached
from harness.number_gate import Permit
from harness.softphone.line import Line
from harness.softphone.protocol import Call
from harness.softphone.signals import RELEASED, RESPONSE, SipSignal
from harness.tester_telephones import DeskTelephone, loopback_telephone
from harness.walk.taking_over import BACK_S


class Machine:
    """A telephone at which a machine answers at once and hangs up."""

    sample_rate_hz, over = 8000, False

    def __init__(self) -> None:
        self._told = [
            SipSignal(earliest_s=0.0, latest_s=0.0, kind=RESPONSE, direction="rx", method="INVITE", status=200),
            SipSignal(earliest_s=0.0, latest_s=0.0, kind=RELEASED, direction="rx"),
        ]

    def advance(self, seconds: float) -> tuple[SipSignal, ...]:
        return (self._told.pop(0),) if self._told else ()

    def hear(self) -> tuple[np.ndarray, tuple[()]]:
        return np.zeros(0, np.int16), ()

    def ask(self) -> None: ...
    def hang_up(self) -> None: ...
    def finish(self) -> None: ...
    def bridge(self, other: object, *, talk: bool) -> None: ...


class Engaged(Machine):
    """A telephone that is engaged for as long as it is."""

    def __init__(self, now: list[float], free_at_s: float) -> None:
        status = 200 if now[0] >= free_at_s else 486
        self._told = [
            SipSignal(earliest_s=0.0, latest_s=0.0, kind=RESPONSE, direction="rx", method="INVITE", status=status)
        ]
        self._told += [SipSignal(earliest_s=0.0, latest_s=0.0, kind=RELEASED, direction="rx")] * (status == 486)


class Fleeting(Machine):
    """A telephone whose person lifts the handset and puts it down between two looks."""

    def advance(self, seconds: float) -> tuple[SipSignal, ...]:
        told, self._told = self._told, []
        return tuple(told)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the legs, in seconds."""
    passed = [0.0]
    monkeypatch.setattr(desk_module, "time", SimpleNamespace(monotonic=lambda: passed[0]))
    return passed


def attended(desk: Desk, now: list[float], seconds: float) -> None:
    for _ in range(round(seconds / 0.1)):
        now[0] += 0.1
        desk.attend()


def a_desk(ring: Any, leave: Any = lambda: None) -> Desk:
    own = tempfile.TemporaryDirectory(prefix="thirdring-desk-")
    return Desk("王小明", ring=ring, leave=leave, own_folder=own)


def test_a_telephone_at_which_a_machine_answers_is_not_rung_without_end(now: list[float]) -> None:
    rung: list[Machine] = []

    def ring(leave: Any, *, call_id: str, folder: Path, beside: Any) -> Machine:
        rung.append(Machine())
        return rung[-1]

    desk = a_desk(ring)
    desk.ring_beside(Machine())  # type: ignore[arg-type]
    attended(desk, now, 300)
    desk.end()
    assert len(rung) == MOST_ANSWERS


def test_who_listened_for_a_moment_is_told_as_having_come_and_gone() -> None:
    people = People(muted=True)
    people.make_desk = lambda telephone, who: a_desk(lambda *_, **__: Fleeting())
    people.listen(cast("Call", Machine()), loopback_telephone("王小明", "sip:wang@127.0.0.1:5062"), "王小明")
    assert people.attend() == (("王小明",), ("王小明",))
    assert people.listeners == ()
    assert people.attend() == ((), ())


@pytest.mark.parametrize("free_at_s", [0.0, 5.0, 12.0, 17.5])
def test_a_telephone_is_rung_until_its_person_is_waited_for_no_more(now: list[float], free_at_s: float) -> None:
    """Also where the gate has no leave for a while: that costs none of the tries."""
    rung: list[float] = []

    def ring(leave: Any, *, call_id: str, folder: Path, beside: Any) -> Machine:
        rung.append(now[0])
        return Engaged(now, free_at_s)

    def leave() -> None:
        if 2.0 < now[0] < 8.0:
            raise Refused("refused.full", line="x", most=1)

    desk = a_desk(ring, leave)
    desk.ring_beside(Machine())  # type: ignore[arg-type]
    attended(desk, now, BACK_S)
    assert (desk.here, desk.given_up) == (True, False)
    assert rung[-1] <= max(free_at_s, 8.0) + AGAIN_S + 0.3
    desk.end()


def test_a_telephone_that_stays_engaged_is_given_up_and_rung_anew_when_its_person_is_wanted(now: list[float]) -> None:
    rung: list[float] = []

    def ring(leave: Any, *, call_id: str, folder: Path, beside: Any) -> Machine:
        rung.append(now[0])
        return Engaged(now, 1000.0)

    desk, agencys = a_desk(ring), Machine()
    desk.ring_beside(agencys)  # type: ignore[arg-type]
    attended(desk, now, 60)
    assert desk.given_up
    assert BACK_S - AGAIN_S - 0.3 <= rung[-1] <= BACK_S + 0.2
    before = len(rung)
    desk.join(agencys, talks=True)  # type: ignore[arg-type]
    assert not desk.given_up
    attended(desk, now, 60)
    assert desk.given_up
    assert len(rung) - before >= 8
    desk.end()


def test_a_lost_browser_is_rung_again_where_it_is_then_and_the_call_waits_for_nobody(
    now: list[float], tmp_path: Path
) -> None:
    """A process that died is followed by another, at an address that nobody can guess."""
    agency = make_agency(tmp_path / "agency", {"0227000201": "127.0.0.1:5060"})
    of = leave_for("0227000201", agency)
    first, second = "sip:abc@127.0.0.1:40001", "sip:xyz@127.0.0.1:40002"
    invited: list[str] = []

    def there() -> DeskTelephone:
        if 1.0 < now[0] < 9.0:
            raise TesterNotReached("telephone.lost", tester="王小明")  # the page is not back yet
        return loopback_telephone("王小明", first if now[0] <= 1.0 else second)

    def dial(leave: Permit, **_: Any) -> Machine:
        invited.append(leave.uri)
        return Machine() if len(invited) == 1 else Engaged(now, 0.0)

    pool = SimpleNamespace(line=Line(), sample_rate_hz=8000, dial=dial)
    desk = desk_of(there, "王小明", cast("Any", pool), agency, of)
    desk.ring_beside(cast("Any", Machine()))
    attended(desk, now, 12.0)
    assert invited == [first, second]
    assert (desk.here, desk.given_up) == (True, False)
    desk.end()
    assert legs_up(agency) == ()


def test_what_is_said_while_the_test_waits_for_its_redial_is_nothing_of_the_next_attempt() -> None:
    live = LiveCall(
        call_id="one-1",
        tester="王小明",
        plan=SimpleNamespace(
            unit=SimpleNamespace(unit="tax", name="稅務課"), scenario=SimpleNamespace(name="x", steps=())
        ),
        number="0227001234",
        questions=(),
        muted=True,  # type: ignore[arg-type]
    )
    acts: list[str] = []
    call = SimpleNamespace(
        act=lambda do, **more: acts.append(do), released=True, call=SimpleNamespace(), answered_s=None
    )
    live._going = call  # type: ignore[assignment]
    ended = SimpleNamespace(
        record=SimpleNamespace(acts=()), measured=SimpleNamespace(outcome="busy"), ending=SimpleNamespace(sentence={})
    )
    live.mark("wrong_unit", who="王小明")  # the call is over, and its page not told yet
    live.came_to(ended)  # type: ignore[arg-type]
    live.mark("wrong_unit", who="王小明")
    live.next_attempt("one-2", 2)
    assert list(live._commands) == []
    assert acts == []
