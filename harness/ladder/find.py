"""Finds a kept call by its id: a test call, or one that the doctor placed; draws it up as a ladder."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from harness.agency import Agency
from harness.doctor.kept import folder_of
from harness.errors import NotFound
from harness.hearing import find_plan
from harness.ladder.build import build_ladder
from harness.ladder.rung import Ladder
from harness.measure import measure
from harness.record import CallRecord, record_from_dict
from harness.recording import far_side
from harness.sip_trace import read_trace
from harness.store import open_store
from harness.test_call import call_folder
from harness.timeline import build_timeline


def find_call(call_id: str, agency: Agency) -> tuple[CallRecord, Path]:
    """Give a call's record and the folder of its files; NotFound names where it was looked for.

    The record's own file is read, not the database: also a call that could not be written there has a ladder.
    """
    for place in (agency.recordings, folder_of(agency)):
        for path in sorted(place.glob(f"*/{_plain(call_id)}.json")):
            try:
                return record_from_dict(json.loads(path.read_text(encoding="utf-8"))), path.parent
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return _from_store(call_id, agency)


def ladder_of(call_id: str, agency: Agency) -> Ladder:
    """Draw a kept call up; without its sound, when that was deleted, the signalling alone."""
    record, folder = find_call(call_id, agency)
    try:
        samples = far_side(record, folder)
    except (OSError, RuntimeError, KeyError):  # soundfile's error for a missing file is a RuntimeError
        samples = np.zeros(0, np.int16)
    timeline = build_timeline(record, samples, find_plan(record.tone_plan, agency_folder=agency.folder))
    trace = record.files.get("trace", "")
    ladder = build_ladder(timeline, measure(timeline), read_trace(folder / trace) if trace else ())
    local = datetime.fromisoformat(record.started_at).astimezone(agency.zone)
    return replace(ladder, started_at=local.isoformat(timespec="seconds"))


def _plain(call_id: str) -> str:
    """An id as a file's name; what could lead elsewhere finds nothing."""
    return call_id if call_id.replace("-", "").replace(".", "").replace("_", "").isalnum() else ""


def _from_store(call_id: str, agency: Agency) -> tuple[CallRecord, Path]:
    if not agency.database.is_file():
        raise NotFound("ladder.no_call", call_id=call_id, folder=agency.folder)
    with open_store(agency.database) as store:
        record = record_from_dict(store.get_call(call_id)["record"])
    return record, call_folder(agency, record)
