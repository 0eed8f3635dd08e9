"""The papers of a period: what is in them, what may not be, and that a spreadsheet takes none of it for a formula."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from kept_calls import agency_with_units, keep_call
from odfdo import Document
from python_calamine import CalamineWorkbook
from rubric_cases import best, call, leg

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.documents.table import MISSING
from harness.errors import DONE, REFUSED, WRONG_USAGE, Refused, WrongInput
from harness.figures import span_of
from harness.papers.edition import Edition, edition_of
from harness.papers.gather import Gathered, gather
from harness.papers.write import write_edition
from harness.programme.follow_up import answer
from harness.programme.month import draw_and_seal
from harness.store import open_store
from rubric.periods import Period

BAD = call(has_ivr=False, legs={"operator": leg(9, 30), "unit": leg(12, 36)})
GOOD = call(has_ivr=False)
ANSWERS = best(has_ivr=False)
MADE = datetime(2027, 1, 10, 1, tzinfo=UTC)
NASTY = "=1+1 | *x* <b>&amp;\n# 題\x00"
UNITS = """unit,name,number,extension,group
u1,檢驗課,0227000001,6201,甲組
u2,報驗課,0227000002,6302,乙組
u3,秘書室,0227000003,6403,乙組
"""


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    """Two units tested in November, one of them from outside as well, one in October; the third is untested."""
    folder = agency_with_units(tmp_path / "agency").folder
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    agency = load_agency(folder)
    keep_call(agency, "c1", BAD, ANSWERS | {"header": {"answerer_surname": "歐陽"}})
    keep_call(agency, "c2", GOOD, ANSWERS, unit="u2")
    keep_call(agency, "c3", BAD, ANSWERS, unit="u2", day=date(2026, 11, 10))
    keep_call(agency, "c4", GOOD, ANSWERS, unit="u2", day=date(2026, 11, 12), series="external")
    keep_call(agency, "c5", GOOD, ANSWERS, day=date(2026, 10, 12))
    return agency


@pytest.fixture
def settled() -> date:
    """A day on which nobody can object any more: sheets are made on the day of the test run."""
    return max(date(2027, 1, 10), datetime.now(UTC).date() + timedelta(days=9))


def known(agency: Agency, today: date, kind: Period = "month", period: str = "2026-11") -> Gathered:
    with open_store(agency.database) as store:
        return gather(span_of(kind, period), agency=agency, store=store, today=today)


def made(agency: Agency, folder: Path, today: date, kind: Period = "month", period: str = "2026-11") -> Edition:
    told = known(agency, today, kind, period)
    edition = edition_of(told)
    write_edition(edition, told, folder, pdf=False, made_at=MADE)
    return edition


def everything_in(path: Path) -> str:
    """Every part of an ODF file, as it is in the file."""
    with zipfile.ZipFile(path) as file:
        return "\n".join(file.read(name).decode("utf-8", "ignore") for name in file.namelist())


def text_of(path: Path) -> str:
    """What a reader reads."""
    body = Document(path).body
    return "\n".join(one.text_recursive for one in body.get_elements("//text:p | //text:h"))


def test_a_month_has_its_papers(agency: Agency, tmp_path: Path, settled: date) -> None:
    made(agency, tmp_path / "out", settled)
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.od?")}
    assert names == {
        "11511-簽-電話禮貌測試結果.odt",
        "11511-公佈欄-各單位測試結果.odt",
        "11511-改進情形表.odt",
        "11511-通知/11511-通知-檢驗課.odt",
        "11511-通知/11511-通知-報驗課.odt",
        "11511-統計表.ods",
    }


def test_the_result_has_the_three_parts_of_a_letter_in_order_and_roc_days(
    agency: Agency, tmp_path: Path, settled: date
) -> None:
    made(agency, tmp_path, settled)
    text = text_of(tmp_path / "11511-簽-電話禮貌測試結果.odt")
    places = [text.index(one) for one in ("主旨：", "說明：", "擬辦：", "敬陳")]
    assert places == sorted(places)
    assert "測試期間 115 年 11 月 1 日至 115 年 11 月 30 日" in text
    assert "2026" not in text
    assert "81.7（n=3）" in text  # internal alone: the outside agency's 100 is not in it
    assert "100（n=1）" in text


def test_a_notice_names_no_other_unit_anywhere_in_its_file(agency: Agency, tmp_path: Path, settled: date) -> None:
    made(agency, tmp_path, settled)
    own = {"u1": ("檢驗課", "0227000001", "6201"), "u2": ("報驗課", "0227000002", "6302"), "u3": ("秘書室", "6403")}
    for unit in ("u1", "u2"):
        whole = everything_in(tmp_path / "11511-通知" / f"11511-通知-{own[unit][0]}.odt")
        assert own[unit][0] in whole
        assert [word for other, words in own.items() if other != unit for word in words if word in whole] == []


def test_a_notice_holds_its_own_calls_and_why_they_lost_points(agency: Agency, tmp_path: Path, settled: date) -> None:
    made(agency, tmp_path, settled)
    first, second = (text_of(tmp_path / "11511-通知" / f"11511-通知-{unit}.odt") for unit in ("檢驗課", "報驗課"))
    assert "115.11.3 10:00" in first
    assert "115.11.10 10:00" not in first
    assert "115.11.10 10:00" in second
    assert "第 12 聲" in first


def test_nobody_is_named_while_somebody_may_object(agency: Agency, tmp_path: Path, settled: date) -> None:
    early = datetime.now(UTC).date()
    made(agency, tmp_path / "early", early)
    files = [path for path in (tmp_path / "early").rglob("*") if path.suffix in (".odt", ".ods")]
    assert files
    assert [path.name for path in files if "歐陽" in everything_in(path)] == []
    assert "4 通仍在異議期限內" in text_of(tmp_path / "early" / "11511-簽-電話禮貌測試結果.odt")
    assert known(agency, early).named == ()
    made(agency, tmp_path / "late", settled)
    assert "歐陽" in text_of(tmp_path / "late" / "11511-通知" / "11511-通知-檢驗課.odt")
    assert [one.call_id for one in known(agency, settled).named] == ["c1", "c3"]


def test_an_objection_keeps_its_call_out_for_as_long_as_it_lasts(agency: Agency, settled: date) -> None:
    with open_store(agency.database) as store:
        store.reviews.add("c1", round_no=1, what="objection", who="受測者", detail={"reason": "x"})
    assert [one.call_id for one in known(agency, settled).named] == ["c3"]


def test_what_the_unit_explained_goes_with_its_deficiency_as_plain_text(
    agency: Agency, tmp_path: Path, settled: date
) -> None:
    with open_store(agency.database) as store:
        answer("c1", NASTY, who="u1", store=store, now=MADE)
    made(agency, tmp_path, settled)
    assert "=1+1 | *x* <b>&amp; # 題" in text_of(tmp_path / "11511-改進情形表.odt")


def test_no_text_in_a_spreadsheet_is_a_formula(agency: Agency, tmp_path: Path, settled: date) -> None:
    with open_store(agency.database) as store:
        answer("c1", NASTY, who="u1", store=store, now=MADE)
    made(agency, tmp_path, settled)
    assert "table:formula" not in everything_in(tmp_path / "11511-統計表.ods")
    raw = (tmp_path / "11511-統計表" / "待改進事項及改進情形.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in csv.reader(io.StringIO(raw.decode("utf-8-sig"))) for cell in row]
    assert [cell for cell in cells if cell.startswith("=")] == []
    assert any(cell.startswith("'=1+1") for cell in cells)


def test_a_spreadsheet_has_figures_with_their_n_and_blanks_for_what_is_not_known(
    agency: Agency, tmp_path: Path, settled: date
) -> None:
    made(agency, tmp_path, settled)
    book = CalamineWorkbook.from_path(tmp_path / "11511-統計表.ods")
    head, first, second, third = book.get_sheet_by_name("各單位成績（內部測試）").to_python()
    at = head.index("總分平均")
    assert head[at + 1] == "總分平均 n"
    assert [row[at : at + 2] for row in (first, second, third)] == [[72.5, 1], [86.3, 2], ["", ""]]


def test_what_is_missing_is_a_dash_and_never_a_zero(agency: Agency, tmp_path: Path, settled: date) -> None:
    made(agency, tmp_path, settled)
    table = Document(tmp_path / "11511-公佈欄-各單位測試結果.odt").body.get_tables()[0]
    rows = [[cell.text_recursive.strip() for cell in row.cells] for row in table.rows]
    untested = next(row for row in rows if row[0] == "秘書室")
    assert untested[2:6] == [MISSING] * 4
    assert untested[-1] == "本期未測"


def test_a_month_in_which_nobody_judged_and_we_failed_has_no_figure(
    agency: Agency, tmp_path: Path, settled: date
) -> None:
    keep_call(agency, "t1", GOOD, day=date(2026, 9, 3))
    failed = call(has_ivr=False, legs={"operator": {"outcome": "fault_ours"}})
    keep_call(agency, "t2", failed, unit="u2", day=date(2026, 9, 4))
    told = known(agency, settled, "month", "2026-09")
    assert [one.call_id for one in told.tested] == ["t1"]
    made(agency, tmp_path, settled, "month", "2026-09")
    text = text_of(tmp_path / "11509-簽-電話禮貌測試結果.odt")
    assert "總分平均 —" in text
    assert "線路因素不計者 1 通" in text


def test_an_items_wording_is_that_of_its_calls_own_form(agency: Agency, settled: date) -> None:
    told = known(agency, settled)
    first = told.tested[0]
    other = replace(first, sheet={**first.sheet, "form": "another"})
    assert "電話鈴響" in told.item_text("B1.1", first)
    assert told.item_text("B1.1", other) == "B1.1"


def test_every_table_repeats_its_headings_and_pages_are_numbered(agency: Agency, tmp_path: Path, settled: date) -> None:
    made(agency, tmp_path, settled)
    for path in tmp_path.rglob("*.odt"):
        whole = everything_in(path)
        assert whole.count("<table:table ") == whole.count("<table:table-header-rows>") > 0
        assert all(word in whole for word in ("text:page-number", "標楷體", 'fo:page-width="21.0cm"', "DFKai-SB"))


def test_a_quarter_a_half_year_and_a_year_have_theirs(agency: Agency, tmp_path: Path, settled: date) -> None:
    periods: tuple[tuple[Period, str], ...] = (("quarter", "115-Q4"), ("half_year", "2026-H2"), ("year", "115"))
    for kind, period in periods:
        made(agency, tmp_path, settled, kind, period)
    names = {path.stem for path in tmp_path.glob("*.odt")}
    assert names >= {"115Q4-季報-提報推動小組", "115Q4-成果報告", "115H2-自行考核報告", "115-自行考核報告"}
    year = text_of(tmp_path / "115-自行考核報告.odt")
    assert "考核結果處理情形" in year
    assert "116 年 1 月 15 日前" in year
    assert "115 年 10 月" in year


def test_what_the_agency_wrote_by_hand_is_in_its_year(agency: Agency, tmp_path: Path, settled: date) -> None:
    said = '[handling]\n"2026" = "已函送各單位改進"\n[complaints]\n"2026-11" = 3\n'
    (agency.folder / "papers.toml").write_text(said, encoding="utf-8")
    made(agency, tmp_path, settled, "year", "2026")
    assert "已函送各單位改進" in text_of(tmp_path / "115-自行考核報告.odt")
    text = (tmp_path / "115-統計表" / "遭投訴電話件數.csv").read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert ["115 年 11 月", "3"] in rows
    assert ["115 年 10 月", ""] in rows


def test_the_allocation_stays_secret_until_its_month_is_over(agency: Agency, tmp_path: Path) -> None:
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-11", store, seed="1", now=datetime(2026, 10, 25, tzinfo=UTC))
    edition = made(agency, tmp_path / "in", date(2026, 11, 30))
    assert not list((tmp_path / "in").glob("*分配表*"))
    assert any("尚未結束" in one["zh"] for one in edition.left_out)
    assert [table.id for table in edition.tables if table.id == "allocation"] == []
    made(agency, tmp_path / "after", date(2026, 12, 1))
    assert "115.11." in text_of(tmp_path / "after" / "11511-電話禮貌測試分配表.odt")


def test_a_reward_list_needs_the_heads_approval_and_nobody_who_may_object(agency: Agency, settled: date) -> None:
    assert "reward" not in {one.template for one in edition_of(known(agency, settled)).papers}
    assert "reward" in {one.template for one in edition_of(known(agency, settled), approved_by="局長").papers}
    late = datetime(2027, 1, 4, 1, tzinfo=UTC)  # the month is over, and somebody may still object
    keep_call(agency, "c6", GOOD, ANSWERS, unit="u2", day=date(2026, 11, 20), made_at=late)
    with pytest.raises(Refused) as refused:
        edition_of(known(agency, late.date() + timedelta(days=7)), approved_by="局長")
    assert refused.value.key == "report.reward_too_early"
    later = settled + timedelta(days=8)
    assert "reward" in {one.template for one in edition_of(known(agency, later), approved_by="局長").papers}
    with pytest.raises(Refused) as refused:
        edition_of(known(agency, date(2026, 11, 30)), approved_by="局長")
    assert refused.value.key == "report.reward_not_over"


def test_the_public_edition_is_made_only_where_the_agency_says_so(
    agency: Agency, tmp_path: Path, settled: date
) -> None:
    assert "public" not in {one.template for one in edition_of(known(agency, settled)).papers}
    (agency.folder / "papers.toml").write_text("public = true\n", encoding="utf-8")
    made(agency, tmp_path, settled)
    assert "歐陽" not in everything_in(tmp_path / "11511-對外公布版.odt")


def test_the_agencys_own_template_goes_before_ours(agency: Agency, tmp_path: Path, settled: date) -> None:
    own = agency.folder / "templates"
    own.mkdir()
    (own / "board.md.j2").write_text("# 本局公告\n\n{{ table(series[0].units) }}", encoding="utf-8")
    made(agency, tmp_path, settled)
    assert "本局公告" in text_of(tmp_path / "11511-公佈欄-各單位測試結果.odt")


@pytest.mark.parametrize(
    ("text", "line"),
    [("# a\n\n{{ nobody }}", 3), ("# a\n{% for %}", 2), ("{{ 1 / 0 }}", 1), ("\n{{ agency.__class__ }}", 2)],
)
def test_a_template_that_is_wrong_is_told_with_file_and_line(
    agency: Agency, tmp_path: Path, settled: date, text: str, line: int
) -> None:
    (agency.folder / "templates").mkdir()
    (agency.folder / "templates" / "board.md.j2").write_text(text, encoding="utf-8")
    with pytest.raises(WrongInput) as wrong:
        made(agency, tmp_path / "out", settled)
    assert f"board.md.j2 第 {line} 行" in wrong.value.sentence("zh")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ['[complaints]\n"11月" = 3\n', '[complaints]\n"2026-11" = -1\n', "publik = true\n"])
def test_papers_toml_that_is_wrong_is_told(agency: Agency, settled: date, text: str) -> None:
    (agency.folder / "papers.toml").write_text(text, encoding="utf-8")
    with pytest.raises(WrongInput, match=r"papers\.toml"):
        known(agency, settled)


@pytest.fixture
def told(agency: Agency, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, object]]:
    def ask(*words: str, status: int = DONE) -> dict[str, object]:
        capsys.readouterr()
        assert run(["--agency", str(agency.folder), "report", *words, "--json"]) == status
        return dict(json.loads(capsys.readouterr().out))

    return ask


def test_the_command_makes_a_quarter_and_never_replaces_what_a_clerk_may_have_changed(
    told: Callable[..., dict[str, object]], tmp_path: Path
) -> None:
    words = ("quarter", "115-Q4", "--to", str(tmp_path / "q"), "--no-pdf")
    first = told(*words)
    files = [Path(str(one)) for one in first["files"]]  # type: ignore[attr-defined]
    assert all(path.stat().st_size for path in files)
    files[0].write_text("改過", encoding="utf-8")
    assert told(*words, status=WRONG_USAGE)["error"] == "report.exists"
    assert files[0].read_text("utf-8") == "改過"
    told(*words, "--overwrite")
    assert Document(files[0]).get_type() == "text"
    assert not list((tmp_path / "q").rglob("*.part"))


@pytest.mark.parametrize(("kind", "period", "name"), [("half", "115-H2", "2026-H2"), ("year", "115", "2026")])
def test_the_commands_of_half_a_year_and_a_year_name_their_files_and_the_calls_that_are_not_final(
    told: Callable[..., dict[str, object]], tmp_path: Path, kind: str, period: str, name: str
) -> None:
    found = told(kind, period, "--to", str(tmp_path / "out"), "--no-pdf")
    assert found["schema"] == "thirdring.report/1"
    assert (found["period"], found["no_pdf"]) == (name, None)
    files = [Path(str(one)) for one in found["files"]]  # type: ignore[attr-defined]
    assert sorted(files) == sorted(one for one in (tmp_path / "out").rglob("*") if one.is_file())
    assert any("自行考核報告" in one.name for one in files)
    assert isinstance(found["unsettled"], int)


def test_the_command_refuses_a_period_without_calls_and_a_reward_list_too_early(
    told: Callable[..., dict[str, object]], tmp_path: Path
) -> None:
    out = ("--to", str(tmp_path / "out"), "--no-pdf")
    assert told("month", "2026-01", *out, status=WRONG_USAGE)["error"] == "report.no_calls"
    early = told("year", "2026", *out, "--approved-by", "局長", status=REFUSED)
    assert str(early["error"]).startswith("report.reward_")
    assert not (tmp_path / "out").exists()


def test_the_templates_are_copied_to_be_changed(told: Callable[..., dict[str, object]], tmp_path: Path) -> None:
    found = told("templates", "--to", str(tmp_path / "t"))["files"]
    names = {Path(str(one)).name for one in found}  # type: ignore[attr-defined]
    assert names >= {"result.md.j2", "notice.md.j2", "review.md.j2"}
