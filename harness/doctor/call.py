"""The doctor's one call: through the number gate and the ledger as every call, kept apart from the tests.

It is no test of anybody: it has no score sheet and is in no figure. Its record, sound and trace lie in `doctor/` of
the agency's folder, and `thirdring ladder` reads them there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.agency import Agency
from harness.caller import place_call
from harness.doctor.kept import folder_of
from harness.errors import Refused
from harness.hearing import find_plan
from harness.ledger import claim, one_at_a_time, settle
from harness.measure import Measured, measure
from harness.number_gate import Permit, permit
from harness.record import CallRecord
from harness.recording import FLAC, close_recording, far_side
from harness.scenario import Scenario
from harness.sip_trace import Traced, read_trace
from harness.softphone.protocol import Softphone
from harness.test_call import VOID, Progress, new_call_id
from harness.timeline import Timeline, build_timeline

RING_S = 40.0
"""Somebody has to walk to the test telephone."""
HANG_UP_S = 25.0
"""So long the far end may stay silent before it hangs up."""
MAIN_RING_S = 7.0
"""Two bursts and the pause behind them: the cadence is known, and the operator has hardly put a hand out."""
MAIN_HOLD_S = 3.0


@dataclass(frozen=True, kw_only=True)
class DoctorCall:
    """A call that was placed to look at the line."""

    record: CallRecord
    """What happened."""
    line: str
    """Id of the line it went out on."""
    samples: NDArray[np.int16]
    """The far side, shape (n,)."""
    timeline: Timeline
    """Signalled and heard."""
    measured: Measured
    """Seconds and counts."""
    messages: tuple[Traced, ...]
    """The SIP messages."""
    sound: Path
    """Its recording."""


def doctor_permit(agency: Agency, test_number: str | None, *, now: datetime) -> Permit:
    """Ask the gate for leave to call the test number; without one, the agency's own main number."""
    if test_number is not None:
        return permit(test_number, agency, now=now)
    for unit in agency.units:
        site = agency.site(unit.site)
        if site is not None and site.switchboard:
            return permit(unit.unit, agency, now=now, to="switchboard")
    raise Refused("doctor.no_main_number")


def call_line(
    agency: Agency,
    softphone: Softphone,
    *,
    test_number: str | None,
    now: datetime,
    progress: Progress = lambda _: None,
) -> DoctorCall:
    """Place one call and measure it; Refused when the gate says no. `now` is aware of its zone."""
    name = new_call_id(now)
    attempt = f"{name}-doctor"
    with one_at_a_time(agency):
        leave = doctor_permit(agency, test_number, now=now)
        claim(agency, attempt, permit=leave)
    outcome = VOID
    try:
        call = _place(agency, softphone, leave, name, now, test_number is None, progress)
        outcome = call.measured.outcome
        return call
    finally:
        settle(agency, attempt, outcome)


def _place(
    agency: Agency, softphone: Softphone, leave: Permit, name: str, now: datetime, main: bool, progress: Progress
) -> DoctorCall:
    folder = folder_of(agency) / f"{now.astimezone(agency.zone):%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    record = place_call(
        main_scenario() if main else test_scenario(),
        softphone,
        leave=leave,
        call_id=name,
        folder=folder,
        plan=find_plan(agency.settings.tone_plan, agency_folder=agency.folder),
        started=now.astimezone(UTC),
        longest_s=agency.settings.caps.longest_call_s,
        progress=progress,
    )
    record = close_recording(record, folder)
    text = json.dumps(record.to_dict(), ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return read_call(record, folder, agency, line=leave.line_id)


def read_call(record: CallRecord, folder: Path, agency: Agency, *, line: str) -> DoctorCall:
    """Measure a doctor's call from what was kept of it."""
    samples = far_side(record, folder)
    plan = find_plan(record.tone_plan, agency_folder=agency.folder)
    timeline = build_timeline(record, samples, plan)
    sound = record.files.get(FLAC, record.files.get("far", ""))
    return DoctorCall(
        record=record,
        line=line,
        samples=samples,
        timeline=timeline,
        measured=measure(timeline),
        messages=read_trace(folder / record.files["trace"]),
        sound=folder / sound,
    )


def test_scenario() -> Scenario:
    """Ring, wait for somebody to pick up, stay silent until the far end hangs up."""
    return _scenario("doctor-test-call", "檢查線路", "look at the line", ring_s=RING_S, hold_s=HANG_UP_S)


def main_scenario() -> Scenario:
    """Let the main number ring twice, then hang up; a menu that answers is heard for a moment."""
    return _scenario("doctor-main-number", "總機怎麼響", "how the main number rings", MAIN_RING_S, MAIN_HOLD_S)


def _scenario(name: str, zh: str, en: str, ring_s: float, hold_s: float) -> Scenario:
    steps = [
        {"do": "dial"},
        {"do": "wait_for_answer", "give_up_s": ring_s},
        {"do": "hold_silent", "seconds": hold_s},
        {"do": "hang_up"},
    ]
    return Scenario.model_validate({"name": name, "title": {"zh": zh, "en": en}, "steps": steps})
