"""The seam to whoever looks on while a call is walked: a page, a person who may do something in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.walk.progress import CallInProgress


class TakenOver(Exception):
    """Somebody takes an automated call over: the step that is walked ends here and now."""


class Watcher(Protocol):
    """Looks at a call in the call's own thread, and may act on it."""

    @property
    def looks_on(self) -> bool:
        """Whether anybody does just now; a call that nobody looks on at may look up more seldom in a crowd of them."""

    def look(self, call: CallInProgress) -> None:
        """Called as often as the call itself looks, some ten times a second; must not wait for anything long."""


class Nobody:
    """Nobody looks on."""

    looks_on = False

    def look(self, call: CallInProgress) -> None:
        """Nothing is seen."""
