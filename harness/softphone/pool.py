"""The real telephone: worker processes of at most four legs each, supervised.

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
from harness.softphone.real_call import RealCall
from harness.softphone.worker_process import WorkerProcess


class WorkerPool:
    """A softphone on one line, with as many worker processes as its calls need."""

    def __init__(self, line: Line, *, most_calls: int | None = None, turn: int = 0) -> None:
        """Open no more than `most_calls` at once, nor than the line carries; `turn`: calls it had before."""
        self._way = Ipv6Way(line) if line.ipv6 else None
        self.line = self._way.line(line) if self._way else line
        self._most_calls = min(filter(None, (most_calls, line.max_calls)), default=LEGS_PER_WORKER)
        self._most_workers = -(-self._most_calls // LEGS_PER_WORKER)
        self._turn = turn
        self._workers: list[WorkerProcess] = []
        self._retired: list[WorkerProcess] = []
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

    def warm_up(self) -> None:
        """Start every worker now, so that the first call does not wait for one."""
        with self._lock:
            while len(self._workers) < self._most_workers:
                self._workers.append(WorkerProcess(self.line, silence_wav=self._silence))
        for worker in self._workers:
            worker.wait_ready()

    def dial(
        self,
        leave: Permit,
        *,
        call_id: str,
        folder: Path,
        headers: dict[str, str],
        beside: RealCall | None = None,
        caller: str = "",
    ) -> RealCall:
        """Begin recording under `folder` and send the INVITE; `beside`: in the same process as that call.

        `caller` is one of the line's caller IDs, by default the next. Raises TypeError for anything but a
        Permit of the number gate: nothing else may be dialled; Refused for one that was changed, used or left
        lying; SoftphoneError for a caller ID that the line does not own.
        """
        if not isinstance(leave, Permit):
            raise TypeError("only a Permit of harness.number_gate may be dialled")
        shown = caller_id(self.line, call_id=call_id, turn=self._turn, wanted=caller)
        uri = redeem(leave)
        self._turn += 1
        invite = {"uri": uri, "headers": headers, "leads": leads_of(leave).to_dict(), "caller_id": shown}
        invite = self._way.invite(invite) if self._way else invite
        try:
            return self._dial(invite, call_id, folder, beside)
        except LineFull:
            # A peer that never answers our BYE keeps its slot in the stack for 32 s, though the call is over.
            if not self._retire_blocked() or beside is not None:
                raise
            return self._dial(invite, call_id, folder, beside)

    def _dial(self, invite: dict[str, Any], call_id: str, folder: Path, beside: RealCall | None) -> RealCall:
        with self._lock:
            worker = self._with_free_leg(beside)
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

    def _with_free_leg(self, beside: RealCall | None) -> WorkerProcess:
        for dead in [w for w in self._workers if not w.alive]:
            self._workers.remove(dead)
            dead.quit()
        if sum(w.legs for w in self._workers) >= self._most_calls:
            raise LineFull("softphone.line_full", what=self.line.id)
        whole = [w for w in self._workers if w.legs < LEGS_PER_WORKER and not w.retired]
        able = [w for w in whole if beside is None or w is beside.worker]
        if able:
            return min(able, key=lambda w: w.legs)
        if beside is not None or len(self._workers) >= self._most_workers:
            raise LineFull("softphone.line_full", what=self.line.id)
        worker = WorkerProcess(self.line, silence_wav=self._silence)
        self._workers.append(worker)
        worker.wait_ready()
        return worker

    def close(self) -> None:
        """Hang up what is still up and end every worker."""
        for worker in (*self._workers, *self._retired):
            worker.quit()
        self._workers.clear()
        if self._way is not None:
            self._way.close()
        self._folder.cleanup()
