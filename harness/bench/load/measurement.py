"""One measurement: so many calls up at once, what they cost, how late they were, and what was wrong."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.agency import Agency
from harness.bench.load.capture import Capture, Captured
from harness.bench.load.far_end import FarEnd, far_end
from harness.bench.load.lateness import Spread, spread_ms
from harness.bench.load.load_agency import make_load_agency
from harness.bench.load.on_the_wire import Truth, by_call, faults, our_frames, stamp_errors_s, truth_of, wire_of
from harness.bench.load.placing import Outcome, Placing, warm
from harness.bench.load.process_tree import Memory, look, memory, tree
from harness.bench.load.sleeper import sleeping
from harness.planned_call import TestCall

SET_UP_S, SET_UP_CALL_S = 8.0, 0.2
"""How long setting so many calls up may take before the first of them is over."""
RECORDING_MS = 60.0
"""A recording that differs more from the wall is marked."""
STAMPS_MS = 20.0
"""Instants of the signalling must be as near to the wire as this."""
LATE_SHARE = 0.001
"""With more of its frames late than this a stream is: one in a thousand any machine with other work has."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was found with so many calls."""

    calls: int
    """Calls at once."""
    seconds: float | None
    """How long all of them were up while it was measured; None: they never were."""
    timing_error_ms: Spread
    """Our instants of 18x, 200 and BYE against the wire's."""
    stamps: int
    """How many of them."""
    frames: int
    """Frames that we sent while all calls were up."""
    late_frames: int
    """Those later than 20 ms against the soonest of their stream."""
    frame_error_ms: Spread
    """How late they were."""
    missing_frames: int
    """Frames that should have been sent and never came."""
    machine: dict[str, float]
    """A process that only sleeps meanwhile: `p99_s`, `worst_s`, `naps`, and how many of these were over 20 ms late."""
    cpu_percent_per_call: float
    """Processor time from the first INVITE to the last call kept, by seconds of calls: percent of a core."""
    cpu_percent_talking: float | None
    """The same while all calls were up: recording and live ear alone."""
    closing_s_per_call: float | None
    """Processor seconds to measure, score and keep one."""
    slot_ms: Spread
    """How long each kept its slot beyond its own end: until it was kept and the slot was free."""
    memory: Memory | None
    """Memory of our processes while all calls were up."""
    processes: int
    """How many there were."""
    calls_set_up_per_s: float | None
    """INVITEs a second, from the first to the last."""
    recording_error_ms: float | None
    """The recording whose length differs most from the wall."""
    wrong: int
    """Calls of which our measurement does not hold the wire's truth, or which came to nothing."""
    faults: tuple[str, ...]
    """What was wrong with each of those."""
    capture_lost: int
    """Packets that the capture missed."""
    load: float
    """Processes that wanted a processor, over the last minute, at its end."""

    @property
    def keeps_up(self) -> bool:
        """Whether instants are right and frames go out in time."""
        p99 = self.timing_error_ms.p99
        in_time = self.seconds is not None and p99 is not None and p99 <= STAMPS_MS
        return in_time and self.late_frames <= LATE_SHARE * self.frames


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The raw figures of one run."""

    outcomes: tuple[Outcome, ...]
    captured: Captured
    window: tuple[float, float] | None
    machine: dict[str, float]
    whole_cpu_s: float
    window_cpu_s: float
    memory: Memory | None
    processes: int


def measure_calls(calls: int, seconds: float, *, sipp: list[str]) -> Measurement:
    """Place so many calls, keep all of them up for `seconds`, and measure; with no SIPp the embedded agency answers.

    Everything is on the loopback interface, in a folder that is gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="thirdring-bench-") as made, ExitStack() as opened:
        folder = Path(made)
        far = opened.enter_context(far_end(folder, calls=calls, talk_s=talk_s(calls, seconds), sipp=sipp))
        agency = make_load_agency(folder / "agency", far.addresses(calls))
        return _figures(_run(agency, far, seconds, folder), agency)


def talk_s(calls: int, seconds: float) -> float:
    """How long a far end speaks before it hangs up: while the last call is set up, and `seconds` more."""
    return SET_UP_S + SET_UP_CALL_S * calls + seconds


def _run(agency: Agency, far: FarEnd, seconds: float, folder: Path) -> _Run:
    with warm(agency) as telephones, Capture(folder / "wire", port=far.media_port) as capture, sleeping() as machine:
        ours = tree(os.getpid(), without=(capture.pid, *far.pids, machine.pid))
        before = look(ours)
        placing = Placing(agency, telephones, [unit.unit for unit in agency.units])
        window, spent, held = None, 0.0, None
        if placing.all_answered(talk_s(len(agency.units), 0.0)):
            begin, first = time.monotonic(), look(ours)
            time.sleep(seconds)
            window, spent = (begin, time.monotonic()), look(ours).processor_s - first.processor_s
            held = memory(ours)
        outcomes = placing.outcomes()
        after = look(ours)
    assert capture.captured is not None
    return _Run(
        outcomes=outcomes,
        captured=capture.captured,
        window=window,
        machine=machine.told,
        whole_cpu_s=after.processor_s - before.processor_s,
        window_cpu_s=spent,
        memory=held,
        processes=len(ours),
    )


def _figures(run: _Run, agency: Agency) -> Measurement:
    messages = by_call(run.captured)
    tests = [one.test for one in run.outcomes if one.test is not None]
    wires = [wire_of(test, agency, messages) for test in tests]
    truths = [truth_of(wire, run.captured) for wire in wires]
    errors = [error for pair in zip(tests, wires, strict=True) for error in stamp_errors_s(*pair)]
    found = [", ".join(faults(*pair)) for pair in zip(tests, truths, strict=True)]
    wrong = [*filter(None, found), *(one.failed for one in run.outcomes if one.failed)]
    begin, end = run.window or (0.0, 0.0)
    frames = our_frames(run.captured, [t.port for t in truths if t], begin_s=begin, end_s=end)
    call_s = sum(test.record.duration_s for test in tests)
    calls, up_s = len(run.outcomes), end - begin
    talking = run.window_cpu_s / up_s / calls if run.window else None
    closing = None if talking is None else max(run.whole_cpu_s - talking * call_s, 0.0) / calls
    return Measurement(
        calls=calls,
        seconds=up_s if run.window else None,
        timing_error_ms=spread_ms(errors),
        stamps=len(errors),
        frames=frames.count,
        late_frames=frames.late,
        frame_error_ms=spread_ms(frames.late_s),
        missing_frames=frames.missing,
        machine=run.machine,
        cpu_percent_per_call=100 * run.whole_cpu_s / call_s if call_s else 0.0,
        cpu_percent_talking=None if talking is None else 100 * talking,
        closing_s_per_call=closing,
        slot_ms=spread_ms([one.slot_s for one in run.outcomes if one.slot_s is not None]),
        memory=run.memory,
        processes=run.processes,
        calls_set_up_per_s=_per_second(truths),
        recording_error_ms=_recording_error_ms(tests),
        wrong=len(wrong),
        faults=tuple(wrong),
        capture_lost=run.captured.lost,
        load=os.getloadavg()[0],
    )


def _per_second(truths: list[Truth | None]) -> float | None:
    invited = sorted(truth.invited_s for truth in truths if truth)
    return (len(invited) - 1) / (invited[-1] - invited[0]) if len(invited) > 1 else None


def _recording_error_ms(tests: list[TestCall]) -> float | None:
    pairs = [(t.record.duration_s, t.record.wall_s) for t in tests if t.record.wall_s is not None]
    return float(np.max([abs(long - wall) for long, wall in pairs])) * 1000 if pairs else None
