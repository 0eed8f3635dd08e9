"""A backup of an agency while it runs, and its return: all files with their hashes, and the head of the chain.

The database is copied first, as it was at one moment; every file that it names was on the disk before its row was.
What comes later is in the next backup. A backup counts once it was verified: until then its name ends in `.partial`.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.agency import AGENCY_FILE
from harness.errors import EnvironmentFailed, NotFound, Refused, WrongInput
from harness.evidence.verify import Verdict, verify
from harness.imported.staging import PREFIX as IMPORTING
from harness.recording import sha256
from harness.store import open_store
from harness.store.heads import heads_file, read_head
from harness.store.plans import UNKNOWN
from harness.store.snapshot import copy_database

SCHEMA = "thirdring.backup/1"
MANIFEST = "backup.json"
DATABASE = "thirdring.db"
PARTIAL = ".partial"


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup that was made, or brought back."""

    folder: Path
    """Where it is."""
    files: int
    """Files in it."""
    bytes: int
    """What they hold."""
    verdict: Verdict
    """What `verify` says of it."""
    made_at: str
    """When it was made, ISO 8601."""
    left: int = 0
    """Tests that may have been dialled since, and were left to a person when it was brought back."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        told = {"folder": str(self.folder), "files": self.files, "bytes": self.bytes}
        told |= {"made_at": self.made_at, "left_to_a_person": self.left}
        return {"schema": SCHEMA, **told, "verification": self.verdict.to_dict()}


def back_up(agency_folder: Path, to: Path, *, now: datetime) -> Backup:
    """Copy an agency into a new folder below `to`, and verify the copy.

    Raises:
        NotFound: it is no agency's folder.
        Refused: `to` lies in the agency's folder, or a backup of this second is there.
        EnvironmentFailed: the disk failed; then nothing is left of it.
    """
    if not (agency_folder / AGENCY_FILE).is_file():
        raise NotFound("agency.not_found", folder=agency_folder)
    if to.resolve().is_relative_to(agency_folder.resolve()):
        raise Refused("backup.inside", folder=str(to))
    target = to / f"{agency_folder.resolve().name}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    with _in_the_making(target) as partial:
        if (agency_folder / DATABASE).is_file():
            copy_database(agency_folder / DATABASE, partial / DATABASE)
            _heads_until(heads_file(agency_folder / DATABASE), partial / DATABASE)
        told = dict(_copied(agency_folder, partial))
        verdict = _verified(partial)
        own = (partial / DATABASE, heads_file(partial / DATABASE))
        told |= {one.name: _fingerprint(one) for one in own if one.is_file()}
        head = None if verdict.head is None else verdict.head.printed
        made_at = now.astimezone(UTC).isoformat(timespec="seconds")
        made = {"schema": SCHEMA, "made_at": made_at, "head": head, "files": told}
        _write(partial / MANIFEST, json.dumps(made, ensure_ascii=False, indent=1))
    held_b = sum(one["bytes"] for one in told.values())
    return Backup(folder=target, files=len(told), bytes=held_b, verdict=verdict, made_at=made_at)


def restore(backup: Path, to: Path, *, now: datetime) -> Backup:
    """Bring a backup back as a new agency's folder; nothing is ever overwritten.

    What became of its tests since it was made it does not know: those that were due by now are left to a person.

    Raises:
        WrongInput: it is no backup, or a file of it is not as it was.
        Refused: there is something where it should go.
        EnvironmentFailed: the disk failed; then nothing is left of it.
    """
    told, made_at = _manifest(backup)
    wrong = [name for name, one in told.items() if not _as_told(backup, name, one)]
    if wrong:
        raise WrongInput(
            "backup.spoilt", file=ascii(wrong[0])[1:-1] if not wrong[0].isprintable() else wrong[0], count=len(wrong)
        )
    if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
        raise Refused("backup.there", folder=str(to))
    with _in_the_making(to) as partial:
        for name in told:
            _copy(backup / name, partial / name)
        left = _leave_to_a_person(partial / DATABASE, now)
        verdict = _verified(partial)
    held_b = sum(one["bytes"] for one in told.values())
    return Backup(folder=to, files=len(told), bytes=held_b, verdict=verdict, made_at=made_at, left=left)


def _leave_to_a_person(database: Path, now: datetime) -> int:
    """Note of each test that waited to be dialled, and was due by now, that it may have been; give how many."""
    with open_store(database) as store:
        due = store.plans.waiting(now)
        for row in due:
            known = {name: row["detail"][name] for name in ("attempts",) if name in row["detail"]}
            store.plans.note(row["test_id"], UNKNOWN, month=row["month"], detail=known | {"why": "restored"}, now=now)
    return len(due)


@contextmanager
def _in_the_making(target: Path) -> Iterator[Path]:
    """A folder that gets its name once everything is in it, and that nothing is left of otherwise."""
    partial = target.with_name(target.name + PARTIAL)
    try:
        partial.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise Refused("backup.there", folder=str(partial)) from None
    except OSError as error:
        raise _disk(error, partial) from None
    try:
        yield partial
        partial.rename(target)  # an empty folder gives way, one with something in it does not
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise Refused("backup.there", folder=str(target)) from None
        raise _disk(error, partial) from None
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _verified(folder: Path) -> Verdict:
    with open_store(folder / DATABASE) as store:
        return verify(folder, store)


def _copied(source: Path, target: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Copy every file but the database's own, and give its name and fingerprint."""
    for path in _files(source):
        name = path.relative_to(source).as_posix()
        if path.name.startswith(DATABASE) or path == heads_file(source / DATABASE) or path.name == MANIFEST:
            continue
        with suppress(FileNotFoundError):  # the sides of a call that were merged meanwhile, say
            _copy(path, target / name)
            yield name, _fingerprint(target / name)


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, also where a folder is a link to another disk; what is being made is left out."""
    seen = set[str]()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith(IMPORTING) and not name.endswith(PARTIAL))
        yield from (Path(place, name) for name in sorted(names) if Path(place, name).is_file() and name != ".lock")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _heads_until(heads: Path, database: Path) -> None:
    """The heads of the entries that the copied database has: others were written while it was copied."""
    with open_store(database) as store:
        last = store.evidence.head()
    lines = heads.read_text("utf-8").splitlines() if heads.is_file() else []
    read = [(line, read_head(line)) for line in lines]
    kept = [line for line, head in read if head is None or (last is not None and head.n <= last.n)]
    if last is not None:
        _write(heads_file(database), "".join(f"{line}\n" for line in dict.fromkeys([*kept, str(last)])))


def _manifest(backup: Path) -> tuple[dict[str, dict[str, Any]], str]:
    """The files of a backup, and when it was made."""
    try:
        said = json.loads((backup / MANIFEST).read_text("utf-8"))
        told: dict[str, dict[str, Any]] = said["files"]
        made_at = datetime.fromisoformat(said["made_at"]).isoformat(timespec="seconds")
        good = said["schema"] == SCHEMA and all(
            not Path(name).is_absolute() and ".." not in Path(name).parts and {"sha256", "bytes"} <= set(one)
            for name, one in told.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        good, told, made_at = False, {}, ""
    if not good:
        raise WrongInput("backup.none", folder=str(backup), file=MANIFEST)
    return told, made_at


def _as_told(backup: Path, name: str, told: dict[str, Any]) -> bool:
    try:
        # A pipe would be waited for, and a device read, without an end.
        return (backup / name).is_file() and _fingerprint(backup / name) == {
            "sha256": told["sha256"],
            "bytes": told["bytes"],
        }
    except OSError:
        return False


def _fingerprint(path: Path) -> dict[str, Any]:
    return {"sha256": sha256(path), "bytes": path.stat().st_size}


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode(errors="backslashreplace"))  # what is no UTF-8 in a file's name, as JSON escapes it
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _disk(error: OSError, folder: Path) -> EnvironmentFailed:
    return EnvironmentFailed("file.unwritable", file=error.filename or folder.name, reason=error.strerror or str(error))
