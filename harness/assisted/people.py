"""Whose legs are on a call beside the machine's own: the tester, conveners who listen in, and who has the call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from harness.assisted.desk import Desk
from harness.errors import Refused
from harness.softphone.protocol import Call

if TYPE_CHECKING:
    from harness.tester_telephones import DeskTelephone

Telephone: TypeAlias = "DeskTelephone | Callable[[], DeskTelephone]"
"""Somebody's telephone, or what tells at each ring where it is then."""
MakeDesk: TypeAlias = "Callable[[Telephone, str], Desk]"


class People:
    """The legs of one call; used in the call's own thread only."""

    def __init__(self, *, muted: bool) -> None:
        """`muted`: the tester hears only, until the call is handed over."""
        self.tester: Desk | None = None
        self.make_desk: MakeDesk | None = None
        """Makes a leg for somebody who joins; None while there is no call to join."""
        self.refuse_taker: Callable[[str], None] = lambda _: None
        """Raises Refused for somebody who may not speak in this call."""
        self._listeners: dict[str, Desk] = {}
        self._there: set[str] = set()
        self._taker = ""
        self._muted_before, self._muted = muted, False
        self._handed = False

    @property
    def speaker(self) -> Desk | None:
        """The leg of whoever has the call, or will; None: an automated call."""
        return self._listeners.get(self._taker, self.tester)

    @property
    def listeners(self) -> tuple[str, ...]:
        """Who listens in."""
        return tuple(self._listeners)

    @property
    def taker(self) -> str:
        """Who has taken an automated call over; empty: nobody."""
        return self._taker

    @property
    def handed(self) -> bool:
        """Whether the scenario has given the call to them."""
        return self._handed

    def dialled(self, call: Call) -> None:
        """The agency's call is there."""
        if self.tester is not None:
            self.tester.join(call, talks=not self._muted_before)

    def hand(self, call: Call) -> None:
        """They have the call: the agency hears them, unless they muted themselves."""
        self._handed = True
        if self.speaker is not None:
            self.speaker.join(call, talks=not self._muted)

    def take_back(self, call: Call) -> None:
        """The agency hears them no more: who hangs up first must not be talked into."""
        if self.speaker is not None:
            self.speaker.join(call, talks=False)

    def mute(self, call: Call | None, muted: bool) -> None:
        """Mute whoever has the call towards the agency, or let them speak, before it is handed over too."""
        self._muted_before = self._muted = muted
        # Who takes a call over speaks once it is handed to them: a telephone that rings is waited for, a sentence said.
        if call is not None and self.speaker is not None and (self._handed or not self._taker):
            self.speaker.join(call, talks=not muted)

    def listen(self, call: Call, telephone: Telephone, who: str) -> None:
        """Ring somebody's telephone, who will hear the call once they have answered; nothing when they do already."""
        if who in self._listeners or self.make_desk is None:
            return
        desk = self.make_desk(telephone, who)
        desk.ring_beside(call)
        self._listeners[who] = desk

    def may_take(self, who: str, *, tester: str) -> None:
        """Raise Refused where somebody else has the call, or this person may not have it."""
        if self.tester is not None or self._taker not in ("", who):
            raise Refused("assisted.taken", who=self._taker or tester)
        self.refuse_taker(who)

    def take_over(self, call: Call, who: str) -> None:
        """Let somebody who listens in have the call, and speak as soon as it is handed over; Refused for others."""
        if who not in self._listeners:
            raise Refused("assisted.not_listening", who=who)
        self._taker, self._muted = who, False
        self._listeners[who].join(call, talks=False)

    def leave(self, who: str) -> bool:
        """Hang up somebody who listens in; False when nobody of that name had answered: they heard nothing."""
        desk, was_there = self._listeners.pop(who, None), who in self._there
        self._there.discard(who)
        if desk is not None:
            desk.end()
        return was_there

    def attend(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Take what happened on the legs, ring a lost one again; gives who answered for the first time, and who put
        the handset down that only listened."""
        for desk in self:
            if desk is self.speaker or desk.up:
                desk.attend()
        came = tuple(who for who, desk in self._listeners.items() if desk.was_answered and who not in self._there)
        self._there.update(came)
        away = tuple(who for who, desk in self._listeners.items() if who != self._taker and not desk.up)
        return came, tuple(who for who in away if self.leave(who))

    def end(self) -> None:
        """Hang up every leg."""
        for desk in self:
            desk.end()
        self.make_desk = None

    def __iter__(self) -> Iterator[Desk]:
        return (desk for desk in (self.tester, *self._listeners.values()) if desk is not None)
