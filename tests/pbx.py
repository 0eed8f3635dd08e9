"""Asterisk on loopback: a switchboard that is not ours, and its own event log as the truth of what it did.

Its packages are unpacked into a folder that is kept (tests/peers.py); its configuration is written anew for every run
(tests/asterisk/etc).
"""

from __future__ import annotations

import csv
import json
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from peers import CACHE, command, need

from harness.bench.load.sipp import free_ports
from harness.switchboard.truth import Truth

HERE = Path(__file__).parent
START_S = 20.0
IDLE_S = 3.0
"""Longest wait for the last lines of the log."""
MUSIC = "macroform-the_simplicity.wav"
SECRET = "not-a-real-secret"
ASK = (
    "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKask{n}\r\nMax-Forwards: 70\r\n"
    "From: <sip:ask@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: ask{n}\r\nCSeq: {n} OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)


class Asterisk:
    """A running switchboard; give it a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, CACHE / "asterisk" / "root"
        (self.port,) = free_ports(1)

    @property
    def address(self) -> str:
        """Its `host:port`."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for name in ("etc", "lib/keys", "spool", "run", "moh", "log/cel-custom"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "moh" / MUSIC).symlink_to(self.root / "usr/share/asterisk/moh" / MUSIC)
        modules = next(self.root.glob("usr/lib/**/asterisk/modules"))
        values: dict[str, object] = {"@RUN@": self.folder, "@ROOT@": self.root, "@MODULES@": modules}
        values |= {"@PORT@": self.port, "@SECRET@": SECRET}
        for file in (HERE / "asterisk" / "etc").glob("*.conf"):
            text = file.read_text(encoding="utf-8")
            for word, value in values.items():
                text = text.replace(word, str(value))
            (self.folder / "etc" / file.name).write_text(text, encoding="utf-8")
        self._offset = time.monotonic() - time.time()
        with (self.folder / "console").open("wb") as console:
            self._process = subprocess.Popen(self._command(), stdout=console, stderr=console, stdin=subprocess.DEVNULL)
        try:
            self._wait_till_it_answers()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _command(self) -> list[str]:
        config = self.folder / "etc" / "asterisk.conf"
        return [*command("asterisk", "usr/sbin/asterisk"), "-f", "-C", str(config)]

    def _wait_till_it_answers(self) -> None:
        end = time.monotonic() + START_S
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.bind(("127.0.0.1", 0))
            asking.settimeout(0.1)
            here = "{}:{}".format(*asking.getsockname())
            for n in count(1):
                asking.sendto(ASK.format(here=here, n=n).encode(), ("127.0.0.1", self.port))
                try:
                    # A PBX that has not loaded everything yet says 503.
                    if b" 503 " not in asking.recv(4096).split(b"\r\n", 1)[0]:
                        return
                    select.select([], [], [], 0.05)
                except TimeoutError:
                    pass
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"Asterisk did not start: {(self.folder / 'console').read_text()[-2000:]}")

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tell(self, order: str) -> str:
        """Give its console an order; returns what it answers."""
        config = self.folder / "etc" / "asterisk.conf"
        console = [*command("asterisk", "usr/sbin/asterisk"), "-C", str(config), "-rx", order]
        done = subprocess.run(console, capture_output=True, text=True, timeout=START_S, check=True)
        return done.stdout.strip()

    def log(self) -> list[Event]:
        """Read the event log as far as it is written."""
        path = self.folder / "log" / "cel-custom" / "cel.csv"
        with path.open(encoding="utf-8", newline="") as file:
            return sorted((_event(row, self._offset) for row in csv.reader(file)), key=lambda e: e.at_s)

    def truth(self) -> dict[str, list[Truth]]:
        """What was done on each call, by its Call-ID, on the monotonic clock."""
        log = self.log()
        calls = {e.linked: e for e in log if e.what == "call"}
        found: dict[str, list[Truth]] = {e.detail: [] for e in calls.values()}
        for event in log:
            call = calls.get(event.linked)
            if call is not None and event.what not in ("", "call"):
                done = Truth(
                    call=call.detail,
                    site=event.channel,
                    number=event.number,
                    what=event.what,
                    leg="" if event.what == "digit" else event.detail,
                    at_s=event.at_s,
                    detail=event.detail if event.what == "digit" else "",
                )
                found[call.detail].append(done)
        return found

    def wait_until_idle(self) -> None:
        """Wait until the log says that every call is over, at most IDLE_S."""
        end = time.monotonic() + IDLE_S
        while self.still_up() and time.monotonic() < end:
            select.select([], [], [], 0.05)

    def still_up(self) -> set[str]:
        """Channels that began and did not end."""
        log = self.log()
        begun, ended = ({e.channel for e in log if e.kind == kind} for kind in ("CHAN_START", "CHAN_END"))
        return begun - ended


@dataclass(frozen=True)
class Event:
    """One line of the event log."""

    linked: str
    """The same for all channels of a call."""
    at_s: float
    """Seconds of the monotonic clock."""
    kind: str
    """CHAN_START, ANSWER, HANGUP, CHAN_END or what the dialplan says it did."""
    what: str
    """What the dialplan says it did; empty otherwise."""
    detail: str
    """With it: leg or Call-ID."""
    number: str
    """What was dialled."""
    channel: str
    """Channel that it happened on."""


def _event(row: list[str], offset_s: float) -> Event:
    linked, wall, kind, what, extra, number, channel = row
    said = json.loads(extra) if extra else {}
    return Event(linked, float(wall) + offset_s, kind, what, str(said.get("extra", "")), number, channel)


@pytest.fixture(scope="session")
def asterisk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """A running Asterisk for the whole run, stopped at its end."""
    need("asterisk", request)
    with Asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running
