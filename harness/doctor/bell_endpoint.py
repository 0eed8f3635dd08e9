"""A test telephone in a process of its own: registers, rings at the first call, picks up after a while, hangs up.

It reads one line of JSON (the line, how long to ring and to talk) and writes a line for each thing that happens, with
its instants on the monotonic clock. Every further call is refused as busy.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import ThirdringError
from harness.softphone.growing_wav import write_wav
from harness.softphone.line import line_from_dict
from harness.softphone.message import Message, parse_message
from harness.softphone.own_stdout import claim_stdout
from harness.softphone.pjsip import SipEndpoint
from harness.softphone.signals import REGISTRATION, RELEASED, SipSignal

POLL_S = 0.003
LAST_WORDS_S = 1.0


class TestTelephone:
    """Rings, picks up, hangs up."""

    __test__ = False  # pytest: not a test class

    def __init__(self, asked: dict[str, Any], out: int, *, silence_wav: Path) -> None:
        self._out, self._ring_s, self._talk_s = out, asked["ring_s"], asked["talk_s"]
        self._leg, self._next, self._rang = "", float("inf"), (0.0, 0.0)
        self._came_s: dict[str, float] = {}
        self._others: list[str] = []
        self.over = False
        self._endpoint = SipEndpoint(
            line_from_dict(asked["line"]),
            silence_wav=silence_wav,
            notify=self._notify,
            trace=self._trace,
            incoming=self._incoming,
        )
        self._tell(event="ready", port=self._endpoint.port)

    def _trace(self, direction: str, _: str, text: str, at_s: float) -> None:
        message = parse_message(text)
        if direction == "RX" and message.method == "INVITE" and not message.status:
            self._came_s.setdefault(message.call_id, at_s)

    def _incoming(self, leg_id: str, message: Message) -> None:
        if self._leg:
            self._others.append(leg_id)
            return
        self._leg = leg_id
        came_s = self._came_s.get(message.call_id, time.monotonic())
        self._endpoint.answer(leg_id, 180)
        # A SIP telephone rings when it has the INVITE and says so with its 180.
        self._tell(event="rang", earliest_s=came_s, latest_s=time.monotonic())
        self._next = time.monotonic() + self._ring_s
        self._answered = False

    def _notify(self, leg_id: str, told: SipSignal) -> None:
        if told.kind == REGISTRATION:
            self._tell(event="registered", status=told.status, reason=told.reason)
        if told.kind == RELEASED and leg_id == self._leg:
            self.over = True

    def turn(self) -> None:
        """Handle what came, then what is due."""
        self._endpoint.poll(POLL_S)
        for leg_id in self._others:
            self._endpoint.hang_up(leg_id, 486)
        self._others.clear()
        if time.monotonic() >= self._next and not self.over:
            self._step()

    def _step(self) -> None:
        if self._answered:
            self._endpoint.hang_up(self._leg)
            self._next = float("inf")
        else:
            self._endpoint.answer(self._leg, 200)
            self._answered, self._next = True, time.monotonic() + self._talk_s

    def leave(self, *, registered: bool) -> None:
        """Take the binding away, and give the last messages time to be answered."""
        if registered:
            self._endpoint.account.setRegistration(False)
        end = time.monotonic() + LAST_WORDS_S
        while time.monotonic() < end:
            self._endpoint.poll(POLL_S)

    def _tell(self, **event: Any) -> None:
        os.write(self._out, (json.dumps(event) + "\n").encode())


def main() -> None:
    """Run one test telephone until its call is over or its time is up."""
    out = claim_stdout()
    asked = json.loads(sys.stdin.readline())
    end = time.monotonic() + asked["longest_s"]
    with tempfile.TemporaryDirectory(prefix="thirdring-bell-") as folder:
        silence = Path(folder) / "silence.wav"
        write_wav(silence, np.zeros(16000, np.int16), sample_rate_hz=8000)
        try:
            telephone = TestTelephone(asked, out, silence_wav=silence)
            signal.signal(signal.SIGTERM, lambda *_: setattr(telephone, "over", True))
            while not telephone.over and time.monotonic() < end and os.getppid() != 1:
                telephone.turn()
            telephone.leave(registered=bool(asked["line"]["registrar"]))
        except ThirdringError as error:
            os.write(out, (json.dumps({"event": "error", "why": error.sentence()}) + "\n").encode())
    os._exit(0)  # libDestroy aborts when anything is still alive


if __name__ == "__main__":
    main()
