"""Nothing of a result goes into any paper before the time for objection has passed, nor while somebody objects."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kept_calls import agency_with_units, keep_call
from odfdo import Document
from rubric_cases import best, call, leg

from harness.agency import Agency
from harness.errors import Refused
from harness.figures import span_of
from harness.papers.edition import Edition, edition_of
from harness.papers.gather import Gathered, gather
from harness.papers.held import held_back
from harness.papers.write import write_edition, write_sheet
from harness.papers.year_round import jobs_of, make_all
from harness.store import open_store
from rubric.periods import Period

GOOD = call(has_ivr=False)
BAD = call(has_ivr=False, legs={"operator": leg(9, 30), "unit": leg(12, 36)})
OTHER = call(has_ivr=False, legs={"operator": leg(5, 14), "unit": leg(7, 20)})
SETTLED_AT = datetime(2026, 11, 4, 2, tzinfo=UTC)
LATE = datetime(2026, 11, 26, 2, tzinfo=UTC)
"""When the sheets were made: after seven days nobody can object, to those of the second from 4 December on."""
EARLY, AFTER = date(2026, 12, 2), date(2026, 12, 4)
MADE = datetime(2026, 12, 4, 1, tzinfo=UTC)
HELD_AT = datetime(2026, 12, 2, 1, tzinfo=UTC)
PERIODS: tuple[tuple[Period, str], ...] = (
    ("month", "2026-11"),
    ("month", "2026-12"),
    ("quarter", "2026-Q4"),
    ("year", "2026"),
)
CHAIN = re.compile(r"\d+:[0-9a-f]{8,}")


def agency_of(folder: Path, facts: dict[str, Any], answers: dict[str, Any]) -> Agency:
    """One settled call, one of a unit that has no other and one of a unit that has, both of the given result."""
    agency = agency_with_units(folder)
    (agency.folder / "papers.toml").write_text("public = true\n", encoding="utf-8")
    keep_call(agency, "c1", GOOD, best(has_ivr=False), day=date(2026, 11, 3), made_at=SETTLED_AT)
    for name, unit in (("c2", "u2"), ("c3", "u1")):
        keep_call(agency, name, facts, answers, unit=unit, day=date(2026, 11, 25), made_at=LATE)
    keep_call(agency, "c4", GOOD, best(has_ivr=False), day=date(2026, 12, 1), unit="u3", made_at=SETTLED_AT)
    return agency


def known(agency: Agency, today: date, kind: Period = "month", period: str = "2026-11", lang: str = "zh") -> Gathered:
    with open_store(agency.database) as store:
        return gather(span_of(kind, period), agency=agency, store=store, today=today, lang=lang)


def made(agency: Agency, folder: Path, today: date, periods: Sequence[tuple[Period, str]]) -> dict[str, str]:
    """Every part of every file of every paper of the periods, but for what names the state of the database."""
    found: dict[str, str] = {}
    for kind, period in periods:
        told = known(agency, today, kind, period)
        for path in write_edition(edition_of(told), told, folder / period, pdf=False, made_at=MADE):
            found |= {f"{period}/{path.name}/{part}": CHAIN.sub("", text) for part, text in _parts(path)}
    return found


def _parts(path: Path) -> Iterator[tuple[str, str]]:
    if path.suffix == ".csv":
        yield "", path.read_text("utf-8-sig")
        return
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            yield name, file.read(name).decode("utf-8", "replace")


def text_of(edition: Edition, told: Gathered, name: str, folder: Path) -> str:
    files = {path.stem: path for path in write_edition(edition, told, folder, pdf=False, made_at=MADE)}
    body = Document(next(path for stem, path in files.items() if name in stem)).body
    return "\n".join(one.text_recursive for one in body.get_elements("//text:p | //text:h"))


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Agency, Agency]:
    """Two agencies alike in everything but what the calls that are held back came to."""
    folder = tmp_path_factory.mktemp("worlds")
    surname = {"header": {"answerer_surname": "歐陽"}}
    rude = best(has_ivr=False) | surname | {"B2.2": {"courteous_ending": False}, "accuracy": {"asked": 2, "correct": 0}}
    return agency_of(folder / "a", BAD, rude), agency_of(folder / "b", OTHER, best(has_ivr=False))


@pytest.mark.parametrize(
    ("periods", "papers"),
    [
        (PERIODS[:1], ("簽-", "公佈欄", "對外公布版", "通知-一課", "通知-二課", "統計表")),
        pytest.param(PERIODS[1:], ("季報", "成果報告", "自行考核報告", "統計表"), marks=pytest.mark.slow),
    ],
)
def test_no_paper_tells_anything_of_a_result_before_its_time_and_every_paper_after(
    worlds: tuple[Agency, Agency],
    tmp_path: Path,
    periods: Sequence[tuple[Period, str]],
    papers: Sequence[str],
) -> None:
    """Whatever the calls came to, the papers are the same to the byte; once it is over they are not."""
    one, other = (made(agency, tmp_path / f"{n}-early", EARLY, periods) for n, agency in enumerate(worlds))
    assert len(one) > 30
    assert {name for name in one if one[name] != other.get(name)} == set()
    late, later = (made(agency, tmp_path / f"{n}-late", AFTER, periods) for n, agency in enumerate(worlds))
    changed = {name for name in late if name in later and late[name] != later[name]}
    for paper in papers:
        assert [name for name in changed if paper in name], paper


def test_a_paper_in_english_keeps_back_as_much(worlds: tuple[Agency, Agency], tmp_path: Path) -> None:
    told = known(worlds[0], EARLY, lang="en")
    text = text_of(edition_of(told), told, "-result", tmp_path)
    assert "2 call(s) may still be objected to (until 2026-12-03 at the latest)" in text
    assert "1 calls" in text


def test_each_paper_says_how_many_calls_it_holds_back_and_until_when(
    worlds: tuple[Agency, Agency], tmp_path: Path
) -> None:
    line = "尚有2 通仍在異議期限內（最遲至 115 年 12 月 3 日），結果未確定，均未計入本文書各項數字"
    for n, (period, names) in enumerate(
        (
            (PERIODS[0], ("簽-", "公佈欄", "對外公布版", "改進情形表")),
            (PERIODS[2], ("季報", "成果報告")),
            (PERIODS[3], ("自行考核報告",)),
        )
    ):
        told = known(worlds[0], EARLY, *period)
        for name in names:
            assert line in text_of(edition_of(told), told, name, tmp_path / f"{n}{name}"), name
        after = known(worlds[0], AFTER, *period)
        assert "結果未確定" not in text_of(edition_of(after), after, names[0], tmp_path / f"{n}after")


def test_the_month_after_says_that_its_look_back_lacks_some(worlds: tuple[Agency, Agency], tmp_path: Path) -> None:
    told = known(worlds[0], EARLY, "month", "2026-12")
    assert told.held_before == 2
    line = "前期尚有 2 通結果未確定，未計入趨勢及比較"
    assert line in text_of(edition_of(told), told, "簽-", tmp_path)


def test_a_unit_is_told_that_it_was_tested_and_that_it_may_object_without_a_point(
    worlds: tuple[Agency, Agency], tmp_path: Path
) -> None:
    told = known(worlds[0], EARLY)
    text = text_of(edition_of(told), told, "通知-二課", tmp_path / "a")
    assert all(word in text for word in ("受測 1 通", "結果未確定", "115.11.25 10:00", "115.12.3", "聽取本人錄音"))
    assert "總分平均" not in text
    assert "失分項目" not in text
    after = known(worlds[0], AFTER)
    assert "失分項目" in text_of(edition_of(after), after, "通知-二課", tmp_path / "b")


def test_a_unit_whose_only_result_is_held_back_is_not_called_untested(worlds: tuple[Agency, Agency]) -> None:
    (series,) = (part for part in edition_of(known(worlds[0], EARLY)).papers[0].values["series"])
    assert series.untested == ("三課",)
    notes = {row[0]: (row[1], row[-1]) for row in series.units.rows}
    assert notes["二課"] == (0, "另 1 通結果未確定")
    assert notes["一課"][1].endswith("另 1 通結果未確定")
    assert notes["三課"] == (0, "本期未測")


def test_while_somebody_objects_a_call_is_held_back_whatever_the_day_and_no_date_is_promised(tmp_path: Path) -> None:
    agency = agency_of(tmp_path / "agency", BAD, best(has_ivr=False))
    with open_store(agency.database) as store:
        store.reviews.add("c1", round_no=1, what="objection", who="受測者", detail={"reason": "x"})
    told = known(agency, date(2027, 3, 1))
    assert [one.call_id for one in told.unsettled] == ["c1"]
    assert told.figures["calls"] == 2
    held = edition_of(told).held
    assert held is not None
    assert held["zh"].startswith("尚有1 通異議或複核未決，")
    with pytest.raises(Refused, match="1 通異議或複核未決"):
        edition_of(told, approved_by="局長")


def test_a_month_of_which_nothing_is_final_still_has_its_papers(tmp_path: Path) -> None:
    agency = agency_of(tmp_path / "agency", BAD, best(has_ivr=False))
    told = known(agency, date(2026, 11, 6))
    assert (told.figures["calls"], told.calls) == (0, 3)
    text = text_of(edition_of(told), told, "簽-", tmp_path / "out")
    assert "尚有3 通仍在異議期限內" in text
    assert "總分平均" not in text
    assert {path.suffix for path in (tmp_path / "out").rglob("*.*")} == {".odt"}  # a workbook needs a table


def test_a_years_papers_tell_what_each_edition_holds_back(worlds: tuple[Agency, Agency], tmp_path: Path) -> None:
    common = {"agency": worlds[0].folder, "folder": tmp_path, "pdf": False, "overwrite": False, "lang": "zh"}
    jobs = tuple(job for job in jobs_of("2026", **common, made_at=HELD_AT) if job.kind == "month")
    told = {one.period: (one.calls, one.unsettled) for one in make_all(jobs, processes=1, tick=lambda _: None)}
    assert (told["2026-11"], told["2026-12"], told["2026-10"]) == ((3, 2), (1, 0), (0, 0))


def test_an_improvement_is_not_shown_as_closed_by_a_test_that_may_not_be_told_yet(tmp_path: Path) -> None:
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c1", BAD, best(has_ivr=False), made_at=SETTLED_AT)
    with open_store(agency.database) as store:
        store.improvements.note("c1", "answered", who="u1", detail={"text": "已改善"}, now=SETTLED_AT)
    keep_call(agency, "c2", GOOD, best(has_ivr=False), day=date(2026, 11, 25), made_at=LATE)
    assert [one.state for one in known(agency, EARLY).named] == ["answered"]
    assert [one.state for one in known(agency, AFTER).named] == ["closed"]


def test_a_void_call_is_nobodys_result_and_is_not_held_back(tmp_path: Path) -> None:
    agency = agency_with_units(tmp_path / "agency")
    failed = call(has_ivr=False, legs={"operator": {"outcome": "fault_ours"}})
    keep_call(agency, "c1", failed, made_at=LATE)
    with open_store(agency.database) as store:
        told: dict[str, Any] = {"agency": agency, "store": store, "objection_days": 7, "today": EARLY}
        assert held_back(date(2026, 1, 1), **told) == {}


def test_the_last_day_for_objection_still_holds_back_and_the_next_does_not(tmp_path: Path) -> None:
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c1", GOOD, best(has_ivr=False), made_at=LATE)
    with open_store(agency.database) as store:
        told: dict[str, Any] = {"agency": agency, "store": store, "objection_days": 7}
        (held,) = held_back(date(2026, 1, 1), today=date(2026, 12, 3), **told).values()
        assert held.until == date(2026, 12, 3)
        assert held_back(date(2026, 1, 1), today=held.until + timedelta(days=1), **told) == {}


def unsigned(folder: Path) -> Agency:
    """One settled call, one in its time for objection, and one of which the machine's half alone is there."""
    agency = agency_of(folder, BAD, best(has_ivr=False))
    keep_call(agency, "c5", BAD, None, unit="u3", day=date(2026, 11, 24), made_at=SETTLED_AT)
    return agency


def test_the_time_for_objection_of_an_unsigned_sheet_has_not_begun_however_old_it_is(tmp_path: Path) -> None:
    told = known(unsigned(tmp_path / "agency"), date(2027, 3, 1))
    assert [one.call_id for one in told.unsettled] == ["c5"]
    assert told.figures["calls"] == 3
    (one,) = told.held
    assert (one.until, one.unsigned, one.disputed) == (None, True, False)
    text = text_of(edition_of(told), told, "通知-三課", tmp_path / "out")
    assert "量表尚未簽認，未起算" in text
    assert not re.search(r"115\.1[12]\.(?!24)\d|115\.12", text.partition("結果未確定之測試")[2])
    with pytest.raises(Refused, match="1 通量表尚未完成或簽認"):
        edition_of(told, approved_by="局長")


def test_unsigned_sheets_are_counted_apart_from_those_that_may_be_objected_to(tmp_path: Path) -> None:
    agency = unsigned(tmp_path / "agency")
    for lang, words in (
        ("zh", "尚有2 通仍在異議期限內（最遲至 115 年 12 月 3 日）、1 通量表尚未完成或簽認（異議期間尚未起算），結果"),
        ("en", "(until 2026-12-03 at the latest), 1 call(s) have a sheet that is not finished or not signed"),
    ):
        told = known(agency, EARLY, lang=lang)
        assert words in (edition_of(told).held or {})[lang]


@pytest.mark.parametrize("finish", ["answers", "signature"])
def test_a_sheet_that_is_finished_begins_its_time_then_and_is_settled_after_it(tmp_path: Path, finish: str) -> None:
    agency = agency_with_units(tmp_path / "agency")
    said = best(has_ivr=False) if finish == "answers" else None
    keep_call(agency, "c1", BAD, said, made_at=LATE)
    with open_store(agency.database) as store:
        if finish == "signature":
            store.signatures.add("c1", version=1, who="陳", digest="x", now=LATE)
        told: dict[str, Any] = {"agency": agency, "store": store, "objection_days": 7}
        (held,) = held_back(date(2026, 1, 1), today=date(2026, 12, 3), **told).values()
        assert (held.until, held.unsigned) == (date(2026, 12, 3), False)
        assert held_back(date(2026, 1, 1), today=AFTER, **told) == {}


def test_an_unfinished_sheet_asks_nobody_for_an_answer(tmp_path: Path) -> None:
    told = known(unsigned(tmp_path / "agency"), date(2027, 3, 1))
    assert "c5" not in [one.call_id for one in told.deficient]


def test_more_calls_than_a_statement_takes_values_can_be_left_out(tmp_path: Path) -> None:
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c1", GOOD, best(has_ivr=False), made_at=LATE)
    with open_store(agency.database) as store:
        many = [f"x{n}" for n in range(300_000)]
        assert store.rows.forms("2026-11-01", "2026-11-30", without=many)[0][2] == 1
        assert store.rows.forms("2026-11-01", "2026-11-30", without=[*many, "c1"]) == []


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", "115 年 12 月 3 日（含當日）前提出異議"), ("en", "until 2026-12-03")]
)
def test_a_printed_sheet_says_until_when_it_may_be_objected_to_and_nothing_once_it_is_final(
    tmp_path: Path, lang: str, words: str
) -> None:
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c2", BAD, best(has_ivr=False), day=date(2026, 11, 25), made_at=LATE)
    keep_call(agency, "c3", BAD, None, day=date(2026, 11, 25), made_at=LATE)

    def printed(name: str, made_at: datetime, call_id: str = "c2") -> list[str]:
        told: dict[str, Any] = {"agency": agency, "pdf": False, "overwrite": False, "lang": lang}
        with open_store(agency.database) as store:
            page, odt = write_sheet(call_id, tmp_path / name, store=store, made_at=made_at, **told)
        paragraphs = Document(odt).body.get_elements("//text:p | //text:h")
        return [page.read_text("utf-8"), "\n".join(one.text_recursive for one in paragraphs)]

    unsigned_words = {"zh": "尚未完成或簽認", "en": "Not finished or not signed"}[lang]
    assert all(unsigned_words in text for text in printed("unsigned", MADE, "c3"))
    final = ("submission", "簽報")
    assert all(words in text for text in printed("last", datetime(2026, 12, 3, 15, 59, tzinfo=UTC)))
    after = printed("after", datetime(2026, 12, 3, 16, 0, tzinfo=UTC))  # 4 December in Taipei
    assert not any(word in text for text in after for word in (words, *final))
    with open_store(agency.database) as store:
        store.reviews.add("c2", round_no=1, what="objection", who="受測者", detail={"reason": "x"})
    disputed = {"zh": "異議或複核未決", "en": "Under objection or a second opinion"}[lang]
    assert all(disputed in text for text in printed("disputed", MADE))
