"""How long sound is kept: so many days after its round closed, longer while somebody objects; sheets stay.

A round closes with its month (附表3 sheets are in by then, DOMAIN: 下月 3 日前). The agency's own table of retention
may say other days. What is deleted is logged for good: which file, its hash, when, by which rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.errors import EnvironmentFailed
from harness.programme.settings import ProgrammeSettings
from harness.record import record_from_dict
from harness.rounds import OBJECTION, SETTLED, rounds
from harness.store import Store
from harness.test_call import call_folder
from rubric.periods import days_of, period_of

SOUND = ("far", "near", "recording")
"""The files of a record that hold sound; its messages and numbers are no sound and stay."""


@dataclass(frozen=True, kw_only=True)
class Expired:
    """A call whose sound is due to be deleted."""

    call_id: str
    """The call."""
    day: date
    """When it was made, where the agency is."""
    due: date
    """Since when its sound should be gone."""
    files: tuple[Path, ...]
    """Its files of sound that are still there."""


def expired(agency: Agency, store: Store, settings: ProgrammeSettings, *, today: date) -> list[Expired]:
    """The calls whose sound is due to be deleted, oldest first; those under objection are not among them."""
    found = [_expired(row, agency, store, settings) for row in reversed(store.list_calls(limit=2**62))]
    return [one for one in found if one is not None and one.due <= today]


def _expired(row: dict[str, Any], agency: Agency, store: Store, settings: ProgrammeSettings) -> Expired | None:
    day = agency.day_of(row["started_at"])
    closed = _closed(row["call_id"], day, agency, store)
    if closed is None:
        return None
    record = record_from_dict(store.get_call(row["call_id"])["record"])
    folder = call_folder(agency, record)
    files = tuple(folder / name for kind, name in record.files.items() if kind in SOUND and (folder / name).exists())
    due = closed + timedelta(days=settings.retention.audio_days)
    return Expired(call_id=row["call_id"], day=day, due=due, files=files) if files else None


def _closed(call_id: str, day: date, agency: Agency, store: Store) -> date | None:
    """When a call's round closed: with its month, or when the last objection was settled; None: it is open."""
    closed = days_of(period_of(day, "month"))[1]
    held = rounds(call_id, store)
    if held and OBJECTION in held[-1].entries and SETTLED not in held[-1].entries:
        return None
    settled = [agency.day_of(one.entries[SETTLED]["at"]) for one in held if SETTLED in one.entries]
    return max([closed, *settled])


def delete_sound(one: Expired, store: Store, *, who: str, now: datetime) -> None:
    """Delete a call's sound; what is deleted is logged first, so that a stop leaves no deletion unlogged."""
    kept = {row["path"]: row["sha256"] for row in store.get_call(one.call_id)["recordings"]}
    names = [path.name for path in one.files]
    detail = {"files": names, "due": str(one.due), "sha256": sorted(set(kept.values()))}
    store.log.write("sound_deleted", who=who, call_id=one.call_id, detail=detail, now=now)
    for path in one.files:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFailed("file.unwritable", file=path.name, reason=error.strerror or "?") from None
