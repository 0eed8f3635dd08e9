"""baresip on loopback: a telephone that is not ours, told what to do and saying what happens to it.

It is driven over its control port (module ctrl_tcp: JSON in netstrings); every event is kept with its instant.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from peers import CACHE, command

from harness.bench.load.sipp import free_ports
from harness.softphone.growing_wav import write_wav

NUMBER = "0227000700"
"""It takes calls for this number only, unless another is given."""
START_S = 10.0
WAIT_S = 15.0
MODULES = ("g711", "aufile", "aubridge", "srtp", "account", "menu", "ctrl_tcp")
CONFIG = """
poll_method epoll
sip_listen 127.0.0.1:{sip}
{certificate}
call_local_timeout 120
call_max_calls {calls}
audio_source aufile,{sound}
audio_player aubridge,nowhere
audio_alert aubridge,nowhere
auplay_srate 8000
ausrc_srate 8000
rtp_ports {rtp}-{rtp_last}
net_interface 127.0.0.1
ctrl_tcp_listen 127.0.0.1:{control}
module_path {modules}
"""


@dataclass(frozen=True)
class Event:
    """Something that happened to the telephone."""

    at_s: float
    """When it said so; monotonic clock."""
    what: str
    """CALL_INCOMING, CALL_ESTABLISHED, CALL_DTMF_START, CALL_CLOSED, …"""
    detail: str
    """The digit, the reason, the address."""


class Baresip:
    """A telephone in a folder of its own; says `sound` (16 bit, 8 kHz) to whoever it answers, then hangs up."""

    def __init__(
        self,
        folder: Path,
        sound: npt.NDArray[np.int16],
        *,
        number: str = NUMBER,
        account: str = "",
        more: str = "",
        most_calls: int = 4,
        certificate: Path | None = None,
    ) -> None:
        self.folder, self._most_calls, self._certificate = folder, most_calls, certificate
        folder.mkdir(parents=True, exist_ok=True)
        write_wav(folder / "sound.wav", sound, sample_rate_hz=8000)
        self.port, self._control, self._rtp = free_ports(3)
        self._account = account or f"<sip:{number}@127.0.0.1:{self.port}>;regint=0{more}"
        self.events: list[Event] = []
        self._news = threading.Condition()

    @property
    def address(self) -> str:
        """Its `host:port`; TLS is one port further."""
        return f"127.0.0.1:{self.port + bool(self._certificate)}"

    def __enter__(self) -> Self:
        self._write_config()
        program = [*command("baresip", "usr/bin/baresip"), "-f", str(self.folder)]
        with (self.folder / "screen.txt").open("wb") as screen:
            self._process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen)
        try:
            self._stream = self._connect()
        except BaseException:
            self._end()
            raise
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._stream.close()
        self._thread.join(5)

    def _write_config(self) -> None:
        text = CONFIG.format(
            sip=self.port,
            control=self._control,
            rtp=self._rtp,
            rtp_last=self._rtp + 100,
            certificate=f"sip_certificate {self._certificate}" if self._certificate else "",
            sound=self.folder / "sound.wav",
            calls=self._most_calls,
            modules=CACHE / "baresip" / "root" / "usr/lib/baresip/modules",
        )
        text += "".join(f"module {name}.so\n" for name in MODULES[:-3])
        text += "".join(f"module_app {name}.so\n" for name in MODULES[-3:])
        (self.folder / "config").write_text(text, encoding="utf-8")
        (self.folder / "accounts").write_text(self._account + "\n", encoding="utf-8")
        (self.folder / "contacts").write_text("", encoding="utf-8")

    def _connect(self) -> socket.socket:
        end = time.monotonic() + START_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self._control), timeout=START_S)
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    screen = (self.folder / "screen.txt").read_text(encoding="utf-8", errors="replace")
                    raise RuntimeError(f"baresip did not start: {screen[-2000:]}") from None
                time.sleep(0.02)

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        buffer = b""
        self._stream.settimeout(None)
        while True:
            try:
                more = self._stream.recv(65536)
            except OSError:
                return
            if not more:
                return
            at_s, buffer = time.monotonic(), buffer + more
            while (found := _netstring(buffer)) is not None:
                message, buffer = found
                if message.get("event"):
                    with self._news:
                        self.events.append(Event(at_s, str(message.get("type")), str(message.get("param", ""))))
                        self._news.notify_all()

    def do(self, what: str, params: str = "") -> float:
        """Tell it to do something; returns when that was."""
        data = json.dumps({"command": what, "params": params, "token": "t"} if params else {"command": what}).encode()
        at_s = time.monotonic()
        self._stream.sendall(b"%d:%s," % (len(data), data))
        return at_s

    def wait_for(self, what: str, *, nth: int = 1) -> Event:
        """Wait for an event, for its n-th time; raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.all(what)) >= nth, WAIT_S):
                raise TimeoutError(f"baresip never said {what}: {[e.what for e in self.events]}")
            return self.all(what)[nth - 1]

    def all(self, what: str) -> list[Event]:
        """Every event of a kind so far."""
        return [event for event in self.events if event.what == what]


def _netstring(buffer: bytes) -> tuple[dict[str, Any], bytes] | None:
    """Take one message from the front, `length:JSON,`; None while it is not whole."""
    length, colon, rest = buffer.partition(b":")
    if not colon or len(rest) <= int(length):
        return None
    return json.loads(rest[: int(length)]), rest[int(length) + 1 :]
