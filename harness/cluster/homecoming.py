"""A recorded call comes home: fetched, held against the hashes that its probe made, judged, and kept at the head."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from harness import clocks
from harness.agency import Agency
from harness.cluster.offers import Offer
from harness.cluster.outbox import PIECE_B, File, Recorded
from harness.cluster.too_much import refuse_giants, refuse_long_sound
from harness.directory_files import settle as settle_folder
from harness.errors import EnvironmentFailed, LedgerError, WrongInput
from harness.kept_call import keep
from harness.ledger import settle
from harness.planned_call import Plan, TestCall
from harness.record import OURS, CallRecord, record_from_dict
from harness.recording import sha256
from harness.redial import VOID, Attempt
from harness.store import open_store
from harness.store import plans as state
from harness.test_call import call_folder, judge, plan_call
from harness.toml_file import read_json

ARRIVING = ".arriving"
BROUGHT_HOME = "brought_home"
"""What the log's line is called; with it the hashes that the probe made are in the chain of evidence."""
WHO = "thirdring"
STARTED_S = 120.0
"""So far from when its offer was taken may a call say that it began: its probe's clock, and the way."""
Fetch = Callable[[str, int], bytes]
"""(file, offset) -> a piece of it, empty behind its end."""


def bring_home(recorded: Recorded, offer: Offer, agency: Agency, fetch: Fetch, *, taken_at: datetime) -> CallRecord:
    """Fetch a call's files, verify each, and put them among the agency's recordings, all or nothing.

    `taken_at`: when its offer was taken, by the head's clock.

    Raises:
        WrongInput: a file is not what the probe's hash says or more than a call can be, or the record is not the
            call that was ordered.
        ConnectionError: the probe was lost meanwhile.
    """
    refuse_giants(recorded)
    arriving = agency.recordings / ARRIVING / recorded.attempt
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir(parents=True)
    try:
        for file in recorded.files:
            _fetched(file, arriving / file.name, fetch)
        record = _the_ordered_call(recorded, offer, arriving, taken_at)
        _put(arriving, recorded.files, call_folder(agency, record))
        return record
    finally:
        shutil.rmtree(arriving, ignore_errors=True)


def keep_home(
    record: CallRecord, recorded: Recorded, offer: Offer, agency: Agency, *, plan: Plan | None = None
) -> TestCall:
    """Judge a call that came home and keep it, with what its probe said of its files."""
    plan = plan or plan_call(offer.unit, agency, scenario=offer.scenario, series=offer.series)
    test = judge(record, plan, agency, earlier=earlier_of(offer))
    ordinal = len(offer.earlier) + 1
    test = keep(test, plan, agency, attempt_id=offer.attempt, ordinal=ordinal)
    said = {one.name: {"sha256": one.sha256, "size_b": one.size_b} for one in recorded.files}
    with open_store(agency.database) as store:
        detail = {"attempt": offer.attempt, "probe": recorded.probe, "files": said}
        store.log.write(BROUGHT_HOME, who=WHO, call_id=record.call_id, detail=detail)
    with suppress(LedgerError):  # it was settled as unknown, and stays that there: the database knows better
        settle(agency, offer.attempt, test.measured.outcome)
    return test


def is_kept(attempt: str, agency: Agency) -> bool:
    """Whether the database has an attempt's call."""
    with open_store(agency.database) as store:
        return store.plans.measured_of(attempt) is not None


def known_after_all(offer: Offer, agency: Agency) -> bool:
    """Note what a test came to whose attempt was unknown; False while its programme has not come to that yet.

    It is not dialled again by that, whatever came of it; what a person decided meanwhile stands.
    """
    name, _, drawn = offer.attempt.rpartition("-")[0].rpartition(".")
    with open_store(agency.database) as store, store.writing():
        months = (row["month"] for row in store.plans.months())
        row = next((one for month in months for one in store.plans.tests(month) if one["test_id"] == name), None)
        measured = store.plans.measured_of(offer.attempt)
        if row is None or measured is None or row["state"] == state.CLAIMED:
            return row is None
        known, same = measured["outcome"], str(store.plans.drawings(name)) == drawn
        if row["state"] == state.UNKNOWN and same and known != VOID:
            *before, last = row["detail"].get("attempts") or [{}]
            detail = {"outcome": known, "call_id": offer.call_id, "why": BROUGHT_HOME}
            detail |= {"attempts": [*before, last | {"outcome": known}]}
            store.plans.note(name, state.DONE, month=row["month"], detail=detail, now=clocks.now())
    return True


def earlier_of(offer: Offer) -> tuple[Attempt, ...]:
    """The attempts before it of the same test."""
    return tuple(
        Attempt(ended_at=datetime.fromisoformat(one["ended_at"]), outcome=one["outcome"], leg=one["leg"])
        for one in offer.earlier
    )


def _fetched(file: File, path: Path, fetch: Fetch) -> None:
    try:
        with path.open("xb") as out:
            while piece := fetch(file.name, out.tell()):
                if len(piece) > PIECE_B or out.tell() + len(piece) > file.size_b:
                    raise WrongInput("cluster.changed", file=file.name)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        raise EnvironmentFailed("file.unwritable", file=path.name, reason=error.strerror or "?") from None
    # Read back from the disk: what is kept is what is verified.
    if path.stat().st_size != file.size_b or sha256(path) != file.sha256:
        raise WrongInput("cluster.changed", file=file.name)
    refuse_long_sound(path)


def _the_ordered_call(recorded: Recorded, offer: Offer, folder: Path, taken_at: datetime) -> CallRecord:
    try:
        record = record_from_dict(read_json(folder / f"{offer.call_id}.json", fault=WrongInput))
        apart_s = abs((datetime.fromisoformat(record.started_at) - taken_at).total_seconds())
        named = {f"{offer.call_id}.json", *record.files.values()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise WrongInput("cluster.changed", file=f"{offer.call_id}.json") from None
    said = (record.call_id, record.unit, record.number, record.scenario, record.source)
    same = said == (offer.call_id, offer.unit, offer.number, offer.scenario, OURS)
    if not same or apart_s > STARTED_S or named != {one.name for one in recorded.files}:
        raise WrongInput("cluster.other_call", attempt=offer.attempt)
    return record


def _put(arriving: Path, files: tuple[File, ...], folder: Path) -> None:
    """Move the files to where a call's are; what lies there already must be the same."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        path = folder / file.name
        if path.exists() and sha256(path) != file.sha256:
            raise WrongInput("cluster.changed", file=file.name)
        (arriving / file.name).replace(path)
    settle_folder(folder)


def plain(attempts: tuple[Attempt, ...]) -> tuple[dict[str, Any], ...]:
    """Attempts as an offer keeps them."""
    return tuple({"ended_at": one.ended_at.isoformat(), "outcome": one.outcome, "leg": one.leg} for one in attempts)
