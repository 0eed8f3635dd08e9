"""The ledger: no attempt is ever dialled twice.

Before its INVITE an attempt is claimed by creating a file that must not exist yet, forced to the disk; its
outcome is a second file. A claim without an outcome whose process is gone was cut off by a crash: its outcome
is `unknown`, and it is never dialled again. The caps are counted from here: who sets the machine's clock back
does not make room for more calls, for every claim also says how long the machine had been running.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import clocks
from harness.claim_files import CLAIM, LED, OUTCOME, ClaimFiles, Written
from harness.clocks import Clocks, age_s, boot_id, note_clock, stepped_s
from harness.errors import LedgerError

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.number_gate import Permit

UNKNOWN = "unknown"
LOCK_S = 20.0
"""From the gate's look to the claim takes milliseconds, on a slow disk a second."""
AT_LEAST_S = 0.1
"""Whoever waited for other calls of this process tries for so long at least whether another process has it."""
QUEUE_TIMES = 6.0
"""A process's own calls wait in order, for each other, so many times as long as for another process."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FILES = ClaimFiles()
_QUEUES: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Claim:
    """One attempt that was, or may have been, dialled."""

    attempt_id: str
    """Names the attempt for ever."""
    unit: str
    """Unit that it called."""
    number: str
    """Number that was dialled, digits only."""
    claimed_at: datetime
    """When it was claimed, UTC."""
    outcome: str | None
    """What came of it; `unknown` after a crash, None while it is up."""
    line: str = ""
    """Line that it went out on; empty in ledgers of before."""
    switchboard: str = ""
    """Site whose switchboard was dialled; empty when it was a unit's own number."""
    led_to: tuple[str, ...] = ()
    """Numbers that rang because the far end redirected or transferred the call to them."""
    call_id: str = ""
    """The call that it became, which names its files; empty in ledgers of before."""
    series: str = ""
    """Who tests, `internal` or `external`; empty in ledgers of before."""
    age_s: float | None = None
    """How long ago it was by the machine's own running time, where the wall clock was set since; else None."""

    @property
    def in_flight(self) -> bool:
        """Whether the call may still be up."""
        return self.outcome is None

    def rang(self, number: str) -> bool:
        """Whether it rang a number: the one that was dialled, or one that it was led to."""
        return number in (self.number, *self.led_to)

    def within(self, window: timedelta, now: datetime) -> bool:
        """Whether it was made within `window` before `now`, or after it: a clock set back forgets nothing."""
        if self.age_s is not None and self.age_s < window.total_seconds():
            return True
        return self.claimed_at > now - window


def claim(agency: Agency, attempt_id: str, *, permit: Permit, call_id: str = "", series: str = "") -> Claim:
    """Claim an attempt before its INVITE; LedgerError when it was claimed before or the disk fails.

    `call_id` and `series`: what finds the call again that was cut off.
    """
    site = agency.site(permit.unit.site)
    _make_folder(agency.ledger)
    data = {
        "attempt_id": attempt_id,
        "unit": permit.unit.unit,
        "number": permit.number,
        "claimed_at": permit.issued_at.astimezone(UTC).isoformat(),
        "process": this_process(),
        "line": permit.line_id,
        "switchboard": site.id if site and permit.to == "switchboard" else "",
        "call_id": call_id,
        "series": series,
        "clocks": vars(_noted(agency.ledger)),
    }
    try:
        _create(_path(agency, attempt_id, CLAIM), data)
    except FileExistsError:
        raise LedgerError("ledger.claimed_before", attempt_id=attempt_id) from None
    return _claim(data, None)


def settle(agency: Agency, attempt_id: str, outcome: str) -> None:
    """Write down what came of a claimed attempt; once only."""
    if not _path(agency, attempt_id, CLAIM).exists():
        raise LedgerError("ledger.not_claimed", attempt_id=attempt_id)
    path = _path(agency, attempt_id, OUTCOME)
    try:
        _create(path, {"outcome": outcome})
    except FileExistsError:
        raise LedgerError("ledger.settled_before", attempt_id=attempt_id) from None
    except LedgerError as error:
        with suppress(OSError):
            path.unlink()  # a full disk: what is half written would stand for ever, and can be said later
        raise LedgerError("ledger.not_settled", **error.values) from None


def note_led(agency: Agency, attempt_id: str, numbers: Iterable[str]) -> None:
    """Write down which other numbers an attempt rang, so that their caps count it; nothing when there were none."""
    if led_to := sorted(set(numbers)):
        with suppress(FileExistsError):  # what failed behind it is done once more
            _create(_path(agency, attempt_id, LED), {"led_to": led_to})


def claims(agency: Agency, *, since: datetime | None = None) -> tuple[Claim, ...]:
    """Give the claims of the ledger, oldest first; with `since` only those made later."""
    # A claim made while the clock was set back has an old date: as far as it ever was set, older ones count too.
    earliest = since.timestamp() - 1 - stepped_s(agency.ledger) if since else float("-inf")
    running = dict[tuple[Any, ...], bool]()
    found = [_read(one, running) for one in _FILES.read(agency.ledger, earliest_s=earliest)]
    return tuple(sorted(found, key=lambda one: (one.claimed_at, one.attempt_id)))


@contextmanager
def one_at_a_time(agency: Agency, *, patience_s: float = LOCK_S) -> Iterator[None]:
    """Hold the ledger from the gate's look at it to the claim, against every other process of the agency."""
    end = time.monotonic() + patience_s
    queue = _QUEUES[str(agency.ledger)]
    if not queue.acquire(timeout=QUEUE_TIMES * patience_s):
        raise LedgerError("ledger.busy", seconds=f"{patience_s:g}")
    try:
        with _locked(agency.ledger, end, patience_s):
            yield
    finally:
        queue.release()


@contextmanager
def _locked(folder: Path, end: float, patience_s: float) -> Iterator[None]:
    """Hold it against other processes."""
    _make_folder(folder)
    try:
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _disk(error) from None
    try:
        _lock(handle, max(end, time.monotonic() + AT_LEAST_S), patience_s)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, end: float, patience_s: float) -> None:
    """Wait for the other processes; one that was stopped while it held the ledger must not stop all others for ever."""
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise LedgerError("ledger.busy", seconds=f"{patience_s:g}") from None
            time.sleep(0.02)


def _read(one: Written, running: dict[tuple[Any, ...], bool]) -> Claim:
    if one.data is None:  # the machine went down inside the write: the INVITE never left, the claim stands
        return Claim(one.attempt_id, "", "", datetime.fromtimestamp(one.written_s, UTC), UNKNOWN)
    outcome = UNKNOWN if one.torn else one.outcome
    if outcome is None:
        process = tuple(one.data["process"])
        if process not in running:  # of a hundred calls that are up most are one process's
            running[process] = runs_still(process)
        outcome = None if running[process] else UNKNOWN
    return replace(_claim(one.data, outcome), led_to=one.led_to)


def _claim(data: dict[str, Any], outcome: str | None) -> Claim:
    claimed_at = datetime.fromisoformat(data["claimed_at"])
    more = {name: data.get(name, "") for name in ("line", "switchboard", "call_id", "series")}
    return Claim(
        data["attempt_id"], data["unit"], data["number"], claimed_at, outcome, age_s=age_s(data.get("clocks")), **more
    )


def _noted(folder: Path) -> Clocks:
    try:
        return note_clock(folder)
    except OSError as error:
        raise _disk(error) from None


def this_process() -> list[int | str]:
    """What tells this process from every other, as it is written down."""
    return [os.getpid(), _started(os.getpid())]


def runs_still(process: Sequence[Any]) -> bool:
    """Whether a process that was written down is still there."""
    pid, started = process
    return bool(_started(pid) == started)


def _started(pid: int) -> str:
    """Tell a process from a later one of the same id: by the machine's boot and the process's start."""
    try:
        boot = boot_id()
        # The command's name, in parentheses, may hold anything; starttime is field 22 (proc(5)).
        return f"{boot}/{Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]}"
    except (OSError, IndexError):
        return "gone"


def _path(agency: Agency, attempt_id: str, suffix: str) -> Path:
    if not _ID.fullmatch(attempt_id):
        raise LedgerError("ledger.bad_id", attempt_id=attempt_id)
    return agency.ledger / f"{attempt_id}{suffix}"


def _create(path: Path, data: dict[str, Any]) -> None:
    """Create a file that must not exist yet, and force it and its name to the disk."""
    _make_folder(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, json.dumps(data, ensure_ascii=False).encode())
            # Old claims are left unread by their files' age: it goes by the clock that the caps are counted by.
            os.utime(handle, (clocks.now().timestamp(),) * 2)
            os.fsync(handle)
        finally:
            os.close(handle)
        _sync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise _disk(error) from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _disk(error) from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _disk(error: OSError) -> LedgerError:
    return LedgerError("ledger.disk", reason=error.strerror or type(error).__name__)
