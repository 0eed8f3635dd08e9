"""Where an import lays its sound until all of it is kept; what one left whose process was stopped is taken away.

Nobody else would: sound of which the database knows nothing is verified by nothing, and no rule of retention finds it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.errors import NotFound
from harness.store import Store

PREFIX = ".importing-"
_LOCK, _PLACED = "lock", "placed"
BEGINS_S = 60.0
"""A folder without its lock is one that is just being made, for so long."""


@contextmanager
def staging_in(recordings: Path, store: Store) -> Iterator[Path]:
    """A folder of this import's, gone with it. What an import before has left goes first."""
    take_away_left(recordings, store)
    folder = recordings / f"{PREFIX}{secrets.token_hex(6)}"
    folder.mkdir(parents=True)
    try:
        with (folder / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def note_placed(staging: Path, path: Path) -> None:
    """Write down, before a file is moved to its call's folder, where that is."""
    with (staging / _PLACED).open("a", encoding="utf-8") as file:
        file.write(f"{path.relative_to(staging.parent)}\n")
        file.flush()
        os.fsync(file.fileno())


def take_away_left(recordings: Path, store: Store) -> None:
    """Take away what imports have left whose process is gone, but for calls that were kept."""
    for folder in recordings.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if _is_left(folder):
                _take_away(folder, store)


def _is_left(folder: Path) -> bool:
    """Whether no process holds its lock any more."""
    try:
        with (folder / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > BEGINS_S


def _take_away(folder: Path, store: Store) -> None:
    placed = folder / _PLACED
    for name in placed.read_text("utf-8").splitlines() if placed.is_file() else ():
        path = folder.parent / name
        if not _is_kept(path.name.partition(".")[0], store):
            path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _is_kept(call_id: str, store: Store) -> bool:
    try:
        store.get_call(call_id)
    except NotFound:
        return False
    return True
