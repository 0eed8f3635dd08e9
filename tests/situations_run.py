"""Places situations through a relay to SIPp and lays what was measured beside what happened.

    python tests/situations_run.py [--count 500] [--seed 1] [--processes 4] [--plans tw] [--only WORDS] [--keep FOLDER]

prints a table and ends with status 1 where anything is wrong. `--again` hears the calls of a kept folder once more,
without placing any: the same `--count`, `--seed` and `--plans` draw the same situations.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from agency_folder import leave_for, make_agency
from peers import NAMES, fetch
from sipp_scenario import SOUND, run_sipp, scenario_xml
from situations import Situation, draw, fate_of, quiet_packets, sound_of
from situations_judge import Happened, Verdict, judge
from situations_table import table

from harness.bench.relay import Passed
from harness.bench.relay_process import RelayProcess
from harness.caller import place_call
from harness.measure import measure
from harness.record import record_from_dict
from harness.recording import far_side
from harness.scenario import Scenario, load_scenario
from harness.softphone.line import LEGS_PER_WORKER, Line
from harness.softphone.pool import WorkerPool
from harness.timeline import build_timeline

HERE = Path(__file__).parent
NUMBER = "0227000600"
LISTENS_S = 5.0
"""SIPp takes some tens of milliseconds until it listens."""
STARTS = 5
DISTURBED = ("non SIP message discarded", "Unable to bind", "Overload warning")
"""A packet of somebody else's on SIPp's port, such as RTCP of a call just over, stops its clock; a port that was free
is taken; SIPp had no processor for half a second, and did what it should at another time."""
SEEN = "seen.json"
"""What the relay and SIPp saw of a call, beside its recording."""
ENDS_S = 3.0
"""So long after our call SIPp may still wait for the last answer."""
PROCESSES = 4


def run(situations: Sequence[Situation], folder: Path, *, processes: int = PROCESSES) -> list[Verdict]:
    """Place them all, four calls at once in each process; the verdicts in their order."""
    # The longest first, dealt round: no process is left with much when the others are done.
    longest_first = sorted(situations, key=lambda s: (-s.kind.slow, -s.rang_s))
    shares = [longest_first[n::processes] for n in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = [verdict for share in pool.map(run_share, shares, [folder] * processes) for verdict in share]
    return sorted(found, key=lambda verdict: verdict.situation.number)


def run_share(situations: Sequence[Situation], folder: Path) -> list[Verdict]:
    """Place some on one worker of the softphone, as many at once as it holds."""
    if not situations:
        return []
    with ExitStack() as stack:
        pool = stack.enter_context(WorkerPool(Line(bind="127.0.0.1")))
        relays = stack.enter_context(RelayProcess())
        threads = stack.enter_context(ThreadPoolExecutor(LEGS_PER_WORKER))
        pool.warm_up()
        return list(threads.map(lambda situation: _run_or_say(situation, pool, relays, folder), situations))


def _run_or_say(situation: Situation, pool: WorkerPool, relays: RelayProcess, folder: Path) -> Verdict:
    try:
        verdict = run_one(situation, pool, relays, folder / "first")
        disturbed = any(word in " ".join(verdict.wrong) for word in DISTURBED)
        return run_one(situation, pool, relays, folder / "again") if disturbed else verdict
    except Exception as error:  # one that breaks is a wrong one; the others go on
        return Verdict(
            situation,
            wrong=(f"{type(error).__name__}: {error}",),
            outcome="",
            true_latency_s=None,
            latency_s=None,
            rings=None,
            heard=False,
            in_time=False,
            signals_s=(),
        )


def run_one(situation: Situation, pool: WorkerPool, relays: RelayProcess, folder: Path) -> Verdict:
    """Place one, and judge it."""
    here = folder / f"{situation.number:03}"
    here.mkdir(parents=True)
    sound = sound_of(situation)
    (here / SOUND).write_bytes(sound.tobytes() or bytes([0xD5]) * 160)
    (here / "scenario.xml").write_text(scenario_xml(situation.kind.name, list(situation.kind.steps)), encoding="utf-8")
    with ExitStack() as stack:
        sipp, address = _start(situation, here)
        stack.callback(_end, sipp)
        quiet = quiet_packets(sound)
        relay = stack.enter_context(relays.open(address, fate_of, situation.network, situation.number, quiet))
        agency = make_agency(here / "agency", {NUMBER: relay.address})
        record = place_call(
            _scenario(situation.kind.scenario),
            pool,
            leave=leave_for(NUMBER, agency),
            call_id=f"{folder.name}{situation.number:03}",  # a worker knows a name once
            folder=here,
            plan=situation.tones,
            started=datetime.now(UTC),
        )
        status = _status(sipp)
    (here / "record.json").write_text(json.dumps(record.to_dict()), encoding="utf-8")
    errors = here / "errors.txt"
    said = errors.read_text(encoding="utf-8", errors="replace") if errors.exists() else ""
    seen = {**asdict(relay.seen), "status": status, "said": said}
    (here / SEEN).write_text(json.dumps(seen), encoding="utf-8")
    return hear_one(situation, here)


def hear_one(situation: Situation, here: Path) -> Verdict:
    """Judge one that was placed, by what its folder keeps."""
    record = record_from_dict(json.loads((here / "record.json").read_text(encoding="utf-8")))
    seen = json.loads((here / SEEN).read_text(encoding="utf-8"))
    passed = [Passed(**one) for one in seen["passed"]]
    measured = measure(build_timeline(record, far_side(record, here), situation.tones))
    return judge(Happened(situation, record, measured, passed, seen["sound_s"], seen["status"], seen["said"]))


def hear_again(situations: Sequence[Situation], folder: Path, *, processes: int = PROCESSES) -> list[Verdict]:
    """Judge a kept folder's calls anew; none is placed."""
    last = [
        next(
            folder / name / f"{s.number:03}"
            for name in ("again", "first")
            if (folder / name / f"{s.number:03}" / SEEN).exists()
        )
        for s in situations
    ]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(hear_one, situations, last))


def _scenario(name: str) -> Scenario:
    ours = HERE / "asterisk" / "scenarios" / f"{name}.toml"
    return load_scenario(ours if ours.exists() else name)


def _start(situation: Situation, here: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start SIPp; once more where somebody else took one of the ports that were free."""
    for _ in range(STARTS):
        sipp, address = run_sipp(here, wait_ms=round(situation.wait_s * 1000))
        if _listens(sipp, address):
            return sipp, address
        _end(sipp)
    raise RuntimeError(f"SIPp did not start: {sipp.poll()}")


def _listens(sipp: subprocess.Popen[bytes], address: str) -> bool:
    """Wait until SIPp listens; False where it ends instead."""
    port = f":{int(address.rsplit(':', 1)[1]):04X} "
    end = time.monotonic() + LISTENS_S
    while time.monotonic() < end and sipp.poll() is None:
        if port in Path("/proc/net/udp").read_text(encoding="ascii"):
            time.sleep(0.05)  # the ports of its sound come next: without them it ends
            return sipp.poll() is None
        time.sleep(0.01)
    return False


def _status(sipp: subprocess.Popen[bytes]) -> int | None:
    """How SIPp judged the call: 0 when all came that it expects; None when it still waits."""
    try:
        return sipp.wait(ENDS_S)
    except subprocess.TimeoutExpired:
        return None


def _end(sipp: subprocess.Popen[bytes]) -> None:
    if sipp.poll() is None:
        sipp.kill()
    sipp.wait()


def main() -> int:
    """Place them, print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--count", type=int, default=500)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--processes", type=int, default=PROCESSES)
    options.add_argument("--plans", default="", help="tone plans, with commas between them; all otherwise")
    options.add_argument("--only", default="", help="those whose line holds these words")
    options.add_argument("--keep", type=Path, help="folder for recordings and traces; must not exist")
    options.add_argument("--again", type=Path, help="folder that was kept: hear its calls once more, place none")
    chosen = options.parse_args()
    plans = [name for name in chosen.plans.split(",") if name]
    situations = [s for s in draw(chosen.count, seed=chosen.seed, plans=plans) if chosen.only in str(s)]
    if chosen.again is not None:
        verdicts = hear_again(situations, chosen.again, processes=chosen.processes)
        print(table(verdicts))
        return int(any(verdict.wrong for verdict in verdicts))
    missing = fetch("sipp")
    if missing:
        print(f"{NAMES['sipp']}: {missing}", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory(prefix="situations-") as temporary:
        verdicts = run(situations, chosen.keep or Path(temporary), processes=chosen.processes)
    print(table(verdicts))
    return int(any(verdict.wrong for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
