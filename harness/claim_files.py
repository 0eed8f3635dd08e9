"""The files of a ledger, each read once by a process: none is changed after it was written.

The number gate looks at every claim of the day before each call. Read anew each time, a day of many calls would make
each of them wait longer than the one before.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

CLAIM, OUTCOME, LED = ".claim", ".outcome", ".led"
MOST = 20_000
"""Attempts that are remembered: four days of as many calls as an agency may place."""

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Written:
    """What is written of one attempt."""

    attempt_id: str
    """Names it."""
    written_s: float
    """When its claim was written, seconds since 1970."""
    data: dict[str, Any] | None
    """Its claim; None: the machine went down inside the write."""
    outcome: str | None
    """What came of it; None: nobody has said."""
    torn: bool
    """Whether the machine went down while what came of it was written."""
    led_to: tuple[str, ...]
    """Numbers that it rang besides."""


class ClaimFiles:
    """Remembers what was read; may be asked by several threads."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Stamp, Written]] = {}
        self._lock = threading.Lock()

    def read(self, folder: Path, *, earliest_s: float = float("-inf")) -> tuple[Written, ...]:
        """Give the attempts of a folder whose claims were written since an instant, in any order."""
        entries = list(_entries(folder))
        names = {entry.name for entry in entries}
        with self._lock:
            if len(self._known) > MOST:
                self._known.clear()
            claims = ((entry.path, entry.stat()) for entry in entries if entry.name.endswith(CLAIM))
            return tuple(self._attempt(path, stat, names) for path, stat in claims if stat.st_mtime >= earliest_s)

    def _attempt(self, path: str, stat: os.stat_result, names: set[str]) -> Written:
        stamp, claim = (stat.st_ino, stat.st_mtime_ns, stat.st_size), Path(path)
        before, known = self._known.get(path, (None, None))
        if known is None or before != stamp:
            known = Written(claim.stem, stat.st_mtime, _json(claim), None, False, ())
        if known.outcome is None:
            known = replace(known, **_outcome(claim.with_suffix(OUTCOME), names))
        if not known.led_to and f"{known.attempt_id}{LED}" in names:
            known = replace(known, led_to=_led(claim.with_suffix(LED)))
        if known.data is not None:  # else it may be in the middle of being written
            self._known[path] = stamp, known
        return known


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from entries


def _json(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _outcome(path: Path, names: set[str]) -> dict[str, Any]:
    try:
        said = (_json(path) or {}).get("outcome") if path.name in names else None
    except FileNotFoundError:  # it was half written, and taken away to be said later
        return {"torn": False}
    return {"outcome": None if said is None else str(said), "torn": path.name in names and said is None}


def _led(path: Path) -> tuple[str, ...]:
    try:
        return tuple(str(one) for one in (_json(path) or {})["led_to"])
    except (OSError, KeyError, TypeError):
        return ()
