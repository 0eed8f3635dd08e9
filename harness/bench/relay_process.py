"""Relays in a process of their own: beside ears that compute, a packet waits for the interpreter's lock.

Measured: next to four calls' ears packets came up to half a second late, which no line does that a pattern asks for.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.managers import BaseManager
from types import TracebackType
from typing import Any, Self

from harness.bench.relay import Fate, Passed, Relay


@dataclass(frozen=True)
class Seen:
    """What a relay saw; instants of the monotonic clock, which all processes of a machine share."""

    passed: list[Passed] = field(default_factory=list)
    """The far end's messages, as they went on to us."""
    sound_s: list[float] = field(default_factory=list)
    """When each packet of the far end's sound came, lost ones too."""
    lost: list[float] = field(default_factory=list)
    """When those came that did not go on."""


class _Kept:
    """A relay, in the process that it runs in."""

    def __init__(self, agency: str, fate_of: Callable[..., Fate], arguments: tuple[Any, ...]) -> None:
        self._relay = Relay(agency, fate_of(*arguments))
        self._relay.__enter__()

    def address(self) -> str:
        return self._relay.address

    def close(self) -> Seen:
        self._relay.__exit__(None, None, None)
        return Seen(self._relay.passed, self._relay.sound_s, self._relay.lost)


class _Manager(BaseManager):
    """Knows what may be made in the other process."""


_Manager.register("kept", _Kept)


class FarRelay:
    """A relay in another process; `address` is what to dial instead of the agency's."""

    def __init__(self, kept: Any) -> None:
        self._kept, self._open = kept, True
        self.address: str = kept.address()
        self.seen = Seen()
        """What it saw, once it is closed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> Seen:
        """End it; give what it saw."""
        if self._open:
            self._open, self.seen = False, self._kept.close()
        return self.seen


class RelayProcess:
    """The process; opens relays, many at once."""

    def __enter__(self) -> Self:
        self._manager = _Manager(ctx=multiprocessing.get_context("spawn"))
        self._manager.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._manager.shutdown()

    def open(self, agency: str, fate_of: Callable[..., Fate], *arguments: Any) -> FarRelay:
        """Open a relay to an agency; a function of a module gives it its pattern, there."""
        return FarRelay(self._manager.kept(agency, fate_of, arguments))  # type: ignore[attr-defined]
