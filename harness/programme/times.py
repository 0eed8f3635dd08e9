"""When a telephone is tested: a day and a minute by lot, inside the unit's hours and at none of the bad moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from harness.directory import Unit
from harness.hours import Hours
from harness.programme.inputs import Inputs
from harness.programme.lot import fraction, pick


def draw_time(
    inputs: Inputs,
    seed: str,
    unit: Unit,
    name: str,
    window: Sequence[date],
    called: Sequence[date],
    *,
    per_day: Mapping[date, int],
    drawn: int = 1,
    after: datetime | None = None,
) -> datetime | None:
    """A day and a minute by lot for one test: inside the unit's hours, away from lunch and closing, its number rested.

    Args:
        window: the days it may fall on.
        called: days on which its number is called.
        per_day: tests already on each day.
        drawn: the how manyth drawing of this test's time it is.
        after: no earlier than this; None: any time.
    """
    minutes = first_attempt_minutes(inputs.hours_of(unit), inputs.settings.margin_min)
    rest = timedelta(days=inputs.settings.days_between_calls)
    free = [
        day
        for day in window
        if per_day.get(day, 0) < inputs.per_day and all(abs(day - other) >= rest and day != other for other in called)
    ]
    for day in sorted(free, key=lambda day: fraction(seed, "day", name, drawn, day)):
        moments = [m for m in minutes if after is None or _moment(day, m, inputs.zone) > after]
        if moments:
            return _moment(day, pick(moments, seed, "minute", name, drawn, day), inputs.zone)
    return None


def first_attempt_minutes(hours: Hours, margin_min: int) -> tuple[int, ...]:
    """Minutes after midnight at which a first attempt may begin: not just before or after lunch, nor before closing."""
    spans = list(hours.spans)
    starts = [
        spans[0][0],
        *(later[0] + (margin_min if later[0] > earlier[1] else 0) for earlier, later in pairwise(spans)),
    ]
    ends = [*(earlier[1] - (margin_min if later[0] > earlier[1] else 0) for earlier, later in pairwise(spans))]
    ends.append(spans[-1][1] - margin_min)
    return tuple(minute for start, end in zip(starts, ends, strict=True) for minute in range(start, end))


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), zone)
