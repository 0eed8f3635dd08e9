"""Whether an address translator stands between us and the server: what we wrote of ourselves, and what it saw.

A server that sees another address or port than we wrote says so in the Via of its response (RFC 3581 `rport`,
RFC 3261 §18.2.1 `received`). A session description with an address that cannot be reached from there brings no sound.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from harness.doctor.finding import NOT_CHECKED, OK, WARNING, Finding, figure, found
from harness.sip_trace import Traced

_VIA = re.compile(r"SIP\s*/\s*2\.0\s*/\s*\w+\s+(\[[^\]]+\]|[^;:\s]+)(?::(\d+))?(.*)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Our address as we wrote it and as the server saw it."""

    written: str
    """host:port of our Via."""
    received: str | None
    """host:port that the server saw; None when it did not say."""
    contact: str
    """host:port of our Contact; empty when the message had none."""
    media: str
    """Address of our session description; empty when there was none."""

    @property
    def translated(self) -> bool:
        """Whether the server saw something else than we wrote."""
        return self.received is not None and self.received != self.written

    @property
    def unreachable_media(self) -> bool:
        """Whether sound is asked for at a private address while the server sees a public one."""
        if not self.media or self.received is None:
            return False
        seen = self.received.rsplit(":", 1)[0].strip("[]")
        return _private(self.media) and not _private(seen) and self.media != seen


def _private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def seen_of(messages: tuple[Traced, ...]) -> Seen | None:
    """Read it off the last exchange of a line; None when nothing was answered."""
    told = [m for m in messages if m.direction == "rx" and m.message.status and m.values("via")]
    if not told:
        return None
    via = _VIA.match(told[-1].values("via")[-1])  # the last Via is our own
    if via is None:
        return None
    host, port, parameters = via[1], via[2] or "5060", via[3]
    sent = [m for m in messages if m.direction == "tx"]
    contact = re.search(r"sips?:(?:[^@>\s]*@)?(\[[^\]]+\](?::\d+)?|[^;>\s]+)", _last(sent, "contact"))
    return Seen(
        written=f"{host}:{port}",
        received=_received(host, port, parameters),
        contact=contact[1] if contact else "",
        media=next((a for a in (_media(m) for m in reversed(sent)) if a), ""),
    )


def _received(host: str, port: str, parameters: str) -> str | None:
    rport = re.search(r";\s*rport=(\d+)", parameters)
    received = re.search(r";\s*received=([^;\s]+)", parameters)
    if rport is None and received is None:
        return None
    seen = received[1].strip("[]") if received else host
    return f"{f'[{seen}]' if ':' in seen.strip('[]') and received else seen}:{rport[1] if rport else port}"


def _last(messages: list[Traced], header: str) -> str:
    return next((value for m in reversed(messages) if (value := m.value(header))), "")


def _media(message: Traced) -> str:
    found = re.search(r"(?m)^c=IN IP[46] (\S+)", message.body)
    return found[1].split("/")[0] if found else ""


def nat(messages: tuple[Traced, ...], *, line: str, packets: int | None = None) -> Finding:
    """Whether an address translator was seen; `packets`: RTP received on an answered call, None without one."""
    seen = seen_of(messages)
    if seen is None:
        return found("nat", NOT_CHECKED, "doctor.nat_unknown", line=line, values={"line": line})
    figures = (
        figure("via", seen.written),
        figure("received", seen.received),
        figure("contact", seen.contact or None),
        figure("sdp", seen.media or None),
    )
    values = {"line": line, "written": seen.written, "received": seen.received or "—", "media": seen.media or "—"}
    if seen.received is None:
        state, key, do = NOT_CHECKED, "doctor.nat_silent", ""
    elif not seen.translated:
        state, key, do = OK, "doctor.nat_none", ""
    elif seen.unreachable_media and not packets:
        state, key, do = WARNING, "doctor.nat_media", "doctor.do_nat_media"
    else:
        state, key, do = WARNING, "doctor.nat", "doctor.do_nat"
    return found("nat", state, key, do, line=line, figures=figures, values=values)
