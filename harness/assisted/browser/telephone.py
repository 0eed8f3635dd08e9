"""The pages' side of a browser's telephone: its process, its one browser, and what is told of both.

Everything here runs on the event loop of the pages, but `address`, `state` and `watch`, which any thread may use.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable
from string import ascii_lowercase
from typing import Any, Protocol

from harness.assisted.browser.wire import EVENT, SOUND, Deframer, event, frame_bytes, newest, read_event, sound
from harness.errors import EnvironmentFailed

START_S = 30.0
"""Python and numpy start in half a second; on a machine that swaps it takes longer."""
IDLE_S = 30.0
"""A telephone without a browser and without a call is put away after so long."""
IDLE, RINGING, UP, AWAY, OVER = "idle", "ringing", "up", "away", "over"
LOST, BACK, CLOSED = "lost", "back", "closed"
Watcher = Callable[[str], None]


class Browser(Protocol):
    """A page that is connected."""

    def hear(self, samples: bytes) -> None:
        """Take a frame of the far end's sound."""

    def tell(self, **said: Any) -> None:
        """Take an event."""

    def leave(self) -> None:
        """Go: the tester opened another page."""


class BrowserTelephone(asyncio.Protocol):
    """One tester's."""

    def __init__(self) -> None:
        self.address = ""
        """Where our softphone calls it: a SIP address on loopback that nobody can guess."""
        self.state = IDLE
        """IDLE (no call), RINGING, UP, AWAY (up, and the browser is lost) or OVER (its process ended)."""
        self.sample_rate_hz = 8000
        self._user = "".join(secrets.choice(ascii_lowercase) for _ in range(20))  # a name that is no number
        self._parts, self._ready = Deframer(), asyncio.Event()
        self._browser: Browser | None = None
        self._watchers: list[Watcher] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Start its process; raises EnvironmentFailed where that does not come up."""
        ours, theirs = socket.socketpair()
        try:
            self._process = await asyncio.to_thread(_spawn, theirs, self._user)
        finally:
            theirs.close()
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, sock=ours)
        try:
            await asyncio.wait_for(self._ready.wait(), START_S)
        except TimeoutError:
            self.close()
        if not self.address:
            raise EnvironmentFailed("assist.no_browser_leg")
        self._put_away_later()

    @property
    def pid(self) -> int:
        """Its process; 0: it has none."""
        return self._process.pid if self._process else 0

    def watch(self, watcher: Watcher) -> None:
        """Have `ringing`, `up`, `lost`, `back`, `over` and at last `closed` told as they happen, on the pages' loop."""
        self._watchers.append(watcher)

    # --- the browser ------------------------------------------------------------------------------------

    @property
    def present(self) -> bool:
        """Whether a browser is connected."""
        return self._browser is not None

    def attach(self, browser: Browser) -> None:
        """A page connects; the one before it, if any, goes: a tester has one telephone."""
        if self._browser is not None:
            self._browser.leave()
        self._browser = browser
        self._stop_idling()
        browser.tell(event=self.state, sample_rate_hz=self.sample_rate_hz)
        self._write(event(event="present", is_there=True))
        if self.state == AWAY:
            self.state = UP
            self._tell(BACK)

    def detach(self, browser: Browser) -> None:
        """A page is gone; the leg waits for it while a call is up."""
        if self._browser is not browser:
            return
        self._browser = None
        self._write(event(event="present", is_there=False))
        if self.state == UP:
            self.state = AWAY
            self._tell(LOST)
        self._put_away_later()

    def speak(self, browser: Browser, samples: bytes) -> None:
        """Send a frame of what the tester says; of another length than the call's it is no frame."""
        if browser is self._browser and len(samples) == frame_bytes(self.sample_rate_hz):
            self._write(sound(samples))

    def hang_up(self) -> None:
        """Release the leg."""
        self._write(event(event="hang_up"))

    def close(self) -> None:
        """End the process; a call that is up is released."""
        self._stop_idling()
        if self._transport is not None:
            self._transport.close()
        if self._process is not None:
            asyncio.get_running_loop().run_in_executor(None, _end, self._process)
            self._process = None

    # --- the process ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """The process ended."""
        self.state = OVER
        self._ready.set()
        self._tell(CLOSED)
        browser, self._browser = self._browser, None  # no other page has it: this one may come back, to another process
        if browser is not None:
            browser.leave()
        self.close()

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        for kind, payload in newest(self._parts.feed(data)):
            if kind == SOUND and self._browser is not None:
                self._browser.hear(payload)
            elif kind == EVENT:
                self._take(read_event(payload))

    def _take(self, said: dict[str, Any]) -> None:
        what = said["event"]
        if what == "ready":
            self.address = f"sip:{self._user}@127.0.0.1:{said['port']}"
            self._ready.set()
            return
        if what == UP:
            self.sample_rate_hz = int(said["sample_rate_hz"])
        self.state = IDLE if what == OVER else what
        if self._browser is not None:
            self._browser.tell(**{**said, "sample_rate_hz": self.sample_rate_hz})
        self._tell(what)
        self._put_away_later()

    def _tell(self, what: str) -> None:
        for watcher in self._watchers:
            watcher(what)

    def _write(self, part: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(part)

    def _put_away_later(self) -> None:
        self._stop_idling()
        if self._browser is None and self.state in (IDLE, OVER):
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self.close)

    def _stop_idling(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


def _spawn(theirs: socket.socket, user: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "harness.assisted.browser.process", str(theirs.fileno()), user]
    return subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)


def _end(process: subprocess.Popen[bytes]) -> None:
    """It ends by itself when the socket is closed, after it said BYE."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
        return
    process.kill()
    process.wait()
