"""A relay on loopback between a caller and an agency: passes SIP on, carries RTP through itself by a pattern.

One call at a time. The pattern decides for each packet of the far end's sound: how often it goes on (0: lost,
2: duplicated) and after how many seconds. No packet leaves loopback. What passed is kept with its instants, the
kernel's own for what came in: a capture that needs no rights.
"""

from __future__ import annotations

import heapq
import re
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from harness.clocks import monotonic_less_wall_s

Fate = Callable[[int], tuple[int, float]]
"""Number of the RTP packet → copies that go on (−1: as if it had never been sent), seconds of delay."""
SO_TIMESTAMPNS = 35
Handler = Callable[[socket.socket, bytes, tuple[str, int], float], None]


@dataclass(frozen=True)
class Passed:
    """A SIP message that went on to the caller; instants of the monotonic clock."""

    came_s: float
    """When the kernel had it."""
    earliest_s: float
    """When it was about to be sent on."""
    latest_s: float
    """When it had been sent on."""
    text: str
    """As it was sent on."""


class Relay:
    """Listens on a port of its own; `address` is what to dial instead of the agency's."""

    def __init__(self, agency: str, fate: Fate) -> None:
        host, port = agency.rsplit(":", 1)
        self._agency, self._fate = (host, int(port)), fate
        self._selector = selectors.DefaultSelector()
        self._sip = self._open(self._on_sip)
        self.address = f"127.0.0.1:{self._sip.getsockname()[1]}"
        self._caller: tuple[str, int] | None = None
        self._caller_media = self._agency_media = ("127.0.0.1", 0)
        self._to_caller: socket.socket | None = None
        self._to_agency: socket.socket | None = None
        self._held: list[socket.socket] = []
        self._described: dict[bytes, socket.socket] = {}
        self._offset_s, _ = monotonic_less_wall_s()
        self._due: list[tuple[float, int, socket.socket, bytes, tuple[str, int]]] = []
        self._sent = self._seen = self._unsent = 0
        self.lost: list[float] = []
        self.passed: list[Passed] = []
        self.sound_s: list[float] = []
        """When each packet of the far end's sound came, lost ones too."""
        self._running = True

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = False
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        for each in self._held:
            each.close()
        self._selector.close()

    def _open_media(self, handler: Handler) -> socket.socket:
        """Open a port whose neighbour is ours too: RTCP goes there (RFC 3550 §11), and nowhere from there."""
        while True:
            one, rtcp = self._open(handler), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._held.append(rtcp)
            try:
                rtcp.bind(("127.0.0.1", one.getsockname()[1] + 1))
            except (OSError, OverflowError):
                continue  # the port stays open and unused until the relay ends
            return one

    def _open(self, handler: Handler) -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind(("127.0.0.1", 0))
        one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._selector.register(one, selectors.EVENT_READ, handler)
        return one

    def _run(self) -> None:
        while self._running:
            for key, _ in self._selector.select(self._pause()):
                data, extra, _, source = key.fileobj.recvmsg(65536, 256)  # type: ignore[union-attr]
                seconds, nanoseconds = struct.unpack("qq", extra[0][2][:16])
                key.data(key.fileobj, data, source, seconds + nanoseconds / 1e9 + self._offset_s)
            while self._due and self._due[0][0] <= time.monotonic():
                _, _, out, data, target = heapq.heappop(self._due)
                out.sendto(data, target)

    def _pause(self) -> float:
        return min(0.05, max(0.0, self._due[0][0] - time.monotonic())) if self._due else 0.05

    def _on_sip(self, own: socket.socket, data: bytes, source: tuple[str, int], came_s: float) -> None:
        if source == self._agency:
            if self._caller is not None:
                answer = self._answer(data)
                earliest_s = time.monotonic()
                own.sendto(answer, self._caller)
                text = answer.decode("utf-8", "replace")
                self.passed.append(Passed(came_s, earliest_s, time.monotonic(), text))
            return
        self._caller = source
        own.sendto(self._offer(data), self._agency)

    def _offer(self, data: bytes) -> bytes:
        """Put a port of ours where the caller offered its own: the agency's sound comes there."""
        port = _media_port(data)
        if port is None:
            return data
        if self._to_agency is None:
            self._caller_media = ("127.0.0.1", port)
            self._to_agency = self._open_media(self._from_agency)
        return _with_media_port(data, self._to_agency.getsockname()[1])

    def _answer(self, data: bytes) -> bytes:
        """Put ourselves where the agency named its own places: what follows would go past us otherwise.

        A description that differs (RFC 4566 §5.2) gets a port of its own, as a branch or another server has.
        """
        own_port = self._sip.getsockname()[1]
        data = re.sub(rb"(?m)^(Contact:.*127\.0\.0\.1):%d" % self._agency[1], rb"\g<1>:%d" % own_port, data)
        port, origin = _media_port(data), re.search(rb"(?m)^o=.*", data)
        if port is None or origin is None:
            return data
        self._agency_media = ("127.0.0.1", port)
        if origin.group() not in self._described:
            self._described[origin.group()] = self._open_media(self._from_caller)
        self._to_caller = self._described[origin.group()]
        return _with_media_port(data, self._to_caller.getsockname()[1])

    def _from_caller(self, _: socket.socket, rtp: bytes, __: tuple[str, int], ___: float) -> None:
        if self._to_agency is not None:
            self._to_agency.sendto(rtp, self._agency_media)

    def _from_agency(self, _: socket.socket, rtp: bytes, __: tuple[str, int], came_s: float) -> None:
        self.sound_s.append(came_s)
        copies, delay_s = self._fate(self._seen)
        self._seen += 1
        self._unsent += copies < 0
        rtp = rtp[:2] + struct.pack("!H", (struct.unpack("!H", rtp[2:4])[0] - self._unsent) & 0xFFFF) + rtp[4:]
        if not copies:
            self.lost.append(time.monotonic())
        out = self._to_caller
        for _n in range(copies if out is not None else 0):
            self._sent += 1
            due_s = time.monotonic() + delay_s
            heapq.heappush(self._due, (due_s, self._sent, out, rtp, self._caller_media))  # type: ignore[misc]


def _media_port(data: bytes) -> int | None:
    found = re.search(rb"m=audio (\d+)", data)
    return int(found.group(1)) if found else None


def _with_media_port(data: bytes, port: int) -> bytes:
    head, _, body = data.partition(b"\r\n\r\n")
    body = re.sub(rb"m=audio \d+", b"m=audio %d" % port, body)
    head = re.sub(rb"(?i)(content-length:\s*)\d+", rb"\g<1>%d" % len(body), head)
    return head + b"\r\n\r\n" + body
