"""附表3 from dialling to total: the worked cases, every branch, and what is never allowed to happen."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rubric_cases import best, call, filled, keelung, leg, line, points

from rubric.form import form_text, load_form, read_form
from rubric.score import ready_to_sign
from rubric.sheet import to_dict


def test_with_a_menu_and_ten_seconds_everywhere_a_faultless_call_is_96() -> None:
    legs = {name: leg(4, 10.0) for name in ("ivr", "operator", "unit")}
    sheet = keelung(call(legs=legs), best())
    assert sheet.total == 96
    assert {group.id: group.points for group in sheet.groups} == {
        "A1": 15, "A2": 8, "A3": 20, "B1": 13, "B2": 25, "B3": 15,
    }  # fmt: skip


def test_without_a_menu_the_operator_counts_two_and_a_half_times() -> None:
    legs = {"operator": leg(4, 11.0), "unit": leg(5, 13.0)}
    sheet = keelung(call(has_ivr=False, legs=legs), best(has_ivr=False))
    assert sheet.total == 92
    a2 = next(group for group in sheet.groups if group.id == "A2")
    assert (a2.points, a2.max, a2.multiplied_by) == (20, 25, Decimal("2.5"))
    assert line(sheet, "A1.1").status == "not_applicable"


@pytest.mark.parametrize(("rings", "latency", "by_two_and_a_half"), [(3, 7.0, 22.5), (5, 13.0, 17.5), (1, 0.5, 25)])
def test_half_points_stay_half_points(rings: int, latency: float, by_two_and_a_half: float) -> None:
    legs = {"operator": leg(rings, latency), "unit": leg(1, 2.0)}
    sheet = keelung(call(has_ivr=False, legs=legs), best(has_ivr=False))
    told = to_dict(sheet)
    assert [group["points"] for group in told["groups"] if group["id"] == "A2"] == [by_two_and_a_half]
    assert told["total"] == 75 + by_two_and_a_half


@pytest.mark.parametrize("has_ivr", [True, False])
def test_the_best_call_is_a_hundred_in_both_branches(has_ivr: bool) -> None:
    sheet = keelung(call(has_ivr=has_ivr), best(has_ivr=has_ivr))
    assert sheet.total == 100
    assert sheet.open == ()
    assert not sheet.below_standard
    assert ready_to_sign(load_form("keelung-102"), sheet) == ()


def test_the_sheet_is_json_with_the_agreed_keys() -> None:
    told = json.loads(json.dumps(to_dict(keelung(call(), best())), ensure_ascii=False))
    assert told["schema"] == "thirdring.sheet/1"
    assert told["form"] == "keelung-102"
    for item in told["items"]:
        assert {"id", "points", "max", "by", "why"} <= set(item)
        assert item["why"].endswith("）")
    assert [part["points"] for part in told["parts"]] == [45, 55]
    assert (told["bonus"], told["band"], told["problems"]) == (None, None, [])


def test_the_reason_names_ring_seconds_rule_and_clause() -> None:
    legs = {
        "operator": leg(1, 2.0),
        "unit": leg(5, (12.4, 13.0), ring_onset_s=1.6, pick_up_s={"earliest": 14.0, "latest": 14.6}),
    }
    b11 = line(keelung(call(has_ivr=False, legs=legs)), "B1.1")
    assert b11.why == (
        "7 分：第 5 聲、12.4–13.0 秒接聽〔錄音 1.6 秒起響，14.0–14.6 秒接起〕"
        "（規則：4 聲或 10 秒 8 分，每增一聲或 3 秒減 1 分，每減則增，最多 10 分；附表3 二(一)1）"
    )
    assert b11.why_en.startswith("7 points: answered during ring 5, after 12.4–13.0 s [recording: ringing from 1.6 s")
    assert b11.by == "machine"


# ---- what the machine may not decide


def test_an_interval_over_a_step_is_left_open_with_both_values() -> None:
    sheet = keelung(call(legs={"unit": leg(None, (9.8, 10.2))}), {"B2.3": {"option": "1", "points": 9}})
    b11 = line(sheet, "B1.1")
    assert (b11.status, b11.points, b11.candidates, b11.by) == ("open", None, (7, 8), None)
    assert "7、8" in b11.why


def test_a_tester_settles_it_among_the_values_and_elsewhere_only_with_a_reason() -> None:
    facts = call(legs={"unit": leg(None, (9.8, 10.2))})
    assert points(keelung(facts, {"B1.1": 8}))["B1.1"] == 8
    assert points(keelung(facts, {"B1.1": {"unsettled": True}}))["B1.1"] == 8
    refused = keelung(facts, {"B1.1": 6})
    assert points(refused)["B1.1"] is None
    assert [one.item for one in refused.problems] == ["B1.1"]
    argued = line(keelung(facts, {"B1.1": {"points": 6, "reason": "錄音證明"}}), "B1.1")
    assert (argued.points, argued.by, argued.reason) == (6, "tester", "錄音證明")


def test_an_override_wants_a_reason_and_both_values_stay() -> None:
    facts = call(legs={"unit": leg(4, 10.0)})
    refused = keelung(facts, {"B1.1": 10})
    assert (points(refused)["B1.1"], len(refused.problems)) == (8, 1)
    changed = line(keelung(facts, {"B1.1": {"points": 10, "reason": "回鈴音起點誤判"}}), "B1.1")
    assert (changed.points, changed.by, changed.machine_points) == (10, "tester", 8)
    agreed = line(keelung(facts, {"B1.1": 8}), "B1.1")
    assert (agreed.points, agreed.by) == (8, "machine")


@pytest.mark.parametrize(
    ("rings", "latency", "given"), [(4, 10.0, 5), (4, 11.9, 5), (5, 13.0, 3), (6, 15.0, 3), (6, 15.1, 0)]
)
def test_the_menu_answers_within_10_s_15_s_or_later(rings: int, latency: float, given: int) -> None:
    assert points(keelung(call(legs={"ivr": leg(rings, latency)})))["A1.1"] == given


# ---- nobody answered, engaged, out of order, our fault


def test_the_operator_is_called_twice_before_a_zero() -> None:
    once = keelung(call(legs={"operator": leg(outcome="no_answer")}))
    assert line(once, "A2.1").status == "open"
    twice = keelung(call(legs={"operator": leg(outcome="no_answer", attempts=2)}))
    assert (points(twice)["A2.1"], line(twice, "A2.1").option) == (0, "2")
    assert {points(twice)[f"A3.{n}"] for n in range(1, 9)} == {Decimal(0)}
    assert "未能觀察" in line(twice, "A3.6").why  # it beats the note that gives full points


def test_answered_on_the_second_try_is_scored_and_remarked() -> None:
    sheet = keelung(call(legs={"operator": leg(4, 10.0, attempts=2)}))
    assert points(sheet)["A2.1"] == 8
    assert "前 1 次無人接聽" in sheet.remarks[0]


def test_a_unit_is_not_redialled() -> None:
    sheet = keelung(call(legs={"operator": leg(1, 2.0), "unit": leg(outcome="no_answer")}), best(without=("B",)))
    assert [points(sheet)[one] for one in ("B1.1", "B1.2", "B2.1", "B2.2", "B2.3")] == [0, 0, 0, 0, 0]
    assert next(part for part in sheet.parts if part.id == "B").points == 0


def test_a_unit_is_redialled_where_the_agency_has_it_approved() -> None:
    approved = 'attempts = {value = 2, letter = 1, approval = "某字第 1 號"}'
    text = form_text("keelung-102").replace("[legs.unit]\n", f"[legs.unit]\n{approved}\n", 1)
    form = read_form(text, file="x.toml")
    once = filled(form, call(legs={"unit": leg(outcome="no_answer")}))
    assert (line(once, "B1.1").status, line(once, "B2.1").status) == ("open", "open")
    twice = filled(form, call(legs={"unit": leg(outcome="no_answer", attempts=2)}))
    assert points(twice)["B1.1"] == 0


def test_the_evidence_says_where_to_listen() -> None:
    told = leg(5, 12.5, ring_onset_s=1.6, pick_up_s={"earliest": 14.1, "latest": 14.1})
    sheet = to_dict(keelung(call(legs={"unit": told}), {"B2.3": {"option": "1", "points": 9, "at_s": 41.25}}))
    items = {item["id"]: item for item in sheet["items"]}
    assert items["B1.1"]["evidence"] == {"ring_onset_s": 1.6, "pick_up_s": {"earliest": 14.1, "latest": 14.1}}
    assert items["B2.3"]["evidence"] == {"heard_at_s": 41.25}
    assert (items["B1.1"]["auto"], items["B2.2"]["auto"], items["B2.3"]["auto"]) == ("auto", "partly", "human")


def test_a_forwarded_unit_keeps_the_five_points_of_its_forwarding() -> None:
    sheet = keelung(call(legs={"unit": leg(outcome="no_answer", forwarded=True)}))
    assert (points(sheet)["B1.1"], points(sheet)["B1.2"]) == (0, 5)
    unknown = leg(outcome="no_answer")
    del unknown["forwarded"]
    open_item = line(keelung(call(legs={"unit": unknown})), "B1.2")
    assert (open_item.status, open_item.candidates) == ("open", (0, 5))
    assert points(keelung(call(legs={"unit": unknown}), {"facts": {"unit_forwarded": True}}))["B1.2"] == 5


def test_engaged_is_not_unanswered() -> None:
    sheet = keelung(call(unit_busy=None, legs={"operator": leg(1, 2.0), "unit": leg(outcome="busy")}), {"A3.7": "1"})
    assert points(sheet)["A3.7"] == 2
    assert {line(sheet, one).status for one in ("B1.1", "B1.2", "B2.1", "B3.甲")} == {"open"}
    assert sheet.total is None


def test_their_fault_is_a_zero_once_confirmed() -> None:
    confirmed = keelung(call(legs={"unit": leg(outcome="fault_theirs")}))
    assert (line(confirmed, "B1.2").option, points(confirmed)["B1.1"], points(confirmed)["B1.2"]) == ("3", 0, 0)
    guessed = call(legs={"operator": leg(outcome="fault_theirs", fault_confirmed=False)})
    assert line(keelung(guessed), "A2.1").status == "open"
    assert points(keelung(guessed, {"A2.1": "3"}))["A2.1"] == 0


@given(st.sampled_from(["ivr", "operator", "unit"]), st.booleans())
def test_our_own_fault_is_never_a_zero(name: str, said: bool) -> None:
    observed = {"observed": {"A": False, "B": False}} if said else {}
    sheet = keelung(call(legs={name: leg(outcome="fault_ours")}), observed)
    void = [item for item in sheet.items if item.leg == name]
    assert all(item.points is None and item.status in ("void", "not_applicable") for item in void)
    assert sheet.total is None


def test_an_outcome_in_the_facts_is_final() -> None:
    answer = {"A2.1": {"option": "2", "reason": "我聽到無人接"}}
    sheet = keelung(call(), answer)
    assert points(sheet)["A2.1"] == 10
    assert "已接聽" in sheet.problems[0].say()
    unanswered = keelung(call(legs={"unit": leg(outcome="no_answer")}), {"B1.1": {"points": 8, "reason": "其實有接"}})
    assert points(unanswered)["B1.1"] == 0
    assert "無人接聽" in unanswered.problems[0].say()
    taken_back = {"B1.2": {"option": "1", "reason": "總機收回並轉接代理人"}}
    assert points(keelung(call(legs={"unit": leg(outcome="no_answer")}), taken_back))["B1.2"] == 5


# ---- parts that were not tested


def test_an_extension_dialled_directly_has_its_own_part_only() -> None:
    facts = {"answerer_role": "owner", "caller_hung_up_first": True, "waited_s": 6.0, "legs": {"unit": leg(4, 10.0)}}
    sheet = keelung(facts, best(without=("A",)))
    assert sheet.total is None
    a, b = sheet.parts
    assert (a.points, a.complete) == (None, False)
    assert (b.points, b.rescaled) == (53, Decimal("96.4"))
    assert {line(sheet, one).status for one in ("A1.1", "A2.1", "A3.1")} == {"untested"}


DIRECT: dict[str, Any] = {
    "answerer_role": "owner",
    "caller_hung_up_first": True,
    "waited_s": 6.0,
    "legs": {"unit": leg(4, 10.0)},
}
"""An extension that was dialled directly."""
ASKED = {"accuracy": {"asked": 2, "correct": 2}}


def test_what_a_direct_call_never_tried_is_nobodys_to_answer_and_makes_no_total() -> None:
    sheet = keelung(DIRECT, best(without=("A",), **ASKED))
    assert sheet.open == ()
    assert sheet.untested == tuple(item.id for item in load_form("keelung-102").items if item.id.startswith("A"))
    assert ready_to_sign(load_form("keelung-102"), sheet) == ()
    assert (sheet.total, sheet.parts[0].points) == (None, None)
    assert to_dict(sheet)["untested"] == list(sheet.untested)


@pytest.mark.parametrize("unseen", [("A",), ("A1", "A2"), ("A2.1", "A3.1")])
def test_a_switchboard_that_was_never_rung_gets_no_zero_on_anybodys_word(unseen: tuple[str, ...]) -> None:
    for more in ({}, {"facts": {"has_ivr": {"value": False}}}):
        answers = best(without=("A",), **ASKED) | {"observed": dict.fromkeys(unseen, False)} | more
        sheet = keelung(DIRECT, answers)
        assert sheet.total is None
        assert all(line(sheet, item).points is None for item in sheet.untested)
        assert sheet.parts[0].points is None
        if more:  # without it, whether the switchboard has a menu is not known: untested all the same
            assert {one.key for one in sheet.problems} == {"answers.never_rung"}


def test_a_call_without_any_leg_owes_every_item() -> None:
    sheet = keelung({"legs": {}, "answerer_role": "owner", "has_ivr": True}, {"B3.甲": best()["B3.甲"]})
    assert sheet.untested == ()
    assert {"A2.1", "B1.1"} <= set(sheet.open)


def test_who_begins_to_judge_a_stage_that_was_not_measured_owes_the_rest_of_it() -> None:
    sheet = keelung(DIRECT, best(without=("A1", "A2", "A3.1"), **ASKED))
    assert "A3.1" in sheet.open
    assert "A2.1" in sheet.untested


def test_an_operator_who_answers_it_all_has_the_first_part_only() -> None:
    sheet = keelung(
        call(transferred=False, legs={n: leg(1, 2.0) for n in ("ivr", "operator")}), best(without=("B", "A3.5", "A3.6"))
    )
    assert (sheet.parts[0].points, sheet.parts[0].rescaled) == (45, 100)
    assert {line(sheet, one).by for one in ("A3.5", "A3.6", "A3.7")} == {"note"}
    assert sheet.total is None


def test_not_observed_on_a_persons_word_is_zero_and_beats_the_notes() -> None:
    sheet = keelung(call(transferred=False), {"observed": {"A3": False}})
    assert {points(sheet)[f"A3.{n}"] for n in range(1, 9)} == {Decimal(0)}
    assert line(sheet, "A3.5").by == "tester"


# ---- facts and a person's word


def test_unknown_facts_leave_their_items_open() -> None:
    sheet = keelung({"legs": {"operator": leg(1, 2.0), "unit": leg(1, 2.0)}}, best(without=("A1", "A3.5", "A3.6")))
    assert line(sheet, "A1.1").status == "open"  # whether there is a menu
    assert line(sheet, "A3.5").status == "open"  # whether it was transferred
    assert next(group for group in sheet.groups if group.id == "A2").points is None  # ×1 or ×2.5
    assert sheet.total is None


def test_a_person_may_see_a_fact_otherwise_with_a_reason_and_both_stay() -> None:
    said = {"facts": {"transferred": {"value": False, "reason": "總機自己答復"}}}
    sheet = keelung(call(), said)
    assert points(sheet)["A3.5"] == 3
    assert (sheet.overrides[0].machine, sheet.overrides[0].person) == (True, False)
    assert keelung(call(), {"facts": {"transferred": False}}).problems[0].key == "answers.fact_reason"


@pytest.mark.parametrize(
    ("caller_first", "waited_s", "given"),
    [(True, 6.0, 5), (True, 5.0, 5), (False, 6.0, 0), (False, 1.0, 0), (True, 2.0, None), (None, None, None)],
)
def test_who_hung_up_first_needs_five_seconds_of_silence(
    caller_first: bool | None, waited_s: float | None, given: int | None
) -> None:
    sheet = keelung(call(caller_hung_up_first=caller_first, waited_s=waited_s), {"B2.2": {"courteous_ending": True}})
    assert points(sheet)["B2.2"] == given


TICKS = [
    ((True, True, True), 10), ((True, False, True), 8), ((False, True, True), 8), ((True, True, False), 5),
    ((True, False, False), 5), ((False, True, False), 5), ((False, False, True), 3), ((False, False, False), 0),
]  # fmt: skip


@pytest.mark.parametrize(("ticks", "given"), TICKS)
def test_unit_name_greeting(ticks: tuple[bool, bool, bool], given: int) -> None:
    answer: dict[str, Any] = dict(zip(("unit", "name", "greeting"), ticks, strict=True))
    assert points(keelung(call(), {"B2.1": answer}))["B2.1"] == given


def test_ticks_not_said_leave_it_open() -> None:
    assert line(keelung(call(), {"B2.1": {"unit": True}}), "B2.1").status == "open"


def test_owner_and_proxy_are_alternatives() -> None:
    sheet = keelung(call(answerer_role="proxy"), {"B3.乙": {"option": "3", "points": 6}})
    assert (points(sheet)["B3.乙"], line(sheet, "B3.甲").status) == (6, "not_applicable")
    wrong = keelung(call(answerer_role="proxy"), {"B3.甲": {"option": "1", "points": 15}})
    assert "B3.甲" in [one.item for one in wrong.problems]
    unsaid = keelung(call(answerer_role=None), {"B3.甲": {"option": "1", "points": 15}})
    assert (points(unsaid)["B3.甲"], line(unsaid, "B3.乙").status) == (15, "not_applicable")


def test_nobody_judged_it_so_it_is_a_timing_record() -> None:
    sheet = keelung(call())
    assert (sheet.kind, sheet.total, sheet.band) == ("timing_record", None, None)
    assert points(sheet)["B1.1"] == 10


def test_accuracy_never_blocks_the_total() -> None:
    sheet = keelung(call(), best(accuracy={"asked": 1, "correct": 1}))
    assert sheet.total == 100
    assert sheet.accuracy is not None
    assert sheet.accuracy.rate is None
    assert [one.item for one in sheet.problems] == ["accuracy"]
    questions = [{"text": "a", "verdict": v} for v in ("correct", "partly", "correct")]
    rate = keelung(call(), best(without=("accuracy",), questions=questions)).accuracy
    assert rate is not None
    assert rate.rate == Decimal("66.7")


def test_a_late_answer_is_shown_as_borderline() -> None:
    sheet = keelung(call(legs={"unit": leg(8, 21.5)}))
    assert points(sheet)["B1.1"] == 4
    assert any("臨界" in one for one in sheet.remarks)


# ---- relations

ROLE_ANSWERS = st.sampled_from(
    [{"B3.甲": {"option": "1", "points": 12}}, {"B3.甲": {"option": "4"}}, {"B3.乙": {"option": "2", "points": 9}}]
)
OUTCOMES = st.sampled_from(["answered", "no_answer", "busy", "fault_theirs", "fault_ours"])


@given(
    st.booleans(),
    st.dictionaries(st.sampled_from(["ivr", "operator", "unit"]), st.tuples(OUTCOMES, st.integers(1, 14)), max_size=3),
    st.sets(st.sampled_from(sorted(best())), max_size=14),
    ROLE_ANSWERS,
    st.sampled_from([True, False, None]),
)
def test_no_set_of_answers_exceeds_a_maximum(
    has_ivr: bool, legs: dict[str, Any], chosen: set[str], role: dict[str, Any], transferred: bool | None
) -> None:
    told = {n: leg(r, 3.0 * r - 1, outcome=o, attempts=2) for n, (o, r) in legs.items() if has_ivr or n != "ivr"}
    answers = {key: value for key, value in best().items() if key in chosen and key != "B3.甲"} | role
    facts = call(has_ivr=has_ivr, legs=told, transferred=transferred, unit_busy=None, answerer_role=None)
    sheet = keelung(facts, answers)
    assert all(item.points is None or 0 <= item.points <= item.max for item in sheet.items)
    assert all(group.points is None or 0 <= group.points <= group.max for group in sheet.groups)
    assert all(part.points is None or 0 <= part.points <= part.max <= 55 for part in sheet.parts)
    assert (sheet.total is None) == bool(sheet.open or sheet.untested)
    assert sheet.total is None or 0 <= sheet.total <= 100
    assert sum(part.points or 0 for part in sheet.parts) == sum(group.points or 0 for group in sheet.groups)


def test_a_question_too_few_is_told_once() -> None:
    form = load_form("keelung-102")
    sheet = filled(form, call(), best() | {"accuracy": {"asked": 1, "correct": 1}})
    assert [one.key for one in ready_to_sign(form, sheet)] == ["sign.accuracy"]
