"""A packet capture on the loopback interface: what really crossed it and when, beside what we say crossed it.

Needs CAP_NET_RAW; `Capture.allowed()` says whether this process has it.
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from harness.clocks import monotonic_less_wall_s

SO_TIMESTAMPNS = 35
ETHERTYPE_IP = 0x0003
OUTGOING = 4


@dataclass(frozen=True)
class Packet:
    """One UDP datagram."""

    at_s: float
    """Seconds of the monotonic clock at which the kernel had it."""
    source: int
    """Source port."""
    target: int
    """Destination port."""
    data: bytes
    """Payload."""

    @property
    def sip(self) -> str:
        """Its text where it is a SIP message."""
        text = self.data.decode("utf-8", "replace")
        return text if "SIP/2.0" in text.split("\r\n", 1)[0] else ""

    @property
    def rtp(self) -> tuple[int, int, bytes] | None:
        """Sequence number, payload type and payload where it looks like RTP (RFC 3550 §5.1)."""
        if len(self.data) < 13 or self.data[0] >> 6 != 2 or 64 <= self.data[1] & 0x7F <= 95:
            return None
        return struct.unpack("!H", self.data[2:4])[0], self.data[1] & 0x7F, self.data[12:]


class Capture:
    """Collects the datagrams of 127.0.0.1 while the block lasts."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self._running = True

    @staticmethod
    def allowed() -> bool:
        """Whether this process may open a packet socket."""
        try:
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
        except PermissionError:
            return False
        return True

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_IP))
        self._socket.bind(("lo", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.settimeout(0.2)
        self._offset, _ = monotonic_less_wall_s()
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = False
        self._thread.join()
        self._socket.close()

    def _collect(self) -> None:
        while self._running:
            try:
                frame, extra, _, address = self._socket.recvmsg(65536, 256)
            except TimeoutError:
                continue
            if address[2] == OUTGOING:
                continue  # loopback shows every frame twice
            packet = self._parse(frame, extra)
            if packet is not None:
                self.packets.append(packet)

    def _parse(self, frame: bytes, extra: list[tuple[int, int, bytes]]) -> Packet | None:
        header = 14 + (frame[14] & 0x0F) * 4 if len(frame) > 34 and frame[12:14] == b"\x08\x00" else 0
        if not header or frame[23] != socket.IPPROTO_UDP:
            return None
        seconds, nanoseconds = struct.unpack("qq", extra[0][2][:16])
        source, target = struct.unpack("!HH", frame[header : header + 4])
        return Packet(seconds + nanoseconds / 1e9 + self._offset, source, target, frame[header + 8 :])


def alaw_level(payload: bytes) -> float:
    """RMS of G.711 A-law samples, 16-bit units (ITU-T G.711)."""
    code = np.frombuffer(payload, np.uint8) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(float)
    linear = np.where(exponent == 0, mantissa * 16 + 8, (mantissa * 16 + 264) * 2.0 ** (exponent - 1.0))
    return float(np.sqrt(np.mean(linear**2)))
