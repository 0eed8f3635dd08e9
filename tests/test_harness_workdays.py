"""The days an agency works: Taiwan's calendar, the official table over it, and the days nobody is tested."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from harness.errors import AgencyError
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
