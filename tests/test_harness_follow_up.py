"""What is followed up: from a result below the mark to the test that shows whether it helped."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from kept_calls import agency_with_units, keep_call
from rubric_cases import best, call, leg

from harness.agency import Agency
from harness.cli.program import run
from harness.errors import DONE, REFUSED, WRONG_USAGE
from harness.papers.held import held_back
from harness.programme.follow_up import Deficiency, answer, close, deficiencies, notify
from harness.programme.month import draw_and_seal, inputs_of
from harness.programme.settings import Improvement
from harness.store import open_store

BAD = call(has_ivr=False, legs={"operator": leg(9, 30), "unit": leg(12, 36)})
GOOD = call(has_ivr=False)
ANSWERS = best(has_ivr=False)
RULES = Improvement()
TESTED = date(2026, 11, 3)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return agency_with_units(tmp_path / "agency")


@pytest.fixture
def judged(agency: Agency) -> date:
    """The day on which the sheets are made: the database stamps it."""
    return datetime.now(UTC).astimezone(agency.zone).date()


def listed(agency: Agency, today: date, rules: Improvement = RULES) -> list[Deficiency]:
    with open_store(agency.database) as store:
        return list(deficiencies(agency, store, rules, today=today, since=date(2026, 1, 1)))


def state(agency: Agency, today: date) -> str:
    return listed(agency, today)[0].state


def answered(agency: Agency, day: date) -> None:
    with open_store(agency.database) as store:
        answer("c1", "已加派人員", who="u1", store=store, now=datetime(day.year, day.month, day.day, 4, tzinfo=UTC))


def test_a_good_result_opens_nothing(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", GOOD, ANSWERS, day=TESTED)
    assert listed(agency, judged) == []


def test_a_result_that_is_still_open_is_no_deficiency(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, day=TESTED)
    assert listed(agency, judged) == []


def test_the_time_for_objection_comes_first_then_the_units_then_it_is_overdue(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    (one,) = listed(agency, judged)
    assert (one.total, one.reasons, one.unit) == (72.5, ("total",), "u1")
    assert one.answer_due == one.objection_until + timedelta(days=14)
    assert one.state == "objection_time"
    assert state(agency, one.objection_until) == "objection_time"
    assert state(agency, one.objection_until + timedelta(days=1)) == "waiting"
    assert state(agency, one.answer_due) == "waiting"
    late = one.answer_due + timedelta(days=1)
    assert state(agency, late) == "waiting"  # nobody told the unit
    with open_store(agency.database) as store:
        notify("c1", TESTED, who="林召集", store=store, now=datetime(2026, 11, 20, 4, tzinfo=UTC))
    assert state(agency, late) == "overdue"


def test_nothing_is_due_while_somebody_objects(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    with open_store(agency.database) as store:
        store.reviews.add("c1", round_no=1, what="objection", who="受測者", detail={"reason": "x"})
    assert state(agency, judged + timedelta(days=90)) == "under_objection"


@pytest.mark.parametrize(("again", "ends"), [(GOOD, "closed"), (BAD, "escalated")])
def test_the_next_test_after_the_answer_closes_or_escalates(
    agency: Agency, judged: date, again: dict[str, object], ends: str
) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    answered(agency, TESTED + timedelta(days=10))
    later = judged + timedelta(days=40)
    assert state(agency, later) == "answered"
    keep_call(agency, "other", GOOD, ANSWERS, unit="u2", day=TESTED + timedelta(days=30))
    assert state(agency, later) == "answered"  # another unit's test says nothing of this one
    keep_call(agency, "c2", again, ANSWERS, day=TESTED + timedelta(days=30))
    first = listed(agency, later)[0]
    assert (first.state, first.retested_by, first.answer) == (ends, "c2", "已加派人員")


def test_a_test_before_the_answer_is_no_re_test(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    keep_call(agency, "c2", GOOD, ANSWERS, day=TESTED + timedelta(days=5))
    answered(agency, TESTED + timedelta(days=10))
    assert state(agency, judged + timedelta(days=40)) == "answered"


def test_a_named_item_opens_one_too(agency: Agency, judged: date) -> None:
    poor = best(has_ivr=False, **{"B2.3": {"option": "3", "points": 3}})
    keep_call(agency, "c1", GOOD, poor, day=TESTED)
    assert listed(agency, judged) == []
    (one,) = listed(agency, judged, Improvement(items=("B2.3",)))
    assert one.reasons == ("B2.3",)


def test_a_person_can_close_one(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    with open_store(agency.database) as store:
        close("c1", "公出，已查證", who="承辦人", store=store, now=datetime.now(UTC))
    assert state(agency, judged) == "closed"


def test_the_commands_list_answer_and_close(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED, made_at=datetime.now(UTC) - timedelta(days=9))
    keep_call(agency, "c9", GOOD, ANSWERS, day=TESTED, unit="u2")
    asked = ["--agency", str(agency.folder), "improve"]

    def told(*words: str) -> dict[str, object]:
        capsys.readouterr()
        assert run([*asked, *words, "--json"]) == DONE
        return dict(json.loads(capsys.readouterr().out))

    assert [one["call_id"] for one in told("list", "--open")["improvements"]] == ["c1"]  # type: ignore[attr-defined, index]
    assert told("answer", "c1", "--text", "已改進", "--who", "u1")["answer"] == "已改進"
    assert told("close", "c1", "--reason", "查證", "--who", "承辦人")["state"] == "closed"
    assert told("list", "--open")["improvements"] == []
    assert run([*asked, "answer", "c9", "--text", "x", "--who", "y"]) == WRONG_USAGE


def test_a_direct_call_is_judged_by_its_own_part_of_the_form(agency: Agency, judged: date) -> None:
    """An extension dialled directly has no switchboard: 55 points, rescaled to 100 as the form does."""
    only = {"legs": {"unit": leg(12, 36)}, "has_ivr": False}
    said = {key: value for key, value in ANSWERS.items() if not key.startswith("A")}
    keep_call(agency, "c1", call(**only), said, day=TESTED)
    assert listed(agency, judged) == []  # 45 of 55 is 81.8
    poor = said | {"B2.3": {"option": "3", "points": 3}}
    keep_call(agency, "c2", call(**only), poor, unit="u2", day=TESTED)
    (one,) = listed(agency, judged)
    assert (one.unit, one.total, one.reasons) == ("u2", 69.1, ("total",))


def test_the_units_time_runs_from_the_day_it_was_told(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    late = judged + timedelta(days=20)
    with open_store(agency.database) as store:
        notify("c1", late, who="承辦人", store=store, now=datetime(late.year, late.month, late.day, 4, tzinfo=UTC))
    (one,) = listed(agency, late)
    heard = late + timedelta(days=7)
    assert (one.notified, one.objection_until, one.state) == (late, heard, "objection_time")
    assert (one.answer_due, state(agency, heard + timedelta(days=1))) == (heard + timedelta(days=14), "waiting")


@pytest.mark.parametrize("how", ["signed", "notified"])
def test_nobodys_time_to_object_begins_before_the_sheet_could_be_known(agency: Agency, judged: date, how: str) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    (before,) = listed(agency, judged)
    late = datetime(judged.year, judged.month, judged.day, 4, tzinfo=UTC) + timedelta(days=5)
    with open_store(agency.database) as store:
        if how == "signed":
            store.signatures.add("c1", version=1, who="測試員", digest="0" * 64, now=late)
        else:
            notify("c1", late.date(), who="承辦人", store=store, now=late)
            notify("c1", late.date() + timedelta(days=9), who="承辦人", store=store, now=late)  # told again
        told = {"agency": agency, "store": store, "objection_days": 7}
        held = held_back(date(2026, 1, 1), today=late.date() + timedelta(days=7), **told)
        assert held_back(date(2026, 1, 1), today=late.date() + timedelta(days=8), **told) == {}
    (one,) = listed(agency, judged)
    assert before.objection_until == judged + timedelta(days=7)
    assert one.objection_until == held["c1"].until == late.date() + timedelta(days=7)


def test_a_notice_of_a_day_before_the_sheet_was_made_shortens_nobodys_time(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    with open_store(agency.database) as store:
        notify("c1", judged - timedelta(days=6), who="承辦人", store=store, now=datetime.now(UTC))
    assert listed(agency, judged)[0].objection_until == judged + timedelta(days=7)


def test_the_explanation_goes_with_the_answer(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    with open_store(agency.database) as store:
        answer("c1", "已請代理人接聽", who="u1", store=store, now=datetime.now(UTC), explanation="counter")
    assert listed(agency, judged)[0].answer == "臨櫃：已請代理人接聽"


def test_an_outside_test_opens_an_improvement_and_never_closes_one(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED, series="external")
    answered(agency, TESTED + timedelta(days=10))
    keep_call(agency, "c2", GOOD, ANSWERS, day=TESTED + timedelta(days=20), series="external")
    later = judged + timedelta(days=60)
    assert (listed(agency, later)[0].series, state(agency, later)) == ("external", "answered")
    keep_call(agency, "c3", GOOD, ANSWERS, day=TESTED + timedelta(days=30))
    assert state(agency, later) == "closed"


def test_a_bad_re_test_counts_only_when_nobody_can_object_to_it(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    answered(agency, TESTED + timedelta(days=10))
    keep_call(agency, "c2", BAD, ANSWERS, day=TESTED + timedelta(days=30))
    over = judged + timedelta(days=8)
    assert state(agency, over) == "escalated"
    with open_store(agency.database) as store:
        store.reviews.add("c2", round_no=1, what="objection", who="受測者", detail={"reason": "x"})
    assert state(agency, over) == "answered"


def test_a_unit_with_an_open_improvement_is_drawn_again_until_it_is_closed(agency: Agency, judged: date) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    month = f"{judged + timedelta(days=62):%Y-%m}"
    with open_store(agency.database) as store:
        assert list(inputs_of(agency, month, store).past.retests) == ["u1"]
        plan = draw_and_seal(agency, month, store, seed="s", now=datetime.now(UTC))
        assert [test.unit for test in plan.tests if test.retest] == ["u1"]
        close("c1", "公出，已查證", who="承辦人", store=store, now=datetime.now(UTC))
        assert inputs_of(agency, month, store).past.retests == {}


def test_nothing_is_escalated_or_closed_while_somebody_can_object(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
    asked = ["--agency", str(agency.folder), "improve"]
    told = ["c1", "--who", "承辦人"]
    assert run([*asked, "notify", *told]) == DONE  # it is how the unit learns that it may object
    assert "72.5" not in capsys.readouterr().out
    assert run([*asked, "notify", *told, "--on", "2199-01-01"]) == WRONG_USAGE
    for what in ("escalate", "close"):
        assert run([*asked, what, *told, "--reason", "一再"]) == REFUSED
    with open_store(agency.database) as store:
        store.reviews.add("c1", round_no=1, what="objection", who="受測者", detail={"reason": "x"})
        before = store.improvements.of("c1")
        for what in ("notify", "escalate", "close"):
            assert run([*asked, what, *told, *([] if what == "notify" else ["--reason", "一再"])]) == REFUSED
        assert store.improvements.of("c1") == before
    (agency.folder / "programme.toml").write_text("[improvement]\nobjection_days = 0\n", encoding="utf-8")
    with open_store(agency.database) as store:
        store.improvements.note("c1", "escalated", who="承辦人", detail={"reason": "一再"})
    capsys.readouterr()
    assert run([*asked, "list", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["improvements"][0]["state"] == "escalated"
