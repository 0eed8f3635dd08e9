"""When the kernel took the datagram that was read last: the instant of a packet capture, whatever the process did.

Between a packet's arrival and our callback lie the poll, the scheduler and whoever holds the interpreter. Linux
keeps the arrival of the last datagram that was read from a socket (SIOCGSTAMPNS, socket(7)): asked for inside
the callback, on the socket that pjsip reads, it is that of the message in hand.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from fcntl import ioctl

from harness.clocks import monotonic_less_wall_s

SIOCGSTAMPNS = 0x8907
ERROR_S = 0.0001
"""What the two clocks may run apart between an arrival and its question, beside the error of comparing them."""
BEFORE_S = 0.004
"""From what the far end did to its packet: its own stack, its scheduler and the way lie between. The instant that
is looked for is the deed, so the interval begins so long before the arrival, where the socket was not empty later."""

WAIT_S, TRIES = 0.002, 200
"""A datagram of our own is read so long after it was sent, so often at most."""


class KernelStamp:
    """The arrival of the datagram last read on a local port; nothing on streams, nor where the system has it not."""

    def __init__(self, port: int) -> None:
        self._fd = _datagram_socket(port)
        self._ask()  # from the first question on the kernel keeps it: when it is read, and a moment later when it came
        if self._fd is not None and not _stamps_arrivals():
            os.close(self._fd)
            self._fd = None

    @property
    def works(self) -> bool:
        """Whether this system keeps it."""
        return self._fd is not None

    def window(self, earliest_s: float, now_s: float) -> tuple[float, float]:
        """Narrow the instants between which a message came, monotonic seconds, to its arrival where that is known.

        An arrival outside of them is another datagram's, or the wall clock was set: then they stay as they are.
        """
        arrived = self._ask()
        if arrived is None:
            return earliest_s, now_s
        offset_s, error_s = monotonic_less_wall_s()
        at_s, error_s = arrived + offset_s, error_s + ERROR_S
        if not earliest_s - error_s <= at_s <= now_s + error_s:
            return earliest_s, now_s
        return max(earliest_s, at_s - error_s - BEFORE_S), min(now_s, at_s + error_s)

    def _ask(self) -> float | None:
        return None if self._fd is None else _last_arrival(self._fd)


def _last_arrival(fd: int) -> float | None:
    """When the datagram last read from a socket came, by the wall clock; None where the kernel does not tell."""
    try:
        seconds, nanoseconds = struct.unpack("qq", ioctl(fd, SIOCGSTAMPNS, bytes(16)))
    except (OSError, struct.error):
        return None
    return float(seconds + nanoseconds / 1e9)


def _stamps_arrivals() -> bool:
    """Wait until a datagram that waits to be read bears the instant of its arrival; False where none does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind(("127.0.0.1", 0))
        here.settimeout(WAIT_S)
        _last_arrival(here.fileno())
        for _ in range(TRIES):
            here.sendto(b"?", here.getsockname())
            sent_s = time.time()
            time.sleep(WAIT_S)
            try:
                here.recv(1)
            except TimeoutError:
                continue
            arrived_s = _last_arrival(here.fileno())
            if arrived_s is not None and arrived_s <= sent_s + WAIT_S / 2:
                return True
    return False


def _datagram_socket(port: int) -> int | None:
    """A descriptor of our own for the datagram socket that this process has on a port; None without one."""
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return None
    for number in numbers:
        try:
            fd = os.dup(number)
            if _is_bound(fd, port):
                return fd
            os.close(fd)
        except OSError:
            continue
    return None


def _is_bound(fd: int, port: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(fd)) as looked:
            return looked.type == socket.SOCK_DGRAM and looked.getsockname()[1] == port
    except (OSError, IndexError):
        return False
