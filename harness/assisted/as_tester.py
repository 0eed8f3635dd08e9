"""A live call as the walk's tester: whoever has it has a leg of their own, and commands it by what shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.softphone.protocol import Call
from harness.walk.far_tester import Doing

if TYPE_CHECKING:
    from harness.assisted.commands import Commands


class AsTester:
    """A live call as the walk's `FarTester`: whoever has it has a leg of their own."""

    def __init__(self, live: Commands) -> None:
        self._live = live
        self._call: Call | None = None

    def invite(self, call: Call) -> None:
        """The call is theirs."""
        self._call = call
        self._live.doings()  # what was pressed before is not said of this conversation
        with self._live.spared("invite"):
            self._live.people.hand(call)

    def here(self) -> bool:
        """Whether they are on the line."""
        desk = self._live.people.speaker
        return desk is not None and desk.here

    def events(self) -> tuple[Doing, ...]:
        """What they did since the last time."""
        return self._live.doings()

    def leave(self) -> None:
        """The call is theirs no more."""
        if self._call is not None:
            with self._live.spared("leave"):
                self._live.people.take_back(self._call)
