"""What there is behind a round, beside what the far end saw."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import soundfile

from harness.agency import Agency, load_agency
from harness.bench.faults.agency import ENGAGED, ONSET_S, PICKED_UP_S, SILENT, SLACK_S, Moment, by, invites_file
from harness.bench.faults.life import told_file
from harness.bench.faults.tally import Round
from harness.evidence.verify import verify
from harness.ledger import UNKNOWN, claims
from harness.left_call import MARKED
from harness.redial import VOID
from harness.softphone.growing_wav import HEADER_BYTES, repair_header
from harness.store import Store, open_store
from harness.store.plans import UNKNOWN as LEFT

REST_S = 600.0
"""隔 10 分鐘後再測."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Invite:
    """One INVITE, as the far end saw it."""

    attempt: str
    """The attempt that it was sent for."""
    number: str
    """Whom it called."""
    up_s: float
    """When, by the machine's running time."""


def look_at(folder: Path) -> Round:
    """Look at an agency behind a round in virtual time; it must stand still."""
    agency = load_agency(folder)
    with by(Moment(folder)), open_store(agency.database) as store:
        sent = invites(folder)
        tests = {row["test_id"]: row for month in store.plans.months() for row in store.plans.tests(month["month"])}
        left = {name for name, row in tests.items() if row["state"] == LEFT}
        kept = dict(_kept(store))
        claimed = {one.attempt_id: one.outcome for one in claims(agency)}
        return Round(
            calls=len(sent),
            lost=_lost(sent, kept, claimed, left) + sum(1 for _ in unknown_sound(agency, store)),
            twice=_twice(sent, kept, claimed),
            wrong=sum(contradicts(call["measured"], call["number"]) for call in kept.values()),
            zero=sum(held_against(call["measured"], call["number"]) for call in kept.values()) + _too_soon(sent),
            unproved=len(verify(folder, store).findings),
            unknown=len(left),
            void=sum(outcome == VOID for outcome in claimed.values()),
            told=frozenset(line.split("\t")[0] for line in _lines(told_file(folder))),
        )


def invites(folder: Path) -> list[Invite]:
    """What the far end saw, in order."""
    words = [line.split() for line in _lines(invites_file(folder))]
    return [Invite(attempt, number, float(up_s)) for attempt, number, up_s in words]


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _kept(store: Store) -> Iterator[tuple[str, Row]]:
    for listed in store.list_calls(limit=10**6):
        call = store.get_call(listed["call_id"])
        for attempt in call["attempts"]:
            if attempt["call_id"] == call["call_id"]:
                yield attempt["attempt_id"], call


def _test(attempt: str) -> str:
    """The test that an attempt is of: `2026-12-1-u5.1-2` is of `2026-12-1-u5`."""
    return attempt.rpartition(".")[0]


def _lost(sent: list[Invite], kept: dict[str, Row], claimed: dict[str, str | None], left: set[str]) -> int:
    """Calls of which nothing says anything: not kept, not left to a person, not void and told so."""
    return sum(
        one.attempt not in kept and _test(one.attempt) not in left and claimed.get(one.attempt) != VOID for one in sent
    )


def _twice(sent: list[Invite], kept: dict[str, Row], claimed: dict[str, str | None]) -> int:
    """INVITEs more than one an attempt, and those of a test behind an answered or an unknown attempt."""
    doubled = sum(n - 1 for n in Counter(one.attempt for one in sent).values())
    over, again = set(), 0
    for one in sent:
        again += _test(one.attempt) in over
        call = kept.get(one.attempt)
        answered = call is not None and call["outcome"] == "answered"
        if answered or (call is None and claimed.get(one.attempt) in (UNKNOWN, None)):
            over.add(_test(one.attempt))
    return doubled + again


def contradicts(measured: Row, number: str) -> bool:
    """Whether an interval does not hold what the far end did."""
    truth_s = PICKED_UP_S[number] - ONSET_S if number in PICKED_UP_S else None
    for leg in measured["legs"]:
        latency = leg.get("answer_latency_s")
        if latency is None:
            continue
        if truth_s is None or not latency["earliest"] - SLACK_S <= truth_s <= latency["latest"] + SLACK_S:
            return True
    return False


def held_against(measured: Row, number: str) -> bool:
    """Whether it says that nobody answered, or that it was engaged, where somebody picked up."""
    return number in PICKED_UP_S and measured["outcome"] in ("no_answer", "busy", "rejected", "congestion")


def _too_soon(sent: list[Invite]) -> int:
    """How often who was engaged or did not answer was rung again before ten minutes were over."""
    rung = [[one.up_s for one in sent if one.number == number] for number in (ENGAGED, SILENT)]
    return sum(later - sooner < REST_S - 1 for times in rung for sooner, later in pairwise(times))


def unknown_sound(agency: Agency, store: Store) -> Iterator[Path]:
    """Recordings on the disk that the database does not know of, or that a player cannot open."""
    known = {str(row["path"]) for call in store.list_calls(limit=10**6) for row in _files(call["call_id"], store)}
    known |= {file["path"] for line in store.log.named(MARKED, limit=10**6) for file in line["detail"]["files"]}
    for path in sorted(agency.recordings.glob("*/*")):
        if path.suffix not in (".wav", ".flac") or path.stat().st_size <= HEADER_BYTES:
            continue
        if str(path.relative_to(agency.folder)) not in known or not _opens(path):
            yield path


def _files(call_id: str, store: Store) -> list[Row]:
    call = store.get_call(call_id)
    folder = Path(call["recording_path"]).parent
    named = [{"path": str(folder / name)} for name in json.loads(json.dumps(call["record"]["files"])).values()]
    return [*call["recordings"], *named]


def _opens(path: Path) -> bool:
    if path.suffix == ".wav" and repair_header(path):
        return False
    try:
        return int(soundfile.info(path).frames) > 0
    except soundfile.SoundFileError:
        return path.suffix == ".flac"  # cut off in its writing: the WAV files that it was made of are still there
