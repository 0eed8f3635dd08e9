"""One softphone process: a pjsua2 endpoint of at most four legs, commanded by lines of JSON.

Commands come on standard input, events go to the descriptor that standard output was; whatever a library
prints goes to standard error. When the commander goes away the worker hangs up and ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from harness.softphone.errors import SoftphoneError
from harness.softphone.follow import leads_from_dict
from harness.softphone.line import line_from_dict
from harness.softphone.own_stdout import claim_stdout
from harness.softphone.pjsip import SipEndpoint, loaded
from harness.softphone.signals import RELEASED, RESPONSE, SipSignal
from harness.softphone.stream_looks import StreamLooks
from harness.softphone.trace import Logged, TraceFile

POLL_S = 0.003
"""Longest blind spell: a received message is stamped within an interval no wider than this on a quiet machine."""
CLOSE_S = 0.080
"""A recorder that is let go writes its last block within the bridge's next frames."""
UNHEARD_S = 4.0
"""A CANCEL is said four times until then (RFC 3261 §17.1.2.2); a far end that says nothing to it is not there."""
INFO_GAP_S = 0.250
"""From one SIP INFO digit to the next."""
LAST_WORDS_S = 3.5
"""How long an ending worker waits for its BYEs and CANCELs to be answered: three repetitions (RFC 3261 §17.1)."""


class Worker:
    """Executes commands on the endpoint and reports what happens."""

    def __init__(self, commands: int, events: int) -> None:
        self._commands, self._events = commands, events
        self._pending = b""
        self._traces: dict[str, TraceFile] = {}
        self._known: set[str] = set()
        self._looked = 0.0
        self._closing: dict[str, float] = {}
        self._to_press: list[tuple[float, dict[str, Any]]] = []
        self.running = True

    def start(self) -> None:
        """Read the line from the first command and open the endpoint."""
        ready = self._read_line()
        line = line_from_dict(ready["line"])
        self._endpoint = SipEndpoint(
            line,
            silence_wav=Path(ready["silence_wav"]),
            notify=self._notify,
            traced=self._traced,
            dropped=self._dropped,
        )
        self._streams = StreamLooks(self._endpoint, self._send)
        self._send(event="ready", port=self._endpoint.port, most_legs=loaded().most_calls)

    def fail(self, error: SoftphoneError) -> None:
        """Say why there is no telephone."""
        self._send(event="failed", key=error.key, values=error.values)

    def run(self) -> None:
        """Poll until told to quit or left alone, then hang up what is still up."""
        while self.running:
            self._turn(self._spell_s())
        for leg_id in self._endpoint.legs_up():
            self._try_hang_up(leg_id)
        self._endpoint.unregister()
        end = time.monotonic() + LAST_WORDS_S
        while (self._endpoint.legs_up() or self._endpoint.unsettled()) and time.monotonic() < end:
            self._turn(POLL_S)
        self._report_recorded(time.monotonic() + CLOSE_S)

    def _spell_s(self) -> float:
        if not self._endpoint.stamped:
            return POLL_S
        # A library that waits whole milliseconds would wake just before it is due, and look twice.
        return min(max(self._looked + self._streams.every_s + 0.001 - time.monotonic(), 0.001), self._streams.every_s)

    def _turn(self, timeout_s: float) -> None:
        self._endpoint.poll(timeout_s)
        for command in self._read_commands():
            self._obey(command)
        now = time.monotonic()
        self._press_due(now)
        if now - self._looked >= self._streams.every_s:
            self._looked = now
            self._streams.look(now)
            self._report_recorded(now)

    # --- commands -----------------------------------------------------------------------------------

    def _read_line(self) -> dict[str, Any]:
        while b"\n" not in self._pending:
            data = os.read(self._commands, 65536)
            if not data:
                raise SystemExit(0)
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return dict(json.loads(line))

    def _read_commands(self) -> list[dict[str, Any]]:
        while select.select([self._commands], [], [], 0)[0]:
            data = os.read(self._commands, 65536)
            if not data:
                self.running = False
                break
            self._pending += data
        *lines, self._pending = self._pending.split(b"\n")
        return [dict(json.loads(line)) for line in lines if line]

    def _obey(self, command: dict[str, Any]) -> None:
        what, leg = command["do"], command.get("leg", "")
        if leg in self._known and leg not in self._endpoint.legs_up():
            return  # the far end was quicker: its release is in the stream already
        try:
            getattr(self, f"_do_{what}")(command)
        except SoftphoneError as error:
            self._send(event="error", leg=leg, do=what, key=error.key, values=error.values)

    def _do_dial(self, command: dict[str, Any]) -> None:
        leg = command["leg"]
        self._known.add(leg)
        self._traces[leg] = TraceFile(Path(command["trace"]))
        far, near = Path(command["far"]), Path(command["near"])
        earliest, latest = self._endpoint.record(leg, far=far, near=near, tick=self._tick)
        self._send(event="recording", leg=leg, earliest_s=earliest, latest_s=latest)
        self._streams.begin(leg, looked_s=latest)
        self._endpoint.dial(
            leg,
            command["uri"],
            headers=command.get("headers", {}),
            leads=leads_from_dict(command.get("leads")),
            caller_id=command.get("caller_id", ""),
            line=line_from_dict(command["line"]) if command.get("line") else None,
        )
        self._send(event="dialled", leg=leg)

    def _do_play(self, command: dict[str, Any]) -> None:
        earliest, latest = self._endpoint.play(command["leg"], Path(command["wav"]), tick=self._tick)
        self._send(event="playing", leg=command["leg"], earliest_s=earliest, latest_s=latest, wav=command["wav"])

    def _do_digits(self, command: dict[str, Any]) -> None:
        # INFO requests may overtake each other (RFC 6086 §7): one digit at a time. RFC 4733 keeps their order itself.
        parts = list(command["digits"]) if command["method"] == "info" else [command["digits"]]
        # What is still to be pressed comes first: no later press may come between its digits.
        waiting = [at_s + INFO_GAP_S for at_s, press in self._to_press if press["leg"] == command["leg"]]
        first = max([time.monotonic(), *waiting])
        self._to_press += [(first + n * INFO_GAP_S, {**command, "digits": part}) for n, part in enumerate(parts)]

    def _press_due(self, now: float) -> None:
        due = [command for at_s, command in self._to_press if at_s <= now]
        self._to_press = [(at_s, command) for at_s, command in self._to_press if at_s > now]
        for command in due:
            self._obey({**command, "do": "press"})

    def _do_press(self, command: dict[str, Any]) -> None:
        before = time.monotonic()
        self._endpoint.send_digits(command["leg"], command["digits"], method=command["method"])
        self._endpoint.emit(
            command["leg"], "digit", "tx", before=before, method=command["method"], reason=command["digits"]
        )

    def _do_bridge(self, command: dict[str, Any]) -> None:
        other = command["other"]
        if other not in self._endpoint.legs_up():
            return  # it went in this very moment: its release is in its own stream
        try:
            self._endpoint.bridge(command["leg"], other, talk=command["talk"])
        except SoftphoneError as error:  # whatever is wrong with whoever joins in costs the call nothing
            self._send(event="error", leg=other, do="bridge", key=error.key, values=error.values)

    def _do_ask(self, command: dict[str, Any]) -> None:
        self._endpoint.ask_leg(command["leg"])

    def _do_hold(self, command: dict[str, Any]) -> None:
        self._endpoint.hold(command["leg"])

    def _do_resume(self, command: dict[str, Any]) -> None:
        self._endpoint.resume(command["leg"])

    def _do_hang_up(self, command: dict[str, Any]) -> None:
        self._endpoint.hang_up(command["leg"])

    def _do_quit(self, _: dict[str, Any]) -> None:
        self.running = False

    def _do_crash(self, _: dict[str, Any]) -> None:
        """Die as a failed assertion of the C library would: for the tests of the supervision."""
        os.abort()

    def _tick(self) -> None:
        self._endpoint.poll(0.001)

    def _try_hang_up(self, leg_id: str) -> None:
        try:
            self._endpoint.hang_up(leg_id)
        except SoftphoneError as error:
            self._send(event="error", leg=leg_id, do="hang_up", key=error.key, values=error.values)

    # --- events -------------------------------------------------------------------------------------

    def _send(self, **event: Any) -> None:
        data = (json.dumps(event) + "\n").encode()
        try:
            while data:
                data = data[os.write(self._events, data) :]
        except BrokenPipeError:
            self.running = False

    def _notify(self, leg: str, signal: SipSignal) -> None:
        self._send(event="signal", leg=leg, signal=signal.to_dict())
        if signal.kind == RELEASED:
            self._streams.end(leg)
        elif signal.kind == RESPONSE and signal.method == "INVITE" and 200 <= signal.status < 300:
            self._streams.answered(leg, signal.latest_s)

    def _dropped(self, leg: str) -> None:
        self._closing[leg] = time.monotonic()

    def _report_recorded(self, now: float) -> None:
        for leg, ended in list(self._closing.items()):
            unheard = self._endpoint.dialogs.unheard(leg)
            if now - ended >= (UNHEARD_S if unheard and self.running else CLOSE_S):
                del self._closing[leg]
                self._close_trace(leg)
                self._send(event="recorded", leg=leg, ended_s=ended, unheard=unheard)

    def _close_trace(self, leg: str) -> None:
        """Whoever is told that a call is recorded takes the hash of its messages: nothing is added any more, such as a
        BYE that a dead far end is sent for half a minute."""
        trace = self._traces.pop(leg, None)
        if trace is not None:
            trace.close()

    def _traced(self, leg: str, message: Logged, at_s: float) -> None:
        file = self._traces.get(leg)
        if file is not None:
            file.add(message, at_s)


def main() -> None:
    """Run one worker on the descriptors it was given; end without tearing pjsua2 down."""
    # Ctrl-C goes to all processes of a terminal: what becomes of a call is its commander's to say. It ends with that.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Worker(0, claim_stdout())
    try:
        worker.start()
    except SoftphoneError as error:
        worker.fail(error)
        os._exit(1)
    worker.run()
    sys.stderr.flush()
    # libDestroy aborts when anything is still alive; the system frees all that this process holds.
    os._exit(0)


if __name__ == "__main__":
    main()
