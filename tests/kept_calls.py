"""Calls in an agency's database as the telephone would have left them, from FACTS and ANSWERS, without a telephone."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from harness.agency import Agency, load_agency
from harness.kept_sheet import figures_row
from harness.new_agency import make_agency
from harness.record import CallRecord
from harness.scoring import frozen, score_said, usable_form
from harness.store import open_store
from rubric.sheet import to_dict


def _record(row: dict[str, Any]) -> dict[str, Any]:
    """A record in which nothing happened; its sound was deleted."""
    told = {key: row[key] for key in ("call_id", "unit", "number", "scenario", "started_at")}
    clock: dict[str, Any] = {
        "zero_s": 0.0,
        "zero_error_s": 0.0,
        "sample_rate_hz": 8000,
        "duration_s": 0.0,
        "wall_s": 0.0,
    }
    record = CallRecord(**told, **clock, signals=(), acts=(), legs=("unit",), files={"recording": "gone.flac"})
    return record.to_dict()


UNITS = """unit,name,number,extension,group
u1,一課,0227000001,201,甲組
u2,二課,0227000002,202,乙組
u3,三課,0227000003,203,乙組
"""


def agency_with_units(folder: Path, *, form: str = "keelung-102") -> Agency:
    """A new agency of three units."""
    make_agency(folder)
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    settings = folder / "agency.toml"
    settings.write_text(settings.read_text("utf-8").replace('"keelung-102"', f'"{form}"'), encoding="utf-8")
    return load_agency(folder)


def keep_call(
    agency: Agency,
    call_id: str,
    facts: dict[str, Any],
    answers: dict[str, Any] | None = None,
    *,
    unit: str = "u1",
    day: date = date(2026, 11, 3),
    who: str = "陳",
    series: str = "internal",
    columns: dict[str, Any] | None = None,
    made_at: datetime | None = None,
) -> None:
    """Keep one call with its sheet, made at a moment (now)."""
    form = usable_form(agency.settings.form, agency.folder)
    sheet = to_dict(score_said(form, facts, answers, on=day))
    started = datetime.combine(day, time(10), tzinfo=agency.zone).isoformat()
    row = {"call_id": call_id, "unit": unit, "number": "0227000001", "scenario": "extension-direct"}
    row |= {"started_at": started, "outcome": "answered", "series": series}
    row |= {"recording_path": f"recordings/{call_id}.flac", "recording_sha256": "ab"} | (columns or {})
    with open_store(agency.database) as store, store.writing():
        store.add_call(row, record=_record(row))
        said = None if answers is None else store.add_answers(call_id, answers, who=who, now=made_at)
        small = figures_row(sheet, row, agency)
        store.add_sheet(call_id, sheet, facts=facts, answers_id=said, form=frozen(form), row=small, now=made_at)
