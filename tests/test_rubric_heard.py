"""A voice behind a menu or a transfer: provisional until the ear or a person says 真人 or 錄音."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rubric_cases import best, call, keelung, leg, line, points

from rubric.answers import read_answers
from rubric.facts import parse_facts
from rubric.form import load_form
from rubric.score import ready_to_sign
from rubric.sheet import to_dict

FORM = load_form("keelung-102")


def behind(**more: Any) -> dict[str, Any]:
    """A transferred call whose operator and unit nobody has heard yet."""
    legs = {"ivr": leg(1, 1.0), "operator": leg(1, 2.0, provisional=True), "unit": leg(4, 9.4, provisional=True)}
    return call(unit_busy=None, legs=legs | more)


def test_nothing_on_a_provisional_leg_earns_a_point() -> None:
    sheet = keelung(behind(), best())
    assert {item.points for item in sheet.items if item.leg in ("operator", "unit")} == {None}
    assert {item.id for item in sheet.items if item.points is not None} == {"A1.1", "A1.2", "A1.3", "A1.4"}
    assert (sheet.total, sheet.below_standard) == (None, False)


def test_what_it_would_be_worth_stands_beside_it_in_both_languages() -> None:
    sheet = keelung(behind())
    a21, b11 = line(sheet, "A2.1"), line(sheet, "B1.1")
    assert (a21.status, a21.candidates, a21.by) == ("open", (10,), None)
    assert a21.why.startswith("總機人員接聽者是真人或錄音，尚待確認；若為真人：10 分：第 1 聲、2.0 秒接聽")
    assert b11.why_en.startswith("whether a person or a recording answered (業務單位) is not known yet; if a person")
    assert "8 points" in b11.why_en
    assert line(sheet, "B1.2").candidates == (5,)  # its note hangs on somebody having answered
    assert line(sheet, "A3.1").why.startswith("待測試人員評定")


def test_a_person_lets_the_measurement_stand() -> None:
    sheet = keelung(behind(), best(heard={"operator": "person", "unit": "person"}))
    before = keelung(call(legs={"ivr": leg(1, 1.0), "operator": leg(1, 2.0), "unit": leg(4, 9.4)}), best())
    assert points(sheet) == points(before)
    assert {item.by for item in sheet.items if item.id in ("A2.1", "B1.1")} == {"machine"}
    assert "已確認為真人" in line(sheet, "B1.1").why
    assert "as was confirmed" in line(sheet, "B1.1").why_en
    assert to_dict(sheet)["heard"] == [
        {"leg": "operator", "answerer": "person", "by": "tester", "reason": ""},
        {"leg": "unit", "answerer": "person", "by": "tester", "reason": ""},
    ]
    assert ready_to_sign(FORM, sheet) == ()


def test_a_recording_is_open_and_never_a_zero() -> None:
    sheet = keelung(behind(), {"heard": {"operator": "person", "unit": "recording"}})
    unit = [item for item in sheet.items if item.leg == "unit"]
    assert {(item.points, item.by) for item in unit} == {(None, None)}
    assert "由錄音接聽" in line(sheet, "B1.1").why
    assert points(sheet)["A2.1"] == 10
    assert any("由錄音接聽" in one for one in sheet.remarks)
    assert line(sheet, "A3.7").status == "open"  # a recording may say that the line is engaged
    decided = {"heard": {"unit": "recording"}, "B1.1": {"points": 0, "reason": "語音信箱，視同無人接聽"}}
    assert (points(keelung(behind(), decided))["B1.1"], line(keelung(behind(), decided), "B1.1").by) == (0, "tester")
    unobserved = keelung(behind(), {"heard": {"unit": "recording"}, "observed": {"B": False}})
    assert {(item.points, item.by) for item in unobserved.items if item.leg == "unit" and item.by} == {
        (Decimal(0), "tester")
    }
    assert next(part for part in unobserved.parts if part.id == "B").complete


def test_answers_on_a_leg_nobody_has_heard_are_asked_for_once() -> None:
    sheet = keelung(behind(), best())
    assert [one.key for one in sheet.problems] == ["answers.heard_wanted"] * 2
    assert [one.item for one in sheet.problems] == ["heard operator", "heard unit"]
    assert "sign.heard" in [one.key for one in ready_to_sign(FORM, keelung(behind()))]


def test_an_impossible_word_of_the_tester_is_still_told() -> None:
    sheet = keelung(behind(), {"B1.1": 3})
    assert "answers.reason_wanted" in [one.key for one in sheet.problems]


def test_voicemail_on_a_direct_call_wants_a_reason() -> None:
    facts = call(legs={"unit": leg(2, 4.0)})
    refused = keelung(facts, {"heard": {"unit": "recording"}})
    assert (points(refused)["B1.1"], [one.item for one in refused.problems]) == (10, ["heard unit"])
    said = keelung(facts, {"heard": {"unit": {"value": "recording", "reason": "語音信箱"}}})
    assert (line(said, "B1.1").status, said.heard[0].reason) == ("open", "語音信箱")
    agreed = keelung(facts, {"heard": {"unit": "person"}})
    assert points(agreed) == points(keelung(facts))


def test_an_ear_that_knows_the_recording_says_so_in_the_facts() -> None:
    facts = behind(unit=leg(4, 9.4, provisional=True, answerer="recording"))
    sheet = keelung(facts, {"heard": {"operator": "person"}})
    assert line(sheet, "B1.1").status == "open"
    assert [(one.leg, one.answerer, one.by) for one in sheet.heard] == [
        ("operator", "person", "tester"),
        ("unit", "recording", "machine"),
    ]
    assert keelung(facts, {"heard": {"unit": "person"}}).problems[0].key == "answers.fact_reason"


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"unit": "machine"}, "answers.heard"),
        ({"unit": {"value": "person", "why": "x"}}, "answers.heard"),
        ({"ivr": "person"}, "answers.unknown_item"),
        ({"unti": "person"}, "answers.unknown_item"),
        ("person", "answers.not_a_table_at"),
    ],
)
def test_what_cannot_be_said_is_refused(raw: Any, key: str) -> None:
    assert [one.key for one in read_answers({"heard": raw}, FORM)[1]] == [key]


@pytest.mark.parametrize("outcome", ["no_answer", "busy", "fault_theirs", "fault_ours", None])
def test_nobody_answers_on_a_leg_that_was_not_answered(outcome: str | None) -> None:
    legs = {"operator": leg(1, 1.0)} | ({"unit": leg(outcome=outcome)} if outcome else {})
    sheet = keelung(call(unit_busy=None, legs=legs), {"heard": {"unit": "person"}})
    assert [one.key for one in sheet.problems] == ["answers.heard_not_answered"]
    assert points(sheet) == points(keelung(call(unit_busy=None, legs=legs)))


def test_a_menu_is_a_recording_and_meant_to_be_one() -> None:
    facts = call(legs={"ivr": leg(1, 1.0, provisional=True)})
    assert points(keelung(facts))["A1.1"] == 5
    assert keelung(facts).heard == ()


LEGS = st.fixed_dictionaries(
    {},
    optional={
        name: st.tuples(st.sampled_from(["answered", "no_answer", "busy", "fault_ours"]), st.integers(1, 13))
        for name in ("ivr", "operator", "unit")
    },
)


@given(LEGS, st.booleans(), st.booleans())
def test_a_confirmed_person_and_a_leg_never_in_doubt_score_alike(
    drawn: dict[str, Any], answered: bool, transferred: bool
) -> None:
    doubtful = {n: leg(r, 3.0 * r - 1, outcome=o, provisional=o == "answered") for n, (o, r) in drawn.items()}
    plain = {n: leg(r, 3.0 * r - 1, outcome=o) for n, (o, r) in drawn.items()}
    heard = {n: "person" for n, (o, _) in drawn.items() if o == "answered" and n != "ivr"}
    answers = {"A3.1": True, "B2.3": {"option": "1", "points": 9}} if answered else {}
    more: dict[str, Any] = {"unit_busy": None, "transferred": transferred}
    one = keelung(call(legs=doubtful, **more), answers | {"heard": heard})
    other = keelung(call(legs=plain, **more), answers)
    assert points(one) == points(other)
    assert [item.status for item in one.items] == [item.status for item in other.items]
    unsaid = keelung(call(legs=doubtful, **more), answers)
    assert all(item.points is None for item in unsaid.items if item.leg in heard)


def test_absent_and_false_are_the_same() -> None:
    facts = call()
    told = {name: one | {"provisional": False} for name, one in facts["legs"].items()}
    assert parse_facts(facts) == parse_facts(facts | {"legs": told})
