"""What is called: SIPp where there is one, else the embedded agency."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from harness.bench.load.embedded import EmbeddedFarEnd
from harness.bench.load.sipp import SippFarEnd


class FarEnd(Protocol):
    """Telephones that ring, answer, speak and hang up, while a block lasts."""

    @property
    def media_port(self) -> int | None:
        """Where all of them take our sound; None where each has a port of its own."""

    @property
    def pids(self) -> tuple[int, ...]:
        """Their processes."""

    def addresses(self, count: int) -> list[str]:
        """`host:port` of so many of them."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def far_end(folder: Path, *, calls: int, talk_s: float, sipp: list[str]) -> FarEnd:
    """Make one for so many calls, that speaks for `talk_s` after it answered; its files are in `folder`."""
    if sipp:
        return SippFarEnd(sipp, folder, talk_s=talk_s)
    return EmbeddedFarEnd(folder, calls=calls, talk_s=talk_s)
