"""Dates as Taiwan's agencies write them: 民國 = the common era less 1911, in Taiwan's time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

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
