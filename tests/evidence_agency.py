"""An agency with a little of everything that the chain of evidence holds, and plain SQLite to change it with."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kept_calls import agency_with_units, keep_call
from rubric_cases import best, call

from harness.agency import Agency
from harness.answering import answer_call
from harness.signing import sign_call
from harness.store import open_store
from harness.store.chain import FUNCTION

SOUND = b"fLaC of a call " * 40


def agency_with_evidence(folder: Path) -> Agency:
    """Three calls with sheets, answers, a signature, a review, a mark, a recording and its messages."""
    agency = agency_with_units(folder)
    for name in ("c1", "c2", "c3"):
        keep_call(agency, name, call(), best())
    day = agency.recordings / "2026-11-03"
    day.mkdir(parents=True)
    with open_store(agency.database) as store:
        add_sound(agency, "c9")
        answer_call("c2", best(), who="王", agency=agency, store=store)
        sign_call("c3", best(), who="林", agency=agency, store=store)
        store.reviews.add("c1", round_no=1, what="objection", who="陳", detail={"reason": "太快"})
        store.call_marks.add("c1", "person", who="陳", at_s=2.5)
        store.improvements.note("c1", "opened", who="承辦")
        store.complaints.add(unit="u1", month="2026-11", source="1999", count=3, who="承辦")
    return agency


def add_sound(agency: Agency, call_id: str, sound: bytes = SOUND) -> None:
    """Keep one more call, with a recording and a trace."""
    day = agency.recordings / "2026-11-03"
    paths = {name: day / f"{call_id}.{name}" for name in ("flac", "sip")}
    paths["flac"].write_bytes(sound)
    paths["sip"].write_bytes(b"INVITE sip:0227000001@pbx SIP/2.0\r\n" * 9)
    row = {"call_id": call_id, "unit": "u1", "number": "0227000001", "scenario": "extension-direct"}
    row |= {"started_at": "2026-11-03T02:00:00+00:00", "outcome": "answered"}
    kept = {name: _kept(path, agency) for name, path in paths.items()}
    timed = {"duration_s": 1.0, "sample_rate_hz": 8000}
    with open_store(agency.database) as store:
        files = (kept["sip"] | {"bytes": len(paths["sip"].read_bytes())},)
        record = {"files": {"recording": f"{call_id}.flac", "trace": f"{call_id}.sip"}}
        store.add_call(row, record=record, recordings=(kept["flac"] | timed,), files=files)


def _kept(path: Path, agency: Agency) -> dict[str, str]:
    return {"path": str(path.relative_to(agency.folder)), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


@contextmanager
def behind_its_back(database: Path, *, back: bool = True) -> Iterator[sqlite3.Connection]:
    """Plain SQLite with every guard lifted, and put `back` as it was: the most careful of intruders."""
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("PRAGMA synchronous = OFF")
        opened.execute("BEGIN")
        opened.create_function(FUNCTION, -1, lambda *_: "x")
        guards = opened.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            opened.execute(f'DROP TRIGGER "{name}"')
        yield opened
        for _, sql in guards if back else ():
            opened.execute(sql)
