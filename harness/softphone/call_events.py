"""What is told of an endpoint's legs: every signal once, in order, with the instants between which it happened.

Nothing here knows pjsua2: its log gives the messages, its callbacks say what became of a call.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.softphone.dialogs import Dialogs
from harness.softphone.follow import contacts_of, decide, decide_transfer
from harness.softphone.kernel_stamp import KernelStamp
from harness.softphone.leg import Leg
from harness.softphone.message import parse_message, readable
from harness.softphone.signals import FAULT, REDIRECTED, REFUSED, RELEASED, TRANSFERRED, SipSignal
from harness.softphone.trace import Logged

Notify = Callable[[str, SipSignal], None]
Trace = Callable[[str, str, str, float], None]
"""Takes direction, peer, text and instant of every message."""
Traced = Callable[[str, Logged, float], None]
"""Takes leg, message and instant of the messages of a leg."""


class CallEvents:
    """Collects what happens while the stack works, and hands it on afterwards."""

    def __init__(self, notify: Notify, trace: Trace, traced: Traced) -> None:
        self.notify, self._trace, self._traced = notify, trace, traced
        self.dialogs = Dialogs()
        self._came_from: dict[str, str] = {}
        self._told: list[tuple[str, dict[str, Any]]] = []
        self._depth = 0
        self._kernel: KernelStamp | None = None
        self._received = (0.0, 0.0)
        self._leaving: list[dict[str, Any]] = []  # logged right before their socket gets them
        self._known_empty = time.monotonic()

    def stamp_by_kernel(self, port: int) -> None:
        """Take the kernel's stamps for the datagrams of a local port from now on."""
        self._kernel = KernelStamp(port)

    @property
    def stamped(self) -> bool:
        """Whether the kernel says when a message came."""
        return self._kernel is not None and self._kernel.works

    def nothing_came(self, since_s: float) -> None:
        """Note that a look that began then found the socket empty."""
        self._known_empty = max(since_s, self._known_empty)

    def forget(self, leg_id: str) -> None:
        """Forget a leg that is over."""
        self.dialogs.forget(leg_id)
        self._came_from.pop(leg_id, None)

    @contextmanager
    def recorded(self, leg_id: str) -> Any:
        """pjsua2 prints and forgets what a callback raises: record it on the leg instead."""
        try:
            yield
        except Exception:
            self.emit(leg_id, FAULT, "own", reason=traceback.format_exc(limit=4))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hand signals on only when the stack has done its work: no pipe is written while messages wait."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._hand_on()

    def _hand_on(self) -> None:
        if self._depth:
            return
        told, self._told = self._told, []
        self._leaving.clear()
        now = time.monotonic()
        # pjsua2 calls a call over before it logs the BYE that ended it: the release comes last.
        for leg_id, values in sorted(told, key=lambda one: one[1]["kind"] == RELEASED):
            self.notify(leg_id, SipSignal(**{**values, "latest_s": values["latest_s"] or now}))

    def emit(self, leg_id: str, kind: str, direction: str, *, before: float | None = None, **values: Any) -> None:
        """Stamp a signal and hand it on."""
        earliest = self._known_empty if before is None else before
        stamps = {"earliest_s": earliest, "latest_s": time.monotonic()}
        self._told.append((leg_id, {"kind": kind, "direction": direction, **stamps, **values}))
        self._hand_on()

    def sent_by(self, at_s: float) -> None:
        """Note that pjsip went on: what it logged as sent has left."""
        for values in self._leaving:
            values["latest_s"] = at_s
        self._leaving.clear()

    def message(self, logged: Logged, at_s: float) -> None:
        """Take a SIP message as it comes from its socket or goes to it."""
        self._trace(logged.direction.upper(), logged.peer, logged.text, at_s)
        dialog, said = self.dialogs.of_message(logged.direction, logged.text)
        if dialog is None:
            return
        received = logged.direction == "rx"
        if received:
            self._came_from[dialog.leg] = logged.host
            self._received = self._kernel.window(self._known_empty, at_s) if self._kernel else (self._known_empty, at_s)
        earliest, latest = self._received if received else (at_s, 0.0)
        stamps = {"earliest_s": earliest, "latest_s": latest}
        for values in dialog.take(logged.direction, said):
            told = {"direction": logged.direction, **stamps, **values}
            self._told.append((dialog.leg, told))
            self._leaving += [] if received else [told]
        self._traced(dialog.leg, logged, latest or at_s)

    def redirect(self, leg: Leg, text: str) -> bool:
        """Ask the gate about each Contact of a 3xx; True when one is followed."""
        said = parse_message(text)
        if not 300 <= said.status < 400:
            return False
        for contact in contacts_of(said.headers):
            came_from = self._came_from.get(leg.leg_id, "")
            decision = decide(contact, leg.leads, came_from=came_from, followed=leg.followed)
            if decision.uri:
                self.emit(leg.leg_id, REDIRECTED, "own", method="INVITE", status=said.status, reason=decision.uri)
                self.dialogs.leave_all(leg.leg_id)
                leg.followed, leg.next_uri = leg.followed + 1, decision.uri
                return True
            self._refuse(leg, contact, decision.why, method="INVITE", status=said.status)
        return False

    def _refuse(self, leg: Leg, target: str, why: str, *, method: str, status: int) -> None:
        why_not = (("why", why),)
        self.emit(leg.leg_id, REFUSED, "own", method=method, status=status, reason=readable(target), headers=why_not)

    def may_transfer(self, leg: Leg, target: str, *, alone: bool) -> bool:
        """Ask the gate about a REFER; False, and told why, where it is not followed."""
        came_from = self._came_from.get(leg.leg_id, "")
        decision = decide_transfer(target, leg.leads, came_from=came_from, followed=leg.followed)
        if leg.over or not alone or not decision.uri:
            self._refuse(leg, target, decision.why or "softphone.transfer_at_once", method="REFER", status=603)
            return False
        self.emit(leg.leg_id, TRANSFERRED, "own", method="REFER", status=202, reason=decision.uri)
        leg.followed += 1
        self.dialogs.leave_all(leg.leg_id)
        return True

    def release(self, leg: Leg, by: str, *, status: int = 0, reason: str = "") -> None:
        """Tell that a leg is over; a release that came with a message has the message's stamp."""
        now = time.monotonic()
        earliest, latest = self._received if by == "rx" else (self._known_empty, now)
        stamps = {"earliest_s": earliest, "latest_s": latest}
        values = {"kind": RELEASED, "direction": by, "status": status, "reason": reason}
        self._told.append((leg.leg_id, {**values, **stamps}))
        leg.over = True
        self._hand_on()
