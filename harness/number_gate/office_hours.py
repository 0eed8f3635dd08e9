"""When a call may be placed: the office is open, and its staff were told that calls are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import Refused
from harness.hours import DAYS, days_said

if TYPE_CHECKING:
    from datetime import date, datetime

    from harness.agency import Agency
    from harness.directory import Unit


def refuse_closed(unit: Unit, agency: Agency, now: datetime) -> None:
    if not _is_open(unit, agency, now):
        local = now.astimezone(agency.zone)
        if DAYS[local.weekday()] in agency.settings.hours.days and not is_worked(agency, local.date()):
            raise Refused("refused.holiday", unit=unit.unit, day=f"{local:%Y-%m-%d}")
        days = agency.settings.hours.days
        when = {lang: f"{said} {agency.hours_of(unit)}" for lang, said in days_said(days).items()}
        moment = {lang: f"{said} {local:%H:%M}" for lang, said in days_said((DAYS[local.weekday()],)).items()}
        raise Refused("refused.closed", unit=unit.unit, hours=when, now=moment)


def refuse_unannounced(agency: Agency, now: datetime) -> None:
    notice = agency.settings.recording_notice_date
    if notice is None:
        raise Refused("refused.no_notice")
    if notice > now.astimezone(agency.zone).date():
        raise Refused("refused.notice_later", date=notice.isoformat())


def _is_open(unit: Unit, agency: Agency, now: datetime) -> bool:
    local = now.astimezone(agency.zone)
    return is_worked(agency, local.date()) and agency.hours_of(unit).hold(local)


def is_worked(agency: Agency, day: date) -> bool:
    """Whether the office is open that day: nobody is measured by a telephone that rings on a public holiday."""
    from harness.programme.workdays import office_days

    hours = agency.settings.hours
    if hours.holidays:
        return DAYS[day.weekday()] in hours.days
    return office_days(agency.folder, hours.days).is_worked(day)
