"""Which days an agency works: Taiwan's calendar of offices with its make-up days, and what the agency adds to it.

The library `holidays` knows the calendar as it was decreed; the agency may lay the official table of its own year
over it (政府行政機關辦公日曆表, a CSV with the columns 西元日期, 星期, 是否放假, 備註; 0 is work and 2 is off), and the
days on which nobody is to be tested: a typhoon, an election, a move.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, timedelta
from functools import lru_cache
from pathlib import Path

import holidays

from harness.errors import AgencyError
from harness.hours import DAYS

CALENDAR_GLOB = "calendar*.csv"
COLUMNS = ("西元日期", "是否放假", "備註")
_WORKS = {"0": True, "2": False}
ENCODINGS = ("utf-8-sig", "cp950")
"""UTF-8 first: text in Big5 is hardly ever valid UTF-8, while almost anything passes for Big5."""


@dataclass(frozen=True, kw_only=True)
class Workdays:
    """The days an agency works."""

    official: Mapping[date, bool] = field(default_factory=dict)
    """Days of the official tables that the agency laid in: whether they are worked."""
    not_tested: frozenset[date] = frozenset()
    """Days on which nobody is called whatever the calendar says (今日停測)."""
    works_on: Collection[int] = (0, 1, 2, 3, 4)
    """Weekdays of the agency's own hours, 0 is Monday: a make-up Saturday is worked all the same."""

    def is_worked(self, day: date) -> bool:
        """Whether the office is open that day."""
        if day in self.official:
            return self.official[day]
        taiwan = _taiwan(day.year)
        return day in taiwan.weekend_workdays or (day.weekday() in self.works_on and day not in taiwan)

    def is_tested(self, day: date) -> bool:
        """Whether telephones may be tested that day."""
        return self.is_worked(day) and day not in self.not_tested

    def between(self, first: date, last: date) -> tuple[date, ...]:
        """The days of testing from one to another, both included."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return tuple(day for day in days if self.is_tested(day))


@lru_cache(maxsize=64)
def _taiwan(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("TW", years=year)


def office_days(folder: Path, days: Collection[str], *, not_tested: frozenset[date] = frozenset()) -> Workdays:
    """The days that an agency's folder says it works, on the days of the week of its hours (`mon`, `tue` …)."""
    works_on = tuple(DAYS.index(day) for day in days)
    return Workdays(official=read_official(folder), not_tested=not_tested, works_on=works_on)


def read_official(folder: Path) -> dict[date, bool]:
    """Every `calendar*.csv` of an agency's folder, later names over earlier ones; AgencyError names file and row."""
    worked: dict[date, bool] = {}
    for path in sorted(folder.glob(CALENDAR_GLOB)):
        worked |= read_table(path)
    return worked


def holiday_name(day: date) -> str:
    """What the library knows a day for; empty: nothing."""
    return str(_taiwan(day.year).get(day) or "")


def read_table(path: Path) -> dict[date, bool]:
    """The days of an official table, and whether each is worked; AgencyError names file and row."""
    rows = csv.DictReader(io.StringIO(table_text(path), newline=""))
    try:
        return _read(rows, path)
    except csv.Error as error:
        raise AgencyError("directory.not_csv", file=path.name, row=rows.line_num, reason=str(error)) from None


def _read(rows: csv.DictReader[str], path: Path) -> dict[date, bool]:
    named = [(name or "").strip() for name in rows.fieldnames or ()]
    missing = [name for name in COLUMNS[:2] if name not in named]
    if missing:
        raise AgencyError("programme.calendar_columns", file=path.name, columns="、".join(missing))
    rows.fieldnames = named
    worked: dict[date, bool] = {}
    for row in rows:
        if any(value for value in row.values() if isinstance(value, str)):
            day, works = _row(path, rows.line_num, row)
            if day in worked:
                raise AgencyError("calendar.twice", file=path.name, row=rows.line_num, day=day)
            worked[day] = works
    return worked


def table_text(path: Path) -> str:
    """The text of an official table: UTF-8 with or without its mark, or Big5 as it was published before."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AgencyError("file.unreadable", file=str(path), reason=reason) from None
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AgencyError("calendar.encoding", file=path.name)


def _row(path: Path, number: int, row: dict[str, str | None]) -> tuple[date, bool]:
    day, off = (row["西元日期"] or "").strip(), (row["是否放假"] or "").strip()
    try:
        return _day(day), _WORKS[off]
    except (ValueError, KeyError, OverflowError):
        raise AgencyError("programme.calendar_row", file=path.name, row=number, value=f"{day}, {off}") from None


def _day(text: str) -> date:
    """20261231, 2026-12-31 or 2026/12/31."""
    year, month, day = re.split(r"[-/]", text) if re.search(r"[-/]", text) else (text[:4], text[4:6], text[6:])
    if len(year) != 4 or int(year) >= MAXYEAR:  # a whole year ends where the next one begins
        raise ValueError(text)
    return date(int(year), int(month), int(day))
