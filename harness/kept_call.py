"""A test call kept for good: its row in the database, its recording's fingerprint, its printable score sheet."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.doctor.kept import bell_offset
from harness.documents.sheet_page import render_sheet
from harness.errors import WrongInput
from harness.kept_sheet import figures_row, unit_of_call
from harness.ledger import note_led
from harness.number_text import digits_of, target_of
from harness.planned_call import Plan, TestCall
from harness.record import CallRecord
from harness.recording import sha256
from harness.refusal_log import log_refused_leads
from harness.scenario import load_scenario
from harness.scoring import frozen
from harness.softphone.signals import REDIRECTED, TRANSFERRED
from harness.store import open_store
from rubric.schema import Form
from rubric.sheet import to_dict

_ONE_AT_A_TIME = threading.Lock()
"""A database is written by one at a time. Of a hundred calls that end together each would try for ten seconds, and the
last ones give up: within a process they wait for their turn."""
WHO_FILE = "answers file"
"""Who answered, where the answers came as a file."""


def keep(test: TestCall, plan: Plan, agency: Agency, *, attempt_id: str, ordinal: int = 1) -> TestCall:
    """Write a call into the database, all or nothing, and its score sheet as a page.

    It is its test's attempt of that number.
    """
    record, call_id = test.record, test.record.call_id
    log_refused_leads(agency.folder, record)
    note_led(agency, attempt_id, led_to(record, agency))
    claimed = {
        "attempt_id": attempt_id,
        "claimed_at": record.started_at,
        "outcome": test.measured.outcome,
        "ordinal": ordinal,
    }
    sound = sound_row(test, agency)
    row = call_row(test, sound) | {"series": plan.series}
    sheet = to_dict(test.sheet)
    with _ONE_AT_A_TIME, open_store(agency.database) as store, store.writing():
        store.add_call(
            row,
            record=record.to_dict(),
            measured=test.measurement,
            recordings=(sound,),
            attempts=(claimed,),
            files=file_rows(test, agency, besides=(sound,)),
        )
        store.call_marks.add_acts(call_id, record.acts)
        said = None if plan.said is None else store.add_answers(call_id, plan.said, who=WHO_FILE)
        small = figures_row(sheet, row, agency)
        store.add_sheet(call_id, sheet, facts=test.facts, answers_id=said, form=frozen(plan.form), row=small)
    return replace(test, page=_page(row | {"measured": test.measurement}, sheet, plan.form, agency))


def _page(call: dict[str, Any], sheet: dict[str, Any], form: Form, agency: Agency) -> Path | None:
    try:
        return write_page(call, sheet, form, agency)
    except OSError:  # a full disk: the call is kept, and whoever wants to print it makes the page anew
        return None


def led_to(record: CallRecord, agency: Agency) -> tuple[str, ...]:
    """The numbers that rang because the far end redirected or transferred the call to them."""
    uris = [target_of(s.reason) for s in record.signals if s.kind in (REDIRECTED, TRANSFERRED)]
    sent = [uri.digits for uri in uris if uri is not None and uri.digits]
    prefixes = {line.outside_prefix for line in agency.settings.lines}
    return tuple(dict.fromkeys(digits.removeprefix(one) for digits in sent for one in ("", *sorted(prefixes))))


def write_page(call: dict[str, Any], sheet: dict[str, Any], form: Form, agency: Agency) -> Path:
    """Write a call's printable score sheet, in the place of an older one, and give its path."""
    path = agency.sheets / f"{call['call_id']}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_sheet(sheet, form, **printed(call, agency)), encoding="utf-8")
    return path


def printed(call: dict[str, Any], agency: Agency) -> dict[str, Any]:
    """What a printed sheet says of its call: `header` for the form's blanks, `call` for the evidence."""
    return {"header": _header(call, agency), "call": _shown(call, agency)}


def sound_row(test: TestCall, agency: Agency) -> dict[str, Any]:
    """The row of a call's recording."""
    return {
        "path": str(test.recording.relative_to(agency.folder)),
        "sha256": sha256(test.recording),
        "duration_s": test.record.duration_s,
        "sample_rate_hz": test.record.sample_rate_hz,
        "missing": [vars(one) for one in test.record.missing],
    }


def file_rows(test: TestCall, agency: Agency, *, besides: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """The rows of a call's other files: its messages, its record, and sides that were not merged."""
    folder, record = test.recording.parent, test.record
    paths = (folder / name for name in (f"{record.call_id}.json", *record.files.values()))
    told = {one["path"] for one in besides}
    rows = [(str(path.relative_to(agency.folder)), path) for path in paths if path.is_file()]
    return tuple(
        {"path": name, "sha256": sha256(path), "bytes": path.stat().st_size} for name, path in rows if name not in told
    )


def call_row(test: TestCall, sound: dict[str, Any]) -> dict[str, Any]:
    """Give the list's columns: outcome, rings and timing of one leg, the last; an earlier one's stand for nothing."""
    record, last = test.record, test.measured.legs[-1:]
    leg = next((one for one in last if one.answer_latency_s is not None), None)
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


def _shown(call: dict[str, Any], agency: Agency) -> dict[str, Any]:
    unit = unit_of_call(call, agency)
    title = call["scenario"]
    with suppress(WrongInput):  # a scenario that was taken away since leaves its name
        title = load_scenario(title, agency_folder=agency.folder).title.zh
    columns = ("call_id", "number", "started_at", "outcome", "recording_sha256")
    offset = bell_offset(agency, line=agency.line(unit.line).id)
    return {name: call[name] for name in columns} | {
        "unit_name": unit.name or unit.unit,
        "scenario": title,
        "recording": call["recording_path"],
        "ending": ((call["measured"] or {}).get("ending") or {}).get("sentence"),
        "bell_offset": None if offset is None else offset.to_dict(),
        "legs": [{"name": leg["leg"], **leg} for leg in (call["measured"] or {}).get("legs", ())],
    }


def _header(call: dict[str, Any], agency: Agency) -> dict[str, Any]:
    """The switchboard's number, where it was the switchboard that was called."""
    site = agency.site(unit_of_call(call, agency).site)
    called = site is not None and digits_of(site.switchboard) == call["number"]
    return {"switchboard_number": site.switchboard} if site is not None and called else {}
