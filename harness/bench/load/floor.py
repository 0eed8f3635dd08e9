"""The floor: as many calls by pjsua2 alone, recorded by its own recorder, a process for every four of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness import clocks
from harness.agency import Agency
from harness.bench.load.capture import Capture
from harness.bench.load.far_end import far_end
from harness.bench.load.lateness import Spread, spread_ms
from harness.bench.load.load_agency import SCENARIO, make_load_agency
from harness.bench.load.measurement import talk_s
from harness.bench.load.on_the_wire import by_call, our_frames, truth_of
from harness.bench.load.process_tree import Memory, look, memory
from harness.lines import softphone_line
from harness.number_gate import redeem
from harness.softphone.line import LEGS_PER_WORKER
from harness.test_call import dial_permit, plan_call

READY_S = 60.0
ENDS_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Floor:
    """What the same calls cost without us."""

    cpu_percent_per_call: float
    """From the first INVITE to the last BYE, by seconds of calls: percent of a core."""
    cpu_percent_talking: float
    """While all calls were up."""
    memory: Memory
    """Of its processes."""
    processes: int
    """How many there were."""
    frames: int
    """Frames that it sent while all calls were up."""
    late_frames: int
    """Those later than 20 ms."""
    frame_error_ms: Spread
    """How late they were."""


class _Plain:
    """One process of up to four calls."""

    def __init__(self, agency: Agency, uris: Sequence[str], folder: Path, n: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness.softphone.pjsip.plain"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        line = softphone_line(agency.settings.lines[0], folder=agency.folder)
        calls = [[uri, str(folder / f"plain-{n}-{m}.wav")] for m, uri in enumerate(uris)]
        self._write(json.dumps({"line": line.to_dict(), "calls": calls}))
        self.calls, self.counts = len(uris), {"ready": 0, "up": 0, "over": 0}

    def _write(self, text: str) -> None:
        assert self.process.stdin is not None
        os.write(self.process.stdin.fileno(), text.encode())

    def go(self) -> None:
        """Let it dial."""
        self._write("\n")

    def wait_for(self, what: str, count: int, limit: float) -> bool:
        """Read what it says until it has counted so many, or time is up."""
        import select

        assert self.process.stdout is not None
        while self.counts[what] < count:
            if not select.select([self.process.stdout], [], [], max(limit - time.monotonic(), 0))[0]:
                return False
            said = os.read(self.process.stdout.fileno(), 1 << 16).decode()
            if not said:
                return False
            for line in said.splitlines():
                for name, more in json.loads(line).items():
                    self.counts[name] += more
        return True

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def measure_floor(calls: int, seconds: float, *, sipp: list[str]) -> Floor | None:
    """Place so many calls by pjsua2 alone to the same far end; None where not all of them came to be up."""
    with tempfile.TemporaryDirectory(prefix="thirdring-floor-") as made, ExitStack() as opened:
        folder = Path(made)
        far = opened.enter_context(far_end(folder, calls=calls, talk_s=talk_s(calls, seconds), sipp=sipp))
        agency = make_load_agency(folder / "agency", far.addresses(calls))
        uris = [_permitted(unit.unit, agency) for unit in agency.units]
        capture = opened.enter_context(Capture(folder / "wire", port=far.media_port))
        parts = [uris[n : n + LEGS_PER_WORKER] for n in range(0, calls, LEGS_PER_WORKER)]
        plains = [_Plain(agency, part, folder, n) for n, part in enumerate(parts)]
        try:
            window = _up(plains, seconds)
        finally:
            for plain in plains:
                plain.end()
        opened.close()
        return None if window is None else _figures(window, capture, calls)


@dataclass(frozen=True, kw_only=True)
class _Window:
    """What was read while all calls were up."""

    begin_s: float
    end_s: float
    talking_cpu_s: float
    whole_cpu_s: float
    memory: Memory
    processes: int


def _up(plains: Sequence[_Plain], seconds: float) -> _Window | None:
    pids = [plain.process.pid for plain in plains]
    limit = time.monotonic() + READY_S
    if not all(plain.wait_for("ready", 1, limit) for plain in plains):
        return None
    before = look(pids)
    for plain in plains:
        plain.go()
    limit = time.monotonic() + READY_S
    if not all(plain.wait_for("up", plain.calls, limit) for plain in plains):
        return None
    begin, first = time.monotonic(), look(pids)
    time.sleep(seconds)
    end, last, held = time.monotonic(), look(pids), memory(pids)
    limit = end + ENDS_S + talk_s(sum(plain.calls for plain in plains), 0.0)
    for plain in plains:
        plain.wait_for("over", plain.calls, limit)
    return _Window(
        begin_s=begin,
        end_s=end,
        talking_cpu_s=last.processor_s - first.processor_s,
        whole_cpu_s=look(pids).processor_s - before.processor_s,
        memory=held,
        processes=len(pids),
    )


def _figures(window: _Window, capture: Capture, calls: int) -> Floor:
    assert capture.captured is not None
    truths = [truth_of(messages, capture.captured) for messages in by_call(capture.captured).values()]
    found = [truth for truth in truths if truth is not None]
    call_s = sum((t.released_s or window.end_s) - t.invited_s for t in found)
    ports = [truth.port for truth in found]
    frames = our_frames(capture.captured, ports, begin_s=window.begin_s, end_s=window.end_s)
    return Floor(
        cpu_percent_per_call=100 * window.whole_cpu_s / call_s,
        cpu_percent_talking=100 * window.talking_cpu_s / (window.end_s - window.begin_s) / calls,
        memory=window.memory,
        processes=window.processes,
        frames=frames.count,
        late_frames=frames.late,
        frame_error_ms=spread_ms(frames.late_s),
    )


def _permitted(unit: str, agency: Agency) -> str:
    """The address of a unit, with the gate's leave like that of any call."""
    plan = plan_call(unit, agency, scenario=SCENARIO)
    return redeem(dial_permit(plan, agency, now=clocks.now()))
