"""Whether an agency's service is well: what a watcher without an account may know, yes or no to each question."""

from __future__ import annotations

import os
from pathlib import Path

from harness import clocks
from harness.agency import load_agency
from harness.errors import ThirdringError
from harness.ledger import claims
from harness.programme.service import runs
from harness.store import open_store

LEAST_FREE_BYTES = 200_000_000
"""Below it recordings of a day's calls no longer fit (a call of five minutes is 5 MB while it is up)."""


def health(folder: Path, *, should_run: bool) -> dict[str, bool]:
    """Each question with its answer; well is who answers every one with yes."""
    told = {"folder": False, "database": False, "disk": False}
    try:
        agency = load_agency(folder)
        told["folder"] = True
        with open_store(agency.database) as store:
            store.call_list.outcomes()
        told["database"] = True
        claims(agency, since=clocks.now())
        disk = os.statvfs(folder)
        told["disk"] = disk.f_bavail * disk.f_frsize >= LEAST_FREE_BYTES and os.access(folder, os.W_OK)
    except (ThirdringError, OSError):
        pass  # the question that failed stands as no
    return told | ({"programme": runs(folder)} if should_run else {})
