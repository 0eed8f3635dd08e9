"""How long sound is kept: so many days after its round closed, longer while a review is open; sheets stay.

A round closes with its month (附表3 sheets are in by then, DOMAIN: 下月 3 日前). The agency's own table of retention
may say other days. A person deletes, and is reminded. What is deleted is logged for good: which file, its hash, when,
by which rule.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from harness.agency import Agency
from harness.errors import EnvironmentFailed
from harness.programme.settings import ProgrammeSettings
from harness.rounds import SETTLED, rounds
from harness.store import Store
from harness.store.reviews import SOUND_LEFT
from rubric.periods import days_of, period_of

SOUND = ("far", "near", "recording", "original")
"""The files of a record that hold sound; its messages and numbers are no sound and stay."""
MOST_MARKED = 100_000
"""Marks that are looked through: one for each call that a stop cut off."""
NO_SOUND = frozenset({".json", ".jsonl", ".toml", ".txt"})
"""What lies beside sound and needs no look."""


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
    sha256: tuple[str, ...] | None = None
    """Their hashes, of a call that a stop left without a record; None: its record has them."""


def expired(agency: Agency, store: Store, settings: ProgrammeSettings, *, today: date) -> list[Expired]:
    """The calls whose sound is due to be deleted, oldest first.

    Those under objection are not among them, nor those whose second opinion is open: somebody still has to hear them.

    What a stop left of a call without a record is sound too, and a person's.

    Looked for from the folders: of the calls of many years few still have a file of sound.
    """
    days = timedelta(days=settings.retention.audio_days)
    found = list(_left(agency, store, days))
    for day, folder in sorted(_day_folders(agency)):
        if _closing(day) + days <= today:
            names = {name for name in os.listdir(folder) if Path(name).suffix not in NO_SOUND}
            found += _expired(day, folder, names, agency, store, days) if names else ()
    return sorted((one for one in found if one.due <= today), key=lambda one: (one.day, one.call_id))


def _day_folders(agency: Agency) -> Iterator[tuple[date, Path]]:
    for folder in agency.recordings.glob("????-??-??/"):
        yield from ((day, folder) for day in _day_of(folder))


def _expired(
    day: date, folder: Path, names: set[str], agency: Agency, store: Store, days: timedelta
) -> Iterator[Expired]:
    begin = datetime(day.year, day.month, day.day, tzinfo=agency.zone)
    for call_id, _, kept in store.call_list.files_between(begin, begin + timedelta(days=1)):
        files = tuple(folder / name for kind, name in kept.items() if kind in SOUND and name in names)
        closed = _closed(call_id, day, agency, store) if files else None
        if closed is not None:
            yield Expired(call_id=call_id, day=day, due=closed + days, files=files)


def _left(agency: Agency, store: Store, days: timedelta) -> Iterator[Expired]:
    """Sound that was marked behind a stop, and that is still there."""
    for line in store.log.named(SOUND_LEFT, limit=MOST_MARKED):
        known = {agency.folder / file["path"]: file["sha256"] for file in line["detail"]["files"]}
        there = {path: sha256 for path, sha256 in known.items() if path.is_file()}
        days_of_it = [day for path in there for day in _day_of(path.parent)]
        if days_of_it and not store.plans.is_kept(line["detail"]["attempt_id"]):
            due, hashes = _closing(min(days_of_it)) + days, tuple(sorted(set(there.values())))
            files = tuple(sorted(there))
            yield Expired(call_id=line["call_id"], day=min(days_of_it), due=due, files=files, sha256=hashes)


def _day_of(folder: Path) -> Iterator[date]:
    with suppress(ValueError):
        yield date.fromisoformat(folder.name)


def _closing(day: date) -> date:
    return days_of(period_of(day, "month"))[1]


def _closed(call_id: str, day: date, agency: Agency, store: Store) -> date | None:
    """When a call's round closed: with its month, or when its last review was settled; None: it is open."""
    closed = _closing(day)
    held = rounds(call_id, store)
    if held and SETTLED not in held[-1].entries:
        return None
    settled = [agency.day_of(one.entries[SETTLED]["at"]) for one in held if SETTLED in one.entries]
    return max([closed, *settled])


def delete_sound(one: Expired, store: Store, *, who: str, now: datetime) -> None:
    """Delete a call's sound; what is deleted is logged first, so that a stop leaves no deletion unlogged."""
    known = one.sha256
    if known is None:
        known = tuple(sorted({row["sha256"] for row in store.get_call(one.call_id)["recordings"]}))
    names = [path.name for path in one.files]
    detail = {"files": names, "due": str(one.due), "sha256": list(known)}
    store.log.write("sound_deleted", who=who, call_id=one.call_id, detail=detail, now=now)
    for path in one.files:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFailed("file.unwritable", file=path.name, reason=error.strerror or "?") from None
