"""What people do in a call and what breaks for them: refused or told, and the agency's call goes on. Virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from test_harness_assisted_walk import shown
from test_harness_caller import direct
from test_harness_walk import done

from harness import caller
from harness.assisted.live_call import LiveCall
from harness.assisted.people import People
from harness.assisted.phone import PLAIN, _line_of
from harness.assisted.state import LiveState
from harness.errors import Refused
from harness.said import EXCUSE, Sound
from harness.softphone.growing_wav import write_wav
from harness.softphone.line import Line
from harness.softphone.pjsip.accounts import MOST_BESIDE
from harness.softphone.protocol import Call
from harness.softphone.signals import PLAY
from harness.tester_telephones import DeskTelephone
from harness.walk.progress import CallInProgress

WHO = "召集人"
Does = tuple[Callable[[LiveState], object], Callable[[LiveCall], object]]


def answered(state: LiveState) -> bool:
    return state.answered_s is not None


def talks(state: LiveState) -> bool:
    return state.phase == "talks" and state.tester_is == "here"


# --- digits --------------------------------------------------------------------------------------------------


def press(live: LiveCall) -> None:
    live.press("1", who=WHO)


def test_a_digit_for_a_far_end_without_events_goes_as_a_tone_and_the_call_goes_on(tmp_path: Path) -> None:
    far = replace(direct(2.0), takes_events=False)
    record, measured, page = shown(tmp_path, far, (answered, press))
    assert (record.fault, measured.outcome) == ("", "answered")
    assert done(record, "pressed") == ["1"]
    assert page.states[-1].pressed == ("1",)
    assert any(one.kind == PLAY and "keys" in one.reason for one in record.signals)
    assert not list(tmp_path.glob("*keys*"))  # nothing is left of it


def test_a_digit_that_cannot_be_sent_is_refused_to_who_pressed_and_the_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CallInProgress, "takes_events", True)  # the description changed in this very moment
    record, measured, page = shown(tmp_path, replace(direct(2.0), takes_events=False), (answered, press))
    assert (record.fault, measured.outcome) == ("", "answered")
    assert [(act.do, act.detail, act.who) for act in record.acts if act.do == "refused"] == [("refused", "1", WHO)]
    assert any("1" in state.refused for state in page.states)


# --- taking over ---------------------------------------------------------------------------------------------


@dataclass
class Handset:
    """A listener's leg that is there until a moment of the call."""

    gone_at: Callable[[], bool] = lambda: False
    joined: list[bool] = field(default_factory=list)
    level: Any = field(default_factory=lambda: SimpleNamespace(dbfs=None))
    ringing_s, given_up, up = None, False, True

    @property
    def here(self) -> bool:
        return not self.gone_at()

    @property
    def was_answered(self) -> bool:
        return self.here

    @property
    def talks(self) -> bool:
        return bool(self.joined) and self.joined[-1]

    def ring_beside(self, call: Call) -> None: ...
    def attend(self) -> None: ...
    def end(self) -> None: ...

    def join(self, call: Call, *, talks: bool) -> None:
        self.joined.append(talks)


def takes_over(handset: Handset, *, refuse: Callable[[str], None] = lambda _: None) -> Callable[[LiveCall], None]:
    def do(live: LiveCall) -> None:
        live.people.make_desk = lambda telephone, who: cast("Any", handset)
        live.people.refuse_taker = refuse
        live.take_over(DeskTelephone(tester=WHO, number="2701"), who=WHO)

    return do


def rings(state: LiveState) -> bool:
    return (state.rings or 0) >= 2


def test_who_takes_over_while_it_rings_is_heard_when_it_is_handed_to_them_and_not_before(tmp_path: Path) -> None:
    handset = Handset()
    seen: list[tuple[str, bool]] = []

    def look(live: LiveCall) -> None:
        seen.append((live.state().phase, handset.talks))
        live.mute(False, who=WHO)  # nor by unmuting

    taken = (lambda state: state.taken_by, look)
    later = (lambda state: state.taken_by and (state.rings or 0) >= 3, look)
    end = (talks, lambda live: live.done(who=WHO))
    record, measured, _ = shown(tmp_path, direct(8.0), (rings, takes_over(handset)), taken, later, end)
    assert seen == [("walks", False), ("walks", False)]
    assert True in handset.joined
    assert handset.joined[0] is False
    assert handset.joined[-1] is False  # who hangs up first must not be talked into
    assert measured.outcome == "answered"
    assert done(record, "tester") == ["invited", "here", "done"]


@pytest.mark.parametrize("muted", [True, False])
def test_the_agency_hears_the_tester_before_it_picks_up_unless_that_was_asked(muted: bool) -> None:
    handset, call = Handset(), cast("Any", object())
    people = People(muted=muted)
    people.tester = cast("Any", handset)
    people.dialled(call)
    assert handset.joined == [not muted]
    people.hand(call)
    assert handset.joined == [not muted, True]  # and from the pick-up on in any case


def test_taking_over_twice_is_taking_over_once(tmp_path: Path) -> None:
    handset = Handset()
    again = (talks, lambda live: [live.take_over(who=WHO), live.mark("hold", who=WHO)])
    end = (lambda state: state.marks, lambda live: live.done(who=WHO))
    record, _, page = shown(tmp_path, direct(2.0), (rings_or_answered, takes_over(handset)), again, end)
    assert [act.do for act in record.acts].count("takes_over") == 1
    assert done(record, "tester") == ["invited", "here", "done"]
    assert not any(state.refused for state in page.states)


def rings_or_answered(state: LiveState) -> bool:
    return state.rings is not None


def listens(handset: Handset) -> Callable[[LiveCall], None]:
    def do(live: LiveCall) -> None:
        live.people.make_desk = lambda telephone, who: cast("Any", handset)
        live.listen(DeskTelephone(tester=WHO, number="2701"), who=WHO)

    return do


@dataclass
class Late(Handset):
    """A telephone that is lifted at the so-manyth look; None: never."""

    lifted_at: int | None = 20
    looked: int = 0

    @property
    def here(self) -> bool:
        return self.lifted_at is not None and self.looked >= self.lifted_at

    def attend(self) -> None:
        self.looked += 1


def test_who_listens_is_in_the_evidence_from_when_they_answered(tmp_path: Path) -> None:
    handset, rung_s = Late(lifted_at=20), list[float]()

    def rings_them(live: LiveCall) -> None:
        rung_s.append(live.state().now_s or 0.0)
        listens(handset)(live)

    leaves = (lambda state: handset.here and handset.looked > 25, lambda live: live.leave(who=WHO))
    record, _, _ = shown(tmp_path, direct(8.0), (rings_or_answered, rings_them), leaves)
    said = [act for act in record.acts if act.who == WHO]
    assert [act.do for act in said] == ["listens", "leaves"]
    assert said[0].at_s > rung_s[0] + 1.0


@pytest.mark.parametrize("goes", ["gives up", "is rung no more"])
def test_who_never_answered_is_not_in_the_evidence(goes: str, tmp_path: Path) -> None:
    handset = Late(lifted_at=None)

    def ends(live: LiveCall) -> None:
        if goes == "gives up":
            live.leave(who=WHO)
        else:
            handset.up = False

    later = (lambda state: handset.looked > 10, ends)
    record, _, page = shown(tmp_path, direct(8.0), (rings_or_answered, listens(handset)), later)
    assert [act.do for act in record.acts if act.who == WHO] == []
    assert page.states[-1].listeners == ()


def test_nobody_takes_over_a_call_of_the_own_unit(tmp_path: Path) -> None:
    def refuse(who: str) -> None:
        raise Refused("assisted.own_unit", tester=who, unit="tax")

    handset = Handset()
    record, _, page = shown(tmp_path, direct(2.0), (rings_or_answered, takes_over(handset, refuse=refuse)))
    assert "takes_over" not in [act.do for act in record.acts]
    assert "listens" not in [act.do for act in record.acts]  # their telephone is not even rung
    assert any("自己的單位" in state.refused for state in page.states)
    assert page.states[-1].taken_by == ""


def test_who_waits_for_a_lost_taker_is_told_so_by_the_agencys_own_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(tmp_path / "courtesy.wav", np.full(16000, 200, np.int16), sample_rate_hz=8000)
    excuse = {EXCUSE: Sound(name="courtesy", path=tmp_path / "courtesy.wav")}
    place = caller.place_call
    monkeypatch.setattr(
        "test_harness_assisted_walk.place_call",
        lambda *way, **how: place(*way, **how | {"sounds": how["sounds"] | excuse}),
    )
    lost: list[bool] = []
    handset = Handset(gone_at=lambda: bool(lost))
    loses = (talks, lambda live: lost.append(True))
    record, measured, page = shown(tmp_path, direct(2.0), (rings_or_answered, takes_over(handset)), loses)
    assert done(record, "tester") == ["invited", "here", "lost", "nobody"]
    assert done(record, "said") == ["courtesy"]
    assert "courtesy" in [state.phase for state in page.states]
    assert (record.fault, measured.outcome) == ("", "answered")


def test_who_takes_over_in_a_silence_that_is_held_has_the_call_and_not_the_countdown(tmp_path: Path) -> None:
    handset = Handset()
    held = (lambda state: state.phase == "holds", takes_over(handset))
    end = (talks, lambda live: live.done(who=WHO))
    record, _, page = shown(tmp_path, direct(2.0), held, end)
    assert done(record, "tester") == ["invited", "here", "done"]
    assert [state.countdowns for state in page.states if talks(state)] == [()] * sum(map(talks, page.states))


# --- what breaks ---------------------------------------------------------------------------------------------


def test_a_fault_in_what_a_person_wanted_is_told_to_them_and_costs_the_call_nothing(tmp_path: Path) -> None:
    def breaks(live: LiveCall) -> None:
        live.people.make_desk = lambda telephone, who: cast("Any", 1 / 0)
        live.listen(DeskTelephone(tester=WHO, number="2701"), who=WHO)

    record, measured, page = shown(tmp_path, direct(2.0), (rings_or_answered, breaks))
    assert (record.fault, measured.outcome) == ("", "answered")
    assert any("ZeroDivisionError" in state.refused for state in page.states)


@pytest.mark.parametrize("what", ["people.attend", "draw"])
def test_a_fault_in_looking_after_people_costs_the_call_nothing_and_is_logged_once(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise KeyError("unheard of")

    def breaks(live: LiveCall) -> None:
        if what == "draw":
            monkeypatch.setattr("harness.assisted.live_call.picture", broken)
        else:
            monkeypatch.setattr(live.people, "attend", broken)

    record, measured, page = shown(tmp_path, direct(2.0), (rings_or_answered, breaks))
    assert (record.fault, measured.outcome) == ("", "answered")
    assert len([one for one in caplog.records if one.name == "thirdring.assisted"]) == 1
    monkeypatch.undo()
    page.live.phase("over")
    assert page.live.state().phase == "over"


def test_a_page_that_cannot_be_drawn_still_tells_that_the_call_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, page = shown(tmp_path, direct(2.0))

    def broken(*_: object, **__: object) -> Any:
        raise KeyError("unheard of")

    monkeypatch.setattr("harness.assisted.live_call.picture", broken)
    page.live.phase("over")
    assert page.live.state().phase == "over"


def test_a_process_has_room_for_every_tester_at_an_address_of_their_own() -> None:
    pool = SimpleNamespace(line=Line())
    browsers = [
        DeskTelephone.model_construct(tester=f"t{n}", address=f"sip:b{n}@127.0.0.1:{4000 + n}") for n in range(20)
    ]
    fields = [DeskTelephone(tester=f"t{n}", address=f"sip:b{n}@192.0.2.{n + 1}") for n in range(20)]
    lines = {_line_of(one, cast("Any", None), cast("Any", pool)) for one in (*browsers, *fields)}
    assert len(lines) <= 2 < MOST_BESIDE
    assert {line.id for line in lines if line} == {PLAIN}
