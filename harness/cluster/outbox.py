"""A probe's outbox: the calls that it recorded, each with the hashes of its files, until the head has them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.directory_files import settle
from harness.record import CallRecord
from harness.recording import sha256
from harness.test_call import call_folder

OUTBOX = "outbox"
SCHEMA = "thirdring.recorded/1"
PIECE_B = 4 * 1024 * 1024
"""So much of a file travels at once."""
NAMED = ("attempt", "run", "call_id")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a call, as the probe wrote it."""

    name: str
    """Its name, without any folder."""
    sha256: str
    """Its fingerprint, made where it was recorded."""
    size_b: int
    """Its size."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A call that a probe recorded."""

    attempt: str
    """The attempt."""
    run: str
    """The run of its order that dialled."""
    probe: str
    """The probe."""
    call_id: str
    """The call."""
    files: tuple[File, ...]
    """Its record (`CALL_ID.json`) first, then everything that the record names."""

    def to_dict(self) -> dict[str, Any]:
        """As it travels."""
        return {"schema": SCHEMA, **asdict(self)}


def recorded_from_dict(data: dict[str, Any]) -> Recorded:
    """Read what `to_dict` wrote. Raises ValueError where it is none, or a name in it would leave its folder."""
    try:
        told = ((str(one["name"]), str(one["sha256"]), int(one["size_b"])) for one in data["files"])
        files = tuple(File(name=name, sha256=digest, size_b=size_b) for name, digest, size_b in told)
        texts = {name: str(data[name]) for name in ("attempt", "run", "probe", "call_id")}
    except (KeyError, TypeError) as error:
        raise ValueError(f"no {SCHEMA}: {error}") from None
    # A run without a name would be that of an offer that was withdrawn: nobody dialled it.
    if not all(NAME.fullmatch(one) for one in (*(texts[one] for one in NAMED), *(file.name for file in files))):
        raise ValueError(f"no {SCHEMA}: a name")
    if not all(one.name.startswith(f"{texts['call_id']}.") for one in files):
        raise ValueError(f"no {SCHEMA}: another call's file")
    return Recorded(files=files, **texts)


class Outbox:
    """The outbox of a probe's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / OUTBOX

    def put(self, record: CallRecord, agency: Agency, *, attempt: str, run: str, probe: str) -> Recorded:
        """Hand in a call whose record and files are on the disk."""
        folder = call_folder(agency, record)
        names = (f"{record.call_id}.json", *record.files.values())
        there = [folder / name for name in dict.fromkeys(names) if (folder / name).is_file()]
        files = tuple(File(name=one.name, sha256=sha256(one), size_b=one.stat().st_size) for one in there)
        found = Recorded(attempt=attempt, run=run, probe=probe, call_id=record.call_id, files=files)
        self._folder.mkdir(exist_ok=True)
        new = self._folder / f"{attempt}.new"
        told = found.to_dict() | {"folder": str(folder.relative_to(agency.folder))}
        new.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        new.replace(new.with_suffix(".json"))
        settle(self._folder)
        return found

    def waiting(self) -> list[dict[str, Any]]:
        """Everything that the head does not have yet."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            with suppress(OSError, ValueError):
                found.append(json.loads(path.read_text(encoding="utf-8")))
        return found

    def piece(self, attempt: str, name: str, offset: int) -> bytes:
        """Give a piece of a file of a waiting call; empty behind its end."""
        with (self._where(attempt) / self._named(attempt, name)).open("rb") as file:
            file.seek(offset)
            return file.read(PIECE_B)

    def forget(self, attempt: str) -> None:
        """Let a call go that the head has: a copy here would outlive what the agency's rules let be kept."""
        for one in self._told(attempt).get("files", ()):
            (self._where(attempt) / self._named(attempt, one["name"])).unlink(missing_ok=True)
        (self._folder / f"{attempt}.json").unlink(missing_ok=True)

    def _told(self, attempt: str) -> dict[str, Any]:
        if not NAME.fullmatch(attempt):
            raise FileNotFoundError(attempt)
        told: dict[str, Any] = json.loads((self._folder / f"{attempt}.json").read_text(encoding="utf-8"))
        return told

    def _where(self, attempt: str) -> Path:
        return self._folder.parent / str(self._told(attempt)["folder"])

    def _named(self, attempt: str, name: str) -> str:
        """A name that the outbox itself wrote, and no other: nothing else of this machine is given away."""
        if name not in [one["name"] for one in self._told(attempt)["files"]]:
            raise FileNotFoundError(name)
        return name
