"""A test call kept for good: its row in the database, its recording's fingerprint, its printable score sheet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.documents.sheet_page import render_sheet
from harness.planned_call import Plan, TestCall
from harness.recording import sha256
from harness.store import open_store
from rubric.sheet import to_dict

WHO_FILE = "answers file"
"""Who answered, where the answers came as a file."""


def keep(test: TestCall, plan: Plan, agency: Agency, *, attempt_id: str) -> TestCall:
    """Write a call into the database, all or nothing, and its score sheet as a page."""
    record, call_id = test.record, test.record.call_id
    claimed = {"attempt_id": attempt_id, "claimed_at": record.started_at, "outcome": test.measured.outcome}
    sound = _sound(test, agency)
    sheet = to_dict(test.sheet)
    with open_store(agency.database) as store:
        store.add_call(
            _row(test, sound),
            record=record.to_dict(),
            measured=test.prompts.measurement(test.measured),
            recordings=(sound,),
            attempts=(claimed,),
        )
        said = None if plan.said is None else store.add_answers(call_id, plan.said, who=WHO_FILE)
        store.add_sheet(call_id, sheet, facts=test.facts, answers_id=said)
    return replace(test, page=_page(test, plan, agency, sheet, sound))


def _sound(test: TestCall, agency: Agency) -> dict[str, Any]:
    return {
        "path": str(test.recording.relative_to(agency.folder)),
        "sha256": sha256(test.recording),
        "duration_s": test.record.duration_s,
        "sample_rate_hz": test.record.sample_rate_hz,
        "missing": [vars(one) for one in test.record.missing],
    }


def _row(test: TestCall, sound: dict[str, Any]) -> dict[str, Any]:
    """Give the list's columns: the timing is that of the last leg with one."""
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


def _page(test: TestCall, plan: Plan, agency: Agency, sheet: dict[str, Any], sound: dict[str, Any]) -> Path:
    site = agency.site(plan.unit.site)
    call = {
        "call_id": test.record.call_id,
        "unit_name": plan.unit.name or plan.unit.unit,
        "number": test.record.number,
        "scenario": plan.scenario.title.zh,
        "started_at": test.record.started_at,
        "outcome": test.measured.outcome,
        "recording": sound["path"],
        "recording_sha256": sound["sha256"],
        "legs": [{"name": leg["leg"], **leg} for leg in (one.to_dict() for one in test.measured.legs)],
    }
    header = {"switchboard_number": site.switchboard} if site and plan.to == "switchboard" else {}
    path = agency.sheets / f"{test.record.call_id}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_sheet(sheet, plan.form, header=header, call=call), encoding="utf-8")
    return path
