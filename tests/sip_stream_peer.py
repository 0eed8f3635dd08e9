"""The scripted far end over TCP or TLS: the same scripts, framed by Content-Length (RFC 3261 §18.3)."""

from __future__ import annotations

import re
import select
import socket
import ssl
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from sip_peer import Dialog, SipPeer

CERTIFICATES = Path(__file__).parent / "certificates"
"""Of an authority that nobody trusts but these tests; their keys are no secrets."""


OLD_TLS = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
"""Versions that nobody may use any more (RFC 8996)."""


class SipStreamPeer(SipPeer):
    """Listens for connections on a free port of 127.0.0.1; with a certificate's name over TLS, up to a version."""

    def __init__(
        self,
        script: Callable[[SipPeer, Dialog], None],
        *,
        certificate: str = "",
        newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
        **how: Any,
    ) -> None:
        super().__init__(script, **how)
        self._socket.close()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.1)
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._connections: dict[tuple[str, int], socket.socket] = {}
        # OpenSSL's connections may not be read and written at once: the reader waits outside the lock.
        self._talking = threading.Lock()
        self.handshakes: list[str] = []
        self.refused: list[str] = []
        self.params = ";transport=tls" if certificate else ";transport=tcp"
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
            if newest in OLD_TLS:
                _allow_old(self._tls, newest)

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
            if not _waits(connection):
                continue
            try:
                with self._talking:
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
        with self._talking:
            self._connections[target].sendall(text.replace("Via: SIP/2.0/UDP", f"Via: SIP/2.0/{kind}").encode())


def speak_old(newest: ssl.TLSVersion, address: str) -> str:
    """Shake hands as an old telephone does that speaks nothing newer; gives the version that was agreed on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _allow_old(context, newest)
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain) as connection:
        return connection.version() or ""


def _allow_old(context: ssl.SSLContext, newest: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    context.set_ciphers("ALL:@SECLEVEL=0")


def _waits(connection: socket.socket) -> bool:
    """Whether something is there to be read, after a moment's waiting."""
    pending = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
    return pending or bool(select.select([connection], [], [], 0.1)[0])
