"""A far end that does what no well-behaved PBX would: answers message by message as a test says, over UDP.

It speaks only as much SIP and RTP as the tests need; the product never uses it.
"""

from __future__ import annotations

import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

FRAME = 160
"""Samples of G.711 in 20 ms."""


@dataclass
class Dialog:
    """One INVITE and what was heard since."""

    invite: str
    """The INVITE's text."""
    source: tuple[str, int]
    """Where it came from."""
    requests: list[str] = field(default_factory=list)
    """Methods of the requests after it."""
    messages: list[str] = field(default_factory=list)
    """All that came of this Call-ID, the INVITE first."""
    cseq: int = 100
    """CSeq of the last request of ours in it."""
    gone: bool = False
    """Whether nothing is answered any more, as by a telephone that was unplugged."""

    @property
    def called(self) -> str:
        """User part of the Request-URI."""
        return re.match(r"INVITE sips?:([^@;>]+)@", self.invite).group(1)  # type: ignore[union-attr]

    @property
    def call_id(self) -> str:
        """Call-ID of the INVITE."""
        return header(self.invite, "Call-ID")

    def texts(self, start: str) -> list[str]:
        """The messages whose first line begins so: `"BYE "`, `"SIP/2.0 603"`."""
        return [text for text in self.messages if text.startswith(start)]

    @property
    def media(self) -> tuple[str, int]:
        """Where the caller wants to hear sound."""
        return _host(self.source), int(re.search(r"m=audio (\d+)", self.invite).group(1))  # type: ignore[union-attr]


class SipPeer:
    """Listens on a free port of 127.0.0.1; `script` is run in a thread of its own for each INVITE."""

    def __init__(
        self,
        script: Callable[[SipPeer, Dialog], None],
        *,
        answers_bye: bool = True,
        cancels: bool = True,
        host: str = "127.0.0.1",
    ) -> None:
        self._script, self._answers_bye, self._cancels = script, answers_bye, cancels
        self.acknowledges_with, self.params, self.host = "", "", host
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.settimeout(0.1)
        self.address = f"{f'[{host}]' if ':' in host else host}:{self._socket.getsockname()[1]}"
        self.dialogs: dict[str, Dialog] = {}
        self._strays: dict[str, list[str]] = {}
        self._threads: list[threading.Thread] = []
        self.stopping = threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        for thread in (self._thread, *self._threads):
            thread.join(5)
        self._socket.close()

    def _listen(self) -> None:
        while not self.stopping.is_set():
            try:
                data, source = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            self._take(data.decode("utf-8", "replace"), source)

    def _take(self, text: str, source: tuple[str, int]) -> None:
        method, call = text.split(" ", 1)[0], header(text, "Call-ID")
        if call in self._strays:
            self._strays[call].append(text)
        if call in self.dialogs:
            self.dialogs[call].messages.append(text)
            self._acknowledge(text, self.dialogs[call])
        if (
            method == "INVITE"
            and call in self.dialogs
            and header(text, "CSeq") != header(self.dialogs[call].invite, "CSeq")
        ):
            self.dialogs[call].invite = text  # asked again with credentials, or a re-INVITE: the script answers it
        if method == "INVITE" and call not in self.dialogs:
            dialog = self.dialogs[call] = Dialog(text, source, messages=[text])
            self._threads.append(threading.Thread(target=self._script, args=(self, dialog), daemon=True))
            self._threads[-1].start()
        elif call in self.dialogs and method not in ("INVITE", "SIP/2.0"):
            self.dialogs[call].requests.append(method)
            if self.dialogs[call].gone:
                return
            if method != "ACK" and (method != "BYE" or self._answers_bye):
                self._send(_response(text, 200, "OK", "peer"), source)
            if method == "CANCEL" and self._cancels:
                self._send(_response(self.dialogs[call].invite, 487, "Request Terminated", "peer"), source)

    def _acknowledge(self, text: str, dialog: Dialog) -> None:
        """Acknowledge the final response to a re-INVITE of ours."""
        if re.match(r"SIP/2.0 [2-6]", text) and header(text, "CSeq").endswith(" INVITE"):
            number = header(text, "CSeq").split()[0]
            lines = "".join(f"{name}: {header(text, name)}\r\n" for name in ("Via", "From", "To", "Call-ID"))
            head = f"ACK {_uri(dialog)} SIP/2.0\r\n{lines}CSeq: {number} ACK\r\nMax-Forwards: 70\r\n"
            body = self.acknowledges_with
            kind = "Content-Type: application/sdp\r\n" if body else ""
            self._send(f"{head}{kind}Content-Length: {len(body)}\r\n\r\n{body}", dialog.source)

    def respond(
        self,
        dialog: Dialog,
        status: int,
        reason: str,
        *,
        tag: str = "peer",
        sdp_port: int | None = None,
        headers: str = "",
        sdp: str | None = None,
        to: str = "",
    ) -> None:
        """Send a response to the INVITE (or to the request whose text is `to`).

        With a session description where a port, or the description itself, is given; `headers` end with CRLF.
        """
        contact = (
            "" if re.search(r"(?im)^Contact\s*:", headers) else f"Contact: <sip:peer@{self.address}{self.params}>\r\n"
        )
        body = sdp if sdp is not None else sdp_of(sdp_port) if sdp_port is not None else ""
        text = _response(to or dialog.invite, status, reason, tag, extra=contact + headers, body=body)
        self._send(text, dialog.source)

    def request(
        self, dialog: Dialog, method: str, *, headers: str = "", sdp: str | None = None, tag: str = "peer"
    ) -> None:
        """Send a request in the dialog."""
        dialog.cseq += 1
        body = sdp or ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._send(
            f"{method} {_uri(dialog)} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{random.getrandbits(48):x}\r\n"
            f"From: {header(dialog.invite, 'To')};tag={tag}\r\nTo: {header(dialog.invite, 'From')}\r\n"
            f"Call-ID: {dialog.call_id}\r\nCSeq: {dialog.cseq} {method}\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:peer@{self.address}{self.params}>\r\n"
            f"{headers}{kind}Content-Length: {len(body)}\r\n\r\n{body}",
            dialog.source,
        )

    def stranger(self, dialog: Dialog, method: str, call_id: str, *, headers: str = "") -> None:
        """Send the caller a request that belongs to no dialog of its own."""
        self._strays[call_id] = []
        self._send(
            f"{method} {_uri(dialog)} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{random.getrandbits(48):x}\r\n"
            f"From: <sip:stranger@{self.address}>;tag=1\r\nTo: <{_uri(dialog)}>\r\nCall-ID: {call_id}\r\n"
            f"CSeq: 1 {method}\r\nMax-Forwards: 70\r\nContact: <sip:stranger@{self.address}>\r\n{headers}"
            "Content-Length: 0\r\n\r\n",
            dialog.source,
        )

    def answers_to(self, call_id: str) -> str:
        """The final response to a stranger's request."""
        self.wait(lambda: self._finals(call_id))
        return next(iter(self._finals(call_id)), "")

    def _finals(self, call_id: str) -> list[str]:
        return [text for text in self._strays[call_id] if re.match(r"SIP/2.0 [2-6]", text)]

    def wait(self, ready: Callable[[], object], seconds: float = 8.0) -> bool:
        """Wait until something came; whether it did."""
        end = time.monotonic() + seconds
        while not ready() and time.monotonic() < end and not self.stopping.is_set():
            time.sleep(0.005)
        return bool(ready())

    def _send(self, text: str, target: tuple[str, int]) -> None:
        self._socket.sendto(text.encode(), target)


class Rtp:
    """A media port: sends frames of A-law every 20 ms and keeps what comes."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self.received: list[bytes] = []
        self._sequence, self._frames, self._ssrc = 0, 0, random.getrandbits(32)

    def one(self, target: tuple[str, int], frame: bytes, *, kind: int = 8, pause: int = 0) -> None:
        """Send one packet of a payload type, the next of its sequence, after a pause of so many frames."""
        self._frames += pause + 1
        timestamp = self._frames * FRAME & 0xFFFFFFFF
        head = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if pause else 0), self._sequence & 0xFFFF, timestamp, self._ssrc
        )
        self._sequence += 1
        self._socket.sendto(head + frame, target)
        self._collect()

    def send(self, target: tuple[str, int], frame: bytes, seconds: float) -> None:
        """Send one frame again and again for so long, at its times; collects what comes meanwhile."""
        start = time.monotonic()
        for n in range(round(seconds / 0.020)):
            self.one(target, frame)
            while time.monotonic() < start + (n + 1) * 0.020:
                self._collect()
                time.sleep(0.002)

    def _collect(self) -> None:
        try:
            while True:
                self.received.append(self._socket.recv(2048)[12:])
        except BlockingIOError:
            return

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def header(text: str, name: str) -> str:
    """First value of a header; empty where there is none."""
    found = re.search(rf"(?im)^{name}\s*:\s*(.*?)\r?$", text)
    return found.group(1) if found else ""


def _host(source: tuple[str, int]) -> str:
    return source[0]


def _uri(dialog: Dialog) -> str:
    """Where requests in the dialog go: the caller's Contact."""
    return re.search(r"sips?:[^>]+", header(dialog.invite, "Contact")).group(0)  # type: ignore[union-attr]


def _response(request: str, status: int, reason: str, tag: str, *, extra: str = "", body: str = "") -> str:
    vias = "".join(f"Via: {value}\r\n" for value in re.findall(r"(?im)^Via\s*:\s*(.*?)\r?$", request))
    copied = "".join(f"{name}: {header(request, name)}\r\n" for name in ("From", "Call-ID", "CSeq"))
    to = header(request, "To")
    to = to if "tag=" in to else f"{to};tag={tag}"
    kind = "Content-Type: application/sdp\r\n" if body else ""
    length = f"Content-Length: {len(body)}\r\n\r\n"
    return f"SIP/2.0 {status} {reason}\r\n{vias}To: {to}\r\n{copied}{extra}{kind}{length}{body}"


def sdp_of(port: int, *, host: str = "127.0.0.1", direction: str = "sendrecv", version: int = 1) -> str:
    """A session description of one A-law stream."""
    family = "IP6" if ":" in host else "IP4"
    head = f"v=0\r\no=- 1 {version} IN {family} {host}\r\ns=-\r\nc=IN {family} {host}\r\nt=0 0\r\n"
    return f"{head}m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na={direction}\r\n"
