"""What must still be said when the process that held a call has died: read from its trace, message by message.

The far end knows nothing of the death: until its own time-outs a telephone rings, or a line is taken, for
nobody. A BYE needs no more than the dialog's identifiers (RFC 3261 §12.2.1.1), a CANCEL no more than the INVITE
(§9.1), and both stand in the trace.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from harness.sip_trace import Traced
from harness.softphone.message import parse_message


@dataclass(frozen=True)
class Farewell:
    """One call that is still up at the far end, or rings there."""

    method: str
    """`BYE` where it was answered, else `CANCEL`."""
    invite: Traced
    """Our INVITE."""
    said: Traced
    """The far end's last response to it; the INVITE itself where none came."""
    cseq: int
    """The number that a new request may have."""

    @property
    def transport(self) -> str:
        """`udp`, `tcp` or `tls`."""
        return self.said.peer.split(" ")[0].lower()

    @property
    def peer(self) -> tuple[str, int]:
        """Where to send it: where the last response came from."""
        host, _, port = self.said.peer.split(" ")[-1].rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def local(self) -> tuple[str, int]:
        """Our own address, as our Via had it: what the far end and every firewall between know."""
        found = re.search(r"SIP/2\.0/\w+\s+(\[[^\]]+\]|[^:;\s]+)(?::(\d+))?", self.invite.value("via"))
        return (found[1].strip("[]"), int(found[2] or 0)) if found else ("", 0)

    def text(self, *, authorization: str = "", again: int = 0) -> str:
        """The request; `again`: how often it was sent with other credentials before."""
        if self.method == "CANCEL":
            return _cancel(self.invite)
        return self._bye(self.cseq + again, authorization)

    def _bye(self, number: int, authorization: str) -> str:
        target = _uri(self.said.value("contact")) or _request_uri(self.invite)
        routes = "".join(f"Route: {route}\r\n" for route in reversed(_listed(self.said.values("record-route"))))
        host, port = self.local
        shown = f"[{host}]" if ":" in host else host
        return (
            f"BYE {target} SIP/2.0\r\n"
            f"Via: SIP/2.0/{self.transport.upper()} {shown}:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}\r\n"
            f"{routes}From: {self.invite.value('from')}\r\nTo: {self.said.value('to')}\r\n"
            f"Call-ID: {self.invite.value('call-id')}\r\nCSeq: {number} BYE\r\nMax-Forwards: 70\r\n"
            f'{authorization}Reason: SIP;cause=500;text="caller\'s process ended"\r\nContent-Length: 0\r\n\r\n'
        )


def farewells(messages: tuple[Traced, ...]) -> tuple[Farewell, ...]:
    """Give what must be said to everybody whom a trace leaves up; nothing where all was released."""
    found: list[Farewell] = []
    for call_id in dict.fromkeys(m.value("call-id") for m in messages):
        found += _of_call(tuple(m for m in messages if m.value("call-id") == call_id))
    return tuple(found)


def _of_call(messages: tuple[Traced, ...]) -> list[Farewell]:
    invites = [m for m in messages if m.direction == "tx" and _is_first_invite(m)]
    if not invites:
        return []
    invite = invites[-1]
    used = [int(m.transaction.split()[0]) for m in messages if m.direction == "tx" and not m.message.status]
    responses = [m for m in messages if m.direction == "rx" and m.transaction == invite.transaction]
    answers = {m.message.to_tag: m for m in responses if 200 <= m.message.status < 300}
    if answers:
        gone = {_far_tag(m) for m in messages if m.message.method == "BYE" and not m.message.status}
        return [Farewell("BYE", invite, m, max(used) + 1) for tag, m in answers.items() if tag not in gone]
    if any(m.message.status >= 300 for m in responses):
        return []
    return [Farewell("CANCEL", invite, (responses or [invite])[-1], max(used) + 1)]


def _is_first_invite(message: Traced) -> bool:
    said = message.message
    return said.method == "INVITE" and not said.status and not said.to_tag


def _far_tag(request: Traced) -> str:
    """The far end's tag in a request of either side."""
    header = request.value("to" if request.direction == "tx" else "from")
    found = re.search(r";\s*tag=([^;>\s]+)", header)
    return found[1] if found else ""


def _cancel(invite: Traced) -> str:
    routes = "".join(f"Route: {route}\r\n" for route in invite.values("route"))
    return (
        f"CANCEL {_request_uri(invite)} SIP/2.0\r\nVia: {invite.value('via')}\r\n{routes}"
        f"From: {invite.value('from')}\r\nTo: {invite.value('to')}\r\nCall-ID: {invite.value('call-id')}\r\n"
        f"CSeq: {invite.transaction.split()[0]} CANCEL\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )


def acknowledge(invite: Traced, final: str) -> str:
    """The ACK of a final response to the INVITE (RFC 3261 §13.2.2.4 and §17.1.1.3)."""
    said = Traced(0.0, "rx", invite.peer, final)
    answered = 200 <= parse_message(final).status < 300
    target = (_uri(said.value("contact")) if answered else "") or _request_uri(invite)
    via = invite.value("via")
    via = re.sub(r"branch=[^;,\s]+", f"branch=z9hG4bK{secrets.token_hex(8)}", via) if answered else via
    return (
        f"ACK {target} SIP/2.0\r\nVia: {via}\r\nFrom: {invite.value('from')}\r\nTo: {said.value('to')}\r\n"
        f"Call-ID: {invite.value('call-id')}\r\nCSeq: {invite.transaction.split()[0]} ACK\r\nMax-Forwards: 70\r\n"
        "Content-Length: 0\r\n\r\n"
    )


def _request_uri(invite: Traced) -> str:
    return invite.text.split(" ", 2)[1]


def _uri(contact: str) -> str:
    found = re.search(r"<([^>]+)>", contact) or re.match(r"([^;\s]+)", contact)
    return found[1] if found else ""


def _listed(values: tuple[str, ...]) -> list[str]:
    return [route for value in values for route in re.findall(r"<[^>]+>[^,]*", value)]
