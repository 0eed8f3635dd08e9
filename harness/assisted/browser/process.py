"""A process with one browser's leg and nothing else; it ends when the pages' process does."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

from harness.assisted.browser.leg import BrowserLeg
from harness.assisted.browser.wire import EVENT, SOUND, Deframer, event, newest, read_event, sound

BACKLOG_BYTES = 64 * 1024
"""If the pages' process takes nothing for so long, what the far end says is no longer kept for it."""


class _Link(asyncio.Protocol):
    """The socket to the pages' process."""

    def __init__(self) -> None:
        self.leg: BrowserLeg | None = None
        self.closed = asyncio.Event()
        self._transport: asyncio.WriteTransport | None = None
        self._parts = Deframer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def data_received(self, data: bytes) -> None:
        for kind, payload in newest(self._parts.feed(data)):
            if kind == SOUND and self.leg is not None:
                self.leg.speak(payload)
            elif kind == EVENT and self.leg is not None:
                self._do(self.leg, read_event(payload))

    def _do(self, leg: BrowserLeg, told: dict[str, object]) -> None:
        if told["event"] == "present":
            leg.present(bool(told["is_there"]))
        elif told["event"] == "hang_up":
            leg.hang_up()

    def say(self, **said: object) -> None:
        assert self._transport is not None
        self._transport.write(event(**said))

    def hear(self, samples: bytes) -> None:
        assert self._transport is not None
        if self._transport.get_write_buffer_size() < BACKLOG_BYTES:
            self._transport.write(sound(samples))


async def _main(descriptor: int, user: str) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's ^C is for the server, which lets calls end in order
    _, link = await loop.create_connection(_Link, sock=socket.socket(fileno=descriptor))
    leg = BrowserLeg(user, say=link.say, hear=link.hear)
    link.say(event="ready", port=await leg.start())
    link.leg = leg
    running = [loop.create_task(one) for one in (leg.run(), link.closed.wait(), ended.wait())]
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    leg.hang_up()
    for one in running:
        one.cancel()
    await asyncio.sleep(0.05)  # the BYE leaves with the loop's next turn


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2]))
