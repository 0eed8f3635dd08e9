"""One call in a worker process, seen from the commander: the `Call` of the real telephone."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ThirdringError
from harness.softphone.certificate import WRONG_CERTIFICATE
from harness.softphone.errors import MayHaveDialled, SoftphoneError, WorkerLost, error_of
from harness.softphone.growing_wav import GrowingWav, repair_header
from harness.softphone.last_words import say_farewell
from harness.softphone.message import parse_message
from harness.softphone.protocol import Call, Missing, Recording
from harness.softphone.signals import ASIDE, FAULT, PLAY, RELEASED, RESPONSE, SipSignal, signal_from_dict

if TYPE_CHECKING:
    from harness.softphone.worker_process import WorkerProcess

START_S = 10.0
"""Longest wait for the recorders of a new call."""
END_S = 40.0
"""A BYE to a dead peer is given up after 64 × T1 = 32 s (RFC 3261 §17.1.2)."""


class RealCall:
    """Collects what the worker says of one leg."""

    def __init__(self, worker: WorkerProcess, *, leg: str, folder: Path, sample_rate_hz: int) -> None:
        self.worker, self.leg, self.sample_rate_hz = worker, leg, sample_rate_hz
        self.far, self.near = folder / f"{leg}.far.wav", folder / f"{leg}.near.wav"
        self.trace = folder / f"{leg}.sip"
        self._changed = threading.Condition()
        self._signals: list[SipSignal] = []
        self._given = 0
        self._zero: tuple[float, float] | None = None
        self._missing: list[tuple[float, float, int]] = []
        self._missing_given = 0
        self._unsettled_s: float | None = None
        self._held_back = np.zeros(0, np.int16)
        self._heard = 0
        self._dialled = False
        self._rtp: dict[str, Any] = {"packets": 0, "lost": 0}
        self._ended_s: float | None = None
        self._fault = ""
        self._error: ThirdringError | None = None
        self._growing = GrowingWav(self.far)
        self._farewell: threading.Thread | None = None

    # --- the commander's thread -----------------------------------------------------------------------

    def start(self, invite: dict[str, Any]) -> None:
        """Have the worker record and dial; returns when the INVITE is out, raises what kept it from going."""
        paths = {"far": str(self.far), "near": str(self.near), "trace": str(self.trace)}
        self._command("dial", **invite, **paths)
        with self._changed:
            self._changed.wait_for(lambda: self._dialled or self._error or self._fault, START_S)
            if not self._dialled:
                self._command("hang_up")  # a worker that was only slow would ring somebody whom nobody waits for
                unheard = WorkerLost if self._fault == "softphone.wrong_certificate" else MayHaveDialled
                raise self._error or unheard("softphone.worker_silent", what="dial")

    @property
    def zero_s(self) -> float:
        """Monotonic instant of sample 0: the middle of what is known of it."""
        assert self._zero is not None
        return sum(self._zero) / 2

    @property
    def over(self) -> bool:
        """Whether the call was released and its recording is complete."""
        return self._ended_s is not None or bool(self._fault)

    def now_s(self) -> float:
        """Seconds since sample 0."""
        return time.monotonic() - self.zero_s

    def advance(self, seconds: float) -> tuple[SipSignal, ...]:
        """Wait at most `seconds` for something to be signalled; give what was."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._signals) > self._given or self.over or self._error, seconds)
            error, self._error = self._error, None
            if error is not None:
                raise error  # what was signalled besides is given the next time
            new = tuple(self._signals[self._given :])
            self._given += len(new)
        return new

    def hear(self) -> tuple[NDArray[np.int16], tuple[Missing, ...]]:
        """Give the far end's samples recorded since the last time, and what was found missing since.

        A stretch without sound is held back until it is known whether sound is missing there: some tenths of a second.
        """
        samples = np.concatenate([self._held_back, self._growing.more()])
        with self._changed:
            new, since_s = self._missing[self._missing_given :], self._unsettled_s
            self._missing_given += len(new)
        settled = len(samples)
        if since_s is not None:
            settled = min(max(round((since_s - self.zero_s) * self.sample_rate_hz) - self._heard, 0), settled)
        self._heard += settled
        self._held_back = samples[settled:]
        return samples[:settled], tuple(self._on_call_clock(new))

    def play(self, wav: Path) -> None:
        """Begin to play a WAV file of the line's rate to the far end."""
        self._command("play", wav=str(wav))

    def send_digits(self, digits: str, *, method: str) -> None:
        """Send digits as RFC 4733 events or SIP INFO."""
        self._command("digits", digits=digits, method=method)

    def bridge(self, other: Call, *, talk: bool = True) -> None:
        """Let another call of the same worker hear this one, and with `talk` be heard."""
        if not isinstance(other, RealCall) or other.worker is not self.worker:
            raise SoftphoneError("softphone.no_such_leg", leg=getattr(other, "leg", "?"))
        self._command("bridge", other=other.leg, talk=talk)

    def ask(self) -> None:
        """Ask the far end whether it is still there, in the dialog (OPTIONS); its answer is signalled."""
        self._command("ask")

    def hold(self) -> None:
        """Put the far end on hold: a re-INVITE that only sends (RFC 3264 §8.4)."""
        self._command("hold")

    def resume(self) -> None:
        """Take the far end back."""
        self._command("resume")

    def hang_up(self) -> None:
        """Release the call."""
        self._command("hang_up")

    def finish(self) -> Recording:
        """Release the call if it is up, wait for its recording and give it."""
        if not self.over and not self._released():
            self.hang_up()
        with self._changed:
            self._changed.wait_for(lambda: self.over, END_S)
        if self._farewell is not None:
            self._farewell.join()
        for path in (self.far, self.near):
            if path.exists():
                repair_header(path)
        return self._recording()

    def _released(self) -> bool:
        return any(s.kind == RELEASED for s in self._signals)

    def _recording(self) -> Recording:
        assert self._zero is not None
        return Recording(
            far=self.far,
            near=self.near,
            trace=self.trace,
            zero_earliest_s=self._zero[0],
            zero_latest_s=self._zero[1],
            sample_rate_hz=self.sample_rate_hz,
            wall_s=None if self._ended_s is None else self._ended_s - self.zero_s,
            missing=tuple(self._on_call_clock(self._missing)),
            packets=int(self._rtp["packets"]),
            lost=int(self._rtp["lost"]),
            sent=self._rtp.get("sent"),
            reports=self._rtp.get("reports"),
            sent_lost=self._rtp.get("sent_lost"),
            jitter_buffer_s=self._rtp.get("jitter_buffer_ms", 0) / 1000,
            fault=self._fault or ("" if self._ended_s is not None else "softphone.worker_silent"),
        )

    def _on_call_clock(self, windows: list[tuple[float, float, int]]) -> list[Missing]:
        zero = self.zero_s
        return [Missing(max(0.0, start - zero), end - zero, n) for start, end, n in windows]

    def _command(self, what: str, **values: Any) -> None:
        self.worker.command(do=what, leg=self.leg, **values)

    # --- the worker's reader thread -------------------------------------------------------------------

    def take_event(self, event: dict[str, Any]) -> None:
        """Take one event of the worker's; called on its reader's thread."""
        with self._changed:
            getattr(self, f"_take_{event['event']}")(event)
            self._changed.notify_all()

    def _take_recording(self, event: dict[str, Any]) -> None:
        self._zero = (event["earliest_s"], event["latest_s"])

    def _take_dialled(self, _: dict[str, Any]) -> None:
        self._dialled = True

    def _take_signal(self, event: dict[str, Any]) -> None:
        self._signals.append(signal_from_dict(event["signal"]))

    def _take_playing(self, event: dict[str, Any]) -> None:
        times = {"earliest_s": event["earliest_s"], "latest_s": event["latest_s"]}
        self._signals.append(SipSignal(kind=PLAY, direction="tx", reason=Path(event["wav"]).name, **times))

    def _take_missing(self, event: dict[str, Any]) -> None:
        self._missing.append((event["start_s"], event["end_s"], event["packets"]))

    def _take_unsettled(self, event: dict[str, Any]) -> None:
        self._unsettled_s = event["since_s"]

    def _take_rtp(self, event: dict[str, Any]) -> None:
        self._rtp = event
        self._missing = [(start, end, packets) for start, end, packets in event["missing"]]
        self._unsettled_s = None

    def _take_recorded(self, event: dict[str, Any]) -> None:
        self._ended_s = event["ended_s"]
        if event.get("unheard") and any(s.kind == RESPONSE and 100 < s.status < 200 for s in self._signals):
            self._fault = "softphone.far_gone"

    def _take_error(self, event: dict[str, Any]) -> None:
        self._error = error_of(event["key"], **event["values"])

    def _take_lost(self, event: dict[str, Any]) -> None:
        now, self._unsettled_s = time.monotonic(), None
        if self._ended_s is None:
            wrong = event["status"] == WRONG_CERTIFICATE
            self._fault = "softphone.wrong_certificate" if wrong else "softphone.worker_lost"
            self._signals.append(
                SipSignal(earliest_s=now, latest_s=now, kind=FAULT, direction="own", reason=str(event["status"]))
            )
            if not self._released():
                self._farewell = threading.Thread(target=self._say_farewell, name=f"farewell {self.leg}")
                self._farewell.start()

    def _say_farewell(self) -> None:
        """Release in the dead process's name what it left up at the far end."""
        understood = say_farewell(self.trace, self.worker.line, self._take_spoken)
        now = time.monotonic()
        with self._changed:
            self._signals.append(
                SipSignal(
                    earliest_s=now, latest_s=now, kind=RELEASED, direction="own", status=200 if understood else 408
                )
            )

    def _take_spoken(self, direction: str, text: str, at_s: float) -> None:
        said = parse_message(text)
        with self._changed:
            self._signals.append(
                SipSignal(
                    earliest_s=at_s,
                    latest_s=at_s,
                    kind=ASIDE,
                    direction=direction,
                    method=said.method,
                    status=said.status,
                    reason=said.reason,
                    to_tag=said.to_tag,
                    headers=said.headers,
                )
            )
