"""The official table of a year laid into an agency's folder, and how far it agrees with the library's calendar.

政府行政機關辦公日曆表 is issued in June for the next year, and amended now and then (修正版): what it says beats the
library, and every day on which both differ is listed, so that a wrong file is seen before it moves a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from harness.errors import AgencyError
from harness.programme.workdays import Workdays, holiday_name, read_table, table_text
from rubric.periods import FIRST_YEAR


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A day on which the official table and the library differ."""

    day: date
    """The day."""
    official: bool
    """Whether the table says it is worked."""
    library: str
    """The holiday that the library knows it for; empty: none."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far a year's table agrees with the library."""

    year: int
    """The year of the common era; 民國 is 1911 less."""
    days: int
    """Days of the table."""
    worked: int
    """Days that it says are worked."""
    make_up: tuple[date, ...]
    """Saturdays and Sundays that it says are worked (補行上班)."""
    differences: tuple[Difference, ...]
    """Days on which both differ, in order."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        told = asdict(self) | {"year_roc": self.year - FIRST_YEAR, "make_up": [str(day) for day in self.make_up]}
        return told | {"differences": [asdict(one) | {"day": str(one.day)} for one in self.differences]}


def agreement_of(official: Mapping[date, bool], year: int) -> Agreement:
    """Compare a table's days of one year with the library."""
    library, days = Workdays(), {day: worked for day, worked in sorted(official.items()) if day.year == year}
    found = [
        Difference(day=day, official=worked, library=holiday_name(day))
        for day, worked in days.items()
        if library.is_worked(day) is not worked
    ]
    make_up = tuple(day for day, worked in days.items() if worked and day.weekday() > 4)
    return Agreement(year=year, days=len(days), worked=sum(days.values()), make_up=make_up, differences=tuple(found))


def import_calendar(file: Path, folder: Path, *, dry_run: bool = False) -> Agreement:
    """Lay a year's official table into an agency's folder as `calendar-YYYY.csv`, in the place of an older one.

    Raises AgencyError with file and row: what cannot be read, a day that comes twice, another year's day, or a year
    that is not whole; then nothing was changed.
    """
    official = read_table(file)
    years = {day.year for day in official}
    if len(years) != 1:
        raise AgencyError("calendar.years", file=file.name, years="、".join(map(str, sorted(years))) or "—")
    (year,) = years
    every = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    missing = [day for day in every if day not in official]
    if missing:
        raise AgencyError("calendar.not_whole", file=file.name, count=len(missing), first=missing[0], year=year)
    if not dry_run:
        target = folder / f"calendar-{year}.csv"
        new = target.with_name(f".{target.name}.new")
        new.write_text(table_text(file), encoding="utf-8-sig", newline="")
        new.replace(target)
    return agreement_of(official, year)
