"""The scripted far end over TCP or TLS: the same scripts, framed by Content-Length (RFC 3261 §18.3)."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from sip_peer import Dialog, SipPeer

CERTIFICATES = Path(__file__).parent / "certificates"
"""Of an authority that nobody trusts but these tests; their keys are no secrets."""


class SipStreamPeer(SipPeer):
    """Listens for connections on a free port of 127.0.0.1; with a certificate's name over TLS."""

    def __init__(self, script: Callable[[SipPeer, Dialog], None], *, certificate: str = "", **how: Any) -> None:
        super().__init__(script, **how)
        self._socket.close()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.1)
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._connections: dict[tuple[str, int], socket.socket] = {}
        self.handshakes: list[str] = []
        self.refused: list[str] = []
        self.params = ";transport=tls" if certificate else ";transport=tcp"
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATES / f"{certificate}.pem")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._server.close()

    def _listen(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, source = self._server.accept()
            except TimeoutError:
                continue
            self._threads.append(threading.Thread(target=self._serve, args=(connection, source), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket, source: tuple[str, int]) -> None:
        connection.settimeout(3.0)
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self.handshakes.append(connection.version() or "")  # type: ignore[attr-defined]
        except OSError as error:
            self.refused.append(str(error))
            connection.close()
            return
        connection.settimeout(0.1)
        self._connections[source] = connection
        pending = b""
        while not self.stopping.is_set():
            try:
                data = connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            pending = self._cut(pending + data, source)
        connection.close()

    def _cut(self, pending: bytes, source: tuple[str, int]) -> bytes:
        """Take the whole messages; give what is left."""
        while b"\r\n\r\n" in pending.lstrip(b"\r\n"):
            pending = pending.lstrip(b"\r\n")
            head, _, body = pending.partition(b"\r\n\r\n")
            found = re.search(rb"(?im)^(?:Content-Length|l)\s*:\s*(\d+)", head)
            length = int(found.group(1)) if found else 0
            if len(body) < length:
                return pending
            self._take((head + b"\r\n\r\n" + body[:length]).decode("utf-8", "replace"), source)
            pending = body[length:]
        return pending

    def hang_up_connections(self) -> None:
        """Close every connection, as a server does that is restarted."""
        for connection in self._connections.values():
            connection.shutdown(socket.SHUT_RDWR)

    def _send(self, text: str, target: tuple[str, int]) -> None:
        kind = "TLS" if self._tls is not None else "TCP"
        self._connections[target].sendall(text.replace("Via: SIP/2.0/UDP", f"Via: SIP/2.0/{kind}").encode())
