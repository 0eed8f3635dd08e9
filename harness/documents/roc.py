"""Dates as Taiwan's agencies write them: 民國 = the common era less 1911, in Taiwan's time."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from rubric.periods import roc_day, roc_period

TAIWAN = timezone(timedelta(hours=8))
"""Taiwan has kept UTC+8 without summer time since 1980; no table of time zones is needed for test calls."""

FIRST_YEAR = 1911


def roc_minute(moment: datetime) -> str:
    """A moment to the minute, as the sheets ask for it: 102 年 2 月 6 日 9 時 05 分."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()}: a moment without its time zone")
    here = moment.astimezone(TAIWAN)
    year = here.year - FIRST_YEAR
    return f"{year} 年 {here.month} 月 {here.day} 日 {here.hour} 時 {here.minute:02d} 分"


def told_day(day: date, lang: str = "zh") -> str:
    """A day in a sentence: 115 年 11 月 3 日; in English as ISO 8601 has it."""
    return roc_day(day) if lang == "zh" else day.isoformat()


def short_day(day: date, lang: str = "zh") -> str:
    """A day in a table: 115.11.3, as the 民國 calendar is written short."""
    return f"{day.year - FIRST_YEAR}.{day.month}.{day.day}" if lang == "zh" else day.isoformat()


def short_minute(at: datetime, lang: str = "zh") -> str:
    """A moment in a table, on the clock that it carries: 115.11.3 10:05."""
    return f"{short_day(at.date(), lang)} {at:%H:%M}"


def told_period(name: str, lang: str = "zh") -> str:
    """A period's name: 115 年第 4 季; in English as machines write it, 2026-Q4."""
    return roc_period(name) if lang == "zh" else name
