"""The commander's side of one worker process: its pipe, its legs, its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Protocol

from harness.softphone.certificate import WRONG_CERTIFICATE
from harness.softphone.errors import SoftphoneError, WorkerLost
from harness.softphone.line import Line
from harness.softphone.signals import REGISTRATION, SipSignal, signal_from_dict

REGISTERED_S = 10.0
"""A registrar that has not answered by then is not there."""
READY_S = 20.0
"""Starting an interpreter and pjsua2 on a loaded machine."""
QUIT_S = 5.0
"""Hanging up and writing the last blocks."""


class Listener(Protocol):
    """What a worker tells about its legs."""

    leg: str

    def take_event(self, event: dict[str, Any]) -> None:
        """Take one event of this leg."""


class WorkerProcess:
    """Starts a worker, writes its commands, hands its events to the legs they belong to."""

    def __init__(self, line: Line, *, silence_wav: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.softphone.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not line.secret or line.secret not in value},
        )
        self._legs: dict[str, Listener] = {}
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._failed: dict[str, Any] | None = None
        self._registers, self.line = bool(line.registrar), line
        self._registered = threading.Event()
        self.registration: SipSignal | None = None
        self.port = self.most_legs = 0
        self.alive = True
        self.retired = False
        self.command(line=line.to_dict(), silence_wav=str(silence_wav))
        self._reader = threading.Thread(target=self._read, name="softphone worker events", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._process.poll()

    @property
    def legs(self) -> int:
        """How many legs it holds."""
        return len(self._legs)

    def wait_ready(self) -> None:
        """Wait until the endpoint is open; raises what kept it from opening."""
        if not self._ready.wait(READY_S):
            raise WorkerLost("softphone.worker_silent", what="ready")
        if not self.alive:
            raise self.lost()
        if self._registers:
            self._wait_registered()

    def lost(self) -> WorkerLost:
        """The error that says how the process ended."""
        if self._failed is not None:
            return WorkerLost(self._failed["key"], **self._failed["values"])
        wrong = self._process.poll() == WRONG_CERTIFICATE
        key = "softphone.wrong_certificate" if wrong else "softphone.worker_lost"
        return WorkerLost(key, status=self._process.poll(), line=self.line.id)

    def _wait_registered(self) -> None:
        told = self._registered.wait(REGISTERED_S)
        if not self.alive:
            raise self.lost()
        status = self.registration.status if told and self.registration else 0
        if not 200 <= status < 300:
            reason = self.registration.reason if self.registration else ""
            reply = f"{status} {reason}".rstrip() if status else {"zh": "沒有回應", "en": "no response"}
            raise SoftphoneError("softphone.not_registered", status=status, reply=reply)

    def take(self, leg: Listener) -> None:
        """Route this leg's events to `leg` from now on."""
        with self._lock:
            self._legs[leg.leg] = leg

    def drop(self, leg: Listener) -> None:
        """Route nothing to `leg` any more: it never came to be a call."""
        with self._lock:
            self._legs.pop(leg.leg, None)

    def command(self, **command: Any) -> None:
        """Write one command; a worker that is gone reports itself through its legs."""
        assert self._process.stdin is not None
        try:
            # Past Python's buffer: a command that a dead worker did not take must not wait there.
            os.write(self._process.stdin.fileno(), (json.dumps(command) + "\n").encode())
        except (BrokenPipeError, ValueError):
            self.alive = False

    def quit(self) -> None:
        """Let the worker hang up and end; after QUIT_S it is killed."""
        assert self._process.stdin is not None
        self.command(do="quit")
        self._process.stdin.close()
        try:
            self._process.wait(QUIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(QUIT_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the process died in the middle of a line
            self._dispatch(event)
        status = self._process.wait()
        self.alive = False
        self._ready.set()
        self._registered.set()
        for leg in list(self._legs.values()):
            leg.take_event({"event": "lost", "status": status})
        self._legs.clear()

    def _dispatch(self, event: dict[str, Any]) -> None:
        if event["event"] == "ready":
            self.port, self.most_legs = event["port"], event["most_legs"]
            self._ready.set()
            return
        if event["event"] == "failed":
            self._failed = event
            return
        if event["event"] == "signal" and event["signal"]["kind"] == REGISTRATION:
            self.registration = signal_from_dict(event["signal"])
            self._registered.set()
            return
        with self._lock:
            leg = self._legs.get(event.get("leg", ""))
            if event["event"] == "recorded":
                self._legs.pop(event["leg"], None)
        if leg is not None:
            leg.take_event(event)
