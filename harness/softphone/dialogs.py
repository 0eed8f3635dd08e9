"""Which leg a SIP message belongs to, in which of its dialogs, and whether it is new or sent again.

A leg begins with one dialog. A 3xx or a REFER that is followed adds another (its own Call-ID); messages of a
dialog that the leg has left are told aside, so that its BYE is not taken for the end of the call.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from harness.softphone.message import Message, parse_message
from harness.softphone.signals import ASIDE, HOLD, REQUEST, RESPONSE, RESUME

HELD = ("sendonly", "inactive")
"""What a far end's description says that holds us (RFC 3264 §8.4)."""


@dataclass
class Dialog:
    """One Call-ID of a leg."""

    leg: str
    """The leg."""
    number: int
    """0 for the leg's first dialog, 1 for the one that its first 3xx or REFER led to."""
    seen: set[tuple[str, ...]] = field(default_factory=set)
    """What was told already: a copy that UDP brings again is no second message."""
    established: str = ""
    """To tag of the first 2xx of the INVITE; empty before it."""
    held: bool = False
    """Whether the far end holds us."""
    left: bool = False
    """Whether the leg goes on elsewhere."""
    unanswered: set[str] = field(default_factory=set)
    """CSeq of our INVITEs and BYEs to which no final response came yet."""
    cancel_heard: bool = False
    """Whether our CANCEL was answered: a gateway may say so at once, and end the INVITE much later."""

    def take(self, direction: str, said: Message) -> tuple[dict[str, Any], ...]:
        """Give what the message means as fields of signals, in order; nothing when it was told before."""
        self._settle(direction, said)
        if self._again(direction, said):
            return ()
        kind = RESPONSE if said.status else REQUEST
        strange = direction == "rx" and self._another_branch(said)
        told = [_fields(ASIDE if self.left or strange else kind, self.number, said)]
        if direction == "rx" and self.established and not (self.left or strange):
            told += self._hold(said)
        return tuple(told)

    def _again(self, direction: str, said: Message) -> bool:
        if 100 <= said.status < 200 and not any(name == "rseq" for name, _ in said.headers):
            return False  # a 180 may be said again to say that it still rings
        rseq = next((value for name, value in said.headers if name == "rseq"), "")
        key = (direction, str(said.status), said.method, said.cseq, said.to_tag if said.status else said.branch, rseq)
        again = key in self.seen
        self.seen.add(key)
        return again

    def _another_branch(self, said: Message) -> bool:
        """Whether a fork's second 2xx came: a dialog beside the call's own (RFC 3261 §13.2.2.4)."""
        if said.method != "INVITE" or not 200 <= said.status < 300:
            return False
        self.established = self.established or said.to_tag
        return bool(said.to_tag) and said.to_tag != self.established

    def _hold(self, said: Message) -> list[dict[str, Any]]:
        held = said.sdp_direction in HELD
        if not said.sdp_direction or held == self.held:
            return []
        self.held = held
        kind = HOLD if held else RESUME
        return [{"kind": kind, "method": said.method, "reason": said.sdp_direction, "dialog": self.number}]

    def _settle(self, direction: str, said: Message) -> None:
        if direction == "tx" and not said.status and said.method in ("INVITE", "BYE"):
            self.unanswered.add(said.cseq)
        elif direction == "rx" and said.status >= 200:
            self.unanswered.discard(said.cseq)
            self.cancel_heard |= said.method == "CANCEL"


def _fields(kind: str, number: int, said: Message) -> dict[str, Any]:
    return {
        "kind": kind,
        "method": said.method,
        "status": said.status,
        "reason": said.reason,
        "to_tag": said.to_tag,
        "has_sdp": said.has_sdp,
        "headers": said.headers,
        "dialog": number,
        "sdp_direction": said.sdp_direction,
    }


class Dialogs:
    """All dialogs of an endpoint, by Call-ID."""

    def __init__(self) -> None:
        self._by_call_id: dict[str, Dialog] = {}
        self._inviting = ""

    def inviting(self, leg: str) -> None:
        """Expect an INVITE of this leg: the next one that is sent with a new Call-ID is its."""
        self._inviting = leg

    def of_message(self, direction: str, text: str) -> tuple[Dialog | None, Message]:
        """Give the dialog of a message; None where it belongs to no leg (REGISTER, OPTIONS)."""
        said = parse_message(text)
        dialog = self._by_call_id.get(said.call_id)
        if dialog is None and self._inviting and direction == "tx" and said.method == "INVITE" and not said.status:
            number = sum(one.leg == self._inviting for one in self._by_call_id.values())
            dialog = self._by_call_id[said.call_id] = Dialog(self._inviting, number)
            self._inviting = ""
        return dialog, said

    def of_leg(self, leg: str) -> list[Dialog]:
        """Give the dialogs of a leg, oldest first."""
        return [one for one in self._by_call_id.values() if one.leg == leg]

    def leave_all(self, leg: str) -> None:
        """Note that the leg goes on elsewhere than in its dialogs so far."""
        for one in self.of_leg(leg):
            one.left = True

    def go_back(self, leg: str) -> None:
        """Note that the last dialog failed: the leg goes on in the one before it."""
        dialogs = self.of_leg(leg)
        for one in dialogs:
            one.left = one is not dialogs[max(len(dialogs) - 2, 0)]

    def unsettled(self, up: Container[str]) -> int:
        """How many dialogs of legs that are not up wait for a final response; pjsip repeats for 32 s."""
        return sum(bool(one.unanswered) for one in self._by_call_id.values() if one.leg not in up)

    def unheard(self, leg: str) -> bool:
        """Whether the far end of a leg that was given up has said nothing yet to the INVITE or its CANCEL."""
        return any(one.unanswered and not (one.established or one.cancel_heard) for one in self.of_leg(leg))

    def forget(self, leg: str) -> None:
        """Forget the settled dialogs of a leg that is over."""
        kept = {key: one for key, one in self._by_call_id.items() if one.leg != leg or one.unanswered}
        self._by_call_id = kept
