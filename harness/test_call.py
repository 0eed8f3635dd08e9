"""One test call from the directory to the score sheet: gate, ledger, telephone, measurement, score, database.

Everything that can be wrong in a file is found before anything is dialled. Whatever happens afterwards, the
attempt is settled in the ledger and the record is on the disk.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.caller import place_call
from harness.directory import Unit
from harness.doctor.disk import bytes_a_second
from harness.errors import EnvironmentFailed
from harness.facts import facts_of
from harness.heard_live import HeardLive
from harness.hearing import find_plan
from harness.kept_call import keep
from harness.ledger import claim, one_at_a_time
from harness.measure import measure
from harness.menu_facts import menu_facts
from harness.number_gate import Permit, permit
from harness.number_gate.called_number import find_unit
from harness.planned_call import INTERNAL, Plan, TestCall
from harness.prompts.known import hear_prompts, with_prompts
from harness.prompts.marks import marks_for
from harness.record import Act, CallRecord
from harness.record_file import release, reserve, room_to_record, write_record
from harness.recording import FLAC, close_recording, far_side
from harness.redial import Attempt, with_attempts
from harness.scenario import USUAL_SCENARIO, Scenario, load_scenario
from harness.scenario.possible import keys_for, possible, refused_digits
from harness.scenario.with_tester import with_tester
from harness.scoring import read_answers, score_call, usable_form
from harness.settling import settled, unknown_behind_the_invite
from harness.softphone.protocol import Softphone
from harness.timeline import build_timeline
from harness.walk.far_tester import FarTester
from harness.walk.watching import Watcher

VOID = "fault_ours"
RECORDED = "recorded"
"""What an attempt comes to in the ledger of a machine that does not judge it."""
_ENDING_AT_ONCE = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
"""Of a hundred calls that end together all would be packed, heard again and kept at once, each taking the processor
from the others: that cost a quarter more."""

Progress = Callable[[Act], None]
Earlier = tuple[Attempt, ...]


def plan_call(
    number_or_unit: str,
    agency: Agency,
    *,
    scenario: str | None = None,
    said: dict[str, Any] | None = None,
    series: str = INTERNAL,
    by_tester: bool = False,
) -> Plan:
    """Read everything that a call needs; that the string is in the directory is checked before all else.

    `by_tester`: a tester speaks in it, whatever the scenario has the machine say.
    """
    unit = find_unit(number_or_unit, agency.units)
    steps = load_scenario(scenario or unit.scenario or USUAL_SCENARIO, agency_folder=agency.folder)
    steps = with_tester(steps) if by_tester else steps
    site = agency.site(unit.site)
    steps = steps.with_extension(unit.extension).with_operator(*([site.operator_key] if site else []))
    _permit_presses(steps, unit, agency)
    form = usable_form(agency.settings.form, agency.folder)
    tones = find_plan(agency.settings.tone_plan, agency_folder=agency.folder)
    marks = marks_for(unit, agency)
    sounds = possible(steps, agency=agency, unit=unit, form=form, tones=tones, marks=marks)
    return Plan(
        unit=unit,
        scenario=steps,
        form=form,
        tones=tones,
        answers=read_answers(said, form),
        said=said,
        series=series,
        sounds=sounds,
        marks=marks,
    )


def dial_permit(plan: Plan, agency: Agency, *, now: datetime) -> Permit:
    """Ask the gate for leave to place a planned call."""
    return permit(plan.unit.unit, agency, now=now, to=plan.to)


def run_call(
    plan: Plan,
    agency: Agency,
    softphone: Softphone,
    *,
    now: datetime,
    call_id: str | None = None,
    headers: dict[str, str] | None = None,
    progress: Progress = lambda _: None,
    test_id: str | None = None,
    earlier: Earlier = (),
    tester: FarTester | None = None,
    watcher: Watcher | None = None,
    ready: Callable[[], None] = lambda: None,
) -> TestCall:
    """Place a planned call, measure it, score it and keep it; Refused when the gate says no.

    `now` is the wall clock, aware of its zone. A test that is dialled again is named by its first call (`test_id`),
    and `earlier` are its attempts so far. `ready` is asked last of all before the claim, and may raise. Busy, no answer
    and our own faults are results, not errors. What raises behind the INVITE leaves the attempt `unknown`: somebody may
    have been rung, and a person decides; what raises before it is a fault of ours, and void.
    """
    name = call_id or new_call_id(now)
    ordinal = len(earlier) + 1
    attempt = f"{test_id or name}-{ordinal}"
    with one_at_a_time(agency):
        ready()
        leave = dial_permit(plan, agency, now=now)
        _room_to_record(agency, now)
        claim(agency, attempt, permit=leave, call_id=name, series=plan.series)
    with settled(agency, attempt) as came:
        lived: list[HeardLive] = []
        record = _place(
            plan, agency, softphone, leave, name, now, headers, came.noting(progress), tester, watcher, lived.append
        )
        with _ENDING_AT_ONCE:
            test = judge(record, plan, agency, earlier=earlier, live=lived.pop())
        came.outcome = test.measured.outcome
        with _ENDING_AT_ONCE:
            return keep(test, plan, agency, attempt_id=attempt, ordinal=ordinal)


def record_call(
    plan: Plan,
    agency: Agency,
    softphone: Softphone,
    *,
    now: datetime,
    call_id: str,
    attempt: str,
    before_dialling: Callable[[Permit], None],
) -> CallRecord:
    """Place a planned call for another machine, which judges and keeps it; Refused when the number gate says no.

    `before_dialling` has the last word, with the permit, when the attempt is claimed and the line is open: what it
    raises comes out, and nothing is dialled. Raises AttemptUnknown for whatever goes wrong behind the INVITE.
    """
    with one_at_a_time(agency):
        leave = dial_permit(plan, agency, now=now)
        _room_to_record(agency, now)
        claim(agency, attempt, permit=leave, call_id=call_id, series=plan.series)
    with settled(agency, attempt) as came, unknown_behind_the_invite(attempt, came):
        before_dialling(leave)
        record = _place(plan, agency, softphone, leave, call_id, now, None, came.noting(lambda _: None), None, None)
        came.outcome = VOID if record.fault else RECORDED
        return record


def judge(
    record: CallRecord, plan: Plan, agency: Agency, *, earlier: Earlier = (), live: HeardLive | None = None
) -> TestCall:
    """Measure and score a record; pure but for reading its sound, so that it can be done again years later.

    `earlier` are the attempts before it of the same test; what the live ear heard of its sound need not be heard again.
    """
    folder = call_folder(agency, record)
    samples = far_side(record, folder)
    timeline = build_timeline(record, samples, plan.tones, live=live)
    measured = measure(timeline)
    known = hear_prompts(timeline, measured, samples, marks_for(plan.unit, agency), unit=plan.unit)
    measured = known.judged(measured)
    site = agency.site(plan.unit.site) if plan.to == "switchboard" else None
    facts = facts_of(
        measured,
        has_ivr=None if site is None else site.has_ivr,
        signals_release=agency.line(plan.unit.line).signals_release,
        events=timeline.events,
    )
    facts = with_attempts(menu_facts(known.facts(facts), record, known), earlier)
    sheet = score_call(plan.form, facts, plan.answers, on=agency.day_of(record.started_at))
    sound = folder / record.files[FLAC] if FLAC in record.files else folder / record.files["far"]
    return TestCall(
        record=record,
        timeline=with_prompts(timeline, known),
        measured=measured,
        prompts=known,
        facts=facts,
        sheet=sheet,
        recording=sound,
        page=None,
    )


def call_folder(agency: Agency, record: CallRecord) -> Path:
    """Folder of a call's files: by the day, in the agency's time zone."""
    return _day_folder(agency, datetime.fromisoformat(record.started_at))


def new_call_id(now: datetime) -> str:
    """Give an id that sorts by time and that no other call has."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def _permit_presses(scenario: Scenario, unit: Unit, agency: Agency) -> None:
    """What the gate refuses is a refusal, whatever else is wrong with the scenario."""
    for _, refused in refused_digits(scenario, keys_for(scenario, unit, agency)):
        raise refused


def _place(
    plan: Plan,
    agency: Agency,
    softphone: Softphone,
    leave: Permit,
    call_id: str,
    now: datetime,
    headers: dict[str, str] | None,
    progress: Progress,
    tester: FarTester | None,
    watcher: Watcher | None,
    heard: Callable[[HeardLive], None] = lambda _: None,
) -> CallRecord:
    folder = _day_folder(agency, now)
    reserve(folder / f"{call_id}.json")
    try:
        record = place_call(
            plan.scenario,
            softphone,
            leave=leave,
            call_id=call_id,
            folder=folder,
            plan=plan.tones,
            started=now.astimezone(UTC),
            longest_s=agency.settings.caps.longest_call_s,
            headers=headers,
            progress=progress,
            sounds=plan.sounds,
            marks=plan.marks,
            tester=tester,
            watcher=watcher,
            heard=heard,
        )
    except BaseException:
        release(folder / f"{call_id}.json")
        raise
    with _ENDING_AT_ONCE:
        record = close_recording(record, folder)
    write_record(folder / f"{call_id}.json", record)
    return record


def _room_to_record(agency: Agency, now: datetime) -> None:
    folder = _day_folder(agency, now)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFailed("file.unwritable", file=folder.name, reason=error.strerror or "?") from None
    rate = bytes_a_second(agency.settings.lines)
    room_to_record(folder, bytes_a_second=rate, longest_s=agency.settings.caps.longest_call_s)


def _day_folder(agency: Agency, when: datetime) -> Path:
    return agency.recordings / f"{when.astimezone(agency.zone):%Y-%m-%d}"
