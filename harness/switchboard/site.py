"""One trunk of the embedded agency: a process with a SIP endpoint that takes four calls at once."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

import numpy as np

from harness.softphone.errors import SoftphoneError
from harness.softphone.growing_wav import write_wav
from harness.softphone.line import Line
from harness.softphone.message import Message, parse_message
from harness.softphone.own_stdout import claim_stdout
from harness.softphone.pjsip import SipEndpoint
from harness.softphone.signals import DIGIT, RELEASED, SipSignal
from harness.switchboard.performance import Performance
from harness.switchboard.script import AgencyScript, Site, load_script

POLL_S = 0.004
"""Longest sleep between two looks at what is due."""


class _Leg:
    """The telephone of one performance."""

    def __init__(self, endpoint: SipEndpoint, leg_id: str, sent: dict[int, float]) -> None:
        self._endpoint, self._leg_id = endpoint, leg_id
        self._sent = sent

    def answer(self, status: int) -> tuple[float, float]:
        """Send a response; gives when the stack was about to hand it to its socket, and by when it had."""
        before = time.monotonic()
        self._endpoint.answer(self._leg_id, status)
        return self._sent.get(status, before), time.monotonic()

    def play(self, wav: Path) -> float:
        """Send a sound; the middle of what is known of the instant of its sample 0."""
        return sum(self._endpoint.play(self._leg_id, wav, tick=lambda: self._endpoint.poll(0.001))) / 2

    def hang_up(self) -> None:
        """Release the call."""
        self._endpoint.hang_up(self._leg_id)


class Trunk:
    """Takes calls and performs their scripts."""

    def __init__(self, script: AgencyScript, site: Site, *, log: Path, silence_wav: Path) -> None:
        self._behaviours = {e.number: e for e in script.extension if e.site == site.id}
        self._log = log
        self._line = Line(
            id=site.id,
            transport=site.transport,
            bind="127.0.0.1",
            port=site.port,
            from_uri="sip:agency@127.0.0.1",
            codecs=site.codecs,
        )
        self._calls: dict[str, Performance] = {}
        self._sent: dict[str, dict[int, float]] = {}
        self._endpoint = SipEndpoint(
            self._line,
            silence_wav=silence_wav,
            notify=self._notify,
            trace=self._trace,
            incoming=self._incoming,
        )
        self.port = self._endpoint.port

    def _incoming(self, leg_id: str, message: Message) -> None:
        behaviour = self._behaviours.get(message.called)
        if behaviour is None:
            self._endpoint.answer(leg_id, 404)
            return
        rate = self._line.sample_rate_hz
        leg = _Leg(self._endpoint, leg_id, self._sent.setdefault(message.call_id, {}))
        self._calls[leg_id] = Performance(behaviour, leg, call=message.call_id, log=self._log, sample_rate_hz=rate)

    def _notify(self, leg_id: str, signal: SipSignal) -> None:
        performance = self._calls.get(leg_id)
        if signal.kind == "fault":
            print(signal.reason, file=sys.stderr, flush=True)
        if performance is None:
            return
        if signal.kind == DIGIT and signal.direction == "rx":
            performance.digit(signal.reason)
        if signal.kind == RELEASED:
            performance.released(signal.direction)
            del self._calls[leg_id]

    def _trace(self, direction: str, _: str, text: str, at_s: float) -> None:
        """Stamp what is about to be sent: pjsip logs a message right before its socket gets it."""
        message = parse_message(text) if direction == "TX" else None
        if message is not None and message.status and message.method == "INVITE":  # not the 200 to a PRACK
            self._sent.setdefault(message.call_id, {}).setdefault(message.status, at_s)

    def _give_up(self, leg_id: str) -> None:
        """A script that cannot be performed leaves no call up."""
        self._calls.pop(leg_id, None)
        if leg_id in self._endpoint.legs_up():
            self._endpoint.hang_up(leg_id)

    def turn(self) -> None:
        """Handle what came, then what is due."""
        now = time.monotonic()
        due = [now + POLL_S]
        for leg_id, performance in list(self._calls.items()):
            try:
                due.append(performance.go_on(now) or now + POLL_S)
            except SoftphoneError as error:
                print(f"{leg_id}: {error}", file=sys.stderr, flush=True)
                self._give_up(leg_id)
        self._endpoint.poll(max(0.0, min(due) - time.monotonic()))


def main() -> None:
    """Run one trunk until told to stop; its first line of output names its port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("script", type=Path)
    parser.add_argument("--site", required=True)
    parser.add_argument("--truth", type=Path, required=True)
    options = parser.parse_args()
    own_stdout = claim_stdout()
    script = load_script(options.script)
    site = next(s for s in script.site if s.id == options.site)
    stopped: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        stopped.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with tempfile.TemporaryDirectory(prefix="thirdring-site-") as folder:
        silence = Path(folder) / "silence.wav"
        write_wav(silence, np.zeros(16000 * 60, np.int16), sample_rate_hz=16000)
        trunk = Trunk(script, site, log=options.truth, silence_wav=silence)
        os.write(own_stdout, (json.dumps({"site": site.id, "port": trunk.port}) + "\n").encode())
        while not stopped and os.getppid() != 1:
            trunk.turn()
    os._exit(0)


if __name__ == "__main__":
    main()
