"""Where `run` and `serve` say what happens: lines for people, or lines of JSON for a collector of logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.cli.output import tell
from harness.logs import begin, tell_event, without_secrets

if TYPE_CHECKING:
    from harness.programme.events import Event

Logged = Callable[["Event", str], None]


def logging_as(kind: str) -> tuple[Callable[[str], None], Logged]:
    """What says a line, and what says an event; `json` sends every log of the process to standard error as JSON."""
    if kind == "json":
        line = begin()
        return line, lambda event, said: tell_event(event.to_dict(), said, needs_person=event.needs_person)
    return lambda said: tell(without_secrets(said)), lambda _, said: tell(without_secrets(said))
