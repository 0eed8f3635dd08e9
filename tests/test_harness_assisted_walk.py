"""A tester in the walk, in virtual time: lost and back, an operator whom they ask, the live picture of a call."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from agency_folder import leave_for, make_agency
from test_harness_caller import NUMBER, PLAN, direct, rung, said_by_us, silent, tone
from test_harness_walk import done, spoken, walked

from harness.agency import Agency
from harness.assisted.as_tester import AsTester
from harness.assisted.live_call import LiveCall
from harness.assisted.state import Asked, LiveState
from harness.caller import place_call
from harness.ending import ending_of
from harness.errors import Refused
from harness.measure import Measured, measure
from harness.record import CallRecord
from harness.recording import far_side
from harness.scenario import HandOver, Say, load_scenario
from harness.scenario.with_tester import with_tester
from harness.softphone.protocol import Call
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.test_call import plan_call
from harness.timeline import build_timeline
from harness.walk.far_tester import Doing
from harness.walk.progress import CallInProgress

SHIPPED = sorted(
    path.name.removesuffix(".toml") for path in files("scenarios").iterdir() if path.name.endswith(".toml")
)


@dataclass
class Wandering:
    """A tester who is on the line at some of the looks."""

    here_at: Callable[[int], bool]
    done_at: int = 1_000_000
    looks: int = 0
    invited: int = 0

    def invite(self, call: Call) -> None:
        self.invited += 1

    def here(self) -> bool:
        self.looks += 1
        return self.here_at(self.looks)

    def events(self) -> tuple[Doing, ...]:
        return (Doing("done"),) if self.looks >= self.done_at else ()

    def leave(self) -> None:
        pass


def test_a_tester_who_does_not_come_back_in_20_s_is_excused_and_the_ending_says_so(tmp_path: Path) -> None:
    tester = Wandering(lambda look: look < 30)
    record, measured = walked(load_scenario("tester-takes-over"), direct(2.0), tmp_path, tester=tester)
    assert done(record, "tester") == ["invited", "here", "lost", "nobody"]
    lost, gone = (act.at_s for act in record.acts if act.do == "tester" and act.detail in ("lost", "nobody"))
    assert 20.0 <= gone - lost < 20.5
    assert (done(record, "said"), measured.outcome, record.fault) == (["courtesy"], "answered", "")
    timeline = build_timeline(record, far_side(record, tmp_path), PLAN)
    assert "測試人員斷線" in ending_of(timeline, measured).sentence["zh"]


def test_a_tester_who_comes_back_goes_on_and_the_ending_says_nothing(tmp_path: Path) -> None:
    tester = Wandering(lambda look: not 30 <= look < 60, done_at=100)
    record, measured = walked(load_scenario("tester-takes-over"), direct(2.0), tmp_path, tester=tester)
    assert done(record, "tester") == ["invited", "here", "lost", "back", "done"]
    assert tester.invited == 2  # their telephone is rung again
    assert done(record, "said") == []
    timeline = build_timeline(record, far_side(record, tmp_path), PLAN)
    assert "斷線" not in ending_of(timeline, measured).sentence["zh"]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_scenario_can_be_done_with_a_tester_and_waits_for_the_same_telephones(name: str) -> None:
    plain = load_scenario(name)
    theirs = with_tester(plain)
    assert theirs.legs == plain.legs
    assert any(isinstance(step, HandOver) for step in theirs.steps)
    assert {step.sentence for step in theirs.steps if isinstance(step, Say)} <= {"courtesy"}  # the tester asks
    assert with_tester(theirs) is theirs


def test_the_tester_asks_the_operator_and_has_the_unit_as_soon_as_it_is_put_through(tmp_path: Path) -> None:
    said = [silent(0.4), spoken("greeting-operator"), silent(3.0), spoken("please-hold-transfer"), silent(0.6)]
    far = FarEnd().says(0.1, 183).sounds_like(0.15, tone("ringback", 60))
    far = far.says(6.35, 200).sounds_like(6.35, np.concatenate([*said, rung(7.4), silent(30.0)]))
    steps = with_tester(load_scenario("switchboard-no-ivr"))
    record, measured = walked(steps, far, tmp_path, tester=Wandering(lambda _: True))
    assert [(leg.leg, leg.outcome) for leg in measured.legs] == [("operator", "answered"), ("unit", "answered")]
    assert done(record, "tester") == ["invited", "here", "done", "invited", "here", "done"], record.acts
    latency = measured.legs[1].answer_latency_s
    assert latency is not None
    assert 7.4 in latency


# --- a live call -----------------------------------------------------------------------------------------


@dataclass
class Page:
    """Somebody who looks at every state, and does things at some."""

    live: LiveCall
    does: list[tuple[Callable[[LiveState], object], Callable[[LiveCall], object]]] = field(default_factory=list)
    states: list[LiveState] = field(default_factory=list)

    @property
    def looks_on(self) -> bool:
        return self.live.looks_on

    def look(self, going: CallInProgress) -> None:
        self.live.look(going)
        state = self.live.state()
        if not self.states or state.serial > self.states[-1].serial:
            self.states.append(state)
        for one in [one for one in self.does if one[0](state)]:
            self.does.remove(one)
            one[1](self.live)


def agency_at(folder: Path) -> Agency:
    return make_agency(folder / "agency", {NUMBER: "127.0.0.1:5060"})


def shown(
    folder: Path, far: FarEnd, *does: tuple[Callable[[LiveState], object], Callable[[LiveCall], object]]
) -> tuple[CallRecord, Measured, Page]:
    """Place an automated call that a page shows."""
    agency = agency_at(folder)
    plan = plan_call(NUMBER, agency)
    asked = (Asked(question="幾點下班？", answer="五點半"),)
    live = LiveCall(call_id="walk", tester="", plan=plan, number=NUMBER, questions=asked, muted=True)
    page = Page(live, list(does))
    live.state()
    record = place_call(
        plan.scenario,
        ScriptedSoftphone({NUMBER: far}),
        leave=leave_for(NUMBER, agency),
        call_id="walk",
        folder=folder,
        plan=PLAN,
        started=datetime(2026, 11, 22, tzinfo=UTC),
        sounds=said_by_us(plan.scenario),
        watcher=page,
        tester=AsTester(live),
    )
    return record, measure(build_timeline(record, far_side(record, folder), PLAN)), page


def test_the_picture_counts_the_rings_and_tells_what_is_heard_and_signalled(tmp_path: Path) -> None:
    record, measured, page = shown(tmp_path, direct(7.4))
    rings = [state.rings for state in page.states if state.rings is not None]
    assert rings == sorted(rings)
    assert (rings[0], rings[-1]) == (1, 3)
    assert measured.legs[0].rings == (3, 3)
    heard = {state.hears for state in page.states}
    assert {"ringback", "speech"} <= heard, heard
    said = [state.signalling for state in page.states]
    assert "183 Session Progress" in said
    assert said[-1].startswith(("200", "BYE"))
    last = page.states[-1]
    assert last.answered_s is not None
    assert last.ring_onset_s is not None
    assert last.answered_s - last.ring_onset_s == pytest.approx(7.4, abs=0.6)
    assert {one.what for state in page.states for one in state.countdowns} >= {"gives_up", "stay_silent"}
    assert json.loads(json.dumps(last.to_dict()))["schema"] == "thirdring.live/1"
    assert record.fault == ""


def test_marks_are_acts_with_who_made_them_and_change_no_measured_value(tmp_path: Path) -> None:
    _, plain, _ = shown(tmp_path / "plain", direct(2.0))
    answered = (lambda state: state.answered_s is not None, lambda live: live.mark("unit_speaks", who="王小明"))
    record, measured, page = shown(tmp_path / "marked", direct(2.0), answered)
    assert [(act.do, act.detail, act.who) for act in record.acts if act.who] == [("marked", "unit_speaks", "王小明")]
    assert [(one.what, one.who) for one in page.states[-1].marks] == [("unit_speaks", "王小明")]
    assert measured == plain


def test_digits_of_a_page_pass_the_number_gate_read_with_those_before(tmp_path: Path) -> None:
    answered = (
        lambda state: state.answered_s is not None,
        lambda live: [live.press(key, who="王小明") for key in "119"],
    )
    record, _, page = shown(tmp_path, direct(2.0), answered)
    assert done(record, "pressed") == ["1", "1"]
    assert done(record, "refused") == ["9"]
    assert any(state.refused for state in page.states)
    with pytest.raises(ValueError, match="bored"):
        page.live.mark("bored", who="王小明")
    with pytest.raises(Refused):
        page.live.press("*", who="王小明")


def test_whoever_hangs_up_while_it_rings_leaves_a_void_attempt(tmp_path: Path) -> None:
    third = (lambda state: state.rings == 3, lambda live: live.hang_up(who="王小明"))
    record, measured, _ = shown(tmp_path, FarEnd().says(0.1, 180).sounds_like(0.2, rung(60.0)), third)
    assert measured.outcome == "fault_ours"
    assert [(act.do, act.detail) for act in record.acts if act.who] == [("marked", "abandoned"), ("hang_up", "tester")]


def test_nobody_takes_a_call_over_who_does_not_listen(tmp_path: Path) -> None:
    answered = (lambda state: state.answered_s is not None, lambda live: live.take_over(who="召集人"))
    record, _, page = shown(tmp_path, direct(2.0), answered)
    assert "takes_over" not in [act.do for act in record.acts]
    assert any("召集人" in state.refused for state in page.states)
    assert page.states[-1].taken_by == ""
