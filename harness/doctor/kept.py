"""What was measured of an agency's lines once and holds until it is measured again: dated, with its interval.

Kept in `doctor/measured.jsonl` of the agency's folder, one line a measurement; it only grows. Reports print it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.interval import Interval

FOLDER, FILE = "doctor", "measured.jsonl"
BELL_OFFSET, RELEASE = "bell_offset", "signals_release"
KEY, ENDPOINT = "key", "endpoint"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One measurement of a line."""

    what: str
    """bell_offset or signals_release."""
    line: str
    """Id of the line it was measured on."""
    number: str
    """What was called, digits only."""
    measured_at: str
    """When, ISO 8601 with its offset."""
    call_id: str
    """The call it was drawn from."""
    how: str
    """bell_offset: `key` (somebody pressed a key) or `endpoint` (a second SIP endpoint); signals_release: `bye` or
    `busy_tone`."""
    interval_s: Interval | None = None
    """bell_offset: ringback heard less bell, seconds: positive where the caller hears it later than the telephone
    rings."""
    proved: bool | None = None
    """signals_release: whether the line tells who hung up."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self) | {"interval_s": None if self.interval_s is None else self.interval_s.to_dict()}


def folder_of(agency: Agency) -> Path:
    """Where the doctor keeps its calls and measurements."""
    return agency.folder / FOLDER


def keep(agency: Agency, fact: Fact) -> None:
    """Add a measurement to those that are there."""
    path = folder_of(agency) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(fact.to_dict(), ensure_ascii=False) + "\n")


def facts(agency: Agency) -> tuple[Fact, ...]:
    """Every measurement, oldest first; a line that a crash cut short is passed over."""
    try:
        lines = (folder_of(agency) / FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    return tuple(fact for line in lines if (fact := _fact(line)) is not None)


def bell_offset(agency: Agency, *, line: str = "") -> Fact | None:
    """The newest offset between ringback heard and bell, of one line or of any; None: never measured."""
    return _newest(agency, BELL_OFFSET, line)


def release_proof(agency: Agency, *, line: str) -> Fact | None:
    """The newest proof of whether a line signals release; None: never proved."""
    return _newest(agency, RELEASE, line)


def _newest(agency: Agency, what: str, line: str) -> Fact | None:
    found = [fact for fact in facts(agency) if fact.what == what and fact.line == (line or fact.line)]
    return max(found, key=lambda fact: datetime.fromisoformat(fact.measured_at), default=None)


def _fact(line: str) -> Fact | None:
    try:
        data = json.loads(line)
        span = data.pop("interval_s")
        return Fact(**data, interval_s=None if span is None else Interval(span["earliest"], span["latest"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
