"""An archive heard again: alone, and by the ears of one and of two probes of a cluster on this machine.

python -m harness.bench.archive [CALLS] [--seconds S] [--ears-only]

On a machine that others use too the clock tells little. What each process took of a core tells what the clock would say
where each has a core for itself: the busiest of them decides. That is the ratio that is printed, beside the clock's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from harness import clocks
from harness.agency import Agency, load_agency
from harness.bench.listening import a_call
from harness.bench.peers import RATE_HZ
from harness.cluster.address import Cluster
from harness.cluster.hearing_there import hear_there
from harness.cluster.link import EAR, Link
from harness.cluster.rehearing import rehear_all_there, to_be_heard
from harness.imported.keep import import_files
from harness.imported.read import Given, Told
from harness.new_agency import make_agency
from harness.rehearing import NOT_HEARD, Heard, Rehearing, compare, every_call, rehear, rehear_all
from harness.store import open_store

CALLS = 10_000
SOUND_S = 20
COSTS_OF = 50
WAIT_S = 120.0
PARTS = 11
"""The calls' times by the clock are looked at in so many parts, the first of which is left out: there all begins."""
STUDENT = 2.26
"""Half the width of a 95 % interval of the mean of ten, in standard errors."""
SCHEDULER = "import sys; from distributed.cli.dask_scheduler import main; main(sys.argv[1:])"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Took:
    """What hearing the archive took."""

    who: str
    """alone, or how many ears."""
    wall_s: float
    """By the clock."""
    cpu_s: tuple[float, ...]
    """Of a core, process by process: the head first."""
    parts_s: tuple[float, ...] = ()
    """By the clock, so many equal parts of the calls, without the first; empty where nobody counted."""

    @property
    def busiest_s(self) -> float:
        """What the clock would say where each process has a core."""
        return max(self.cpu_s)


def faster(one: Took, other: Took) -> tuple[float, float, float]:
    """How many times as fast the other was by the clock, and the 95 % interval that the parts' scatter allows."""
    ratio = float(np.mean(one.parts_s) / np.mean(other.parts_s))
    share = np.hypot(*(np.std(p, ddof=1) / np.mean(p) / np.sqrt(len(p)) for p in (one.parts_s, other.parts_s)))
    slack = float(STUDENT * share * ratio)
    return ratio, ratio - slack, ratio + slack


def archive(folder: Path, *, calls: int, sound_s: float = SOUND_S) -> Agency:
    """An agency with so many kept calls of the same length: copies of one, their sound hard links to its own."""
    make_agency(folder)
    agency = load_agency(folder)
    with tempfile.TemporaryDirectory() as room, open_store(agency.database) as store:
        path = Path(room) / "call.wav"
        soundfile.write(path, a_call()[: round(sound_s * RATE_HZ)], RATE_HZ)
        unit = agency.units[0].unit
        told = Told(unit=unit, started="2026-11-20T10:05:00+08:00", far="mixed")
        import_files([Given(path=path, name=path.name)], told, agency, store, who="bench", now=clocks.now())
        call = store.get_call(store.list_calls(limit=1)[0]["call_id"])
        with store.writing():
            for n in range(calls - 1):
                _copy(call, f"{call['call_id']}-{n}", agency, store)
    return agency


def _copy(call: dict[str, Any], name: str, agency: Agency, store: Any) -> None:
    sound = agency.folder / call["recording_path"]
    (linked := sound.with_name(f"{name}{sound.suffix}")).hardlink_to(sound)
    record = call["record"] | {"call_id": name, "files": call["record"]["files"] | {"recording": linked.name}}
    same = ("unit", "number", "scenario", "started_at", "outcome", "recording_sha256", "series")
    row = {key: call[key] for key in same}
    row |= {"call_id": name, "recording_path": str(linked.relative_to(agency.folder))}
    store.add_call(row, record=record, measured=call["measured"])
    sheet = call["sheets"][-1]
    store.add_sheet(name, sheet["sheet"], facts=sheet["facts"])


def alone(agency: Agency) -> Took:
    """As one machine does it."""
    began, cpu = time.monotonic(), time.process_time()
    with open_store(agency.database) as store:
        _all_heard(rehear_all(agency, store))
    return Took(who="alone", wall_s=time.monotonic() - began, cpu_s=(time.process_time() - cpu,))


def costs(agency: Agency, *, calls: int) -> tuple[float, float, float]:
    """Milliseconds of a core that a call takes: alone; by the head of a cluster; by an ear. All in this process."""
    with open_store(agency.database) as store:
        ids, spent = every_call(store)[:calls], [0.0, 0.0, 0.0]
        hear_there(agency.folder, *to_be_heard(store.get_call(ids[0]), "", agency))  # reads programs and plans once
        for call_id in ids:
            marks = [time.process_time()]
            rehear(call_id, agency, store)
            marks.append(time.process_time())
            kept = store.get_call(call_id)
            told, sound = to_be_heard(kept, "", agency)
            marks.append(time.process_time())
            heard = hear_there(agency.folder, told, sound)["heard"]
            marks.append(time.process_time())
            compare(kept, Heard(**heard), agency, store)
            marks.append(time.process_time())
            alone_s, begin_s, ear_s, end_s = (after - before for before, after in pairwise(marks))
            for n, one in enumerate((alone_s, begin_s + end_s, ear_s)):
                spent[n] += 1000 * one / len(ids)
    return spent[0], spent[1], spent[2]


def by_ears(agency: Agency, room: Path, ears: int) -> Took:
    """With so many probes of one ear each."""
    with _cluster(agency, room, ears) as (cluster, processes), open_store(agency.database) as store:
        with Link(cluster) as link:
            end = time.monotonic() + WAIT_S
            while len(link.probes(EAR)) < ears:
                assert time.monotonic() < end, "the probes did not come"
                time.sleep(0.2)
        before = [_cpu_s(one.pid) for one in processes]
        began, cpu = time.monotonic(), time.process_time()
        at = [began]
        _all_heard(rehear_all_there(agency, store, cluster, each=lambda _: at.append(time.monotonic())))
        wall_s, head_s = time.monotonic() - began, time.process_time() - cpu
        spent = tuple(_cpu_s(one.pid) - then for one, then in zip(processes, before, strict=True))
    parts_s = np.diff(np.interp(np.linspace(0, len(at) - 1, PARTS + 1), np.arange(len(at)), at))[1:]
    return Took(who=f"{ears}", wall_s=wall_s, cpu_s=(head_s, *spent), parts_s=tuple(parts_s.tolist()))


@contextmanager
def _cluster(agency: Agency, room: Path, ears: int) -> Iterator[tuple[Cluster, list[subprocess.Popen[bytes]]]]:
    known = room / "scheduler.json"
    with ExitStack() as stack:

        def started(*command: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen([sys.executable, *command], stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process

        where = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
        processes = [started("-c", SCHEDULER, *where, "--scheduler-file", str(known))]
        cluster = Cluster(host="127.0.0.1", port=_port(known))
        for n in range(ears):
            folder = room / f"ear{n}"
            folder.mkdir(exist_ok=True)
            for one in ("agency.toml", "units.csv"):
                shutil.copy(agency.folder / one, folder / one)
            at = ("--cluster", f"dask://127.0.0.1:{cluster.port}", "--name", f"ear{n}", "--ears", "1")
            processes.append(started("-m", "harness.cli", "probe", str(folder), *at))
        yield cluster, processes
    known.unlink(missing_ok=True)


def _port(file: Path) -> int:
    end = time.monotonic() + WAIT_S
    while not file.exists() or not file.read_text(encoding="utf-8").endswith("}"):
        assert time.monotonic() < end, "the scheduler did not start"
        time.sleep(0.1)
    return int(str(json.loads(file.read_text(encoding="utf-8"))["address"]).rpartition(":")[2])


def _cpu_s(pid: int) -> float:
    """What a process and its children that live have taken of a core (proc(5): utime, stime)."""
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = [one for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]
    return (int(spent[11]) + int(spent[12])) / _TICKS + sum(_cpu_s(int(child)) for child in children)


def _all_heard(heard: list[Rehearing]) -> None:
    missed = [one for one in heard if one.status == NOT_HEARD]
    assert not missed, missed[0].to_dict()


def report(calls: int, *, sound_s: float = SOUND_S, ears_only: bool = False) -> Iterator[str]:
    """Give the lines, as they become known."""
    with tempfile.TemporaryDirectory(prefix="thirdring-") as room:
        agency = archive(Path(room) / "head", calls=calls, sound_s=sound_s)
        yield f"重聽 heard again：{calls} × {sound_s:g} s"
        all_ms, head_ms, ear_ms = costs(load_agency(agency.folder), calls=min(calls, COSTS_OF))
        yield f"  CPU 一通 a call：單機 alone {all_ms:.0f} ms；head {head_ms:.0f} ms；ear {ear_ms:.0f} ms"
        for n in (1, 2):
            yield f"    {n} ears，每個行程一核 with a core each：{all_ms / max(head_ms, ear_ms / n):.2f} ×"
        one = None if ears_only else alone(load_agency(agency.folder))
        if one is not None:
            yield f"  單機 alone      {one.wall_s:7.1f} s，CPU {one.busiest_s:7.1f} s"
        took = list[Took]()
        for ears in (1, 2):
            took.append(many := by_ears(agency, Path(room), ears))
            parts = "、".join(f"{name} {spent:.1f}" for name, spent in zip(_names(ears), many.cpu_s, strict=True))
            yield f"  {ears} 台 probe(s)  {many.wall_s:7.1f} s，CPU：{parts}"
            if one is not None:
                yield f"    時鐘 by the clock：{one.wall_s / many.wall_s:.2f} ×"
                yield f"    每個行程一核 with a core each：{one.busiest_s / many.busiest_s:.2f} ×"
        ratio, low, high = faster(*took)
        load = f"load {os.getloadavg()[0]:.1f}，{os.cpu_count()} cores"
        yield f"  1 → 2 台 probes，時鐘 by the clock：{ratio:.2f} ×（95 %：{low:.2f}–{high:.2f}；{load}）"


def _names(ears: int) -> tuple[str, ...]:
    return ("head", "scheduler", *(f"probe {n + 1}" for n in range(ears)))


def main() -> None:
    """Read what is asked and print the lines."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("calls", type=int, nargs="?", default=CALLS)
    asked.add_argument("--seconds", type=float, default=SOUND_S, help="length of each recording")
    asked.add_argument("--ears-only", action="store_true", help="leave out one machine alone")
    given = asked.parse_args()
    for line in report(given.calls, sound_s=given.seconds, ears_only=given.ears_only):
        print(line, flush=True)


if __name__ == "__main__":
    main()
