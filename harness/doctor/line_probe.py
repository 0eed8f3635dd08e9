"""A process that opens one line, registers where asked, and asks the server with OPTIONS. It cannot dial.

It reads one line of JSON (the line, the server's URI, how long to wait) and writes one: every message with its
instant on the monotonic clock, and how the registration ended.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import ThirdringError
from harness.sip_trace import without_digest
from harness.softphone.growing_wav import write_wav
from harness.softphone.line import line_from_dict
from harness.softphone.own_stdout import claim_stdout
from harness.softphone.pjsip import SipEndpoint
from harness.softphone.signals import REGISTRATION, SipSignal

POLL_S = 0.003
GOODBYE_S = 2.0
"""How long the server may take to answer that we leave it."""


class Probe:
    """One line, opened to be looked at."""

    def __init__(self, line: dict[str, Any], *, silence_wav: Path) -> None:
        self.messages: list[tuple[str, str, str, float]] = []
        self.registered: SipSignal | None = None
        self.opened_s = time.monotonic()
        self._endpoint = SipEndpoint(
            line_from_dict(line), silence_wav=silence_wav, notify=self._notify, trace=self._trace
        )
        self._registers = bool(line["registrar"])

    def _notify(self, _: str, signal: SipSignal) -> None:
        if signal.kind == REGISTRATION:
            self.registered = signal

    def _trace(self, direction: str, peer: str, text: str, at_s: float) -> None:
        self.messages.append((direction, peer, without_digest(text), at_s))

    def look(self, server: str, *, wait_s: float) -> None:
        """Wait for the registration, then for an answer to OPTIONS; each at most `wait_s`."""
        if self._registers:
            self._poll_until(lambda: self.registered is not None, wait_s)
        if not self._registers or self._accepted:
            self._endpoint.ask(server)
            self._poll_until(lambda: self._answered("OPTIONS"), wait_s)
        if self._accepted:
            self._leave()

    @property
    def _accepted(self) -> bool:
        return self.registered is not None and 200 <= self.registered.status < 300

    def _answered(self, method: str) -> bool:
        ends = (text for direction, _, text, _ in self.messages if direction == "RX" and f" {method}" in text)
        return any(text.startswith("SIP/2.0 ") and not text.startswith("SIP/2.0 1") for text in ends)

    def _leave(self) -> None:
        """Take the binding away again: nobody is to be led to a process that has ended."""
        self.registered = None
        self._endpoint.account.setRegistration(False)
        self._poll_until(lambda: self.registered is not None, GOODBYE_S)

    def _poll_until(self, done: Any, wait_s: float) -> None:
        end = time.monotonic() + wait_s
        while not done() and time.monotonic() < end:
            self._endpoint.poll(POLL_S)


def main() -> None:
    """Look at the line that standard input names; end without tearing pjsua2 down."""
    out = claim_stdout()
    asked = json.loads(sys.stdin.readline())
    told: dict[str, Any] = {"messages": [], "status": None, "error": None}
    with tempfile.TemporaryDirectory(prefix="thirdring-doctor-") as folder:
        silence = Path(folder) / "silence.wav"
        write_wav(silence, np.zeros(16000, np.int16), sample_rate_hz=8000)
        try:
            probe = Probe(asked["line"], silence_wav=silence)
            probe.look(asked["server"], wait_s=asked["wait_s"])
            told |= {"messages": probe.messages, "opened_s": probe.opened_s}
        except ThirdringError as error:
            told["error"] = {"zh": error.sentence("zh"), "en": error.sentence("en")}
    data = json.dumps(told).encode() + b"\n"
    while data:
        data = data[os.write(out, data) :]
    os._exit(0)  # libDestroy aborts when anything is still alive


if __name__ == "__main__":
    main()
