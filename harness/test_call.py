"""One test call from the directory to the score sheet: gate, ledger, telephone, measurement, score, database.

Everything that can be wrong in a file is found before anything is dialled. Whatever happens afterwards, the
attempt is settled in the ledger and the record is on the disk.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.caller import place_call
from harness.directory import Unit
from harness.facts import facts_of
from harness.hearing import find_plan
from harness.kept_call import keep
from harness.ledger import claim, one_at_a_time, settle
from harness.measure import measure
from harness.menu_facts import menu_facts
from harness.number_gate import Permit, find_unit, permit
from harness.planned_call import INTERNAL, Plan, TestCall
from harness.prompts.known import hear_prompts, with_prompts
from harness.prompts.marks import marks_for
from harness.record import Act, CallRecord
from harness.recording import FLAC, close_recording, far_side
from harness.redial import Attempt, with_attempts
from harness.scenario import Scenario, load_scenario
from harness.scenario.possible import keys_for, possible, refused_digits
from harness.scoring import read_answers, score_call, usable_form
from harness.softphone.protocol import Softphone
from harness.timeline import build_timeline
from harness.walk.far_tester import FarTester

USUAL_SCENARIO = "extension-direct"
VOID = "fault_ours"

Progress = Callable[[Act], None]
Earlier = tuple[Attempt, ...]


def plan_call(
    number_or_unit: str,
    agency: Agency,
    *,
    scenario: str | None = None,
    said: dict[str, Any] | None = None,
    series: str = INTERNAL,
) -> Plan:
    """Read everything that a call needs; that the string is in the directory is checked before all else."""
    unit = find_unit(number_or_unit, agency.units)
    steps = load_scenario(scenario or unit.scenario or USUAL_SCENARIO, agency_folder=agency.folder)
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
) -> TestCall:
    """Place a planned call, measure it, score it and keep it; Refused when the gate says no.

    `now` is the wall clock, aware of its zone. A test that is dialled again is named by its first call (`test_id`),
    and `earlier` are its attempts so far. Busy, no answer and our own faults are results, not errors.
    """
    name = call_id or new_call_id(now)
    ordinal = len(earlier) + 1
    attempt = f"{test_id or name}-{ordinal}"
    with one_at_a_time(agency):
        leave = dial_permit(plan, agency, now=now)
        claim(agency, attempt, permit=leave)
    outcome = VOID
    try:
        record = _place(plan, agency, softphone, leave, name, now, headers, progress, tester)
        test = judge(record, plan, agency, earlier=earlier)
        outcome = test.measured.outcome
        return keep(test, plan, agency, attempt_id=attempt, ordinal=ordinal)
    finally:
        settle(agency, attempt, outcome)


def judge(record: CallRecord, plan: Plan, agency: Agency, *, earlier: Earlier = ()) -> TestCall:
    """Measure and score a record; pure but for reading its sound, so that it can be done again years later.

    `earlier` are the attempts before it of the same test.
    """
    folder = call_folder(agency, record)
    samples = far_side(record, folder)
    timeline = build_timeline(record, samples, plan.tones)
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
) -> CallRecord:
    folder = _day_folder(agency, now)
    folder.mkdir(parents=True, exist_ok=True)
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
    )
    record = close_recording(record, folder)
    text = json.dumps(record.to_dict(), ensure_ascii=False, indent=1)
    (folder / f"{call_id}.json").write_text(text, encoding="utf-8")
    return record


def _day_folder(agency: Agency, when: datetime) -> Path:
    return agency.recordings / f"{when.astimezone(agency.zone):%Y-%m-%d}"
