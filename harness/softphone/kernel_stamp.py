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

SIOCGSTAMPNS = 0x8907
ERROR_S = 0.0001
"""What reading two clocks one after the other may cost."""
BEFORE_S = 0.004
"""From what the far end did to its packet: its own stack, its scheduler and the way lie between. The instant that
is looked for is the deed, so the interval begins so long before the arrival, where the socket was not empty later."""


class KernelStamp:
    """The arrival of the datagram last read on a local port; nothing on streams, nor where the system has it not."""

    def __init__(self, port: int) -> None:
        self._fd = _datagram_socket(port)
        self._ask()  # from the first question on the kernel keeps it

    def window(self, earliest_s: float, now_s: float) -> tuple[float, float]:
        """Narrow the instants between which a message came, monotonic seconds, to its arrival where that is known.

        An arrival outside of them is another datagram's, or the wall clock was set: then they stay as they are.
        """
        arrived = self._ask()
        if arrived is None:
            return earliest_s, now_s
        at_s = arrived + (time.monotonic() - time.time())
        if not earliest_s - ERROR_S <= at_s <= now_s + ERROR_S:
            return earliest_s, now_s
        return max(earliest_s, at_s - BEFORE_S), min(now_s, at_s + ERROR_S)

    def _ask(self) -> float | None:
        if self._fd is None:
            return None
        try:
            seconds, nanoseconds = struct.unpack("qq", ioctl(self._fd, SIOCGSTAMPNS, bytes(16)))
        except (OSError, struct.error):
            return None
        return float(seconds + nanoseconds / 1e9)


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
