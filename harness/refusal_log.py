"""Every refusal leaves a line in the agency's folder: who asks what was refused, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from harness.agency import AGENCY_FILE
from harness.errors import Refused
from harness.record import CallRecord
from harness.softphone.signals import REFUSED

REFUSALS = "refusals.jsonl"
LONGEST = 300
"""Characters that are kept of what was asked."""


@contextmanager
def refusals_logged(folder: Path, *, asked: str) -> Iterator[None]:
    """Write a line when the gate says no inside the block; a disk that fails does not turn a no into a yes.

    A folder that is no agency's gets no file.
    """
    try:
        yield
    except Refused as error:
        log_refusal(folder, error, asked=asked)
        raise


def log_refusal(folder: Path, error: Refused, *, asked: str) -> None:
    """Write a line for a refusal that is told and not raised."""
    _write(folder, asked, error.key, error.sentence("en"))


def log_refused_leads(folder: Path, record: CallRecord) -> None:
    """Write a line for each redirection and transfer that a call was not led by."""
    for signal in record.signals:
        if signal.kind == REFUSED:
            why = next((value for name, value in signal.headers if name == "why"), "")
            _write(folder, f"{signal.method} {record.call_id}", why, signal.reason)


def _write(folder: Path, asked: str, key: str, why: str) -> None:
    if not (folder / AGENCY_FILE).is_file():
        return
    line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "asked": asked[:LONGEST], "refused": key}
    with suppress(OSError), (folder / REFUSALS).open("a", encoding="utf-8") as log:
        log.write(json.dumps({**line, "why": why[: 2 * LONGEST]}, ensure_ascii=False) + "\n")
