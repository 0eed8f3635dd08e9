"""One test call from the directory to the score sheet: gate, ledger, telephone, measurement, score, database.

Everything that can be wrong in a file is found before anything is dialled. Whatever happens afterwards, the
attempt is settled in the ledger and the record is on the disk.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dsp.tone_plan import TonePlan
from harness.agency import Agency
from harness.caller import place_call
from harness.directory import Unit
from harness.facts import facts_of
from harness.hearing import find_plan
from harness.ledger import claim, one_at_a_time, settle
from harness.measure import Measured, measure
from harness.number_gate import Permit, To, find_unit, permit, permit_digits
from harness.record import Act, CallRecord
from harness.recording import FLAC, close_recording, far_side, sha256
from harness.scenario import Press, Scenario, load_scenario
from harness.scoring import find_form, read_answers, score_call
from harness.softphone.protocol import Softphone
from harness.store import open_store
from harness.timeline import Timeline, build_timeline
from rubric.answers import Answers
from rubric.schema import Form
from rubric.sheet import Sheet
from rubric.sheet import to_dict as sheet_to_dict

USUAL_SCENARIO = "extension-direct"
SCHEMA = "thirdring.test_call/1"
VOID = "fault_ours"

Progress = Callable[[Act], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A test call that could be placed: everything that it needs was read and found good."""

    unit: Unit
    """Who is called."""
    scenario: Scenario
    """What is done, the unit's extension in its place."""
    form: Form
    """The score sheet."""
    tones: TonePlan
    """The tones to listen for."""
    answers: Answers | None
    """What a tester answered beforehand; None: nothing yet."""
    said: dict[str, Any] | None
    """The same as it was handed in."""

    @property
    def to(self) -> To:
        """Whose number is dialled."""
        return "switchboard" if self.scenario.dials == "switchboard" else "unit"


@dataclass(frozen=True, kw_only=True)
class TestCall:
    """A test call that was placed, measured and scored."""

    __test__ = False  # pytest: not a test class

    record: CallRecord
    """What happened."""
    timeline: Timeline
    """Signalled and heard, in order."""
    measured: Measured
    """Seconds and counts."""
    facts: dict[str, Any]
    """What the rubric was told."""
    sheet: Sheet
    """The score sheet."""
    recording: Path
    """The sound."""
    page: Path | None
    """The printable score sheet; None where none could be made."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its schema."""
        return {
            "schema": SCHEMA,
            "call_id": self.record.call_id,
            "record": self.record.to_dict(),
            "timeline": [event.to_dict() for event in self.timeline.events],
            "measured": self.measured.to_dict(),
            "facts": self.facts,
            "sheet": sheet_to_dict(self.sheet),
            "recording": str(self.recording),
            "page": None if self.page is None else str(self.page),
        }


def plan_call(
    number_or_unit: str, agency: Agency, *, scenario: str | None = None, said: dict[str, Any] | None = None
) -> Plan:
    """Read everything that a call needs; that the string is in the directory is checked before all else."""
    unit = find_unit(number_or_unit, agency.units)
    steps = load_scenario(scenario or unit.scenario or USUAL_SCENARIO, agency_folder=agency.folder)
    steps = steps.with_extension(unit.extension)
    _permit_presses(steps)
    form = find_form(agency.settings.form, agency_folder=agency.folder)
    tones = find_plan(agency.settings.tone_plan)
    answers = read_answers(said, form)
    return Plan(unit=unit, scenario=steps, form=form, tones=tones, answers=answers, said=said)


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
) -> TestCall:
    """Place a planned call, measure it, score it and keep it; Refused when the gate says no.

    `now` is the wall clock, aware of its zone. Busy, no answer and our own faults are results, not errors.
    """
    name = call_id or new_call_id(now)
    attempt = f"{name}-1"
    with one_at_a_time(agency):
        leave = dial_permit(plan, agency, now=now)
        claim(agency, attempt, permit=leave)
    outcome = VOID
    try:
        record = _place(plan, agency, softphone, leave, name, now, headers, progress)
        test = judge(record, plan, agency)
        outcome = test.measured.outcome
        return _kept(test, plan, agency, attempt=attempt)
    finally:
        settle(agency, attempt, outcome)


def judge(record: CallRecord, plan: Plan, agency: Agency) -> TestCall:
    """Measure and score a record; pure but for reading its sound, so that it can be done again years later."""
    folder = call_folder(agency, record)
    timeline = build_timeline(record, far_side(record, folder), plan.tones)
    measured = measure(timeline)
    site = agency.site(plan.unit.site) if plan.to == "switchboard" else None
    facts = facts_of(
        measured,
        has_ivr=None if site is None else site.has_ivr,
        signals_release=agency.line(plan.unit.line).signals_release,
    )
    sheet = score_call(plan.form, facts, plan.answers)
    sound = folder / record.files[FLAC] if FLAC in record.files else folder / record.files["far"]
    return TestCall(
        record=record, timeline=timeline, measured=measured, facts=facts, sheet=sheet, recording=sound, page=None
    )


def call_folder(agency: Agency, record: CallRecord) -> Path:
    """Folder of a call's files: by the day, in the agency's time zone."""
    return _day_folder(agency, datetime.fromisoformat(record.started_at))


def new_call_id(now: datetime) -> str:
    """Give an id that sorts by time and that no other call has."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def _permit_presses(scenario: Scenario) -> None:
    before: tuple[str, ...] = ()
    for step in scenario.steps:
        if isinstance(step, Press):
            before = (*before, permit_digits(step.digits, before=before))


def _place(
    plan: Plan,
    agency: Agency,
    softphone: Softphone,
    leave: Permit,
    call_id: str,
    now: datetime,
    headers: dict[str, str] | None,
    progress: Progress,
) -> CallRecord:
    folder = _day_folder(agency, now)
    folder.mkdir(parents=True, exist_ok=True)
    record = place_call(
        plan.scenario,
        softphone,
        uri=leave.uri,
        call_id=call_id,
        unit=plan.unit.unit,
        number=leave.number,
        folder=folder,
        plan=plan.tones,
        started=now.astimezone(UTC),
        headers=headers,
        progress=progress,
    )
    record = close_recording(record, folder)
    text = json.dumps(record.to_dict(), ensure_ascii=False, indent=1)
    (folder / f"{call_id}.json").write_text(text, encoding="utf-8")
    return record


def _day_folder(agency: Agency, when: datetime) -> Path:
    return agency.recordings / f"{when.astimezone(agency.zone):%Y-%m-%d}"


def _kept(test: TestCall, plan: Plan, agency: Agency, *, attempt: str) -> TestCall:
    """Write a call into the database, all or nothing."""
    record, call_id = test.record, test.record.call_id
    claimed = {"attempt_id": attempt, "claimed_at": record.started_at, "outcome": test.measured.outcome}
    sound = {
        "path": str(test.recording.relative_to(agency.folder)),
        "sha256": sha256(test.recording),
        "duration_s": record.duration_s,
        "sample_rate_hz": record.sample_rate_hz,
        "missing": [vars(one) for one in record.missing],
    }
    with open_store(agency.database) as store:
        store.add_call(
            _row(test, sound),
            record=record.to_dict(),
            measured=test.measured.to_dict(),
            recordings=(sound,),
            attempts=(claimed,),
        )
        said = None if plan.said is None else store.add_answers(call_id, plan.said, who="file")
        store.add_sheet(call_id, sheet_to_dict(test.sheet), facts=test.facts, answers_id=said)
    return test


def _row(test: TestCall, sound: dict[str, Any]) -> dict[str, Any]:
    """Give the list's columns: the timing is the last leg's that was measured."""
    record, legs = test.record, [leg for leg in test.measured.legs if leg.answer_latency_s is not None]
    leg = legs[-1] if legs else None
    latency = leg.answer_latency_s if leg else None
    return {
        "call_id": record.call_id,
        "unit": record.unit,
        "number": record.number,
        "scenario": record.scenario,
        "started_at": record.started_at,
        "outcome": test.measured.outcome,
        "rings": leg.rings[0] if leg and leg.rings and leg.rings[0] == leg.rings[1] else None,
        "answer_latency_earliest_s": latency.earliest if latency else None,
        "answer_latency_latest_s": latency.latest if latency else None,
        "recording_path": sound["path"],
        "recording_sha256": sound["sha256"],
    }
