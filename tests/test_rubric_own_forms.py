"""Forms of agencies that are not among the five: 嘉義市, 澎湖縣, 臺中市, written from their rules alone."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rubric_cases import best, call, filled, leg, line, points

from rubric.aggregate import aggregate
from rubric.form import load_form, read_form
from rubric.programme import TestCall, check_programme
from rubric.rows import row_of
from rubric.schema import Form
from rubric.score import ready_to_sign
from rubric.sheet import to_dict

OWN = Path(__file__).parent / "own_forms"


def own(name: str) -> Form:
    return load_form(OWN / f"{name}.toml")


# ---- 嘉義市: one part alone is rescaled


def unit_only(rings: int = 4, seconds: float = 10.0) -> dict[str, Any]:
    return call(has_ivr=None, legs={"unit": leg(rings, seconds)})


B_ANSWERS = {key: value for key, value in best().items() if key[0] == "B"} | {"accuracy": {"asked": 2, "correct": 2}}


def test_a_unit_tested_alone_has_a_total() -> None:
    form = own("chiayi")
    sheet = filled(form, unit_only(), B_ANSWERS)
    assert (sheet.total, sheet.parts[1].points, sheet.open) == (Decimal("96.4"), 53, ())  # 53 × 100/55
    assert {item.status for item in sheet.items if item.id[0] == "A"} == {"not_applicable"}
    assert any("由該部分換算" in one for one in sheet.remarks)
    assert ready_to_sign(form, sheet) == ()
    assert filled(form, unit_only(1, 1.0), B_ANSWERS).total == 100


def test_an_operator_who_answered_it_all_has_a_total_too() -> None:
    legs = {"ivr": leg(4, 10.0), "operator": leg(5, 13.0)}
    answers = {key: value for key, value in best().items() if key[0] == "A" and key not in ("A3.5", "A3.6")}
    sheet = filled(own("chiayi"), call(transferred=False, legs=legs), answers)
    assert (sheet.parts[0].points, sheet.total) == (42, Decimal("93.3"))  # 42 × 100/45


def test_the_printed_factors_are_capped_at_the_total() -> None:
    text = (OWN / "chiayi.toml").read_text("utf-8")
    text = text.replace('alone = {clause = "只測總機', 'alone = {multiply = 2.22, clause = "只測總機')
    printed = read_form(
        text.replace('alone = {clause = "只測單位', 'alone = {multiply = 1.82, clause = "'), file="x.toml"
    )
    assert filled(printed, unit_only(1, 1.0), B_ANSWERS).total == 100  # 55 × 1.82 = 100.1
    assert filled(printed, unit_only(), B_ANSWERS).total == Decimal("96.46")
    sheet = to_dict(filled(printed, unit_only(), B_ANSWERS))
    figures = next(
        iter(
            aggregate([row_of(sheet, day=date(2026, 1, 5), unit="一課")], printed, level="unit", period="year").values()
        )
    )
    assert (sheet["parts"][1]["rescaled"], figures.rescaled["B"].value) == (96.5, Decimal("96.5"))


def test_both_parts_tested_is_the_sheet_as_ever() -> None:
    assert filled(own("chiayi"), call(), best()).total == 100
    unreached = call(legs={"ivr": leg(1, 1.0), "operator": leg(1, 1.0), "unit": leg(outcome="no_answer")})
    answers = {key: value for key, value in best().items() if key[0] == "A"}
    assert filled(own("chiayi"), unreached, answers).total == 45  # a unit that did not answer was tested
    without = filled(load_form("keelung-102"), unit_only(), B_ANSWERS)
    assert without.total is None  # 附表3 does not say that a part stands for the whole


def test_a_timing_record_alone_has_no_total_either() -> None:
    assert filled(own("chiayi"), unit_only()).total is None


@given(st.integers(1, 14), st.integers(1, 14))
def test_alone_a_smaller_delay_never_scores_less(few: int, more: int) -> None:
    form = own("chiayi")
    soon, late = (filled(form, unit_only(n, 3.0 * n - 1), B_ANSWERS).total for n in sorted((few, more)))
    assert soon is not None
    assert late is not None
    assert late <= soon <= 100


# ---- 澎湖縣: rings for ringback, seconds for music


@pytest.mark.parametrize(
    ("rings", "seconds", "given"),
    [
        (4, 30.0, 16),  # ringback: the seconds do not matter
        (2, 30.0, 20),
        (5, 9.0, 14),
        (None, 10.0, 16),  # music: only they do
        (None, 10.000001, 14),
        (None, 4.0, 20),
        (None, 4.1, 18),
        (None, 13.0, 14),
        (None, 99.0, 0),
    ],
)
def test_rings_for_ringback_and_seconds_for_music(rings: int | None, seconds: float, given: int) -> None:
    assert points(filled(own("penghu"), call(legs={"unit": leg(rings, seconds)})))["T1"] == given


def test_music_that_may_be_on_either_side_of_ten_seconds_is_open() -> None:
    told = line(filled(own("penghu"), call(legs={"unit": leg(None, (9.5, 10.5))})), "T1")
    assert (told.status, told.candidates) == ("open", (14, 16))


# ---- 臺中市: two groups, personal and group scores, a roster


def taxed(rings: int, *, operator: int | None = None, name: str = "林", group: str = "", attitude: int = 20) -> Any:
    legs = {"unit": leg(rings, 3.0 * rings - 1)} | ({"operator": leg(operator, 1.0)} if operator else {})
    answers = {"U2": {"option": "1", "points": attitude}, "U3": 40, "header": {"answerer_surname": name}}
    sheet = filled(own("taichung-tax"), call(has_ivr=None, legs=legs), answers | ({"O2": True} if operator else {}))
    return sheet, row_of(to_dict(sheet), day=date(2026, 1, 5), unit="一課", extension="201", group=group)


def test_the_group_without_an_operator_gets_those_points_back() -> None:
    with_operator, without = taxed(4, operator=4)[0], taxed(4)[0]
    assert (with_operator.total, with_operator.band) == (92, "優良")
    assert (without.total, without.parts[0].max) == (95, 80)  # 76 of 80
    assert line(without, "O1").status == "not_applicable"
    assert (taxed(9, operator=1, attitude=15)[0].total, taxed(9, operator=1)[0].passed) == (75, True)


def test_persons_and_groups_have_their_own_figures() -> None:
    rows = [
        taxed(4, operator=1, group="甲組")[1],
        taxed(3, name="王", group="乙組")[1],
        taxed(5, name="林", group="乙組")[1],
    ]
    form = own("taichung-tax")

    def means(level: Any) -> dict[str, Any]:
        found = aggregate(rows, form, level=level, period="month")
        return {key.name: (one.total.value, one.total.n, one.small) for key, one in found.items() if one.total}

    assert means("group") == {"甲組": (Decimal("96.0"), 1, True), "乙組": (Decimal("95.0"), 2, True)}
    assert means("person") == {"一課 林": (Decimal("93.0"), 2, True), "一課 王": (Decimal("100.0"), 1, True)}


def made(month: int, tester: str, extension: str = "201") -> TestCall:
    day = date(2026, month, 10)
    due = date(2026, month + 1, 3)
    return TestCall(day, f"2026-{month}", "一課", "秘書室", due, extension=extension, tester=tester)


def duties(calls: list[TestCall], roster: Any, *, extensions: tuple[str, ...] = ("201", "202")) -> dict[str, Any]:
    programme = own("taichung-tax").programme
    assert programme is not None
    span = {"first": date(2026, 1, 1), "last": date(2026, 2, 28)}
    told = check_programme(programme, calls, **span, extensions=extensions, roster=roster)
    return {one.id: (one.met, one.what.say()) for one in told}


def test_the_roster_and_everybody_once_a_month() -> None:
    roster = {"2026-01": ("陳", "李"), "2026-02": ("張", "吳")}
    calls = [made(1, "陳"), made(1, "李", "202"), made(2, "張"), made(2, "吳", "202")]
    assert {met for met, _ in duties(calls, roster).values()} == {True}
    wrong = duties([*calls[:3], made(2, "陳", "201")], roster)
    assert wrong["roster"][0] is False
    assert "陳 2026-02" in wrong["roster"][1]
    assert wrong["every_extension"] == (False, "每人（分機）每期至少測試 1 次；未測：202 2026-02")
    assert duties(calls, roster | {"2026-02": ("張",)})["roster"][0] is False
    assert duties(calls, None)["roster"][0] is None  # without the agency's list nobody can tell


def test_every_tester_takes_a_turn_within_a_year() -> None:
    programme = own("taichung-tax").programme
    assert programme is not None
    months = [f"2026-{month:02d}" for month in range(1, 13)]
    same = dict.fromkeys(months, ("陳", "李"))
    turns = {month: (f"t{n % 6}", f"u{n % 6}") for n, month in enumerate(months)}
    for roster, met in ((same, False), (turns, True)):
        told = check_programme(programme, [], first=date(2026, 1, 1), last=date(2026, 12, 31), roster=roster)
        assert next(one.met for one in told if one.id == "roster") is met
