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

    @property
    def media(self) -> tuple[str, int]:
        """Where the caller wants to hear sound."""
        return "127.0.0.1", int(re.search(r"m=audio (\d+)", self.invite).group(1))  # type: ignore[union-attr]


class SipPeer:
    """Listens on a free port of 127.0.0.1; `script` is run in a thread of its own for each INVITE."""

    def __init__(self, script: Callable[[SipPeer, Dialog], None], *, answers_bye: bool = True) -> None:
        self._script, self._answers_bye = script, answers_bye
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.dialogs: dict[str, Dialog] = {}
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
        method, call = text.split(" ", 1)[0], _header(text, "Call-ID")
        if method == "INVITE" and call not in self.dialogs:
            dialog = self.dialogs[call] = Dialog(text, source)
            self._threads.append(threading.Thread(target=self._script, args=(self, dialog), daemon=True))
            self._threads[-1].start()
        elif call in self.dialogs and method not in ("INVITE", "SIP/2.0"):
            self.dialogs[call].requests.append(method)
            if method != "ACK" and (method != "BYE" or self._answers_bye):
                self._send(_response(text, 200, "OK", "peer"), source)
            if method == "CANCEL":
                self._send(_response(self.dialogs[call].invite, 487, "Request Terminated", "peer"), source)

    def respond(
        self, dialog: Dialog, status: int, reason: str, *, tag: str = "peer", sdp_port: int | None = None
    ) -> None:
        """Send a response to the INVITE, with a session description where a port is given."""
        contact = f"Contact: <sip:peer@{self.address}>\r\n"
        self._send(_response(dialog.invite, status, reason, tag, extra=contact, sdp_port=sdp_port), dialog.source)

    def _send(self, text: str, target: tuple[str, int]) -> None:
        self._socket.sendto(text.encode(), target)


class Rtp:
    """A media port: sends frames of A-law every 20 ms and keeps what comes."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self.received: list[bytes] = []

    def send(self, target: tuple[str, int], frame: bytes, seconds: float) -> None:
        """Send one frame again and again for so long, at its times; collects what comes meanwhile."""
        start, ssrc = time.monotonic(), random.getrandbits(32)
        for n in range(round(seconds / 0.020)):
            head = struct.pack("!BBHII", 0x80, 8, n & 0xFFFF, n * FRAME, ssrc)
            self._socket.sendto(head + frame, target)
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


def _header(text: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}\s*:\s*(.*?)\r?$", text)
    return found.group(1) if found else ""


def _response(request: str, status: int, reason: str, tag: str, *, extra: str = "", sdp_port: int | None = None) -> str:
    vias = "".join(f"Via: {value}\r\n" for value in re.findall(r"(?im)^Via\s*:\s*(.*?)\r?$", request))
    copied = "".join(f"{name}: {_header(request, name)}\r\n" for name in ("From", "Call-ID", "CSeq"))
    to = _header(request, "To")
    to = to if "tag=" in to else f"{to};tag={tag}"
    body = "" if sdp_port is None else _sdp(sdp_port)
    kind = "Content-Type: application/sdp\r\n" if body else ""
    length = f"Content-Length: {len(body)}\r\n\r\n"
    return f"SIP/2.0 {status} {reason}\r\n{vias}To: {to}\r\n{copied}{extra}{kind}{length}{body}"


def _sdp(port: int) -> str:
    head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    return f"{head}m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
