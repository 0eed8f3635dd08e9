"""The heads of the chain of evidence: after each change a line beside the database, `N LINK WHEN`.

Who cuts the end off the chain, or writes it all anew, contradicts the heads that others have: printed on papers, sent
by mail, copied with a backup, or in this file where it is append-only (`chattr +a`) or a link to another machine's.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store.chain import LINK_LENGTH

MOST_DIGITS = 19
"""No entry of the database has a longer number."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The newest entry of the chain at some time."""

    n: int
    """Its number, from 1."""
    link: str
    """Its link: SHA-256, 64 hexadecimal digits."""
    at: str = ""
    """When it was written, UTC, ISO 8601."""

    def __str__(self) -> str:
        return f"{self.n} {self.link} {self.at}".rstrip()

    @property
    def printed(self) -> str:
        """As papers have it, `N:LINK`; `read_head` reads it."""
        return f"{self.n}:{self.link}"

    def to_dict(self) -> dict[str, Any]:
        """JSON form, and the values of the sentence that says it."""
        return {"n": self.n, "link": self.link}


def heads_file(database: Path) -> Path:
    """Where the heads of a database's chain are."""
    return database.with_suffix(".heads")


def head_of(entry: str) -> Head:
    """The head that an entry is, as long as no other follows."""
    content = json.loads(entry[LINK_LENGTH:])
    return Head(n=content["n"], link=entry[:LINK_LENGTH], at=content["at"])


def note_head(database: Path, entry: str) -> None:
    """Add a line. Where the disk is full it is left out: the next one says more."""
    with suppress(OSError):
        handle = os.open(heads_file(database), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _add(handle, f"{head_of(entry)}\n".encode())
        finally:
            os.close(handle)


def _add(handle: int, line: bytes) -> None:
    """Add a line whole or not at all: half a line would contradict the chain as a forged one does."""
    before = os.fstat(handle).st_size
    written = os.write(handle, line)
    if written < len(line) and os.fstat(handle).st_size == before + written:
        os.ftruncate(handle, before)


def read_head(line: str) -> Head | None:
    """Read a line, or what a paper says (`N:LINK`); None: it is none."""
    words = line.split()
    words = [*words[0].split(":", 1), *words[1:]] if words else []
    if len(words) < 2 or not words[0].isdecimal() or len(words[0]) > MOST_DIGITS or len(words[1]) != LINK_LENGTH:
        return None
    return Head(n=int(words[0]), link=words[1].lower(), at=words[2] if len(words) > 2 else "")
