"""What the agency's folder says: notice, hours, directory, limits, and where its secrets are kept."""

from __future__ import annotations

import os
import stat
from datetime import date

from harness.agency import Agency
from harness.doctor.finding import FAILED, OK, WARNING, Figure, Finding, figure, found
from harness.errors import EnvironmentFailed
from harness.hours import DAYS, Hours, days_said, read_hours
from harness.lines import LineSettings, secret_of
from harness.number_text import digits_of
from harness.programme.workdays import office_days
from harness.softphone.errors import SoftphoneError
from harness.softphone.library import library
from harness.softphone.sharing import processes_for
from harness.unit_titles import titles_of

EARLY_MIN, LATE_MIN = 7 * 60, 20 * 60
"""Agencies of Taiwan work from 8 to 17:30 or so; a span that leaves 7 to 20 is more likely a slip of the pen. Ours."""
SHORTEST_MIN = 30
USUAL_CALLS = 2
"""An ordinary account or analogue port carries one or two calls: more wants to be agreed upon with the vendor."""
WEEKEND = ("sat", "sun")
EXAMPLE = "範例"
"""Stands in what `thirdring init` writes and the agency has to replace."""


def papers(agency: Agency, *, today: date) -> tuple[Finding, ...]:
    """Everything that can be told by reading the folder."""
    lines = () if agency.settings.recordings_only else agency.settings.lines
    secrets = tuple(secret(line, agency) for line in lines)
    return (
        _directory(agency),
        _notice(agency, today),
        _hours(agency),
        _holidays(agency, today),
        _limits(agency),
        *secrets,
    )


def _directory(agency: Agency) -> Finding:
    """Whom may be called; what is still the example."""
    examples = [unit.unit for unit in agency.units if EXAMPLE in unit.name]
    example_name = EXAMPLE in agency.settings.name
    values = {"n": len(agency.units), "examples": ", ".join(examples) or "—", "name": agency.settings.name}
    figures = (figure("units", len(agency.units)), figure("examples", len(examples)))
    if not agency.units:
        state, key, do = WARNING, "doctor.directory_empty", "doctor.do_directory"
    elif examples or example_name:
        state, key, do = WARNING, "doctor.directory_example", "doctor.do_directory"
    else:
        state, key, do = OK, "doctor.directory", ""
    return found("directory", state, key, do, figures=figures, values=values)


def _notice(agency: Agency, today: date) -> Finding:
    """Whether the staff were told: without it the number gate lets nothing through."""
    told = agency.settings.recording_notice_date
    figures = (figure("recording_notice_date", None if told is None else told.isoformat()),)
    values = {"date": "—" if told is None else told.isoformat()}
    if told is not None and told <= today:
        return found("notice", OK, "doctor.notice", figures=figures, values=values)
    key = "doctor.notice_missing" if told is None else "doctor.notice_later"
    write = f"recording_notice_date = {today.isoformat()}"
    do = "doctor.do_notice"
    return found("notice", WARNING, key, do, figures=figures, values=values, write=write)


def _hours(agency: Agency) -> Finding:
    """Whether the hours in which telephones may be rung look like office hours."""
    odd = [f"{who} {hours}" for who, hours in _every_hours(agency) if _odd(hours)]
    off = [day for day in agency.settings.hours.days if day in WEEKEND]
    held = agency.settings.hours
    usual = {lang: f"{said} {held.default}" for lang, said in days_said(held.days).items()}
    values = {"hours": usual, "odd": "; ".join(odd) or "—", "off": days_said(off) if off else "—"}
    minutes = sum(end - start for start, end in _every_hours(agency)[0][1].spans)
    figures = (figure("a_day", minutes, "min"), figure("odd", len(odd)))
    if odd or off:
        do = "doctor.do_hours"
        return found("hours", WARNING, "doctor.hours_odd", do, figures=figures, values=values)
    return found("hours", OK, "doctor.hours", figures=figures, values=values)


def _every_hours(agency: Agency) -> list[tuple[str, Hours]]:
    """The agency's hours, then those of every unit that has its own."""
    titles = titles_of(agency.units)
    own = [(titles[unit.unit], read_hours(unit.hours)) for unit in agency.units if unit.hours]
    return [("agency.toml", read_hours(agency.settings.hours.default)), *own]


def _odd(hours: Hours) -> bool:
    early = hours.spans[0][0] < EARLY_MIN or hours.spans[-1][1] > LATE_MIN
    return early or sum(end - start for start, end in hours.spans) < SHORTEST_MIN


def _holidays(agency: Agency, today: date) -> Finding:
    """Whether today is worked: on a public holiday the number gate lets nothing through."""
    days = office_days(agency.folder, agency.settings.hours.days)
    worked = days.is_worked(today)
    laid_in = any(day.year == today.year for day in days.official)
    figures = (figure("today", today.isoformat()), figure("worked", worked), figure("official_table", laid_in))
    values = {"today": f"{today:%Y-%m-%d %a}", "year": today.year}
    if DAYS[today.weekday()] not in agency.settings.hours.days:
        return found("holidays", OK, "doctor.day_closed", figures=figures, values=values)
    if not worked:
        return found("holidays", WARNING, "doctor.holiday", "doctor.do_holidays", figures=figures, values=values)
    key = "doctor.workday_official" if laid_in else "doctor.workday"
    return found("holidays", OK, key, figures=figures, values=values)


def _limits(agency: Agency) -> Finding:
    """How many calls may be up at once, by configuration only: nothing is tried out."""
    at_once, caps = agency.settings.at_once, agency.settings.caps
    switchboards = {digits_of(site.switchboard) for site in agency.settings.sites if site.switchboard}
    carried = sum(line.max_calls or USUAL_CALLS for line in agency.settings.lines)
    figures: tuple[Figure, ...] = (
        figure("calls_at_once", at_once),
        figure("lines", len(agency.settings.lines)),
        figure("carried", carried),
        figure("switchboards", len(switchboards)),
        figure("worker_processes", _processes(at_once)),
        figure("calls_per_hour", caps.calls_per_hour),
        figure("calls_per_day", caps.calls_per_day),
    )
    values = {"at_once": at_once, "lines": len(agency.settings.lines), "per_hour": caps.calls_per_hour}
    values |= {"per_day": caps.calls_per_day, "carried": carried}
    if at_once > carried:
        do = "doctor.do_limits"
        return found("line_limits", WARNING, "doctor.limits", do, figures=figures, values=values)
    return found("line_limits", OK, "doctor.limits", figures=figures, values=values)


def _processes(calls: int) -> int | None:
    """Processes that so many calls are spread over while somebody may listen in; None without a library to ask."""
    try:
        return processes_for(calls, held=library().most_calls, spare=1)
    except SoftphoneError:
        return None


def secret(line: LineSettings, agency: Agency) -> Finding:
    """Where a line's password is kept, and who may read it; the password itself is not read."""
    if line.secret_env:
        return _secret_variable(line, line.secret_env)
    if line.secret_file:
        return _secret_file(line, line.secret_file, agency)
    if line.secret_keyring:
        return _secret_keyring(line, line.secret_keyring, agency)
    key, do, state = ("doctor.secret_none", "", OK)
    if line.user:
        key, do, state = "doctor.secret_missing", "doctor.do_secret", WARNING
    values = {"line": line.id, "user": line.user}
    return found("secret", state, key, do, line=line.id, values=values)


def _secret_variable(line: LineSettings, name: str) -> Finding:
    there = bool(os.environ.get(name))
    values = {"line": line.id, "variable": name}
    key, do, state = ("doctor.secret_env", "", OK) if there else ("doctor.secret_env_none", "doctor.do_env", FAILED)
    figures = (figure("set", there),)
    return found("secret", state, key, do, line=line.id, figures=figures, values=values)


def _secret_keyring(line: LineSettings, service: str, agency: Agency) -> Finding:
    """Whether the system's keyring gives the password; it is asked and let go of."""
    values = {"line": line.id, "service": service, "user": line.user}
    try:
        secret_of(line, folder=agency.folder)
    except EnvironmentFailed as error:
        values |= {"reason": {"zh": error.sentence("zh"), "en": error.sentence("en")}}  # type: ignore[dict-item]
        key, do = "doctor.secret_keyring_none", "doctor.do_keyring"
        return found("secret", FAILED, key, do, line=line.id, values=values)
    return found("secret", OK, "doctor.secret_keyring", line=line.id, values=values)


def _secret_file(line: LineSettings, name: str, agency: Agency) -> Finding:
    path = agency.folder / name
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        values = {"line": line.id, "file": name, "reason": error.strerror or type(error).__name__}
        key, do = "doctor.secret_file_none", "doctor.do_secret_file"
        return found("secret", FAILED, key, do, line=line.id, values=values)
    values = {"line": line.id, "file": name, "mode": f"{mode:04o}"}
    figures = (figure("mode", f"{mode:04o}"),)
    if mode & 0o077:
        key, do, write = "doctor.secret_file_open", "doctor.do_chmod", f"chmod 600 {path}"
        return found("secret", FAILED, key, do, line=line.id, figures=figures, values=values, write=write)
    return found("secret", OK, "doctor.secret_file", line=line.id, figures=figures, values=values)
