"""Files that people bring, held against a virus scanner before they are read: ClamAV's daemon, by its own protocol
(clamd(8), INSTREAM). A few lines of a socket: the libraries for it have had no release for ten years."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from harness.errors import EnvironmentFailed, Refused

CHUNK = 1 << 16
TIMEOUT_S = 60.0
"""For each step; the scan of the longest upload takes seconds."""
_LONGEST_REPLY = 4096
LOCAL = r"^(/[^\x00]{1,100}|(127\.0\.0\.1|\[::1\]|localhost):[0-9]{1,5})?$"
"""A socket's path or a port of this machine: clamd over the network is neither encrypted nor asked who it is."""


def scan(file: BinaryIO, *, name: str, clamd: str) -> None:
    """Hold a file against a scanner, and set it back to its beginning; an empty `clamd`: there is none.

    Raises:
        Refused: something was found in it.
        EnvironmentFailed: the scanner is not there or did not scan it; what was not scanned is not read.
    """
    if not clamd:
        return
    file.seek(0)
    try:
        reply = _asked(file, clamd)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise EnvironmentFailed("virus.unreachable", clamd=clamd, reason=reason) from None
    finally:
        file.seek(0)
    if reply.endswith(" FOUND"):
        what = reply.partition(": ")[2].removesuffix(" FOUND")
        raise Refused("virus.found", file=name, what=what[:80])
    if not reply.endswith(": OK"):
        raise EnvironmentFailed("virus.not_scanned", file=name, reason=reply[:200] or "—")


def _asked(file: BinaryIO, clamd: str) -> str:
    """What the scanner says of a file."""
    with _connected(clamd) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has had enough, and says so
            connection.sendall(b"zINSTREAM\0")
            for chunk in _chunks(file):
                connection.sendall(struct.pack(">I", len(chunk)) + chunk)
            connection.sendall(struct.pack(">I", 0))
        reply = b""
        while b"\0" not in reply and len(reply) < _LONGEST_REPLY and (more := connection.recv(_LONGEST_REPLY)):
            reply += more
    return reply.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _connected(clamd: str) -> socket.socket:
    if clamd.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(TIMEOUT_S)
            connection.connect(str(Path(clamd)))
        except BaseException:
            connection.close()
            raise
        return connection
    host, _, port = clamd.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), TIMEOUT_S)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk
