"""Sound that a probe was stopped over: no head will ever ask for it, and it must not lie there for ever.

A call whose process was killed has no record, and its order no run that could hand it in. Its sound is mended, so that
it can be heard on the probe itself, its person is told where it is, and it is deleted when it has been kept as long as
the agency keeps sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from harness.agency import Agency
from harness.cluster.outbox import Outbox
from harness.ledger import Claim, claims
from harness.left_call import SOUND
from harness.programme.settings import read_programme
from harness.softphone.growing_wav import repair_header
from harness.store import open_store
from rubric.periods import days_of, period_of


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What was found."""

    kept: tuple[Path, ...]
    """Files of sound that stay for now."""
    deleted: tuple[Path, ...]
    """Those that had been kept long enough."""


def sweep_left(agency: Agency, *, today: date) -> Swept:
    """Mend what calls left that are over and not in the outbox, and delete what was kept long enough."""
    waiting = {one["attempt"] for one in Outbox(agency.folder).waiting()}
    days = timedelta(days=read_programme(agency.folder).retention.audio_days)
    known, kept, deleted = _known(agency), list[Path](), list[Path]()
    for claim in claims(agency):
        if claim.in_flight or claim.attempt_id in waiting or not claim.call_id or claim.call_id in known:
            continue
        for path in _sound_of(claim, agency):
            due = _closing(path) + days <= today
            with suppress(OSError):
                path.unlink() if due else _mend(path)
            (deleted if due else kept).append(path)
    return Swept(kept=tuple(kept), deleted=tuple(deleted))


def _known(agency: Agency) -> set[str]:
    """Calls of a database in the same folder, where there is one: they have rules of their own."""
    if not agency.database.is_file():
        return set()
    with open_store(agency.database) as store:
        return {row["call_id"] for row in store.list_calls(limit=10**7)}


def _sound_of(claim: Claim, agency: Agency) -> Iterator[Path]:
    for path in sorted(agency.recordings.glob(f"????-??-??/{claim.call_id}.*")):
        if path.suffix in SOUND:
            yield path


def _closing(path: Path) -> date:
    """The last day of the month that a call is of."""
    return days_of(period_of(date.fromisoformat(path.parent.name), "month"))[1]


def _mend(path: Path) -> None:
    if path.suffix == ".wav":
        repair_header(path)
