"""An outside agency's tests: blank sheets out, filled ones in cell by cell, a series apart from our own."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from kept_calls import agency_with_units, keep_call
from odfdo import Document
from office import convert, need_office
from rubric_cases import best, call

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.errors import DONE, WRONG_USAGE
from harness.external.cells import read_pages
from harness.external.layout import lines_of, names_of
from harness.external.read import day_of, time_of
from harness.scoring import find_form
from harness.store import open_store
from rubric.form import shipped_ids

GOOD: dict[str, Any] = {
    "unit": "一課",
    "day": "115/11/3",
    "time": "10:05",
    "from": "新竹分局",
    "tester": "林",
    "header.answerer_surname": "王",
    "leg.ivr.outcome": "未測",
    "leg.operator.outcome": "接聽",
    "leg.operator.rings": "2",
    "leg.operator.seconds": "4.5",
    "leg.unit.outcome": "接聽",
    "leg.unit.rings": "3",
    "leg.unit.seconds": "7",
    "fact.transferred": "是",
    "fact.unit_busy": "否",
    "fact.answerer_role": "承辦人接聽",
    **{f"item.A3.{n}": "是" for n in (1, 2, 3, 4, 6)},
    "item.A3.5": "1",
    "item.A3.8": "1",
    "item.B2.1.unit": "是",
    "item.B2.1.name": "是",
    "item.B2.1.greeting": "是",
    "item.B2.2.courteous_ending": "是",
    "item.B2.2.caller_hangs_up_first": "是",
    "item.B2.3": ("1", "9"),
    "item.B3.甲": ("1", "14"),
    "question.1": ("休息日可否送件？", "正確"),
    "question.2": ("規費多少？", "錯誤"),
    "remarks": "無",
}

TOTAL = 97


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return agency_with_units(tmp_path / "agency")


def asked(agency: Agency, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = run(["--agency", str(agency.folder), "external", *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def made(agency: Agency, *units: str) -> Path:
    file = agency.folder.parent / "空白.ods"
    words = [word for unit in units for word in ("--unit", unit)] or ["--pages", "2"]
    assert run(["--agency", str(agency.folder), "external", "blank", str(file), *words, "--overwrite"]) == DONE
    return file


def filled(file: Path, values: dict[str, Any], *, page: int = 0, to: str = "填好.ods") -> Path:
    """Fill in a page as a person would, in LibreOffice's own cells."""
    document = Document(str(file))
    table = document.body.get_tables()[page]
    for row in table.get_rows():
        key = row.get_value(0)
        if key not in values:
            continue
        answer, more = values[key] if isinstance(values[key], tuple) else (values[key], None)
        row.set_value(2, answer)
        if more is not None:
            row.set_value(3, more)
        table.set_row(row.y, row)
    out = file.with_name(to)
    document.save(str(out))
    return out


def test_a_filled_sheet_becomes_a_call_of_the_external_series(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = asked(agency, capsys, "import", str(filled(made(agency), GOOD)), "--who", "承辦人")
    assert status == DONE
    (one,) = told["calls"]
    assert (one["unit"], one["total"], one["who"]) == ("u1", TOTAL, "新竹分局 林")
    with open_store(agency.database) as store:
        kept = store.get_call(one["call_id"])
        (row,) = store.list_calls()
        log = [line for line in store.log.of(one["call_id"]) if line["what"] == "external_imported"]
    assert (row["series"], row["outcome"], row["rings"]) == ("external", "answered", 3)
    assert kept["sheets"][0]["sheet"]["accuracy"]["rate"] == 50
    assert log[0]["detail"]["page"] == "第1通"
    assert asked(agency, capsys, "list")[1]["calls"][0]["call_id"] == one["call_id"]
    for words in (["show", one["call_id"]], ["list"], ["retain"], ["rehear", "--all"]):
        assert run(["--agency", str(agency.folder), *words]) == DONE, words


def test_the_two_series_are_never_mixed(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    keep_call(agency, "c1", call(has_ivr=False), best(has_ivr=False), day=date(2026, 11, 5))
    asked(agency, capsys, "import", str(filled(made(agency), GOOD)))
    capsys.readouterr()
    assert run(["--agency", str(agency.folder), "figures", "month", "2026-11", "--json"]) == DONE
    (block,) = json.loads(capsys.readouterr().out)["forms"]
    means = {one["series"]: (one["agency"]["total"]["mean"], one["agency"]["total"]["n"]) for one in block["series"]}
    assert means == {"internal": (100, 1), "external": (TOTAL, 1)}


def test_seconds_alone_give_the_points_that_the_form_gives_for_them(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    values = GOOD | {"leg.unit.rings": "", "leg.unit.seconds": "14"}
    _, told = asked(agency, capsys, "import", str(filled(made(agency), values)))
    assert told["calls"][0]["total"] == TOTAL - 3  # 8 − ⌈4 s / 3 s⌉ = 6 instead of 9


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a unit that is not in the directory": ({"unit": "九課"}, "C unit", "一課"),
    "a day that there is not": ({"day": "115/13/3"}, "C day", "115/12/3"),
    "a day to come": ({"day": "199/1/3"}, "C day", "還沒到"),
    "a time that there is not": ({"time": "25:05"}, "C time", "14:05"),
    "a word where a number belongs": ({"leg.unit.rings": "三"}, "C leg.unit.rings", "整數"),
    "an option that there is not": ({"item.A3.8": "4"}, "C item.A3.8", "1、2、3"),
    "points in a hole of the ranges": ({"item.B2.3": ("1", "2")}, "D item.B2.3", "8"),
    "points of another option": ({"item.B2.3": ("1", "6")}, "D item.B2.3", "8-10"),
    "points without their option": ({"item.B2.3": ("", "6")}, "C item.B2.3", "1、2、3、4"),
    "nothing said of an item that counts": ({"item.A3.1": ""}, "C item.A3.1", "沒有填"),
    "nobody": ({"fact.answerer_role": "", "item.B3.甲": ("", "")}, "C fact.answerer_role", "承辦人接聽"),
    "no time": ({"leg.unit.rings": "", "leg.unit.seconds": ""}, "C leg.unit.rings", "沒有填"),
    "a time without an answer": ({"leg.operator.outcome": "未測"}, "C leg.operator.rings", "不用填"),
    "both alternatives": ({"item.B3.乙": ("1", "12")}, "D item.B3.乙", "不適用"),
    "no verdict": ({"question.2": ("規費多少？", "")}, "D question.2", "正確"),
}


@pytest.fixture(scope="module")
def half_wrong(tmp_path_factory: pytest.TempPathFactory) -> tuple[Agency, Path]:
    """An agency and a file whose first page is right."""
    agency = agency_with_units(tmp_path_factory.mktemp("x") / "agency")
    return agency, filled(made(agency), GOOD | {"time": "11:00"}, to="一半.ods")


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_cell_is_named_with_what_is_allowed_and_nothing_is_imported(
    half_wrong: tuple[Agency, Path], capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    agency, file = half_wrong
    change, cell, allowed = WRONG[fault]
    both = filled(file, GOOD | change, page=1)
    status, told = asked(agency, capsys, "import", str(both))
    assert status == WRONG_USAGE
    assert all("填好.ods 工作表「第2通」" in one for one in told["problems"]), told["problems"]
    column, key = cell.split(" ")
    where = read_pages(both)[1].where(key, "ABCD".index(column))
    assert any(f"」 {where}" in one and allowed in one for one in told["problems"]), (where, told["problems"])
    assert asked(agency, capsys, "list")[1]["calls"] == []


def test_every_wrong_cell_of_every_file_is_told_at_once(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    blank = made(agency)
    one = filled(blank, GOOD | {"day": "x", "time": "y"}, to="甲.ods")
    other = filled(blank, GOOD | {"unit": "z"}, to="乙.ods")
    _, told = asked(agency, capsys, "import", str(one), str(other))
    assert [problem.split(" ")[0] for problem in told["problems"]] == ["甲.ods", "甲.ods", "乙.ods"]


def test_the_same_call_is_imported_once(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    file = filled(made(agency), GOOD)
    assert asked(agency, capsys, "import", str(file), "--dry-run")[0] == DONE
    assert asked(agency, capsys, "import", str(file))[0] == DONE
    assert asked(agency, capsys, "import", str(file))[0] == WRONG_USAGE
    twice = filled(made(agency), GOOD | {"day": "115/11/4"})
    both = filled(twice, GOOD | {"day": "115/11/4"}, page=1)
    assert asked(agency, capsys, "import", str(both))[0] == WRONG_USAGE
    assert len(asked(agency, capsys, "list")[1]["calls"]) == 1


def test_a_page_with_a_units_name_has_it_filled_in_and_pages_left_blank_are_none(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    file = made(agency, "u2", "u3")
    status, told = asked(agency, capsys, "import", str(file))
    assert (status, told["error"]) == (WRONG_USAGE, "external.nothing")
    values = {key: value for key, value in GOOD.items() if key != "unit"}
    _, told = asked(agency, capsys, "import", str(filled(file, values, page=1)))
    assert [one["unit"] for one in told["calls"]] == ["u3"]


def test_a_sheet_whose_rows_were_moved_or_that_is_not_ours_is_refused(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    document = Document(str(made(agency)))
    document.body.get_tables()[0].delete_row(6)
    document.save(str(agency.folder.parent / "少一列.ods"))
    filled(agency.folder.parent / "少一列.ods", GOOD, to="少一列.ods")
    _, told = asked(agency, capsys, "import", str(agency.folder.parent / "少一列.ods"))
    assert told["error"] == "external.keys"
    assert run(["--agency", str(agency.folder), "units", "export", str(agency.folder / "n.ods")]) == DONE
    assert asked(agency, capsys, "import", str(agency.folder / "n.ods"))[1]["error"] == "external.not_ours"
    (agency.folder / "x.ods").write_text("x")
    assert asked(agency, capsys, "import", str(agency.folder / "x.ods"))[1]["error"] == "external.not_ods"


@pytest.mark.parametrize("form", shipped_ids())
def test_every_form_has_a_sheet_with_a_cell_for_each_thing_a_person_decides(agency: Agency, form: str) -> None:
    keys = [line.key for line in lines_of(find_form(form), agency.units) if line.key]
    assert len(keys) == len(set(keys))
    for item in find_form(form).items:
        if item.auto == "human":
            assert any(key == f"item.{item.id}" or key.startswith(f"item.{item.id}.") for key in keys), item.id


def test_days_and_times_are_read_as_people_write_them() -> None:
    for text in ("115/12/3", "115.12.03", "115 年 12 月 3 日", "2026-12-03", "0115-12-03"):
        assert day_of(text) == date(2026, 12, 3), text
    assert [day_of(text) for text in ("115/2/30", "12/3", "x")] == [None, None, None]
    assert [str(time_of(text)) for text in ("9:05", "09：05", "9 時 5 分")] == ["09:05:00"] * 3
    assert time_of("24:00") is None


def test_units_of_one_name_are_told_apart(agency: Agency) -> None:
    twins = (*agency.units, agency.units[0].__class__(unit="u9", name="一課", extension="9"))
    assert list(names_of(twins)) == ["一課（u1）", "二課", "三課", "一課（u9）"]


@pytest.mark.parametrize("name", ["=1+1<b>\x1b[31m三課", "戶政所/服務站", "第1科[*?:\\']"])
def test_a_unit_that_no_page_can_be_called_by_gets_its_sheet_and_comes_back(
    name: str, agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    units = agency.folder / "units.csv"
    units.write_text(units.read_text("utf-8").replace("三課", name), encoding="utf-8")
    file = made(load_agency(agency.folder), "u3")
    _, told = asked(agency, capsys, "import", str(filled(file, {key: GOOD[key] for key in GOOD if key != "unit"})))
    assert [one["unit"] for one in told["calls"]] == ["u3"]


def test_libreoffice_keeps_what_we_read_back(agency: Agency, request: pytest.FixtureRequest) -> None:
    office = need_office(request)
    file = filled(made(agency), GOOD)
    folder = agency.folder.parent / "saved"
    folder.mkdir()
    (again,) = convert(office, [file], "ods", folder)
    (saved, *_), (ours, *_) = read_pages(again), read_pages(file)
    assert [(row[0], *row[2:4]) for row in saved.rows] == [(row[0], *row[2:4]) for row in ours.rows]
    assert (saved.form, saved.digest) == (ours.form, ours.digest)
