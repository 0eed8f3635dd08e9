"""Says what a dead process can say no more: CANCEL or BYE from its own address, until the far end has understood."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.sip_trace import Traced, read_trace
from harness.softphone.certificate import SYSTEM_CERTIFICATES
from harness.softphone.digest import answer_challenge
from harness.softphone.farewell import Farewell, acknowledge, farewells
from harness.softphone.line import Line
from harness.softphone.message import parse_message
from harness.softphone.trace import Logged, TraceFile

LONGEST_S = 6.0
"""So long a far end may take: four repetitions (RFC 3261 §17.1.2.2); it is not there if it has not answered then."""
T1_S = 0.5
GONE = (408, 481)
"""The far end knows of no such call any more (RFC 3261 §12.2.1.2)."""

Told = Callable[[str, str, float], None]


def say_farewell(trace: Path, line: Line, told: Told) -> bool:
    """Release all that a trace leaves up; `told` gets direction, text and instant of each message.

    True when every far end has understood, or nothing was up. Never raises.
    """
    file = TraceFile(trace) if trace.exists() else None
    understood = True
    for farewell in farewells(read_trace(trace)):
        try:
            with _Speaker(farewell, line) as speaker:
                understood &= _Exchange(farewell, line, speaker, file, told).run()
        except OSError:
            understood = False
    if file is not None:
        file.close()
    return understood


class _Speaker:
    """A socket from the address that the dead process had, where it can be had."""

    def __init__(self, farewell: Farewell, line: Line) -> None:
        self._stream = farewell.transport != "udp"
        self._peer, self._pending = farewell.peer, b""
        if self._stream:
            self._socket = socket.create_connection(farewell.peer, timeout=2.0)
            if farewell.transport == "tls":
                self._socket = _encrypted(self._socket, line, farewell.peer[0])
        else:
            self._socket = _datagrams(farewell)
        self._socket.settimeout(0.05)

    def __enter__(self) -> _Speaker:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, text: str) -> None:
        if self._stream:
            self._socket.sendall(text.encode("utf-8", "surrogateescape"))
        else:
            self._socket.sendto(text.encode("utf-8", "surrogateescape"), self._peer)

    def receive(self) -> str:
        """The next message; empty when none came within a moment."""
        if self._stream and self._pending and (whole := self._first()):
            return whole
        try:
            data = self._socket.recv(65536)
        except (TimeoutError, ConnectionRefusedError):
            return ""
        self._pending = self._pending + data if self._stream else data
        return self._first() if self._stream else data.decode("utf-8", "surrogateescape")

    def _first(self) -> str:
        """The first whole message of a stream (RFC 3261 §18.3); empty where none is whole."""
        head, end, body = self._pending.lstrip(b"\r\n").partition(b"\r\n\r\n")
        found = re.search(rb"(?im)^(?:Content-Length|l)\s*:\s*(\d+)", head)
        length = int(found[1]) if found else 0
        if not end or len(body) < length:
            return ""
        self._pending = body[length:]
        return (head + end + body[:length]).decode("utf-8", "surrogateescape")


def _datagrams(farewell: Farewell) -> socket.socket:
    family = socket.AF_INET6 if ":" in farewell.peer[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(farewell.local)
    except OSError:  # somebody else has the port by now: the far end answers to where it came from (RFC 3581)
        made.bind((farewell.local[0] or ("::" if family == socket.AF_INET6 else "0.0.0.0"), 0))
    return made


def _encrypted(plain: socket.socket, line: Line, host: str) -> socket.socket:
    context = ssl.create_default_context(cafile=line.tls_ca_file or SYSTEM_CERTIFICATES or None)
    if not line.tls_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=line.tls_server_name or host)


@dataclass
class _Exchange:
    """One farewell until it is understood."""

    farewell: Farewell
    line: Line
    speaker: _Speaker
    file: TraceFile | None
    told: Told
    tries: int = 0
    authorization: str = ""

    def run(self) -> bool:
        end, pause, due, text = time.monotonic() + LONGEST_S, T1_S, 0.0, ""
        while time.monotonic() < end:
            if time.monotonic() >= due:
                text = text or self.farewell.text(authorization=self.authorization, again=self.tries)
                self._say(text)  # said again it is the same transaction, to the letter
                due, pause = time.monotonic() + pause, 2 * pause
            came = self.speaker.receive()
            if came:
                self._note("rx", came)
                if self._understood(came):
                    return True
                if self._changed(came):
                    text, due = "", 0.0
        return False

    def _say(self, text: str) -> None:
        self.speaker.send(text)
        self._note("tx", text)

    def _note(self, direction: str, text: str) -> None:
        at_s = time.monotonic()
        peer = f"{self.farewell.transport.upper()} {self.farewell.peer[0]}:{self.farewell.peer[1]}"
        if self.file is not None:
            self.file.add(Logged(direction, peer, text), at_s)
        self.told(direction, text, at_s)

    def _understood(self, text: str) -> bool:
        said = parse_message(text)
        if said.call_id != self.farewell.invite.value("call-id"):
            return False
        if not said.status:
            return said.method == "BYE"  # it lets go itself
        if said.method == "INVITE" and said.status >= 300:
            self._say(acknowledge(self.farewell.invite, text))
            return True
        return said.method == "BYE" and (200 <= said.status < 300 or said.status in GONE)

    def _changed(self, text: str) -> bool:
        """Whether what came asks for another message: it was answered after all, or it asks who we are."""
        said = parse_message(text)
        if said.method == "INVITE" and 200 <= said.status < 300 and self.farewell.method == "CANCEL":
            self._say(acknowledge(self.farewell.invite, text))
            answer = Traced(0.0, "rx", self.farewell.said.peer, text)
            self.farewell = Farewell("BYE", self.farewell.invite, answer, self.farewell.cseq)
            return True
        if said.status in (401, 407) and said.method == "BYE" and not self.authorization:
            self.authorization = self._credentials(text, said.status)
            self.tries += bool(self.authorization)
            return bool(self.authorization)
        return False

    def _credentials(self, text: str, status: int) -> str:
        name = "Authorization" if status == 401 else "Proxy-Authorization"
        found = re.search(r"(?im)^(?:WWW|Proxy)-Authenticate\s*:\s*(.*?)\r?$", text)
        uri = self.farewell.text().split(" ", 2)[1]
        challenge, user, secret = found[1] if found else "", self.line.user, self.line.secret
        said = answer_challenge(challenge, method="BYE", uri=uri, user=user, secret=secret)
        return f"{name}: {said}\r\n" if said else ""
