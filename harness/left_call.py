"""What a call left on the disk whose process was stopped before it was kept, or whose keeping failed.

A whole record is kept after all, as if nothing had happened. Sound without one is mended and marked: the log, and with
it the chain of evidence, names the files and their hashes; what came of such a call stays unknown: a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.errors import EnvironmentFailed, LedgerError
from harness.kept_call import keep
from harness.ledger import Claim, claims, settle
from harness.planned_call import INTERNAL, TestCall
from harness.record import CallRecord
from harness.record_file import whole_record
from harness.recording import sha256
from harness.redial import Attempt
from harness.softphone.growing_wav import HEADER_BYTES, repair_header
from harness.store import Store
from harness.store.reviews import SOUND_LEFT
from harness.test_call import judge, plan_call

MARKED = SOUND_LEFT
"""What the log's line is called."""
WHO = "thirdring"
SOUND = (".wav", ".flac")
LOOKED_BACK = timedelta(days=40)
"""What is older was looked at when the programme began before."""
Row = dict[str, Any]


def keep_left(claimed: Claim, agency: Agency, *, earlier: tuple[Attempt, ...] = ()) -> TestCall | None:
    """Keep a call that is over and not in the database, by the record that it left; None where there is no whole one.

    `earlier` are the attempts before it of the same test. Raises EnvironmentFailed where the database does not take it:
    it is all still on the disk, and can be kept later.
    """
    record = _record(claimed, agency)
    if record is None:
        return None
    try:
        plan = plan_call(record.unit, agency, scenario=record.scenario, series=claimed.series or INTERNAL)
        test = judge(record, plan, agency, earlier=earlier)
        ordinal = int(claimed.attempt_id.rpartition("-")[2])
        test = keep(test, plan, agency, attempt_id=claimed.attempt_id, ordinal=ordinal)
    except EnvironmentFailed:
        raise
    except Exception:  # the unit or the scenario is gone, the sound is broken: a person decides
        return None
    with suppress(LedgerError):  # it was settled by who could not keep it
        settle(agency, claimed.attempt_id, test.measured.outcome)
    return test


def keep_all_left(agency: Agency, store: Store, *, now: datetime) -> list[Row]:
    """Keep whatever was left by attempts that nobody has any more; give what was marked."""
    left = [one for one in claims(agency, since=now - LOOKED_BACK) if not one.in_flight and one.call_id]
    found = []
    for one in left:
        if not store.plans.is_kept(one.attempt_id) and keep_left(one, agency) is None:
            found += mark_left(one, agency, store, now=now)
    return found


def mark_left(claimed: Claim, agency: Agency, store: Store, *, now: datetime) -> list[Row]:
    """Mend and mark the sound of a call without a record, once; give what was marked, nothing where there is none.

    A WAV file whose writer was killed gets the length that it has.
    """
    if not claimed.call_id or any(line["what"] == MARKED for line in store.log.of(claimed.call_id)):
        return []
    sound = [path for path in _files(claimed, agency) if path.suffix in SOUND]
    for path in _files(claimed, agency):
        _mend(path)
    files = [_file(path, agency) for path in sound if path.exists() and path.stat().st_size > HEADER_BYTES]
    if not files:
        return []
    detail = {"attempt_id": claimed.attempt_id, "unit": claimed.unit, "number": claimed.number, "files": files}
    store.log.write(MARKED, who=WHO, call_id=claimed.call_id, detail=detail, now=now)
    return [detail | {"call_id": claimed.call_id}]


def _record(claimed: Claim, agency: Agency) -> CallRecord | None:
    whole = (whole_record(path) for path in _files(claimed, agency) if path.name == f"{claimed.call_id}.json")
    record = next((one for one in whole if one is not None), None)
    return record if record is not None and record.files and _sound_there(record, claimed, agency) else None


def _sound_there(record: CallRecord, claimed: Claim, agency: Agency) -> bool:
    names = {path.name for path in _files(claimed, agency)}
    return set(record.files.values()) <= names


def _files(claimed: Claim, agency: Agency) -> list[Path]:
    return sorted(agency.recordings.glob(f"*/{claimed.call_id}.*")) if claimed.call_id else []


def _mend(path: Path) -> None:
    """Mend a header; take away what was to be played, and room that was reserved and never written to."""
    with suppress(OSError):
        if path.suffix == ".wav" and ".say" not in path.name:
            repair_header(path)
        elif ".say" in path.name or (path.suffix == ".json" and whole_record(path) is None):
            path.unlink()


def _file(path: Path, agency: Agency) -> Row:
    return {"path": str(path.relative_to(agency.folder)), "sha256": sha256(path), "bytes": path.stat().st_size}


def left_of(claimed: Claim, agency: Agency, store: Store, *, now: datetime) -> Row | None:
    """What people are told of a call that was cut off: where its sound is; None where it left none."""
    marked = [] if store.plans.is_kept(claimed.attempt_id) else mark_left(claimed, agency, store, now=now)
    return {"call_id": claimed.call_id, "files": paths_of(marked)} if marked else None


def paths_of(marked: Iterable[Row]) -> list[str]:
    """The files that were marked."""
    return [file["path"] for one in marked for file in one["files"]]
