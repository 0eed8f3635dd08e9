"""The programme's rules as they are shown, complaints that are typed in, numbers that no longer exist."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from kept_calls import agency_with_units

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.complaints import by_unit, counted
from harness.errors import DONE, REFUSED, WRONG_USAGE
from harness.figures import span_of
from harness.papers.gather import gather
from harness.papers.tables import vacant
from harness.programme.month import draw_and_seal
from harness.programme.rules import Rule, rules_of
from harness.programme.vacant import rows_of, vacant_numbers
from harness.record import CallRecord
from harness.softphone.signals import RESPONSE, SipSignal
from harness.store import open_store

DRAWN = datetime(2026, 11, 25, 1, tzinfo=UTC)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return agency_with_units(tmp_path / "agency")


def asked(agency: Agency, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = run(["--agency", str(agency.folder), *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def programme(agency: Agency, text: str) -> Agency:
    (agency.folder / "programme.toml").write_text(text, encoding="utf-8")
    return load_agency(agency.folder)


def drawn(agency: Agency, month: str = "2026-12") -> dict[str, Rule]:
    with open_store(agency.database) as store:
        draw_and_seal(agency, month, store, seed="s", now=DRAWN)
        return {one.id: one for one in rules_of(agency, month, store)}


def test_units_are_listed_as_each_language_lists_them(agency: Agency) -> None:
    more = drawn(agency)["questions"].lacking
    assert more is not None
    assert "一課、二課、三課" in more["zh"]
    assert "一課, 二課, 三課" in more["en"]
    assert "、" not in more["en"]


def test_a_rule_that_is_not_met_says_how_much_is_lacking_and_what_would_meet_it(agency: Agency) -> None:
    found = drawn(agency)  # five units a round are asked for, the directory has three
    units = found["units_per_round"]
    assert units.met is False
    assert units.lacking is not None
    assert "還差 2 個單位" in units.lacking["zh"]
    assert found["rounds"].met is found["every_unit"].met is True
    assert "一課、二課、三課" in (found["questions"].lacking or {})["zh"]
    assert "thirdring external blank" in (found["external"].lacking or {})["zh"]


def test_units_that_would_meet_a_rule_are_named(agency: Agency) -> None:
    found = drawn(programme(agency, "units_per_round = 2\nrounds_per_month = 1\n[every_unit]\nevery = 'month'\n"))
    assert found["units_per_round"].met is True  # all three must come in the month
    found = drawn(programme(agency, "units_per_round = 1\n[every_unit]\nevery = 'year'\n"), "2026-10")
    left = found["every_unit"]
    assert left.met is None  # the year is not over
    assert "還差 2 個單位" in (left.lacking or {})["zh"]


def test_a_quarter_without_a_round_is_named_and_before_the_first_plan_nobody_is_blamed(agency: Agency) -> None:
    assert drawn(agency)["rounds"].met is True
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-02", store, seed="s", now=DRAWN)
        rounds = [one for one in rules_of(agency, "2026-12", store) if one.id == "rounds" and "keelung" in one.source]
    assert [one.met for one in rounds] == [False]
    assert (rounds[0].lacking or {})["zh"].startswith("還差 2 次：115 年第 2 季、115 年第 3 季")


def test_what_is_met_since_the_first_test_does_not_list_periods_before_it_as_lacking(agency: Agency) -> None:
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-11", store, seed="s", now=DRAWN)
        found = [one for one in rules_of(agency, "2026-12", store) if one.id == "rounds" and "keelung" in one.source]
    assert [(one.met, one.what["zh"]) for one in found] == [(True, "每季至少測試 1 次：開始測試以來各期都有")]


def test_questions_that_are_good_on_the_day_meet_their_rule(agency: Agency) -> None:
    bank = "unit,question,answer,valid_to\n*,甲？,一,\n*,乙？,二,2026-11-30\n"
    (agency.folder / "questions.csv").write_text(bank, encoding="utf-8")
    assert drawn(agency)["questions"].met is False
    (agency.folder / "questions.csv").write_text(bank.replace("11-30", "12-31"), encoding="utf-8")
    with open_store(agency.database) as store:
        assert {one.id: one.met for one in rules_of(agency, "2026-12", store)}["questions"] is True


def test_the_draw_says_early_what_the_gate_will_refuse_later(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = asked(agency, capsys, "plan", "draw", "199-12")
    assert status == DONE
    assert "recording_notice_date" in told["warnings"][0]["zh"]
    path = agency.folder / "agency.toml"
    text = path.read_text("utf-8").replace("# recording_notice_date = 2026-01-02", "recording_notice_date = 2110-12-01")
    path.write_text(text, encoding="utf-8")
    _, told = asked(agency, capsys, "plan", "draw", "199-11")
    assert "2110-12-01" in told["warnings"][0]["zh"]
    path.write_text(text.replace("2110-12-01", "2026-11-10"), encoding="utf-8")
    assert asked(agency, capsys, "plan", "draw", "199-10")[1]["warnings"] == []
    agency.database.chmod(0o644)
    assert "chmod 600" in asked(agency, capsys, "plan", "draw", "199-09")[1]["warnings"][0]["zh"]


def test_a_new_database_is_its_owners_alone(agency: Agency) -> None:
    with open_store(agency.database):
        pass
    assert agency.database.stat().st_mode & 0o777 == 0o600


def test_a_complaint_is_corrected_by_another_entry(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    who = ("--source", "首長信箱", "--who", "承辦人")
    assert asked(agency, capsys, "complaints", "add", "u1", "115-11", "3", *who)[0] == DONE
    asked(agency, capsys, "complaints", "add", "*", "115-11", "1", "--source", "1999", "--who", "承辦人")
    _, told = asked(agency, capsys, "complaints", "add", "u1", "2026-11", "2", *who, "--note", "重複登記")
    assert told["month_total"] == 3
    _, told = asked(agency, capsys, "complaints", "list", "115-11")
    assert [(one["unit"], one["count"], one["entries"]) for one in told["complaints"]] == [("*", 1, 1), ("u1", 2, 2)]
    _, told = asked(agency, capsys, "complaints", "list", "115-10", "115-11", "--entries")
    assert [one["count"] for one in told["complaints"]] == [3, 1, 2]
    with open_store(agency.database) as store:
        assert counted(store, "2026-10", "2026-12") == {"2026-11": 3}  # a month that nobody counted is not zero
        assert by_unit(store, "2026-11", "2026-11") == {"u1": 2, "*": 1}
    assert run(["--agency", str(agency.folder), "complaints", "add", "u9", "115-11", "1", *who]) == REFUSED
    assert run(["--agency", str(agency.folder), "complaints", "add", "u1", "115-11", "-1", *who]) == WRONG_USAGE


def refused(agency: Agency, call_id: str, day: date, *signals: SipSignal, unit: str = "u1", number: str = "") -> None:
    """Keep a call that came to nothing as it was told."""
    told = {
        "call_id": call_id,
        "unit": unit,
        "number": number or f"022700000{unit[1:]}",
        "scenario": "extension-direct",
    }
    started = datetime(day.year, day.month, day.day, 10, tzinfo=agency.zone).isoformat()
    clock: dict[str, Any] = {"zero_s": 0.0, "zero_error_s": 0.0, "sample_rate_hz": 8000, "duration_s": 1.0}
    record = CallRecord(**told, started_at=started, **clock, wall_s=1.0, signals=signals, acts=(), legs=("unit",))
    with open_store(agency.database) as store:
        outcome = "answered" if not signals else "fault_theirs"
        measured = {"legs": [{"leg": "unit", "evidence": ["heard:sit@1.300"]}]} if len(signals) > 1 else None
        store.add_call(told | {"started_at": started, "outcome": outcome}, record=record.to_dict(), measured=measured)


def final(status: int, *headers: tuple[str, str]) -> SipSignal:
    times = {"earliest_s": 0.11, "latest_s": 0.12}
    return SipSignal(**times, kind=RESPONSE, direction="rx", method="INVITE", status=status, headers=headers)


@pytest.mark.parametrize(
    ("signals", "evidence"),
    [
        ((final(404),), ("sip:404@0.120",)),
        ((final(410),), ("sip:410@0.120",)),
        ((final(484),), ("sip:484@0.120",)),
        ((final(503, ("reason", "Q.850;cause=1")),), ("q850:1@0.120",)),
        ((final(183), final(404)), ("sip:404@0.120", "heard:sit@1.300")),
    ],
)
def test_a_number_that_does_not_exist_is_told_with_its_evidence(
    agency: Agency, signals: tuple[SipSignal, ...], evidence: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    refused(agency, "c1", date(2026, 11, 3), *signals)
    refused(agency, "c0", date(2026, 11, 2), *signals)
    _, told = asked(agency, capsys, "units", "vacant", "115-11")
    (one,) = told["vacant"]
    assert (one["unit"], one["row"], one["times"], one["call_id"], one["mended"]) == ("u1", 2, 2, "c1", False)
    assert tuple(one["evidence"]) == evidence
    assert all(word in one["said"]["zh"] for word in ("秒",))
    assert run(["--agency", str(agency.folder), "units", "vacant", "115-11"]) == DONE
    assert asked(agency, capsys, "units", "vacant", "115-10")[1]["vacant"] == []
    assert "一課 " in (drawn(agency, "2026-11")["vacant"].lacking or {})["zh"]


def test_busy_and_unanswered_numbers_do_exist(agency: Agency) -> None:
    for n, status in enumerate((486, 480, 403, 408, 500, 503, 603)):
        refused(agency, f"c{n}", date(2026, 11, 3), final(status))
    with open_store(agency.database) as store:
        assert vacant_numbers(agency, store, first=date(2026, 11, 1), last=date(2026, 11, 30)) == ()


def test_a_number_that_was_mended_or_answered_since_is_said_to_be(agency: Agency) -> None:
    refused(agency, "c1", date(2026, 11, 3), final(404))
    refused(agency, "c2", date(2026, 11, 3), final(404), unit="u2", number="0227009999")
    refused(agency, "c3", date(2026, 11, 9))
    with open_store(agency.database) as store:
        found = vacant_numbers(agency, store, first=date(2026, 11, 1), last=date(2026, 11, 30))
    assert [(one.unit, one.mended) for one in found] == [("u1", True), ("u2", True)]
    open_ones = tuple(replace(one, mended=False) for one in found)
    assert rows_of(open_ones, {"u1": "一課"}, "zh")[0] == (
        "一課",
        "0227000001#201",
        "115.11.3 10:00",
        "SIP 404（0.12 秒）",
        1,
    )
    assert rows_of(found, {}, "zh") == ()


def test_a_round_that_there_is_not_is_refused(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    drawn(agency)
    assert asked(agency, capsys, "units", "vacant", "115-12", "--round", "1")[0] == DONE
    status, told = asked(agency, capsys, "units", "vacant", "115-12", "--round", "2")
    assert (status, told["error"]) == (WRONG_USAGE, "vacant.no_round")


def test_complaints_that_were_typed_in_stand_in_the_papers(agency: Agency) -> None:
    (agency.folder / "papers.toml").write_text('[complaints]\n"2026-10" = 4\n"2026-11" = 9\n', encoding="utf-8")
    with open_store(agency.database) as store:
        store.complaints.add(unit="u1", month="2026-11", source="1999", count=2, who="承辦人")
        known = gather(span_of("quarter", "2026-Q4"), agency=agency, store=store, today=date(2027, 1, 5))
    assert known.settings.complaints == {"2026-10": 4, "2026-11": 2}


def test_the_months_paper_says_which_numbers_do_not_exist(agency: Agency) -> None:
    refused(agency, "c1", date(2026, 11, 3), final(404))
    with open_store(agency.database) as store:
        known = gather(span_of("month", "2026-11"), agency=agency, store=store, today=date(2026, 12, 5))
    table = vacant(known)
    assert [row[:2] for row in table.rows] == [("一課", "0227000001#201")]


def test_the_notice_to_staff_reaches_everybody_who_answers_and_says_what_becomes_of_the_sound(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    programme(agency, "[retention]\naudio_days = 45\n[improvement]\nobjection_days = 10\n")
    _, told = asked(agency, capsys, "plan", "notice", "--on", "2026-11-10")
    for word in ("替代役", "委外人員", "志工", "錄音", "115 年 11 月 10 日", "45 日", "10 日內", "公出、臨櫃、請假"):
        assert word in told["zh"], word
