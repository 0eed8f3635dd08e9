"""The periods agencies report by: months, quarters, half-years, years; written for machines and in 民國."""

import re
from datetime import date, timedelta
from typing import Literal

Period = Literal["month", "quarter", "half_year", "year"]
FIRST_YEAR = 1911
"""民國 1 is 1912."""
_PERIOD = re.compile(r"(?P<year>\d{4})(-((?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])|H(?P<half>[12])))?")


def period_of(day: date, period: Period) -> str:
    """The period a day lies in: 2026-11, 2026-Q4, 2026-H2, 2026. They sort in time within one kind."""
    match period:
        case "month":
            return f"{day.year}-{day.month:02d}"
        case "quarter":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case "half_year":
            return f"{day.year}-H{1 if day.month <= 6 else 2}"
    return f"{day.year}"


def period_of_month(month: str, period: Period) -> str:
    """The period that a month ("2026-11") lies in."""
    return period_of(date.fromisoformat(f"{month}-01"), period)


def days_of(name: str) -> tuple[date, date]:
    """The first and last day of a period by its name. Raises `ValueError` when it is no period's."""
    found = _PERIOD.fullmatch(name)
    if found is None:
        raise ValueError(name)
    year = int(found["year"])
    lengths = {"month": 1, "quarter": 3, "half": 6}
    kind = next((one for one in lengths if found[one]), None)
    months = 12 if kind is None else lengths[kind]
    before = 0 if kind is None else (int(found[kind]) - 1) * months
    after = before + months
    return date(year, before + 1, 1), date(year + after // 12, after % 12 + 1, 1) - timedelta(days=1)


def period_named(text: str, period: Period) -> str:
    """A period as people write it, in either calendar: 2026-11, 115-11, 115-Q4, 2026-H2, 115.

    Raises `ValueError` when it is none of that kind.
    """
    year, dash, rest = text.strip().upper().partition("-")
    if not year.isdigit() or len(year) > 4 or int(year) < 1:
        raise ValueError(text)
    gregorian = int(year) + (FIRST_YEAR if len(year) < 4 else 0)
    name = f"{gregorian}{dash}{rest.zfill(2) if period == 'month' else rest}"
    first, last = days_of(name)
    if period_of(first, period) != name or period_of(last, period) != name:
        raise ValueError(text)
    return name


def period_before(name: str) -> str:
    """The period of the same kind that ended the day before this one began."""
    first, _ = days_of(name)
    kind: Period = "month"
    if "Q" in name:
        kind = "quarter"
    elif "H" in name:
        kind = "half_year"
    elif "-" not in name:
        kind = "year"
    return period_of(first - timedelta(days=1), kind)


def roc_period(name: str) -> str:
    """A period's name in 民國: 115 年 11 月, 115 年第 4 季, 115 年下半年, 115 年."""
    year, _, rest = name.partition("-")
    roc = f"{int(year) - FIRST_YEAR} 年"
    if rest.startswith("Q"):
        return f"{roc}第 {rest[1:]} 季"
    if rest.startswith("H"):
        return f"{roc}{'上' if rest[1:] == '1' else '下'}半年"
    return f"{roc} {int(rest)} 月" if rest else roc


def roc_day(day: date) -> str:
    """A day in 民國: 102 年 2 月 6 日."""
    return f"{day.year - FIRST_YEAR} 年 {day.month} 月 {day.day} 日"
