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
from harness.errors import DONE, WRONG_USAGE
from harness.programme.follow_up import Deficiency, answer, close, deficiencies
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
    assert state(agency, one.answer_due + timedelta(days=1)) == "overdue"


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
    keep_call(agency, "c1", BAD, ANSWERS, day=TESTED)
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
