"""What a remembered recording is, and what it makes of the leg on which it is heard.

A recording is never a person. What follows from each kind is data: one row a kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of recording."""

    name: str
    """As in the mark's file and after `--kind`."""
    outcome: str | None = None
    """What the leg's outcome becomes; None: it stays as it was measured."""
    void: bool = False
    """The attempt counts for nothing: something other than the answering of a telephone was met."""
    answers: bool = False
    """The recording itself is what should answer: a menu, or the greeting in front of one."""
    passing: bool = False
    """It may stand before somebody answers: who comes behind it is told apart."""


MENU, LANGUAGE_MENU, GREETING, TRANSFER = "menu", "language_menu", "greeting", "transfer_announcement"
QUEUE, OPERATOR_BUSY, CLOSED, VOICEMAIL = "queue_position", "operator_busy", "closed_hours", "voicemail"
VACANT, FORWARDING, OTHER = "vacant_number", "mobile_forwarding", "other"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name=MENU, answers=True, passing=True),
        Kind(name=LANGUAGE_MENU, answers=True, passing=True),
        Kind(name=GREETING, answers=True, passing=True),
        Kind(name=TRANSFER, passing=True),
        Kind(name=QUEUE, passing=True),
        Kind(name=FORWARDING, passing=True),
        Kind(name=OPERATOR_BUSY, outcome="busy"),
        Kind(name=CLOSED, outcome="fault_ours", void=True),
        Kind(name=VOICEMAIL, outcome="no_answer"),
        Kind(name=VACANT, outcome="fault_ours", void=True),
        Kind(name=OTHER),
    )
}
