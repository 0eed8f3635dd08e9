"""Calls of the fault rounds on the real telephone, to an embedded agency whose log is the truth."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.again import hear_again
from harness.agency import Agency
from harness.bench.faults.look import unknown_sound
from harness.bench.faults.tally import Round
from harness.demo.compare import compare
from harness.evidence.verify import verify
from harness.ledger import claims
from harness.measure import Measured
from harness.planned_call import TestCall
from harness.record import CallRecord
from harness.redial import VOID
from harness.store import Store, open_store
from harness.store.plans import UNKNOWN as LEFT
from harness.switchboard import truth as log
from harness.switchboard.serve import EmbeddedAgency
from harness.switchboard.truth import Truth, read_truth
from harness.telephones import Telephones
from harness.test_call import plan_call

SCRIPT = Path(__file__).with_name("pbx.toml")
NUMBERS = tuple(f"022700020{n}" for n in range(1, 5))
LONG_S = 9.0
"""A call of the script from its claim to its keeping, about."""
RELEASED_WITHIN_S = 5.0
"""The far end's process may be put off, and notes a release only when its BYE was answered (RFC 3261 §15.1.1)."""
HELD_AGAINST = ("no_answer", "busy", "rejected", "congestion")


def free_port() -> int:
    """A UDP port of loopback that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def pbx(folder: Path, *, port: int = 0) -> Iterator[EmbeddedAgency]:
    """Run the embedded agency; one that is begun again goes on in the same log."""
    script, truth = folder / "pbx.toml", truth_of(folder)
    script.write_text(SCRIPT.read_text(encoding="utf-8").replace("port = 0", f"port = {port}"), encoding="utf-8")
    truth.touch()
    with EmbeddedAgency(script, truth=truth) as agency:
        yield agency


def truth_of(folder: Path) -> Path:
    """Where the embedded agency writes what it did."""
    return folder / "truth.jsonl"


def placing(agency: Agency, telephones: Telephones, threads: ThreadPoolExecutor) -> dict[str, Future[TestCall]]:
    """Begin a call to each telephone at once."""
    return {n: threads.submit(telephones.place, plan_call(n, agency), agency) for n in NUMBERS}


def look_at_real(agency: Agency, folder: Path, *, redialled: bool = False) -> Round:
    """Look at an agency behind a round of real calls; `redialled`: each was called again, behind its PBX's death."""
    truth = read_truth(truth_of(folder))
    by_number: dict[str, int] = defaultdict(int)
    for entries in truth.values():
        by_number[entries[0].number] += 1
    with open_store(agency.database) as store:
        kept = [store.get_call(row["call_id"]) for row in store.list_calls(limit=10**6)]
        again = [hear_again(call["record"], agency) for call in kept]
        heard = [(one.record, one.measured) for one in again]
        left = sum(one["state"] == LEFT for row in store.plans.months() for one in store.plans.tests(row["month"]))
        void = sum(one.outcome == VOID for one in claims(agency))
        found = Round(
            calls=len(truth),
            lost=_lost(truth, agency, store) + sum(1 for _ in unknown_sound(agency, store)),
            twice=0 if redialled else sum(n - 1 for n in by_number.values()),
            wrong=sum(wrong(*one, truth.get(one[0].sip_call_id, [])) for one in heard)
            + sum(differs(call["measured"], one.measurement) for call, one in zip(kept, again, strict=True)),
            zero=sum(held_against(*one, truth.get(one[0].sip_call_id, [])) for one in heard),
            unproved=len(verify(agency.folder, store).findings),
            up=0 if redialled else sum(still_up(entries) for entries in truth.values()),
            unknown=left,
            void=void,
        )
    if not found.clean:
        _keep(folder)
    return found


def _keep(folder: Path) -> None:
    """Put a round that is not as it should be where somebody can look at it: its own folder is gone with it."""
    kept = Path(tempfile.mkdtemp(prefix="thirdring-wrong-"))
    with suppress(shutil.Error):  # a socket is no file
        shutil.copytree(folder, kept, dirs_exist_ok=True)
    print(f"kept: {kept}", file=sys.stderr, flush=True)


def _lost(truth: dict[str, list[Truth]], agency: Agency, store: Store) -> int:
    """Telephones that rang of whose call the ledger or the database says nothing."""
    rang = {entries[0].number for entries in truth.values()}
    told = {one.number for one in claims(agency) if one.outcome is not None}
    known = {row["number"] for row in store.list_calls(limit=10**6)}
    settled = {one.number for one in claims(agency) if one.outcome in (VOID, "unknown")}
    return len(rang - told) + len(rang - known - settled)


def until(true: Callable[[], object], seconds: float) -> None:
    """Wait until something is so, at most so long."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)


def until_released(folder: Path, seconds: float = RELEASED_WITHIN_S) -> None:
    """Wait until every call is over at the far end, too."""
    until(lambda: not any(map(still_up, read_truth(truth_of(folder)).values())), seconds)


def wrong(record: CallRecord, measured: Measured, truth: list[Truth]) -> bool:
    """Whether a number contradicts the truth; a call that is void, or that somebody must hear, says none."""
    if measured.outcome == VOID or not truth:
        return False
    found = [
        one
        for one in compare(record, measured, truth)
        if not one.right and not (one.latency_s is None and one.rings is None and one.pick_up_s is None)
    ]
    for one in found:
        print(f"{record.call_id}: {one}", file=sys.stderr, flush=True)
    return bool(found)


def differs(kept: dict[str, Any] | None, again: dict[str, Any]) -> bool:
    """Whether what the database keeps of a call's legs is not what its recording, heard again, says."""
    if kept is None:
        return False
    anew = json.loads(json.dumps(again))
    return any(kept[name] != anew[name] for name in ("outcome", "legs"))


def held_against(record: CallRecord, measured: Measured, truth: list[Truth]) -> bool:
    """Whether the unit would be charged with a call that was picked up, or that the far end's death cut off."""
    return measured.outcome in HELD_AGAINST and any(entry.what == log.PICK_UP for entry in truth)


def still_up(entries: list[Truth]) -> bool:
    """Whether a call was never released at the far end."""
    return not any(entry.what in (log.RELEASED, log.HUNG_UP, log.REJECTED) for entry in entries)
