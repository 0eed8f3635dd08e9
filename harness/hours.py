"""Office hours: the minutes of a day, and the days of a week, in which a telephone may be rung."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ZH = dict(zip(DAYS, "一二三四五六日", strict=True))
_SPAN = re.compile(r"^(\d{2}):(\d{2})-(\d{2}):(\d{2})$")


@dataclass(frozen=True)
class Hours:
    """Spans of a day, `[start, end)` in minutes after midnight, in order and apart."""

    spans: tuple[tuple[int, int], ...]
    """Each with its start and its end."""

    def hold(self, when: datetime) -> bool:
        """Tell whether the local time of `when` lies in one of the spans."""
        minute = when.hour * 60 + when.minute
        return any(start <= minute < end for start, end in self.spans)

    def __str__(self) -> str:
        return " ".join(f"{_clock(start)}-{_clock(end)}" for start, end in self.spans)


def read_hours(text: str) -> Hours:
    """Read `09:00-11:30 13:30-16:30` (also with commas between); `00:00-24:00` is day and night.

    Raises ValueError when a span is not written so, ends before it starts, or overlaps the one before it.
    """
    spans = tuple(_span(part) for part in re.split(r"[\s,、;]+", text.strip()) if part)
    if not spans:
        raise ValueError(text)
    for earlier, later in pairwise(spans):
        if later[0] < earlier[1]:
            raise ValueError(text)
    return Hours(spans)


def days_said(days: Sequence[str]) -> dict[str, str]:
    """Name days of the week (of `DAYS`) for a sentence: 星期一、二 and Mon Tue."""
    return {"zh": "星期" + "、".join(_ZH[day] for day in days), "en": " ".join(day.title() for day in days)}


def _span(text: str) -> tuple[int, int]:
    found = _SPAN.match(text)
    if not found:
        raise ValueError(text)
    start_h, start_m, end_h, end_m = map(int, found.groups())
    start, end = start_h * 60 + start_m, end_h * 60 + end_m
    if start_m > 59 or end_m > 59 or not start < end <= 24 * 60:
        raise ValueError(text)
    return start, end


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
