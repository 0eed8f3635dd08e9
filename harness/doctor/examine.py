"""The whole examination: what needs no call always, one call where it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from harness.agency import Agency
from harness.doctor import kept
from harness.doctor.call import DoctorCall
from harness.doctor.clock import ClockWatch
from harness.doctor.codecs import codecs
from harness.doctor.disk import disk
from harness.doctor.examine_call import no_call, placed, refusal
from harness.doctor.finding import NOT_CHECKED, OK, WARNING, Finding, Report, found
from harness.doctor.line_look import LineLook, look_at
from harness.doctor.line_settings import line_settings
from harness.doctor.machine import fonts, versions, zone_data
from harness.doctor.nat import nat
from harness.doctor.papers import papers
from harness.doctor.registration import registration, server
from harness.doctor.wish import KEY, Wish
from harness.errors import EnvironmentFailed, Refused, ThirdringError, WrongInput
from harness.lines import LineSettings
from harness.test_call import Progress

USUAL_ZONE = "Asia/Taipei"
MOST_LOOKS = 4
"""Each is a process with an interpreter of its own."""


def examine(
    agency: Agency,
    wish: Wish,
    *,
    now: datetime,
    wait_for_key: Callable[[], str] = lambda: "",
    progress: Progress = lambda _: None,
) -> Report:
    """Examine an agency's installation; nothing is dialled unless `wish.call`."""
    watch = ClockWatch()
    findings = [*_machine(agency), *papers(agency, today=now.astimezone(agency.zone).date())]
    looks = _looks(agency, wish)
    called, refused = None, False
    if wish.call:
        try:
            called, from_call = placed(agency, wish, now, wait_for_key, progress)
        except Refused as error:
            refused, from_call = True, (refusal(error),)
        except EnvironmentFailed as error:
            from_call = (no_call(error),)
        findings += from_call
    findings += _of_lines(agency, looks, called, dialled=wish.call)
    findings += watch.findings()
    return Report(
        at=now.astimezone(agency.zone).isoformat(timespec="seconds"),
        agency=str(agency.folder),
        findings=tuple(findings),
        call_id=None if called is None else called.record.call_id,
        refused=refused,
    )


def examine_machine(folder: Path, *, now: datetime) -> Report:
    """Examine the machine alone, where there is no agency yet."""
    watch = ClockWatch()
    none = found("agency", NOT_CHECKED, "doctor.no_agency", "doctor.do_init", values={"folder": folder})
    findings = (none, versions(), zone_data(USUAL_ZONE), fonts(), *watch.findings())
    return Report(at=now.isoformat(timespec="seconds"), agency=str(folder), findings=findings)


def _machine(agency: Agency) -> tuple[Finding, ...]:
    return (
        versions(agency.settings.lines),
        zone_data(agency.settings.timezone),
        fonts(),
        *disk(agency),
    )


def _lines(agency: Agency, wish: Wish) -> tuple[LineSettings, ...]:
    """The lines to look at; WrongInput when the one asked for is not there."""
    known = [line.id for line in agency.settings.lines]
    for name in (wish.line, "" if wish.bell == KEY else wish.bell):
        if name and name not in known:
            raise WrongInput("doctor.no_such_line", line=name, known=", ".join(known))
    if agency.settings.recordings_only:
        return ()
    return tuple(line for line in agency.settings.lines if wish.line in ("", line.id))


def _looks(agency: Agency, wish: Wish) -> dict[str, LineLook]:
    """Every line, all at once: a server that is not there is waited for once."""
    lines = _lines(agency, wish)
    with ThreadPoolExecutor(MOST_LOOKS) as threads:
        looks = threads.map(lambda line: _look(line, agency, wish), lines)
        return {line.id: look for line, look in zip(lines, looks, strict=True)}


def _look(line: LineSettings, agency: Agency, wish: Wish) -> LineLook:
    try:
        return look_at(line, agency, wait_s=wish.wait_s)
    except ThirdringError as error:  # no password, say: papers() told it already, here it keeps the line shut
        why = {"zh": error.sentence("zh"), "en": error.sentence("en")}
        return LineLook(line=line, messages=(), waited_s=0.0, error=why)


def _of_lines(
    agency: Agency, looks: dict[str, LineLook], called: DoctorCall | None, *, dialled: bool
) -> Iterator[Finding]:
    """Each line: its server, its registration, and, where no call told it, what was asked without one."""
    if agency.settings.recordings_only:
        yield found("agency", OK, "doctor.recordings_only")
        return
    for line_id, look in looks.items():
        yield line_settings(look.line)
        yield server(look)
        yield registration(look)
        if called is not None and called.line == line_id:
            continue
        yield nat(look.messages, line=line_id)
        yield codecs(look.line)
        yield _kept_release(agency, look.line)
    if not dialled:
        yield from _undone(agency)


def _kept_release(agency: Agency, line: LineSettings) -> Finding:
    """Whether what agency.toml says of a line's release was ever proved."""
    proof = kept.release_proof(agency, line=line.id)
    values = {"line": line.id, "date": "" if proof is None else proof.measured_at[:10]}
    if proof is not None and proof.proved == line.signals_release:
        return found("release", OK, "doctor.release_kept", line=line.id, values=values)
    if proof is None and not line.signals_release:
        key, do = "doctor.release_unproved", "doctor.do_release"
        return found("release", NOT_CHECKED, key, do, line=line.id, values=values)
    return found("release", WARNING, "doctor.release_claimed", "doctor.do_release", line=line.id, values=values)


def _undone(agency: Agency) -> Iterator[Finding]:
    """What only a call can tell; the bell's offset stays from the last time."""
    for check in ("ringing_as", "tone_plan", "audio_in", "audio_out"):
        yield found(
            check,
            NOT_CHECKED,
            "doctor.needs_call",
            "doctor.do_call",
        )
    fact = kept.bell_offset(agency)
    if fact is None or fact.interval_s is None:
        yield found(
            "bell_offset",
            NOT_CHECKED,
            "doctor.needs_call",
            "doctor.do_bell",
        )
        return
    span = fact.interval_s
    values = {"line": fact.line, "earliest": f"{span.earliest:+.2f}", "latest": f"{span.latest:+.2f}"}
    values |= {"date": fact.measured_at[:10]}
    yield found("bell_offset", OK, "doctor.bell_kept", line=fact.line, values=values)
