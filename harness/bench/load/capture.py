"""A packet capture on the loopback interface, in a process of its own: what crossed it, and when.

`python -m harness.bench.load.capture OUT [PORT]` captures until its standard input ends: RTP that comes from or goes
to PORT, or all of it, and every SIP message. Needs CAP_NET_RAW.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harness.bench.load.ring_buffer import IP_END, ROW, SO_TIMESTAMPNS, RingBuffer, is_sound, is_text, packet_socket
from harness.clocks import monotonic_less_wall_s
from harness.errors import EnvironmentFailed
from harness.softphone.message import Message, parse_message

LOOK_S = 0.1
"""So often the ring is emptied; it has room for seconds."""
NO_RIGHT = "no CAP_NET_RAW"


@dataclass(frozen=True)
class Said:
    """One SIP message on the wire."""

    at_s: float
    """When the kernel had it, monotonic seconds."""
    source: int
    """Port it came from."""
    target: int
    """Port it went to."""
    text: str
    """The message."""

    @cached_property
    def parsed(self) -> Message:
        """What it says."""
        return parse_message(self.text)

    @property
    def call(self) -> str:
        """Its Call-ID."""
        return call_id_of(self.text)


@dataclass(frozen=True)
class Captured:
    """What crossed the interface."""

    sound: NDArray[np.void]
    """Packets of RTP, rows of ROW, `at_s` in monotonic seconds, in the order in which they came."""
    said: tuple[Said, ...]
    """SIP messages, in order."""
    lost: int
    """Packets that the kernel had no room for."""


def call_id_of(text: str) -> str:
    """The Call-ID of a message; empty without one."""
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() in ("call-id", "i"):
            return value.strip()
    return ""


class Capture:
    """Captures while the block lasts; `captured` has it afterwards. EnvironmentFailed where this process may not."""

    def __init__(self, out: Path, *, port: int | None = None) -> None:
        self._out, self._port = out, port
        self.captured: Captured | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "harness.bench.load.capture", str(self._out), str(self._port or 0)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        told = self._process.stdout.readline().decode().strip()
        if told != "ready":
            self._process.communicate()
            raise EnvironmentFailed("bench.no_capture" if told == NO_RIGHT else "bench.capture_failed", why=told)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()
        if kind is None:
            self.captured = _read(self._out)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid


def _read(out: Path) -> Captured:
    told = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    sound = np.load(out.with_suffix(".npy"))
    sound["at_s"] += told["offset_s"]
    said = tuple(Said(at + told["offset_s"], *rest) for at, *rest in told["said"])
    return Captured(sound, said, told["lost"])


def _capture(out: Path, port: int | None) -> None:
    ring = RingBuffer(is_sound(port))
    texts = packet_socket(is_text())
    texts.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    texts.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    texts.setblocking(False)
    texts.bind(("lo", 0x0800))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    rows, said, running = [np.empty(0, ROW)], list[Any](), True
    while running:
        running = not _ended(LOOK_S)
        rows.append(ring.take())
        said += _messages(texts)
    offset_s, _ = monotonic_less_wall_s()
    np.save(out.with_suffix(".npy"), np.concatenate(rows))
    told = {"offset_s": offset_s, "lost": ring.lost(), "said": said}
    out.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")


def _ended(seconds: float) -> bool:
    """Wait so long for the end of standard input."""
    import select

    return bool(select.select([sys.stdin], [], [], seconds)[0])


def _messages(texts: socket.socket) -> list[tuple[float, int, int, str]]:
    found = list[tuple[float, int, int, str]]()
    while True:
        try:
            frame, extra, _, _ = texts.recvmsg(65536, 256)
        except BlockingIOError:
            return found
        seconds, nanoseconds = struct.unpack("qq", extra[0][2][:16])
        source, target = struct.unpack("!HH", frame[IP_END : IP_END + 4])
        text = frame[IP_END + 8 :].decode("utf-8", "replace")
        if "SIP/2.0" in text.split("\r\n", 1)[0]:
            found.append((seconds + nanoseconds / 1e9, source, target, text))


if __name__ == "__main__":
    try:
        _capture(Path(sys.argv[1]), int(sys.argv[2]) or None)
    except PermissionError:
        sys.stdout.write(f"{NO_RIGHT}\n")
