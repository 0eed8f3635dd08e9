"""A tester at this terminal: one key takes the call over, others mark what happens or press digits in the call."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.cli.output import tell
from harness.errors import WrongInput
from harness.softphone.protocol import Call
from harness.walk.far_tester import Doing
from harness.words import say

MARKS = {
    "o": "operator_speaks",
    "t": "transfer",
    "u": "unit_speaks",
    "h": "hold",
    "b": "back",
    "e": "ending",
}
"""Keys and the events that they mark."""
DONE_KEY = "q"
DIGITS = "0123456789"
LOOK_S = 0.2


class TerminalTester:
    """Made by `terminal_tester`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._invited, self._here = False, False
        self._events: list[Doing] = []

    def invite(self, call: Call) -> None:
        """Say that a call waits, and which key does what."""
        with self._lock:
            self._invited = True
        tell(say("walk.tester_wanted"))

    def here(self) -> bool:
        """Whether a key was pressed since the call waits."""
        with self._lock:
            return self._here

    def events(self) -> tuple[Doing, ...]:
        """What was pressed since the last time."""
        with self._lock:
            new, self._events = tuple(self._events), []
        return new

    def leave(self) -> None:
        """The keys mean nothing any more."""
        with self._lock:
            self._invited = False

    def key(self, key: str) -> None:
        """Take a key; before a call waits, or one that means nothing, it is passed over."""
        with self._lock:
            if not self._invited:
                return
            self._here = True
            if key in MARKS:
                self._events.append(Doing("mark", MARKS[key]))
            elif key in DIGITS:
                self._events.append(Doing("digits", key))
            elif key == DONE_KEY:
                self._events.append(Doing("done"))


@contextmanager
def terminal_tester() -> Iterator[TerminalTester]:
    """Read this terminal's keys until the end of the block; WrongInput where there is no terminal."""
    if not sys.stdin.isatty():
        raise WrongInput("walk.no_terminal")
    tester = TerminalTester()
    with keys_of_terminal(tester.key):
        yield tester


@contextmanager
def keys_of_terminal(take: Callable[[str], None]) -> Iterator[None]:
    """Give every key that is pressed at this terminal to `take`, in a thread, until the end of the block."""
    handle, over = sys.stdin.fileno(), threading.Event()
    before = termios.tcgetattr(handle)
    reader = threading.Thread(target=_read, args=(handle, take, over), daemon=True)
    try:
        tty.setcbreak(handle)
        reader.start()
        yield
    finally:
        over.set()
        reader.join()
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _read(handle: int, take: Callable[[str], None], over: threading.Event) -> None:
    while not over.is_set():
        ready, _, _ = select.select([handle], [], [], LOOK_S)
        pressed = os.read(handle, 64) if ready else b""
        if ready and not pressed:
            return  # the terminal is gone
        for key in pressed.decode(errors="ignore"):
            take(key)
