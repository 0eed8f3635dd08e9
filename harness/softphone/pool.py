"""The real telephone: worker processes of a few legs each, supervised.

A worker that crashes costs its own calls and nothing else: they are marked, their recordings repaired, and
the next call gets a new worker.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from harness.number_gate import Permit, redeem
from harness.softphone.caller_ids import caller_id
from harness.softphone.errors import LineFull, SoftphoneError, WorkerLost
from harness.softphone.follow import leads_of
from harness.softphone.growing_wav import write_wav
from harness.softphone.ipv6_line import Ipv6Way
from harness.softphone.line import LEGS_PER_WORKER, Line
from harness.softphone.protocol import Call
from harness.softphone.real_call import RealCall
from harness.softphone.sharing import legs_of_process, processes_for
from harness.softphone.worker_process import WorkerProcess


class WorkerPool:
    """A softphone on one line, with as many worker processes as its calls need."""

    def __init__(self, line: Line, *, most_calls: int | None = None, turn: int = 0, spare: int = 0) -> None:
        """Open no more than `most_calls` at once, nor than the line carries; `turn`: calls it had before.

        `spare` legs of each process are kept for somebody beside its calls.
        """
        self._way = Ipv6Way(line) if line.ipv6 else None
        self.line = self._way.line(line) if self._way else line
        self._most_calls = min(filter(None, (most_calls, line.max_calls)), default=LEGS_PER_WORKER)
        self._spare = spare
        self._turn = turn
        self._workers: list[WorkerProcess] = []
        self._retired: list[WorkerProcess] = []
        self._apart: dict[WorkerProcess, int] = {}
        """Processes of their own, and how many of the line's channels are kept for each."""
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="thirdring-")
        self._silence = Path(self._folder.name) / "silence.wav"
        write_wav(self._silence, np.zeros(line.sample_rate_hz * 60, np.int16), sample_rate_hz=line.sample_rate_hz)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def sample_rate_hz(self) -> int:
        """Rate of its recordings, and of what it can play."""
        return self.line.sample_rate_hz

    def warm_up(self, *, calls: int | None = None) -> None:
        """Start the workers that so many calls need, or all, so that no call waits for one."""
        self._start(1)  # what its library holds says how many there must be
        self._start(self._workers_for(min(filter(None, (calls, self._most_calls)))))

    def _start(self, wanted: int) -> None:
        with self._lock:
            begun = range(len(self._workers), wanted)
            self._workers += [WorkerProcess(self.line, silence_wav=self._silence) for _ in begun]
            started = self._workers[begun.start :]
        for worker in started:
            worker.wait_ready()

    @property
    def _held(self) -> int:
        """Calls that a process of its library holds; until one has told, what any holds."""
        return max((worker.most_legs for worker in self._workers), default=0) or LEGS_PER_WORKER

    @property
    def _per_worker(self) -> int:
        return legs_of_process(self._held, spare=self._spare)

    def _workers_for(self, calls: int) -> int:
        return processes_for(calls, held=self._held, spare=self._spare)

    def dial(
        self,
        leave: Permit,
        *,
        call_id: str,
        folder: Path,
        headers: dict[str, str],
        beside: RealCall | None = None,
        caller: str = "",
        apart: bool = False,
        line: Line | None = None,
    ) -> RealCall:
        """Begin recording under `folder` and send the INVITE; `beside`: in the same process as that call.

        `apart`: in a process of its own, for itself and whoever is dialled beside it; `end_apart` ends it. `line` is
        another than the pool's, for who is no call of its own. `caller` is one of the line's caller IDs, by default
        the next. Raises TypeError for anything but a
        Permit of the number gate: nothing else may be dialled; Refused for one that was changed, used or left
        lying; SoftphoneError for a caller ID that the line does not own.
        """
        if not isinstance(leave, Permit):
            raise TypeError("only a Permit of harness.number_gate may be dialled")
        ours = leave.to != "tester"
        shown = caller_id(self.line, call_id=call_id, turn=self._turn, wanted=caller) if ours else ""
        uri = redeem(leave)
        self._turn += ours
        invite = {"uri": uri, "headers": headers, "leads": leads_of(leave).to_dict(), "caller_id": shown}
        invite |= {} if line is None else {"line": line.to_dict()}
        invite = self._way.invite(invite) if self._way and line is None else invite
        try:
            return self._dial(invite, call_id, folder, beside, apart)
        except LineFull:
            # A peer that never answers our BYE keeps its slot in the stack for 32 s, though the call is over.
            if not self._retire_blocked() or beside is not None:
                raise
            return self._dial(invite, call_id, folder, beside, apart)

    def end_apart(self, call: Call) -> None:
        """End the process that a call was dialled `apart` in, and whatever is still up in it."""
        with self._lock:
            ended = [one for one in self._apart if isinstance(call, RealCall) and one is call.worker]
            for worker in ended:
                del self._apart[worker]
        for worker in ended:
            worker.quit()

    def _dial(
        self, invite: dict[str, Any], call_id: str, folder: Path, beside: RealCall | None, apart: bool
    ) -> RealCall:
        with self._lock:
            worker = self._begun_apart(invite) if apart else self._with_free_leg(beside)
            call = RealCall(worker, leg=call_id, folder=folder, sample_rate_hz=self.line.sample_rate_hz)
            worker.take(call)
        try:
            call.start(invite)
        except SoftphoneError as error:
            worker.drop(call)
            worker.retired |= isinstance(error, LineFull | WorkerLost)
            raise
        return call

    def _retire_blocked(self) -> bool:
        """Let go of workers whose slots are taken by dead peers; True when there were any."""
        with self._lock:
            blocked = [w for w in self._workers if w.retired]
            self._workers = [w for w in self._workers if not w.retired]
            self._retired += blocked
        return bool(blocked)

    def _begun_apart(self, invite: dict[str, Any]) -> WorkerProcess:
        """A process for a call and whoever is beside it; a trunk that has no channel for both would be taken for a
        telephone that is engaged."""
        channels = 1 if "line" in invite else 2
        self._refuse_full(channels)
        worker = WorkerProcess(self.line, silence_wav=self._silence)
        self._apart[worker] = channels
        worker.wait_ready()
        return worker

    def _refuse_full(self, wanted: int = 1) -> None:
        taken = sum(w.legs for w in self._workers) + sum(self._apart.values())
        if self.line.max_calls is not None and taken + wanted > self.line.max_calls:
            raise LineFull("softphone.line_full", what=self.line.id)

    def _beside(self, call: RealCall) -> WorkerProcess:
        full = call.worker.legs >= legs_of_process(call.worker.most_legs)
        if call.worker.retired or not call.worker.alive or full:
            raise LineFull("softphone.line_full", what=self.line.id)
        return call.worker

    def _with_free_leg(self, beside: RealCall | None) -> WorkerProcess:
        if beside is not None:
            return self._beside(beside)
        for dead in [w for w in self._workers if not w.alive]:
            self._workers.remove(dead)
            dead.quit()
        if sum(w.legs for w in self._workers) >= self._most_calls:
            raise LineFull("softphone.line_full", what=self.line.id)
        self._refuse_full()
        able = [w for w in self._workers if w.legs < self._per_worker and not w.retired]
        all_there = len(self._workers) >= self._workers_for(self._most_calls)
        if able and (all_there or min(w.legs for w in able) < LEGS_PER_WORKER - self._spare):
            return min(able, key=lambda w: w.legs)
        if all_there:
            raise LineFull("softphone.line_full", what=self.line.id)
        worker = WorkerProcess(self.line, silence_wav=self._silence)
        self._workers.append(worker)
        worker.wait_ready()
        return worker

    def close(self) -> None:
        """Hang up what is still up and end every worker."""
        for worker in (*self._workers, *self._retired, *self._apart):
            worker.quit()
        self._workers.clear()
        self._apart.clear()
        if self._way is not None:
            self._way.close()
        self._folder.cleanup()
