"""Which months have rounds: every month, or one of each quarter, half year or year."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from harness.programme.settings import ProgrammeSettings
from rubric.periods import days_of, period_of


def has_rounds(settings: ProgrammeSettings, month: str) -> bool:
    """Whether a month ("2026-12") is one that has rounds."""
    return place_in_period(settings, month) == settings.round_month


def rounds_in(settings: ProgrammeSettings, month: str) -> int:
    """How many rounds a month has."""
    return settings.rounds_per_month if has_rounds(settings, month) else 0


def place_in_period(settings: ProgrammeSettings, month: str) -> int:
    """The how manyth month of its period it is, from 1."""
    first, _ = days_of(month)
    begin, _ = days_of(period_of(first, settings.rounds_every))
    return first.month - begin.month + 1


def months_until(month: str, last: date) -> tuple[str, ...]:
    """The months from one on to that of a day, both included; none where that day is earlier."""
    found = []
    while days_of(month)[0] <= last:
        found.append(month)
        month = month_after(month)
    return tuple(found)


def month_after(month: str) -> str:
    """The month after another."""
    return period_of(days_of(month)[1] + timedelta(days=1), "month")


def next_with_rounds(settings: ProgrammeSettings, month: str) -> str:
    """The first month after another that has rounds."""
    month = month_after(month)
    while not has_rounds(settings, month):
        month = month_after(month)
    return month


def to_draw(settings: ProgrammeSettings, drawn: Collection[str], today: date) -> str | None:
    """The month to be drawn now: this one, or from the agency's day on the next; None: it is drawn, or has no rounds.

    From that day on this month is drawn only where an earlier one was: then nobody ran the programme in time, and what
    its days still allow is tested. An agency that begins on such a day begins with the next month.
    """
    this = period_of(today, "month")
    begins = today.day >= settings.draw_day
    late = [this] if not begins or any(month < this for month in drawn) else []
    wanted = [*late, *([month_after(this)] if begins else [])]
    return next((month for month in wanted if month not in drawn and has_rounds(settings, month)), None)


def drawn_late(settings: ProgrammeSettings, month: str, today: date) -> bool:
    """Whether a month that is drawn today had its day of drawing long ago: the next one's has come."""
    return month == period_of(today, "month") and today.day >= settings.draw_day


def skipped(settings: ProgrammeSettings, drawn: Collection[str], today: date) -> tuple[str, ...]:
    """Months with rounds that are over and were not drawn, since the last that was; none before the first."""
    if not drawn:
        return ()
    ended = days_of(period_of(today, "month"))[0] - timedelta(days=1)
    return tuple(month for month in months_until(month_after(max(drawn)), ended) if has_rounds(settings, month))
