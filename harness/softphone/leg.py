"""Our own side of a call, kept apart from pjsua2's objects: freeing one of those late hangs up somebody else."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from harness.softphone.follow import Leads


@dataclass(eq=False)
class Leg:
    """A call as the caller means it: its recorders stay, whatever becomes of its dialogs."""

    leg_id: str
    """Its name."""
    call: Any = None
    """pjsua2's call that it now is; None before the INVITE and after the end."""
    coming: Any = None
    """The call that a transfer asked for, until it is answered or fails."""
    left: list[Any] = field(default_factory=list)
    """Calls that it was, until they are over."""
    far: Any = None
    """Recorder of what is heard."""
    near: Any = None
    """Recorder of what is said."""
    players: list[Any] = field(default_factory=list)
    """Sounds that were played; the last may still be."""
    hears: list[Leg] = field(default_factory=list)
    """Legs whose far ends its own far end hears."""
    heard_by: list[Leg] = field(default_factory=list)
    """Legs whose far ends hear its own."""
    leads: Leads = field(default_factory=Leads)
    """Where a redirection or a transfer may lead it."""
    followed: int = 0
    """How many redirections and transfers were followed."""
    next_uri: str = ""
    """The URI to invite as soon as the redirected call is out of the way."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of its INVITEs."""
    account: Any = None
    """The address of record that it calls from; None: the process's own."""
    line: Any = None
    """The line that it is called on; None: the process's own."""
    caller_id: str = ""
    """Who it says is calling; empty: the line's own address of record."""
    over: bool = False
    """Whether it is released."""

    @property
    def calls(self) -> list[Any]:
        """Every call of pjsua2's that it holds."""
        return [call for call in (self.call, self.coming, *self.left) if call is not None]

    @property
    def audio(self) -> Any:
        """The media of the call that is heard now; None without a stream."""
        for call in (self.coming, self.call):
            if call is not None and call.audio is not None:
                return call.audio
        return None

    def hear(self, other: Leg) -> None:
        """Let its far end hear another leg's from now on."""
        if other not in self.hears:
            self.hears.append(other)
            other.heard_by.append(self)

    def hear_no_more(self, other: Leg) -> None:
        """The contrary."""
        with suppress(ValueError):
            self.hears.remove(other)
            other.heard_by.remove(self)

    def part(self) -> None:
        """Leave every leg that it was joined with."""
        for other in list(self.hears):
            self.hear_no_more(other)
        for other in list(self.heard_by):
            other.hear_no_more(self)

    def take_over(self) -> None:
        """Let the call that was coming be the leg's call."""
        if self.call is not None:
            self.left.append(self.call)
        self.call, self.coming = self.coming, None

    def forget_finished(self) -> None:
        """Drop calls of pjsua2's that are over."""
        if self.left:
            self.left = [call for call in self.left if not call.over]
        if self.call is not None and self.call.over:
            self.call = None
