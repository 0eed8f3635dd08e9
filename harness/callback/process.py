"""The process that takes incoming calls on one line: it is told its line on standard input and ends when that closes.

Its first event names its port, each further one a call; a crash of the SIP stack costs this process alone.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from pathlib import Path
from typing import Any

from harness.callback.desk import CallBack, Desk, Limits
from harness.softphone.errors import SoftphoneError
from harness.softphone.line import line_from_dict
from harness.softphone.message import Message
from harness.softphone.own_stdout import claim_stdout
from harness.softphone.pjsip import SipEndpoint
from harness.softphone.signals import REGISTRATION, SipSignal

POLL_S = 0.010
LAST_WORDS_S = 1.5
"""How long an ending process waits for its BYEs to be answered."""


class Attendant:
    """One SIP endpoint and its desk."""

    def __init__(self, told: dict[str, Any], events: int) -> None:
        self._events = events
        line = line_from_dict(told["line"])
        self._desk = Desk(
            self,
            line=line.id,
            numbers=frozenset(told["numbers"]),
            sentence=Path(told["sentence"]),
            sentence_s=float(told["sentence_s"]),
            tell=self._told,
            limits=Limits(**told["limits"]),
        )
        self._endpoint = SipEndpoint(
            line, silence_wav=Path(told["silence_wav"]), notify=self._notify, incoming=self._incoming
        )
        self._send(event="ready", port=self._endpoint.port)

    # --- the desk's telephone -------------------------------------------------------------------------

    def answer(self, leg_id: str, status: int) -> None:
        """Send a response."""
        self._endpoint.answer(leg_id, status)

    def play(self, leg_id: str, wav: Path) -> None:
        """Begin to play a sound."""
        self._endpoint.play(leg_id, wav, tick=lambda: self._endpoint.poll(0.001))

    def hang_up(self, leg_id: str) -> None:
        """Release the call."""
        self._endpoint.hang_up(leg_id)

    # --- what happens ---------------------------------------------------------------------------------

    def _incoming(self, leg_id: str, invite: Message) -> None:
        self._desk.came(leg_id, invite, now_s=time.monotonic())

    def _notify(self, leg_id: str, signal: SipSignal) -> None:
        if signal.kind == REGISTRATION:
            self._send(event="registration", status=signal.status, reason=signal.reason)
        self._desk.take(leg_id, signal, now_s=time.monotonic())

    def _told(self, call: CallBack) -> None:
        self._send(event="call", call=call.to_dict())

    def _send(self, **event: Any) -> None:
        os.write(self._events, (json.dumps(event) + "\n").encode())

    def run(self) -> None:
        """Take calls until standard input closes, then hang up what is up."""
        while not self._left_alone():
            self.turn()
        for leg_id in self._endpoint.legs_up():
            self._try(lambda leg=leg_id: self._endpoint.hang_up(leg))
        end = time.monotonic() + LAST_WORDS_S
        while self._endpoint.legs_up() and time.monotonic() < end:
            self._endpoint.poll(POLL_S)

    def turn(self) -> None:
        """Handle what came, then what is due."""
        self._endpoint.poll(POLL_S)
        self._try(lambda: self._desk.turn(now_s=time.monotonic()))

    def _try(self, what: Any) -> None:
        try:
            what()
        except SoftphoneError as error:  # a caller that was quicker than our sentence
            print(error, file=sys.stderr, flush=True)

    def _left_alone(self) -> bool:
        return bool(select.select([0], [], [], 0)[0]) and not os.read(0, 4096)


def main() -> None:
    """Run on what the first line of standard input says."""
    events = claim_stdout()
    told = json.loads(sys.stdin.buffer.readline())
    Attendant(told, events).run()
    sys.stderr.flush()
    # libDestroy aborts when anything is still alive; the system frees all that this process holds.
    os._exit(0)


if __name__ == "__main__":
    main()
