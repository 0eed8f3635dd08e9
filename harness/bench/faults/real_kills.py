"""`kill -9` of the programme, of its telephone's process and of the PBX, at moments of real calls."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.agency import Agency
from harness.bench.faults.agency import make_agency
from harness.bench.faults.real_calls import (
    LONG_S,
    NUMBERS,
    free_port,
    look_at_real,
    pbx,
    placing,
    truth_of,
    until,
    until_released,
)
from harness.bench.faults.tally import Round
from harness.ledger import claims
from harness.planned_call import TestCall
from harness.switchboard.truth import read_truth
from harness.telephones import Telephones

LIMIT_S = 180.0
WORKER = "harness.softphone.worker"


def programme_killed(seed: int) -> Round:
    """`thirdring run` is killed while four calls are up or being kept, and begun again."""
    with _round() as (folder, agency):
        with running(agency) as process:
            at_a_moment(seed, agency, process)
            process.kill()
        until_released(folder, LIMIT_S)
        to_its_end(agency)
        return look_at_real(agency, folder)


def telephone_killed(seed: int) -> Round:
    """A process of the telephone is killed while its calls are up; the programme goes on by itself."""
    rng = random.Random(seed)
    with _round() as (folder, agency):
        with running(agency) as process:
            at_a_moment(seed, agency, process)
            workers = [pid for pid in _children(process.pid) if WORKER in _command(pid)]
            if workers:
                os.kill(rng.choice(workers), signal.SIGKILL)
            process.communicate(timeout=LIMIT_S)
        until_released(folder, LIMIT_S)
        return look_at_real(agency, folder)


def pbx_killed(seed: int) -> Round:
    """The PBX dies in the middle of calls and comes again; then every telephone is called once more."""
    rng, port = random.Random(seed), free_port()
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        agency = make_agency(folder / "agency", dict.fromkeys(NUMBERS, f"127.0.0.1:{port}"), due=_later())
        with Telephones(several=True) as telephones, ThreadPoolExecutor(len(NUMBERS)) as threads:
            with pbx(folder, port=port) as far:
                calls = placing(agency, telephones, threads)
                until(lambda: len(read_truth(truth_of(folder))) == len(NUMBERS), LIMIT_S)
                time.sleep(rng.uniform(0, LONG_S - 2))
                far._processes[0].kill()
                first = list(_over(calls))
            with pbx(folder, port=port):
                again = list(_over(placing(agency, telephones, threads)))
        found = look_at_real(agency, folder, redialled=True)
        dead = sum(1 for one in first if isinstance(one, TestCall) and one.measured.outcome == "no_answer")
        alive = sum(isinstance(one, TestCall) and one.measured.outcome == "answered" for one in again)
        return found + Round(zero=dead, lost=len(NUMBERS) - alive)


def _over(calls: dict[str, Future[TestCall]]) -> Iterator[TestCall | BaseException]:
    for call in calls.values():
        yield call.exception(LIMIT_S) or call.result()


def _later() -> datetime:
    return datetime.now(UTC) + timedelta(days=2)


@contextmanager
def _round() -> Iterator[tuple[Path, Agency]]:
    """An embedded agency, and an agency whose tests of it are due now."""
    with tempfile.TemporaryDirectory() as at, pbx(Path(at)) as far:
        folder = Path(at)
        due = datetime.now(UTC) - timedelta(seconds=30)
        yield folder, make_agency(folder / "agency", dict.fromkeys(NUMBERS, far.addresses["main"]), due=due)


@contextmanager
def running(agency: Agency) -> Iterator[subprocess.Popen[bytes]]:
    """Run `thirdring run --once`; it is killed at the end of the block, if it still runs."""
    command = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "run", "--once"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def to_its_end(agency: Agency) -> None:
    """Run it once, until it ends by itself."""
    with running(agency) as process:
        process.communicate(timeout=LIMIT_S)


def at_a_moment(
    seed: int, agency: Agency, process: subprocess.Popen[bytes], *, within_s: tuple[float, float] = (0.0, LONG_S)
) -> None:
    """Wait until a call was claimed, and then for as long as the seed says: up to the keeping of the last."""
    until(lambda: claims(agency) or process.poll() is not None, LIMIT_S)
    time.sleep(random.Random(seed).uniform(*within_s))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    try:
        return [int(one) for task in tasks.iterdir() for one in (task / "children").read_text().split()]
    except OSError:
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
