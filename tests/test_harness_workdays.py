"""The days an agency works: Taiwan's calendar, the official table over it, and the days nobody is tested."""

from __future__ import annotations

import calendar
import json
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cli.program import run
from harness.errors import DONE, AgencyError
from harness.new_agency import make_agency
from harness.programme.calendar_import import import_calendar
from harness.programme.workdays import Workdays, read_official

MAKE_UP = (
    "2019-01-19 2019-02-23 2019-10-05 2020-02-15 2020-06-20 2020-09-26 2021-02-20 2021-09-11 2022-01-22 2023-01-07 "
    "2023-02-04 2023-02-18 2023-03-25 2023-06-17 2023-09-23 2024-02-17 2025-02-08"
)
"""Saturdays worked by decree, 民國 108 to 116."""


def test_the_make_up_saturdays_of_nine_years_are_worked_and_no_others() -> None:
    days = (date(2019, 1, 1) + timedelta(days=n) for n in range(9 * 365 + 2))
    worked = [str(day) for day in days if day.weekday() > 4 and Workdays().is_worked(day)]
    assert worked == MAKE_UP.split()


OFF = {
    108: "01-01 02-04 02-05 02-06 02-07 02-08 02-28 03-01 04-04 04-05 06-07 09-13 10-10 10-11",
    109: "01-01 01-23 01-24 01-27 01-28 01-29 02-28 04-02 04-03 06-25 06-26 10-01 10-02 10-09",
    110: "01-01 02-10 02-11 02-12 02-15 02-16 03-01 04-02 04-05 06-14 09-20 09-21 10-11 12-31",
    111: "01-31 02-01 02-02 02-03 02-04 02-28 04-04 04-05 06-03 09-09 10-10",
    112: "01-02 01-20 01-23 01-24 01-25 01-26 01-27 02-27 02-28 04-03 04-04 04-05 06-22 06-23 09-29 10-09 10-10",
    113: "01-01 02-08 02-09 02-12 02-13 02-14 02-28 04-04 04-05 06-10 09-17 10-10",
    114: "01-01 01-27 01-28 01-29 01-30 01-31 02-28 04-03 04-04 05-30 09-29 10-06 10-10 10-24 12-25",
    115: "01-01 02-16 02-17 02-18 02-19 02-20 02-27 04-03 04-06 05-01 06-19 09-25 09-28 10-09 10-26 12-25",
}
"""Every Monday to Friday off by decree, 民國 108 to 115, written down by hand and not taken from the library: New Year,
Lunar New Year with its eve, 28 February, Children's and Tomb Sweeping Day, Dragon Boat, Mid-Autumn, National Day with
the days moved to or bridged, and from 114 on the days of the new law on holidays."""


@pytest.mark.parametrize("roc", OFF)
def test_the_weekdays_off_of_eight_years_are_those_of_the_published_tables_and_no_others(roc: int) -> None:
    days = (date(roc + 1911, 1, 1) + timedelta(days=n) for n in range(365 + calendar.isleap(roc + 1911)))
    off = [f"{day:%m-%d}" for day in days if day.weekday() < 5 and not Workdays().is_worked(day)]
    assert off == OFF[roc].split()


@pytest.mark.parametrize("day", ["2026-01-01", "2026-02-17", "2026-02-27", "2026-10-09", "2026-12-25", "2025-10-24"])
def test_a_holiday_on_a_weekday_is_off(day: str) -> None:
    assert not Workdays().is_worked(date.fromisoformat(day))


def test_a_whole_working_week_is_worked() -> None:
    assert Workdays().between(date(2026, 11, 16), date(2026, 11, 22)) == tuple(date(2026, 11, d) for d in range(16, 21))


def test_the_official_table_is_above_the_library(tmp_path: Path) -> None:
    rows = "西元日期,星期,是否放假,備註\n20261116,一,2,選舉\n2026-11-21,六,0,補行上班\n"
    (tmp_path / "calendar-115.csv").write_text(rows, encoding="utf-8-sig")
    workdays = Workdays(official=read_official(tmp_path))
    assert not workdays.is_worked(date(2026, 11, 16))
    assert workdays.is_worked(date(2026, 11, 21))
    assert workdays.is_worked(date(2026, 11, 17))


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ("日期,是否放假\n20261116,2\n", "programme.calendar_columns"),
        ("西元日期,星期,是否放假,備註\n20261316,一,2,\n", "programme.calendar_row"),
        ("西元日期,星期,是否放假,備註\n20261116,一,1,\n", "programme.calendar_row"),
        ("西元日期,星期,是否放假,備註\n99991231,五,2,\n", "programme.calendar_row"),
        (f"西元日期,星期,是否放假,備註\n20261116,一,2,{'雨' * 200_000}\n", "directory.not_csv"),
    ],
)
def test_a_table_that_cannot_be_read_is_named_with_its_row(tmp_path: Path, rows: str, key: str) -> None:
    (tmp_path / "calendar.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(AgencyError) as raised:
        read_official(tmp_path)
    assert raised.value.key == key
    assert "calendar.csv" in str(raised.value)


def test_a_typhoon_stops_the_tests_and_not_the_office() -> None:
    day = date(2026, 11, 18)
    workdays = Workdays(not_tested=frozenset({day}))
    assert workdays.is_worked(day)
    assert not workdays.is_tested(day)


ROC_YEARS = range(108, 117)
OFF_ON_WEEKDAYS = {115: 16, 116: 17}
"""As the published tables of 民國 115 and 116 have them, counted; neither has a make-up Saturday."""


def official_csv(year: int, *, changed: frozenset[date] = frozenset()) -> str:
    """A year as the office publishes it, from the library; some days turned round."""
    rows = ["西元日期,星期,是否放假,備註"]
    for n in range(365 + calendar.isleap(year)):
        day = date(year, 1, 1) + timedelta(days=n)
        works = Workdays().is_worked(day) is not (day in changed)
        note = "補行上班" if works and day.weekday() > 4 else "" if works else "例假日"
        rows.append(f"{day:%Y%m%d},{'一二三四五六日'[day.weekday()]},{0 if works else 2},{note}")
    return "\r\n".join(rows) + "\r\n"


@pytest.mark.parametrize("roc", ROC_YEARS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp950", "big5"])
def test_nine_years_of_official_tables_come_in_and_agree_in_each_encoding(
    tmp_path: Path, roc: int, encoding: str
) -> None:
    file = tmp_path / "表.csv"
    file.write_bytes(official_csv(roc + 1911).encode(encoding))
    found = import_calendar(file, tmp_path)
    assert (found.year, found.days, found.differences) == (roc + 1911, 365 + calendar.isleap(roc + 1911), ())
    assert found.make_up == tuple(date.fromisoformat(day) for day in MAKE_UP.split() if day[:4] == str(roc + 1911))
    if roc in OFF_ON_WEEKDAYS:
        weekdays = sum(day.weekday() < 5 for day in read_official(tmp_path))
        assert weekdays - (found.worked - len(found.make_up)) == OFF_ON_WEEKDAYS[roc]
    (kept,) = tmp_path.glob("calendar*.csv")
    assert kept.name == f"calendar-{roc + 1911}.csv"
    assert kept.read_bytes().startswith(b"\xef\xbb\xbf")


@given(
    roc=st.sampled_from(ROC_YEARS),
    changed=st.frozensets(st.integers(0, 364), max_size=12),
    encoding=st.sampled_from(["utf-8-sig", "cp950"]),
)
@settings(max_examples=60, deadline=None)
def test_exactly_the_days_that_differ_are_listed_and_the_table_counts(
    roc: int, changed: frozenset[int], encoding: str
) -> None:
    year = roc + 1911
    days = frozenset(date(year, 1, 1) + timedelta(days=n) for n in changed)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "x.csv").write_bytes(official_csv(year, changed=days).encode(encoding))
        found = import_calendar(folder / "x.csv", folder)
        official = Workdays(official=read_official(folder))
    assert {one.day for one in found.differences} == days
    every = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    assert {day for day in every if official.is_worked(day) is not Workdays().is_worked(day)} == days


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (official_csv(2026).replace("20260301,日,2,例假日\r\n", ""), "calendar.not_whole"),
        (official_csv(2026) + "20260301,日,2,例假日\r\n", "calendar.twice"),
        (official_csv(2026) + "20270101,五,2,開國紀念日\r\n", "calendar.years"),
        (official_csv(2026).replace("20260301,日,2", "20260301,日,1"), "programme.calendar_row"),
        ("西元日期,星期,是否放假,備註\r\n", "calendar.years"),
    ],
)
def test_a_table_that_is_not_a_whole_year_is_refused_and_nothing_is_changed(
    tmp_path: Path, text: str, key: str
) -> None:
    (tmp_path / "x.csv").write_text(text, encoding="utf-8", newline="")
    with pytest.raises(AgencyError) as raised:
        import_calendar(tmp_path / "x.csv", tmp_path)
    assert raised.value.key == key
    assert list(tmp_path.glob("calendar*")) == []


def test_bytes_of_no_encoding_are_refused(tmp_path: Path) -> None:
    (tmp_path / "calendar.csv").write_bytes(b"\xff\xfe\x81\x00\x80")
    with pytest.raises(AgencyError) as raised:
        read_official(tmp_path)
    assert raised.value.key == "calendar.encoding"


def test_the_command_lists_the_days_that_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_agency(tmp_path / "a")
    file = tmp_path / "x.csv"
    file.write_bytes(official_csv(2027, changed=frozenset({date(2027, 10, 11), date(2027, 10, 16)})).encode("big5"))
    asked = ["--agency", str(tmp_path / "a"), "calendar"]
    assert run([*asked, "import", str(file), "--dry-run"]) == DONE
    assert list((tmp_path / "a").glob("calendar*")) == []
    assert run([*asked, "import", str(file)]) == DONE
    assert "2027-10-11" in capsys.readouterr().out
    assert run([*asked, "compare", "--json"]) == DONE
    (year,) = json.loads(capsys.readouterr().out)["years"]
    assert [one["day"] for one in year["differences"]] == ["2027-10-11", "2027-10-16"]
    assert year["year_roc"] == 116
