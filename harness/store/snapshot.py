"""A copy of the database as it was at one moment, while others write to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from harness.errors import StoreError
from harness.store.connection import BUSY_TIMEOUT_S


def copy_database(source: Path, target: Path) -> None:
    """Copy an open or closed database to a new file, forced to the disk. Raises StoreError.

    In one step: its readers' snapshot lasts as long as the copy, and in WAL mode it keeps no writer waiting.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        there = f"{source.resolve().as_uri()}?mode=rw"  # one that is not there is not made
        live = sqlite3.connect(there, uri=True, timeout=BUSY_TIMEOUT_S)
        with closing(live), closing(sqlite3.connect(target)) as copy:
            live.backup(copy, pages=-1)
            found = copy.execute("PRAGMA integrity_check").fetchone()
        if found != ("ok",):
            raise StoreError("store.failed", reason=str(found[0]))
    except sqlite3.Error as error:
        raise StoreError("store.failed", reason=str(error)) from error
    with target.open("rb") as file:
        os.fsync(file.fileno())
