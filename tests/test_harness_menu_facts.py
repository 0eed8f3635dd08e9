"""From a key pressed into a menu to the option of A1.3 that the sheet proposes, with what it was seen by."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from agency_folder import make_agency
from test_harness_caller import RATE, rung, silent
from test_harness_walk import BUSY, MENU, MENU_S, answering, marked

from harness.agency import Agency, load_agency
from harness.errors import ScenarioError
from harness.planned_call import TestCall
from harness.prompts.marks import END, OPERATOR, save_mark
from harness.redial import next_attempt, rules_of
from harness.redialling import attempt_of
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.test_call import plan_call, run_call
from rubric.sheet import ItemScore

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
SWITCHBOARD = "0227000300"
RINGS = FarEnd().sounds_like(0.4, rung(4.3))


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    folder = tmp_path / "agency"
    make_agency(folder, {"0227000301": "127.0.0.1:5060"})
    with (folder / "agency.toml").open("a", encoding="utf-8") as file:
        file.write(f'[[sites]]\nid = "hq"\nname = "本部"\nswitchboard = "{SWITCHBOARD}"\nhas_ivr = true\n')
    return load_agency(folder)


def probed(agency: Agency, far: FarEnd) -> TestCall:
    for mark in (marked("key", OPERATOR, MENU, 3.2), marked("menu-end", END, MENU, MENU_S - 0.2)):
        save_mark(mark, agency.folder, replace=True)
    plan = plan_call("0227000301", agency, scenario="ivr-barge-in")
    return run_call(plan, agency, ScriptedSoftphone({SWITCHBOARD: far}), now=NOW)


def a13(test: TestCall) -> ItemScore:
    return next(one for one in test.sheet.items if one.id == "A1.3")


def test_a_menu_that_is_cut_short_is_proposed_as_option_1(agency: Agency) -> None:
    test = probed(agency, answering(MENU, silent(8.0), MENU).after("9", RINGS))
    assert test.facts["menu_barge_in"] is True
    assert test.facts["operator_code_s"]["latest"] < 10
    assert any(one.startswith("act:pressed@") for one in test.facts["evidence"]["menu_barge_in"])
    line = a13(test)
    assert (line.proposed, line.points, line.by) == ("1", None, None)  # a person ticks it
    assert "heard:ringback@" in line.why
    assert "毋需聽完" in line.why


def test_a_menu_that_must_be_heard_out_is_proposed_as_option_2(agency: Agency) -> None:
    test = probed(agency, answering(MENU, silent(20.0)).after("9", RINGS).deaf(2.4 + MENU_S))
    assert test.facts["menu_barge_in"] is False
    assert a13(test).proposed == "2"


def test_a_key_that_is_said_late_is_proposed_as_option_3_whatever_the_probe_says(agency: Agency) -> None:
    long = np.concatenate([silent(0.1), *[MENU[: 3 * RATE]] * 3])
    test = probed(agency, answering(long, MENU, silent(8.0)).after("9", RINGS))
    assert test.facts["operator_code_s"]["earliest"] > 10
    assert a13(test).proposed == "3"


def test_without_the_probe_nothing_is_proposed(agency: Agency) -> None:
    plan = plan_call("0227000301", agency, scenario="ivr-operator")
    far = answering(MENU).after("9", RINGS)
    test = run_call(plan, agency, ScriptedSoftphone({SWITCHBOARD: far}), now=NOW)
    assert "menu_barge_in" not in test.facts
    assert a13(test).proposed is None


def test_operators_who_are_said_to_be_busy_are_proposed_as_option_4(agency: Agency) -> None:
    save_mark(marked("all-busy", "end", BUSY, 2.0, kind="operator_busy"), agency.folder)
    plan = plan_call("0227000301", agency, scenario="ivr-operator")
    far = answering(MENU).after("9", FarEnd().sounds_like(0.5, BUSY).hangs_up(7.0))
    test = run_call(plan, agency, ScriptedSoftphone({SWITCHBOARD: far}), now=NOW)
    assert [act.detail for act in test.record.acts if act.do == "branch"] == ["heard:operator_busy → operator-busy"]
    assert test.facts["operator_busy_recording"] is True
    assert a13(test).proposed == "4"
    assert test.measured.outcome == "busy"  # to be dialled again, and nobody's zero
    again = next_attempt((attempt_of(test, ended_at=NOW),), rules_of(plan.form))
    assert again is not None
    assert (again.why, again.leg) == ("busy", "operator")


def test_the_probe_is_refused_where_nobody_marked_the_menu(agency: Agency) -> None:
    with pytest.raises(ScenarioError) as caught:
        plan_call("0227000301", agency, scenario="ivr-barge-in")
    assert {one.key for one in caught.value.problems} == {"scenario.no_mark"}
