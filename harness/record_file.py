"""A call's record on the disk: its place is reserved before anything is dialled, so that a disk that fills up meanwhile
does not take what happened.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness.errors import EnvironmentFailed
from harness.record import CallRecord, record_from_dict

RESERVED_B = 256 * 1024
"""The record of the longest call with every message and key is a tenth of it."""
SPARE_B = 4 * 1024 * 1024
"""For the database's log, the claim, the messages and the printed sheet."""


def room_to_record(folder: Path, *, bytes_a_second: int, longest_s: float) -> None:
    """Refuse a call whose sound would not fit: EnvironmentFailed. Both sides are WAV while it is up, FLAC beside them
    at its end."""
    need_b = round(2 * bytes_a_second * longest_s) + RESERVED_B + SPARE_B
    stat = os.statvfs(folder)
    free_b = stat.f_bavail * stat.f_frsize
    if free_b < need_b:
        free, need = (f"{one / 1e6:.1f} MB" for one in (free_b, need_b))
        raise EnvironmentFailed("left.disk_full", folder=folder, free=free, need=need)


def reserve(path: Path) -> None:
    """Take the room of a record that does not exist yet; EnvironmentFailed where the disk fails."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            os.posix_fallocate(handle, 0, RESERVED_B)
        finally:
            os.close(handle)
    except OSError as error:
        release(path)
        raise EnvironmentFailed("file.unwritable", file=path.name, reason=error.strerror or "?") from None


def release(path: Path) -> None:
    """Give back the room of a call that did not begin."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def write_record(path: Path, record: CallRecord) -> None:
    """Write a record into its reserved room, and force it to the disk."""
    data = json.dumps(record.to_dict(), ensure_ascii=False, indent=1).encode()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
    with os.fdopen(handle, "wb", buffering=0) as file:
        left = memoryview(data)
        while left:
            left = left[file.write(left) :]
        file.truncate()
        os.fsync(file.fileno())


def whole_record(path: Path) -> CallRecord | None:
    """The record in a file; None where there is none, or its writer was cut off."""
    try:
        return record_from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
