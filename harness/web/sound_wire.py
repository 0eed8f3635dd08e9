"""Sound between a page's socket and its tester's telephone: frames of 16-bit samples, and events as JSON text."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from typing import Any

from starlette.websockets import WebSocketDisconnect

from harness.assisted.browser.telephone import BrowserTelephone
from harness.web.sockets import ELSEWHERE, Wire

MOST_WAITING = 10
"""Frames that wait for a slow browser; what is older than 200 ms nobody wants to hear."""


class PageBrowser:
    """A page, as its telephone sees it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._said, self._sound = deque[str](), deque[bytes](maxlen=MOST_WAITING)
        self._more = asyncio.Event()
        self.left = asyncio.Event()

    def hear(self, samples: bytes) -> None:
        """Take a frame of the far end's sound."""
        self._sound.append(samples)
        self._more.set()

    def tell(self, **said: Any) -> None:
        """Take an event."""
        self._said.append(json.dumps(said))
        self._more.set()

    def leave(self) -> None:
        """Go: another page has the telephone, or it is gone."""
        self.left.set()

    async def send(self) -> None:
        """Send what is there, for ever; a socket that takes nothing holds it up, and older frames fall away."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._said or self._sound:
                if self._said:
                    await self._wire.socket.send_text(self._said.popleft())
                else:
                    await self._wire.socket.send_bytes(self._sound.popleft())


async def carry(wire: Wire, telephone: BrowserTelephone) -> None:
    """Be the telephone's browser until the page is gone."""
    browser = PageBrowser(wire)
    telephone.attach(browser)
    work = [
        asyncio.ensure_future(one) for one in (browser.send(), _hear(wire, telephone, browser), browser.left.wait())
    ]
    try:
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        if browser.left.is_set():
            await wire.close(ELSEWHERE if telephone.present else 1012)
    finally:
        telephone.detach(browser)
        for one in work:
            one.cancel()
        await asyncio.gather(*work, return_exceptions=True)


async def _hear(wire: Wire, telephone: BrowserTelephone, browser: PageBrowser) -> None:
    """Give the telephone what the page sends; anything but sound is passed over."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            message = await wire.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes"):
                telephone.speak(browser, message["bytes"])
