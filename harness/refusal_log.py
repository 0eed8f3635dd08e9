"""Every refusal leaves a line in the agency's folder: who asks what was refused, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from harness.agency import AGENCY_FILE
from harness.errors import Refused

REFUSALS = "refusals.jsonl"


@contextmanager
def refusals_logged(folder: Path, *, asked: str) -> Iterator[None]:
    """Write a line when the gate says no inside the block; a disk that fails does not turn a no into a yes.

    A folder that is no agency's gets no file.
    """
    try:
        yield
    except Refused as error:
        if not (folder / AGENCY_FILE).is_file():
            raise
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "asked": asked, "refused": error.key}
        with suppress(OSError), (folder / REFUSALS).open("a", encoding="utf-8") as log:
            log.write(json.dumps({**line, "why": error.sentence("en")}, ensure_ascii=False) + "\n")
        raise
