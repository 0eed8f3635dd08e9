"""The questions of a call: read with their faults named, proposed in turn."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_calls import agency_with_units

from harness.cli.program import run
from harness.documents.spreadsheet import write_ods
from harness.errors import DONE, WRONG_USAGE, DirectoryError
from harness.questions import Question, export_questions, import_questions, last_asked, propose, read_questions
from harness.store import open_store

TODAY = date(2026, 12, 1)
UNITS = ("u1", "u2")
GOOD = "單位代號,題目,參考答案,出處,有效至\nu1,甲？,一,法1,\n*,乙？,二,,2026-12-31\nu2,丙？,三,,\n"


def write(folder: Path, text: str) -> Path:
    (folder / "questions.csv").write_text(text, encoding="utf-8-sig")
    return folder


def test_questions_are_read_with_chinese_headings(tmp_path: Path) -> None:
    found = read_questions(write(tmp_path, GOOD), units=UNITS)
    assert [(one.unit, one.question, one.valid_to) for one in found] == [
        ("u1", "甲？", None),
        ("*", "乙？", date(2026, 12, 31)),
        ("u2", "丙？", None),
    ]
    assert read_questions(tmp_path / "none", units=UNITS) == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("單位,題目\nu1,x\n", "questions.columns"),
        ("unit,question,answer\nu1,,一\n", "questions.blank"),
        ("unit,question,answer\nu9,甲？,一\n", "questions.unit"),
        ("unit,question,answer,valid_to\nu1,甲？,一,115/13/31\n", "questions.day"),
        ("unit,question,answer,valid_to\nu1,甲？,一,明年\n", "questions.day"),
        ("unit,question,answer\nu1,甲？,一\nu1,甲？,二\n", "questions.twice"),
        ("unit,question,answer\nu1,甲？,一,二\n", "questions.cells"),
        (f"unit,question,answer\nu1,{'甲' * 200_000},一\n", "directory.not_csv"),
    ],
)
def test_a_wrong_question_names_its_row(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(DirectoryError) as raised:
        read_questions(write(tmp_path, text), units=UNITS)
    assert raised.value.key == key


@given(
    st.lists(st.sampled_from(["u1", "u2", "*"]), max_size=8),
    st.dictionaries(st.integers(0, 7), st.integers(1, 400), max_size=6),
)
def test_whoever_was_asked_longest_ago_is_next(units: list[str], ago: dict[int, int]) -> None:
    bank = [Question(unit=unit, question=f"q{n}", answer="a") for n, unit in enumerate(units)]
    asked = {f"q{n}": TODAY - timedelta(days=days) for n, days in ago.items()}
    found = propose("u1", bank, today=TODAY, asked=asked)
    fit = [one for one in bank if one.unit in ("u1", "*")]
    assert len(found) == min(2, len(fit))
    left = [one for one in fit if one not in found]
    assert all(asked.get(f.question, date.min) <= asked.get(one.question, date.min) for f in found for one in left)


def test_a_question_is_asked_until_its_day_and_not_after() -> None:
    bank = [Question(unit="*", question="q", answer="a", valid_to=TODAY)]
    assert propose("u1", bank, today=TODAY, asked={}) == tuple(bank)
    assert propose("u1", bank, today=TODAY + timedelta(days=1), asked={}) == ()


def test_what_testers_asked_is_known_and_the_command_proposes_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agency = agency_with_units(tmp_path / "agency")
    write(agency.folder, "unit,question,answer\nu1,甲？,一\nu1,乙？,二\nu1,丙？,三\n")
    asked = {"questions": [{"text": "甲？", "verdict": "correct"}]}
    with open_store(agency.database) as store:
        row = {"call_id": "c1", "unit": "u1", "number": "1", "scenario": "x", "started_at": "2026-11-20T02:00:00+00:00"}
        store.add_call(row | {"outcome": "answered"}, record={})
        store.add_answers("c1", asked, who="t")
        assert last_asked("u1", store) == {"甲？": date(2026, 11, 20)}
    capsys.readouterr()
    assert run(["--agency", str(agency.folder), "questions", "u1", "--json"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert {one["question"] for one in told["questions"]} == {"乙？", "丙？"}


def test_a_day_is_read_in_either_calendar(tmp_path: Path) -> None:
    for text in ("115/12/31", "115.12.31", "115 年 12 月 31 日", "2026-12-31"):
        write(tmp_path, f"unit,question,answer,valid_to\n*,甲？,一,{text}\n")
        assert read_questions(tmp_path, units=UNITS)[0].valid_to == date(2026, 12, 31)


FORMULAS = ["=1+1", "＝HYPERLINK(1)", "@SUM(1)", "+886", "-1", "'=1", "　=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_question_that_goes_out_is_a_formula_and_each_comes_back_as_it_was(text: str, tmp_path: Path) -> None:
    asked = (Question(unit="*", question=f"{text}？", answer=text.strip("　"), source="法"),)
    out = tmp_path / "q.csv"
    export_questions(asked, out)
    import_questions(out, tmp_path, units=UNITS)
    for file in (out, tmp_path / "questions.csv"):
        cells = [cell for row in csv.reader(file.read_text("utf-8-sig").splitlines()) for cell in row]
        assert not [cell for cell in cells if cell.lstrip(" 　")[:1] in ("=", "+", "-", "@", "＝")]
    found = read_questions(tmp_path, units=UNITS)
    assert [(one.question.strip(), one.answer) for one in found] == [(f"{text}？".strip(), text.strip("　"))]


def test_a_bank_comes_in_from_a_spreadsheet_or_not_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agency = agency_with_units(tmp_path / "agency")
    head = ["單位代號", "題目", "參考答案", "出處", "有效至"]
    write_ods(
        tmp_path / "題庫.ods",
        {"題庫": [head, ["u1", "規費？", 300, "收費標準", "115/12/31"], ["*", "上班？", "八點", "", ""]]},
    )
    asked = ["--agency", str(agency.folder), "questions"]
    assert run([*asked, "--import", str(tmp_path / "題庫.ods"), "--dry-run"]) == DONE
    assert not (agency.folder / "questions.csv").exists()
    assert run([*asked, "--import", str(tmp_path / "題庫.ods")]) == DONE
    found = read_questions(agency.folder, units=("u1",))
    assert [(one.unit, one.answer, one.valid_to) for one in found] == [
        ("u1", "300", date(2026, 12, 31)),
        ("*", "八點", None),
    ]
    write_ods(tmp_path / "錯.ods", {"題庫": [head, ["u9", "x", "y", "", ""]]})
    capsys.readouterr()
    assert run([*asked, "--import", str(tmp_path / "錯.ods")]) == WRONG_USAGE
    assert "錯.ods 第 2 列" in capsys.readouterr().err
    assert read_questions(agency.folder, units=("u1",)) == found
    assert run([*asked, "u1"]) == DONE
    assert "還沒問過" in capsys.readouterr().out
