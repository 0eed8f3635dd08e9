"""The periods agencies report by: months, quarters, half-years, years; written for machines and in 民國."""

from datetime import date
from typing import Literal

Period = Literal["month", "quarter", "half_year", "year"]
FIRST_YEAR = 1911
"""民國 1 is 1912."""


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


def roc_period(name: str) -> str:
    """A period's name in 民國: 115 年 11 月, 115 年第 4 季, 115 年下半年, 115 年."""
    year, _, rest = name.partition("-")
    roc = f"{int(year) - FIRST_YEAR} 年"
    if rest.startswith("Q"):
        return f"{roc}第 {rest[1:]} 季"
    if rest.startswith("H"):
        return f"{roc}{'上' if rest[1:] == '1' else '下'}半年"
    return f"{roc} {int(rest)} 月" if rest else roc
