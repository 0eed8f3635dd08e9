"""Which days an agency works: Taiwan's calendar of offices with its make-up days, and what the agency adds to it.

The library `holidays` knows the calendar as it was decreed; the agency may lay the official table of its own year
over it (政府行政機關辦公日曆表, a CSV with the columns 西元日期, 星期, 是否放假, 備註; 0 is work and 2 is off), and the
days on which nobody is to be tested: a typhoon, an election, a move.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import holidays

from harness.errors import AgencyError
from harness.hours import DAYS
from harness.toml_file import read_text

CALENDAR_GLOB = "calendar*.csv"
COLUMNS = ("西元日期", "是否放假", "備註")
_WORKS = {"0": True, "2": False}


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
        worked |= _table(path)
    return worked


def _table(path: Path) -> dict[date, bool]:
    rows = csv.DictReader(io.StringIO(read_text(path, fault=AgencyError), newline=""))
    missing = [name for name in COLUMNS[:2] if name not in (rows.fieldnames or ())]
    if missing:
        raise AgencyError("programme.calendar_columns", file=path.name, columns="、".join(missing))
    return dict(_row(path, number, row) for number, row in enumerate(rows, start=2) if any(row.values()))


def _row(path: Path, number: int, row: dict[str, str | None]) -> tuple[date, bool]:
    day, off = (row["西元日期"] or "").strip(), (row["是否放假"] or "").strip()
    try:
        return date.fromisoformat(day if "-" in day else f"{day[:4]}-{day[4:6]}-{day[6:8]}"), _WORKS[off]
    except (ValueError, KeyError):
        raise AgencyError("programme.calendar_row", file=path.name, row=number, value=f"{day}, {off}") from None
