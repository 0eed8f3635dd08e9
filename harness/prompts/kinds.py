"""What a remembered recording is, and what it makes of the leg on which it is heard: one row a kind.

A recording is never a person. A kind with an outcome is the last word of its leg; the others may stand before
somebody answers, who is then told apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of recording."""

    name: str
    """As in the mark's file and after `--kind`."""
    outcome: str | None = None
    """What the leg's outcome becomes where nobody comes behind it; None: it stays as it was measured."""
    insists: bool = False
    """Words behind it are its own, in another language say: only ringing or music behind it says otherwise."""
    seconds_only: bool = False
    """Who waits in it hears no ringing: rings are not counted, seconds are (澎湖's rule)."""
    forwards: bool = False
    """What rings behind it is another network's telephone."""
    announces: bool = False
    """It stands in front of the telephone that rings: what rang behind it is the leg's own."""


MENU, LANGUAGE_MENU, GREETING, TRANSFER = "menu", "language_menu", "greeting", "transfer_announcement"
QUEUE, OPERATOR_BUSY, CLOSED, VOICEMAIL = "queue_position", "operator_busy", "closed_hours", "voicemail"
VACANT, FORWARDING, OTHER = "vacant_number", "mobile_forwarding", "other"
VOID = "fault_ours"
"""Our directory was wrong: the attempt is void and never a unit's zero."""
NOBODY = "no_answer"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name=MENU, announces=True),
        Kind(name=LANGUAGE_MENU, announces=True),
        Kind(name=GREETING),
        Kind(name=TRANSFER, announces=True),
        Kind(name=QUEUE, seconds_only=True),
        Kind(name=OPERATOR_BUSY, outcome="busy"),
        Kind(name=CLOSED, outcome=VOID, insists=True),
        Kind(name=VOICEMAIL, outcome=NOBODY, insists=True),
        Kind(name=VACANT, outcome=VOID, insists=True),
        Kind(name=FORWARDING, outcome=NOBODY, forwards=True),
        Kind(name=OTHER),
    )
}
ANSWERING = (MENU, LANGUAGE_MENU, GREETING)
"""On the leg of a voice menu these are what should answer."""
