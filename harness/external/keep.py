"""Keeping an outside agency's tests as the external series: all pages of all files, or none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.errors import FactsError, FormError, NotFound, WrongInput
from harness.external.cells import Page, read_pages
from harness.external.read import Filled, read_page
from harness.kept_call import write_page
from harness.kept_sheet import figures_row
from harness.record import CallRecord
from harness.recording import sha256
from harness.scoring import find_form, frozen, kept_form
from harness.store import Store
from rubric.schema import Form
from rubric.sheet import to_dict

EXTERNAL = "external"
"""The series, and what stands for a scenario."""


def read_filled(
    files: Sequence[Path], agency: Agency, store: Store, *, now: datetime
) -> tuple[tuple[Filled, Form], ...]:
    """Read every filled page of some files. FactsError with everything that is wrong in all of them."""
    found: list[tuple[Filled, Form]] = []
    wrong: list[WrongInput] = []
    for file in files:
        try:
            pages = [page for page in read_pages(file) if not page.blank]
            if not pages:
                raise FactsError("external.nothing", file=file.name)
        except FactsError as error:
            wrong.append(error)
            continue
        for page in pages:
            try:
                form = _form(page, agency, store)
                found.append((read_page(page, form, agency, now=now), form))
            except WrongInput as error:
                wrong += error.problems or (error,)  # type: ignore[arg-type]
    wrong += _twice([one for one, _ in found], store)
    if wrong:
        raise FactsError(wrong[0].key, problems=tuple(wrong))
    return tuple(found)


def keep_filled(
    found: Sequence[tuple[Filled, Form]],
    agency: Agency,
    store: Store,
    *,
    files: Sequence[Path],
    who: str,
    now: datetime,
) -> list[str]:
    """Keep what was read, in one transaction; give the calls' ids."""
    hashes = {file.name: sha256(file) for file in files}
    with store.writing():
        rows = [_keep(one, form, agency, store, hashes=hashes, who=who, now=now) for one, form in found]
    for (one, form), row in zip(found, rows, strict=True):
        write_page(row, to_dict(one.sheet), form, agency)
    return [str(row["call_id"]) for row in rows]


def call_id_of(one: Filled) -> str:
    """The id of an outside call: the same call, read again, has the same."""
    told = "\x1f".join((one.unit, one.at.isoformat(), one.came_from)).encode()
    return f"{one.at.astimezone(UTC):%Y%m%dT%H%M%SZ}-x{hashlib.sha256(told).hexdigest()[:5]}"


def _twice(found: Sequence[Filled], store: Store) -> list[FactsError]:
    seen: dict[str, str] = {}
    wrong = []
    for one in found:
        name, place = call_id_of(one), f"{one.page.file} {one.page.name}"
        other = seen.setdefault(name, place)
        try:
            store.get_call(name)
            other = name
        except NotFound:
            pass
        if other != place:
            wrong.append(FactsError("external.twice", file=one.page.file, page=one.page.name, other=other))
    return wrong


def _form(page: Page, agency: Agency, store: Store) -> Form:
    """The form that a page was made by: the agency's file while it says the same, else as it was when used."""
    try:
        form = find_form(page.form, agency_folder=agency.folder)
        if (form.version, form.digest[:16]) == (page.version, page.digest):
            return form
    except FormError:
        pass
    try:
        form = kept_form(store, page.form, page.version)
    except NotFound:
        form = None  # type: ignore[assignment]
    if form is None or form.digest[:16] != page.digest:
        raise FactsError("external.other_form", file=page.file, page=page.name, form=page.form, version=page.version)
    return form


def _keep(
    one: Filled, form: Form, agency: Agency, store: Store, *, hashes: dict[str, str], who: str, now: datetime
) -> dict[str, Any]:
    name, sheet = call_id_of(one), to_dict(one.sheet)
    unit = next(unit for unit in agency.units if unit.unit == one.unit)
    row = {"call_id": name, "unit": one.unit, "number": unit.digits or unit.extension, "scenario": EXTERNAL}
    row |= {"started_at": one.at.isoformat(), "series": EXTERNAL, **_timing(one)}
    store.add_call(row, record=_record(row, tuple(one.facts["legs"])).to_dict())
    by = f"{one.came_from} {one.tester}"
    said = store.add_answers(name, one.answers, who=by, now=now)
    small = figures_row(sheet, row, agency)
    store.add_sheet(name, sheet, facts=one.facts, answers_id=said, form=frozen(form), row=small, now=now)
    detail = {"file": one.page.file, "page": one.page.name, "sha256": hashes[one.page.file], "from": one.came_from}
    store.log.write("external_imported", who=who, call_id=name, detail=detail | {"tester": one.tester}, now=now)
    return row | {"recording_path": None, "recording_sha256": None, "measured": None}


def _timing(one: Filled) -> dict[str, Any]:
    """The list's columns: those of the last leg."""
    leg = list(one.facts["legs"].values())[-1]
    latency = leg.get("answer_latency_s")
    told = {"outcome": leg["outcome"], "rings": leg.get("rings")}
    return told | {"answer_latency_earliest_s": latency, "answer_latency_latest_s": latency}


def _record(row: dict[str, Any], legs: tuple[str, ...]) -> CallRecord:
    """A record without signals or sound: nothing of this call was ours."""
    told = {key: row[key] for key in ("call_id", "unit", "number", "scenario", "started_at")}
    return CallRecord(
        **told,
        zero_s=0.0,
        zero_error_s=0.0,
        sample_rate_hz=8000,
        duration_s=0.0,
        wall_s=None,
        signals=(),
        acts=(),
        legs=legs,
    )
