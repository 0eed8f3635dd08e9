"""Impossible answers and facts: refused all at once, by item, in zh-TW; what may be written in which way."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rubric_cases import best, call, keelung, leg, line, points

from rubric.answers import parse_answers, read_answers
from rubric.errors import AnswersError, FactsError
from rubric.facts import parse_facts
from rubric.form import load_form
from rubric.score import score
from rubric.sheet import to_dict

FORM = load_form("keelung-102")

IMPOSSIBLE: dict[str, Any] = {
    "A1.2": "4",
    "A1.3": ["1", "2"],
    "A3.1": "yes",
    "A3.8": {"option": "1", "pionts": 2},
    "A9.9": True,
    "B1.1": 7.5,
    "B2.1": {"unit": "yes"},
    "B2.3": {"option": "1", "points": 9.5},
    "B3.甲": {"option": "1"},
    "B3.乙": {"option": "3", "points": 7},
    "accuracy": {"asked": 2, "correct": 3},
    "observed": {"Z": False},
    "facts": {"transferred": "no"},
    "header": {"surname": "林"},
    "bonus": {"points": 5},
}


def test_everything_impossible_is_listed_at_once_by_item() -> None:
    with pytest.raises(AnswersError) as caught:
        parse_answers(IMPOSSIBLE, FORM)
    told, english = str(caught.value).splitlines(), caught.value.en.splitlines()
    assert len(told) == len(english) == len(IMPOSSIBLE)
    items = [one.item for one in caught.value.problems]
    for key in IMPOSSIBLE:
        if key == "B3.乙":  # it is fine by itself; both 甲 and 乙 are not
            assert "B3" in items
        else:
            assert any(key in str(item) for item in items), key
    assert all("：" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("item", "answer", "allowed"),
    [
        ("B2.3", {"option": "1", "points": 9.5}, "8-10"),
        ("B2.3", {"option": "3", "points": 2}, "3-4"),
        ("B2.3", 2, "8-10、5-7、3-4、0"),
        ("B3.甲", 3, "4-7"),
        ("B3.乙", 5, "6-7"),
        ("B2.3", {"option": "1", "points": 11}, "8-10"),
        ("B1.1", 11, "0-10"),
        ("B1.1", -1, "0-10"),
        ("B2.3", {"option": "1", "points": "nine"}, "nine"),
        ("A3.1", {"met": "yes"}, "true"),
        ("A1.2", 4, "5、3、0"),
        ("A3.1", {"met": True, "adjusted": {"from": 1, "reason": "x"}}, "語調"),
        ("A3.8", {"option": "1", "adjusted": {"from": 1}}, "reason"),
        ("A3.1", [], "true"),
        ("A3.1", None, "true"),
    ],
)
def test_the_holes_of_the_form_cannot_be_entered(item: str, answer: Any, allowed: str) -> None:
    answers, problems = read_answers({item: answer}, FORM)
    assert item not in answers.items
    assert [one.item for one in problems] == [item] * len(problems)
    assert any(allowed in one.say() for one in problems)


def test_every_number_in_the_ranges_can_be_entered() -> None:
    for item in FORM.items:
        for option in item.options:
            for worth in range(option.range[0], option.range[1] + 1) if option.range else ():
                assert not read_answers({item.id: {"option": option.id, "points": worth}}, FORM)[1]


def test_every_option_can_be_reached() -> None:
    reached = set()
    facts = call(unit_busy=True, answerer_role=None)
    heard = [(item.id, option) for item in FORM.items for option in item.options if not option.outcome]
    for item_id, option in heard:
        answer = {"option": option.id, **({"points": option.range[0]} if option.range else {})}
        assert line(keelung(facts, {item_id: answer}), item_id).option == option.id
        reached.add((item_id, option.id))
    no_answer, fault = {"outcome": "no_answer"}, {"outcome": "fault_theirs"}
    legs = [("ivr", leg(1, 1.0)), ("ivr", leg(5, 14.0)), ("ivr", leg(9, 20.0)), ("ivr", leg(**fault))]
    legs += [("operator", leg(1, 1.0)), ("operator", leg(attempts=2, **no_answer)), ("operator", leg(**fault))]
    legs += [("unit", leg(forwarded=True, **no_answer)), ("unit", leg(**no_answer)), ("unit", leg(**fault))]
    for name, told in legs:
        reached |= {(one.id, one.option) for one in keelung(call(legs={name: told})).items if one.option}
    assert reached == {(item.id, option.id) for item in FORM.items for option in item.options}


def test_ticks_and_option_must_agree() -> None:
    sheet = keelung(call(), {"B2.1": {"option": "2", "unit": True, "name": True, "greeting": True}})
    assert line(sheet, "B2.1").points is None
    assert "B2.1" in sheet.problems[0].say()


def test_the_machines_half_of_a_line_can_be_contradicted_only_with_a_reason() -> None:
    ticks = {"courteous_ending": True, "caller_hangs_up_first": False}
    assert points(keelung(call(), {"B2.2": ticks}))["B2.2"] == 5
    assert points(keelung(call(), {"B2.2": ticks | {"reason": "錄音可證"}}))["B2.2"] == 0
    assert points(keelung(call(), {"B2.2": True}))["B2.2"] == 5
    assert points(keelung(call(), {"B2.2": False}))["B2.2"] == 0


def test_an_adjustment_for_a_voice_shows_its_effect() -> None:
    answer = {"option": "1", "points": 8, "adjusted": {"from": 6, "reason": "構音障礙"}}
    told = line(keelung(call(), {"B2.3": answer}), "B2.3")
    assert (told.points, told.before_adjustment) == (8, 6)
    assert "構音障礙" in told.why


def test_what_cannot_be_answered_in_this_call_is_refused_and_counts_nothing() -> None:
    unreached = call(legs={"operator": leg(1, 1.0), "unit": leg(outcome="no_answer")})
    sheet = keelung(unreached, {"B2.3": {"option": "1", "points": 10}})
    assert (points(sheet)["B2.3"], [one.item for one in sheet.problems]) == (0, ["B2.3"])
    void = keelung(call(legs={"unit": leg(outcome="fault_ours")}), {"B2.3": {"option": "1", "points": 10}})
    assert (points(void)["B2.3"], [one.item for one in void.problems]) == (None, ["B2.3"])
    no_menu = keelung(call(has_ivr=False), {"A1.4": "1"})
    assert [one.item for one in no_menu.problems] == ["A1.4"]


def test_a_person_decides_an_engaged_line_with_a_reason() -> None:
    facts = call(unit_busy=True, legs={"unit": leg(outcome="busy")})
    assert line(keelung(facts, {"B1.1": 5}), "B1.1").points is None
    assert line(keelung(facts, {"B1.1": {"points": 5, "reason": "主管裁定"}}), "B1.1").points == 5


@pytest.mark.parametrize(
    "told",
    [{"accuracy": {"asked": True, "correct": True}}, {"accuracy": {"asked": 2, "correct": 2, "rate": 100}},
     {"accuracy": {"asked": 3, "correct": 1}, "questions": [{"text": "a", "verdict": "correct"}]},
     {"questions": [{"text": "a", "verdict": "right"}]}, {"questions": [{"verdict": "wrong", "precise": "no"}]},
     {"questions": "x"}, {"accuracy": 2}],
)  # fmt: skip
def test_an_accuracy_block_of_another_shape_is_refused(told: dict[str, Any]) -> None:
    answers, problems = read_answers(told, FORM)
    assert answers.accuracy is None or "questions" in told
    assert len(problems) == 1


# ---- facts


def unit_leg(**more: Any) -> dict[str, Any]:
    return {"legs": {"unit": {"outcome": "answered"} | more}}


BACKWARDS = {"earliest": 2, "latest": 1}


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({"has_irv": True}, "has_irv"),
        ({"has_ivr": "yes"}, "has_ivr"),
        ({"answerer_role": "boss"}, "answerer_role"),
        ({"waited_s": -1}, "waited_s"),
        ({"waited_s": float("nan")}, "waited_s"),
        ({"legs": {"phone": {"outcome": "answered"}}}, "phone"),
        ({"legs": {"unit": {}}}, "legs.unit.outcome"),
        (unit_leg(outcome="ok"), "legs.unit.outcome"),
        (unit_leg(rings=3.5), "legs.unit.rings"),
        (unit_leg(attempts=0), "legs.unit.attempts"),
        (unit_leg(answer_latency_s=BACKWARDS), "legs.unit.answer_latency_s"),
        (unit_leg(answer_latency_s={"earliest": 2}), "legs.unit.answer_latency_s"),
        (unit_leg(ring=3), "'ring'"),
        ({"has_ivr": False, "legs": {"ivr": {"outcome": "answered"}}}, "ivr"),
        ({"unit_busy": False, "legs": {"unit": {"outcome": "busy"}}}, "busy"),
        ([], "FACTS"),
    ],
)
def test_facts_of_another_shape_are_refused(facts: Any, place: str) -> None:
    with pytest.raises(FactsError) as caught:
        parse_facts(facts)
    assert place in str(caught.value)
    assert place in caught.value.en


def test_a_floats_tail_is_not_a_late_answer() -> None:
    assert points(keelung(call(legs={"unit": leg(None, 10.000000000000002)})))["B1.1"] == 8
    assert points(keelung(call(legs={"unit": leg(None, 10.00001)})))["B1.1"] == 7


KEYS = st.sampled_from(["option", "points", "reason", "unit", "met"])
VALUES = st.none() | st.booleans() | st.integers(-3, 20) | st.floats(allow_nan=True) | st.text(max_size=4)
JSON = st.recursive(
    VALUES, lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one, max_size=3), max_leaves=6
)


@given(st.dictionaries(st.sampled_from([*best(), "bonus", "facts", "observed", "questions", "x"]), JSON, max_size=6))
def test_no_answer_whatever_breaks_the_reader_or_exceeds_a_maximum(raw: dict[str, Any]) -> None:
    answers, _ = read_answers(raw, FORM)
    sheet = score(FORM, parse_facts(call()), answers)
    assert all(item.points is None or 0 <= item.points <= item.max for item in sheet.items)
    to_dict(sheet)


@given(JSON)
def test_no_facts_whatever_break_the_reader(raw: Any) -> None:
    for told in (raw, {"legs": raw}, {"legs": {"unit": raw}}, {"waited_s": raw, "has_ivr": raw}):
        try:
            parse_facts(told)
        except FactsError as error:
            said = (str(error), error.en)
            if not all(said):
                raise AssertionError("an error without words") from error
