"""The seam to a tester who takes a call over: at this terminal today, at a telephone or a browser of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from harness.softphone.protocol import Call

What = Literal["mark", "digits", "done"]


@dataclass(frozen=True)
class Doing:
    """One thing that the tester did."""

    what: What
    """`mark` an event of the call, press `digits`, or `done`: the scenario goes on."""
    detail: str = ""
    """Name of the event, or the digits."""
    who: str = ""
    """Who did it; empty: the tester at the terminal."""


class FarTester(Protocol):
    """Somebody who can take a call over."""

    def invite(self, call: Call) -> None:
        """A call waits, or waits again. A tester with a leg of their own bridges it when they come."""

    def here(self) -> bool:
        """Whether the tester has come, and is there still."""

    def events(self) -> tuple[Doing, ...]:
        """What the tester did since the last time."""

    def leave(self) -> None:
        """The call is the tester's no longer: it was released, their time is over, or nobody came."""


class NoTester:
    """Nobody ever comes: an automated call."""

    def invite(self, call: Call) -> None:
        """Nobody is told."""

    def here(self) -> bool:
        """Never."""
        return False

    def events(self) -> tuple[Doing, ...]:
        """None."""
        return ()

    def leave(self) -> None:
        """Nothing to leave."""
