"""Every shipped form: its best call, what does not apply, its bands, and forms an agency writes itself."""

import json
import re
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest
from rubric_cases import best, call, filled, leg, line, points

from rubric.answers import Answers
from rubric.facts import Facts, LegFacts, parse_facts
from rubric.form import load_form, read_form, shipped_ids
from rubric.known import MACHINE_FACTS
from rubric.schema import Aggregation, Basis, Form, ItemType, NaPolicy, Part, Programme
from rubric.score import ready_to_sign, score
from rubric.sums import band_of

OWN = Path(__file__).parent / "own_forms"


def all_best(form: Form, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The best answer to every item only a person can judge."""
    if form.id == "keelung-102":
        return best()
    kinds: dict[str, Any] = {"check": True, "absence": True}
    answers = {}
    for item in form.items:
        if item.type in ("check", "absence", "number") and not item.id.startswith(without or ("-",)):
            answers[item.id] = kinds.get(item.type, int(item.max))
    return answers


def test_the_five_forms_are_shipped() -> None:
    assert set(shipped_ids()) == {"boft", "commerce", "enforcement", "keelung-102", "taoyuan"}


@pytest.mark.parametrize("form_id", shipped_ids())
def test_every_choice_of_ours_is_said_to_be_ours(form_id: str) -> None:
    form = load_form(form_id)
    assert form.draft == (form_id != "keelung-102")
    assert all(item.points_ours for item in form.items) == form.draft
    assert form.source.clause
    assert all(item.clause for item in form.items)
    for item in form.items:
        assert all(option.text or option.ours for option in item.options)


@pytest.mark.parametrize("form_id", shipped_ids())
def test_the_best_call_is_a_hundred(form_id: str) -> None:
    form = load_form(form_id)
    facts = call(unit_busy=False)
    said = {fact.id: True for fact in form.facts}
    answers = all_best(form, without=("C2", "B1")) | ({"facts": said} if said else {})
    assert filled(form, facts, answers).total == 100


def test_boft_counts_rings_alone() -> None:
    form = load_form("boft")
    earned = [points(filled(form, call(legs={"unit": leg(n, 1.0)})))["T1"] for n in range(1, 8)]
    assert earned == [15, 15, 15, 10, 5, 0, 0]
    assert line(filled(form, call(legs={"unit": leg(None, 1.0)})), "T1").status == "open"


def test_boft_gives_points_of_what_did_not_occur_back_in_proportion() -> None:
    form = load_form("boft")
    answers = all_best(form, without=("R", "X", "P1")) | {"P1": False, "facts": {"request_refused": False}}
    sheet = filled(form, call(transferred=False), answers)
    assert sheet.total == Decimal("86.7")  # 65 of 75
    assert sheet.band == "甲等"
    assert "P1" not in sheet.open


@pytest.mark.parametrize(
    ("total", "band"),
    [
        ("90", "優等"),
        ("89.95", "優等"),
        ("89.94", "甲等"),
        ("80", "甲等"),
        ("79.9", "乙等"),
        ("69.9", "丙等"),
        ("59.9", "丁等"),
        ("105", "優等"),
    ],
)
def test_bands_are_looked_up_after_rounding_half_up(total: str, band: str) -> None:
    assert band_of(load_form("boft"), Decimal(total)) == band


def test_enforcement_takes_the_better_of_ten_seconds_and_three_rings() -> None:
    form = load_form("enforcement")
    cases = [(3, 8.0, 15), (4, 10.0, 15), (4, 11.9, 12), (5, 13.0, 12), (5, 13.1, 9), (3, 20.0, 15), (9, 40.0, 0)]
    for rings, seconds, given in cases:
        assert points(filled(form, call(legs={"unit": leg(rings, seconds)})))["T1"] == given


def test_enforcement_asks_the_operator_only_when_there_was_one() -> None:
    form = load_form("enforcement")
    busy = call(unit_busy=True, legs={"operator": leg(1, 1.0), "unit": leg(outcome="busy")})
    assert points(filled(form, busy, {"B1": True}))["B1"] == 6
    alone = filled(form, {"legs": {"unit": leg(outcome="no_answer")}})
    assert line(alone, "B1").status == "not_applicable"


def test_taoyuan_is_the_same_call_under_its_own_programme() -> None:
    form, base = load_form("taoyuan"), load_form("enforcement")
    assert form.items == base.items
    assert form.programme is not None
    assert form.programme.units_per_round is not None
    assert form.programme.units_per_round.at_least == 5
    assert form.digest != base.digest


def test_commerce_says_it_has_no_telephone_clause() -> None:
    form = load_form("commerce")
    assert "無電話條款" in form.source.note
    assert all(item.type != "latency" for item in form.items)


def test_a_draft_cannot_be_signed_until_it_is_adopted() -> None:
    form = load_form("boft")
    answers = all_best(form, without=("R", "X")) | {"facts": {"request_refused": False}}
    sheet = filled(form, call(transferred=False), answers)
    assert [one.key for one in ready_to_sign(form, sheet)] == ["sign.draft"]
    text = 'schema = "thirdring.form/1"\nextends = "boft"\nid = "boft-own"\nversion = "1"\ntitle = "本局量表"\n'
    text += 'agency = "某局"\n[adoption]\nnumber = "某字第 1140000001 號"\nadopted_on = 2025-03-01\n'
    adopted = read_form(text, file="boft-own.toml")
    assert ready_to_sign(adopted, filled(adopted, call(transferred=False), answers)) == ()


# ---- forms of other agencies, written from their rules without touching the engine


def own(name: str) -> Form:
    return load_form(OWN / f"{name}.toml")


def test_a_form_of_bands_by_rings() -> None:
    form = own("ring-bands")
    earned = [points(filled(form, call(legs={"unit": leg(n, 3.0 * n)})))["T1"] for n in range(1, 8)]
    assert earned == [10, 10, 10, 6, 6, 0, 0]
    assert line(filled(form, call(legs={"unit": leg({"earliest": 3, "latest": 4}, 9.0)})), "T1").candidates == (6, 10)


def test_taichung_has_other_bands_several_choices_numbers_and_a_service_desk() -> None:
    form = own("taichung")
    answers = {"M1": ["1", "3"], "N1": 18, "D1": 170, "C1": "1", "F1": "請改善"}
    sheet = filled(form, call(), answers)
    assert points(sheet) == {"M1": 20, "N1": 18, "D1": 20, "C1": 40, "F1": 0}
    assert (sheet.total, sheet.band, sheet.passed) == (98, "優良", True)
    late = filled(form, call(), answers | {"D1": 181, "N1": 0})
    assert (late.total, late.band, late.passed, late.below_standard) == (60, "劣", False, True)
    capped = filled(form, call(), answers | {"M1": ["1", "2", "3"]})
    assert points(capped)["M1"] == 20  # 10 + 8 + 10, at most 20


def test_partial_credit_and_any_of_are_settings() -> None:
    form = own("composites")
    partly = {"A": {"one": True, "two": False}, "B": {"one": True, "two": False}}
    assert points(filled(form, call(), partly)) == {"A": 6, "B": 10}
    none = {"A": {"one": False, "two": False}, "B": {"one": False, "two": False}}
    assert points(filled(form, call(), none)) == {"A": 0, "B": 0}


@pytest.mark.parametrize(
    ("policy", "total", "most"),
    [
        ("full_points", 18, 20),
        ("zero", 8, 20),
        ("exclude", 8, 10),
        ("reallocate_in_group", 16, 20),
        ("reallocate_in_part", 16, 20),
        ("reallocate_in_sheet", 16, 10),
    ],
)
def test_what_does_not_apply_goes_where_the_form_says(policy: str, total: int, most: int) -> None:
    text = (OWN / "na-policy.toml").read_text("utf-8").replace('na_policy = "exclude"', f'na_policy = "{policy}"')
    form = read_form(text, file="na-policy.toml")
    sheet = filled(form, call(transferred=False), {"B": 8})
    assert (sheet.total, sheet.parts[0].max) == (total, most)


def test_unobserved_can_be_left_out_instead_of_zero() -> None:
    text = (OWN / "na-policy.toml").read_text("utf-8")
    text += '\n[settings.unobserved]\nvalue = "exclude_and_rescale"\nletter = "zero"\napproval = "某字第 2 號"\n'
    form = read_form(text, file="x.toml")
    sheet = filled(form, call(), {"observed": {"A": False}, "B": 8})
    assert sheet.total == 16


def test_a_late_answer_is_no_answer_where_either_limit_suffices() -> None:
    form = own("either-limit")
    for rings, seconds, given in [(8, 19.9, 10), (9, 19.0, 0), (8, 20.0, 0)]:
        assert points(filled(form, call(legs={"unit": leg(rings, seconds)})))["A"] == given
    unsure = line(filled(form, call(legs={"unit": leg(8, (19.9, 20.1))})), "A")
    assert unsure.status == "open"


def test_a_bonus_prints_above_the_hundred_and_bands_ignore_it() -> None:
    text = (OWN / "taichung.toml").read_text("utf-8")
    text += '\n[bonus]\ntext = "加分"\nmax = 5\ncriteria = "主動回電"\n'
    text += 'enabled = {value = true, letter = false, approval = "某字第 3 號"}\n'
    form = read_form(text, file="x.toml")
    answers = {"M1": ["1", "3"], "N1": 20, "D1": 10, "C1": "1", "F1": "無"}
    bonus = {"bonus": {"points": 5, "reason": "主動回電", "second_person": "覆核人"}}
    sheet = filled(form, call(), answers | bonus)
    assert (sheet.total, sheet.bonus, sheet.band) == (105, 5, "優良")
    assert filled(form, call(), answers).bonus == 0


def test_facts_need_not_exist_for_a_form_without_a_call() -> None:
    sheet = score(own("taichung"), parse_facts({}))
    assert sheet.kind == "timing_record"
    assert len(sheet.open) == 5


def readme_blocks() -> list[str]:
    text = files("rubric.forms").joinpath("README.md").read_text("utf-8")
    return re.findall(r"```toml\n(.*?)```", text, re.S)


def test_the_forms_in_the_manual_load_and_score() -> None:
    adopted, small = (read_form(block, file="README.md") for block in readme_blocks())
    assert not adopted.draft
    facts = call(legs={"unit": leg(4, 10.0)})
    answers = {"C1": True, "C2": True, "C3": {"option": "1", "points": 20}, "C4": True}
    sheet = filled(small, facts, answers | {"facts": {"request_refused": False}})
    assert (sheet.total, sheet.band) == (Decimal("94.3"), "優良")  # 66 of 70


def test_the_facts_and_answers_in_the_manual_score() -> None:
    text = files("rubric.forms").joinpath("README.md").read_text("utf-8")
    facts, answers = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.S))
    sheet = filled(load_form("keelung-102"), facts, answers)
    assert (sheet.total, sheet.problems, sheet.open) == (Decimal(91), (), ())
    assert [one.answerer for one in sheet.heard] == ["person", "person"]
    for name in (*Facts.__dataclass_fields__, *LegFacts.__dataclass_fields__, *Answers.__dataclass_fields__):
        assert f"`{name}`" in text or f'"{name}"' in text or name == "items", name


def test_the_manual_names_every_key_of_the_programme_and_the_figures() -> None:
    text = files("rubric.forms").joinpath("README.md").read_text("utf-8")
    rare = {"series", "duties", "ours", "questions_at_least"}
    for name in {*Programme.model_fields, *Aggregation.model_fields, *Part.model_fields} - rare:
        assert re.search(rf"\b{name}\b", text), name


def test_the_manual_names_every_item_type_and_policy() -> None:
    text = files("rubric.forms").joinpath("README.md").read_text("utf-8")
    for name in (*get_args(ItemType), *get_args(NaPolicy), *get_args(Basis), *MACHINE_FACTS):
        assert f"`{name}`" in text or f"{name} " in text, name
