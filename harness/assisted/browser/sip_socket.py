"""SIP by UDP on a free port of loopback, which the SIP library's own transport cannot say."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosipua import SipRequest, SipResponse, UdpSipTransport

HOST = "127.0.0.1"


class SipSocket(UdpSipTransport):
    """Binds to any free port and says which; it goes into Contact and Via."""

    _endpoint: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        # Before CPython 3.12 a selector loop's datagram transport is no DatagramTransport, which the library asserts.
        self._endpoint, _ = await loop.create_datagram_endpoint(lambda: _Received(self), local_addr=(HOST, 0))
        self.local_addr = self._endpoint.get_extra_info("sockname")

    def send(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        """Send a message."""
        if self._endpoint is not None:
            self._endpoint.sendto(bytes(message), addr)

    async def stop(self) -> None:
        """Listen no longer."""
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None


class _Received(asyncio.DatagramProtocol):
    def __init__(self, owner: SipSocket) -> None:
        self._owner = owner

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._owner._dispatch(data, (str(addr[0]), int(addr[1])))
