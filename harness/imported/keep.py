"""Recordings from elsewhere kept as calls of the agency: all of them, or none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.errors import EnvironmentFailed, WrongInput
from harness.imported.read import ORIGINAL, Brought, Given, Told, read_files
from harness.imported.staging import note_placed, staging_in
from harness.kept_call import call_row, file_rows, sound_row, write_page
from harness.kept_sheet import figures_row
from harness.planned_call import TestCall
from harness.scoring import frozen
from harness.store import Store
from harness.test_call import call_folder, judge
from rubric.sheet import to_dict


def import_files(
    files: Sequence[Given],
    told: Told,
    agency: Agency,
    store: Store,
    *,
    who: str,
    now: datetime,
    skip_known: bool = False,
    dry_run: bool = False,
) -> tuple[TestCall, ...]:
    """Check, hear, score and keep recordings; a dry run keeps nothing.

    Raises:
        WrongInput: everything that is wrong with all of them; then nothing is kept.
        EnvironmentFailed: the disk failed; then nothing is kept either, or all of it but pages that can be made again.
    """
    placed: list[Path] = []
    try:
        with staging_in(agency.recordings, store) as staging:
            brought = read_files(files, told, agency, store, now=now, staging=staging, skip_known=skip_known)
            try:
                for one in brought:
                    _place(one, agency, placed, staging)
                tests = tuple(judge(one.record, one.plan, agency) for one in brought)
                kept = () if dry_run else tuple(zip(brought, tests, strict=True))
                rows = _keep(kept, agency, store, who=who, now=now)
            except BaseException:
                _undo(placed)
                raise
            if dry_run:
                _undo(placed)
            for (one, test), row in zip(kept, rows, strict=True):  # these are kept, whatever becomes of their pages
                write_page(row | {"measured": test.measurement}, to_dict(test.sheet), one.plan.form, agency)
    except OSError as error:
        raise EnvironmentFailed("file.unwritable", file=agency.recordings.name, reason=error.strerror or "?") from None
    return tests


def _place(one: Brought, agency: Agency, placed: list[Path], staging: Path) -> None:
    """Move a file's sound and copy to the folder of its day, with the record beside them."""
    folder = call_folder(agency, one.record)
    folder.mkdir(parents=True, exist_ok=True)
    for path in one.staged.values():
        placed.append(folder / path.name)
        note_placed(staging, placed[-1])
        path.rename(placed[-1])
    placed.append(folder / f"{one.record.call_id}.json")
    note_placed(staging, placed[-1])
    placed[-1].write_text(json.dumps(one.record.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")


def _undo(placed: list[Path]) -> None:
    for path in placed:
        path.unlink(missing_ok=True)


def _keep(
    kept: Sequence[tuple[Brought, TestCall]], agency: Agency, store: Store, *, who: str, now: datetime
) -> list[dict[str, Any]]:
    with store.writing():
        return [_add(one, test, agency, store, who=who, now=now) for one, test in kept]


def _add(one: Brought, test: TestCall, agency: Agency, store: Store, *, who: str, now: datetime) -> dict[str, Any]:
    call_id = one.record.call_id
    if before := store.call_list.with_sound(one.sha256):  # somebody else's import was faster
        raise WrongInput("imported.known", file=one.name, call_id=before)
    sound, sheet = sound_row(test, agency), to_dict(test.sheet)
    row = call_row(test, sound) | {"series": one.plan.series}
    original = call_folder(agency, one.record) / one.record.files[ORIGINAL]
    copy = sound | {"path": str(original.relative_to(agency.folder)), "sha256": one.sha256}
    files = file_rows(test, agency, besides=(sound, copy))
    store.add_call(row, record=one.record.to_dict(), measured=test.measurement, recordings=(sound, copy), files=files)
    small = figures_row(sheet, row, agency)
    store.add_sheet(call_id, sheet, facts=test.facts, answers_id=None, form=frozen(one.plan.form), row=small, now=now)
    detail = {"file": one.name, "sha256": one.sha256, "far": one.record.far}
    store.log.write("imported", who=who, call_id=call_id, detail=detail, now=now)
    return row
