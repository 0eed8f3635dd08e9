"""The few facts of a SIP message (RFC 3261 §7) that a measurement needs, read from its text."""

from __future__ import annotations

import re
from dataclasses import dataclass

KEPT_HEADERS = (
    "call-id",
    "reason",
    "retry-after",
    "warning",
    "contact",
    "history-info",
    "diversion",
    "user-agent",
    "server",
    "refer-to",
    "referred-by",
    "replaces",
    "require",
    "rseq",
    "session-expires",
    "subscription-state",
    "p-asserted-identity",
)
_TAG = re.compile(r";\s*tag=([^;>\s]+)", re.IGNORECASE)
_COMPACT = {"t": "to", "i": "call-id", "m": "contact", "c": "content-type", "f": "from", "v": "via"}
_COMPACT |= {"r": "refer-to", "b": "referred-by", "x": "session-expires", "o": "event"}
_DIRECTION = re.compile(r"(?m)^a=(sendrecv|sendonly|recvonly|inactive)\s*$")


@dataclass(frozen=True)
class Message:
    """A SIP message's first line and headers."""

    status: int
    """Status code; 0 in a request."""
    reason: str
    """Reason phrase; empty in a request."""
    method: str
    """Method of a request, or of the CSeq in a response."""
    to_tag: str
    """Tag of the To header."""
    called: str
    """User part of the Request-URI: the number that was dialled; empty in a response."""
    call_id: str
    """Call-ID header."""
    has_sdp: bool
    """Whether Content-Type says application/sdp."""
    headers: tuple[tuple[str, str], ...]
    """The headers named in KEPT_HEADERS, as received; of an INVITE also From."""
    cseq: str = ""
    """CSeq header."""
    branch: str = ""
    """Branch of the topmost Via: the transaction (RFC 3261 §17.1.3)."""
    sdp_direction: str = ""
    """Direction of the first audio stream as the sender describes it; empty without a description."""


def readable(text: str) -> str:
    """Give text that any file can hold: SIP is UTF-8 (RFC 3261 §7), but old exchanges here write Big5."""
    try:
        raw = text.encode("utf-8", "surrogateescape")  # as the bindings hand over what is no UTF-8
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    for encoding in ("utf-8", "cp950"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def parse_message(text: str) -> Message:
    """Read a SIP message; what is missing or broken comes out empty, never an exception."""
    head, _, body = readable(text).partition("\r\n\r\n")
    head = head.replace("\r\n ", " ").replace("\r\n\t", " ")
    lines = head.split("\r\n") if "\r\n" in head else head.split("\n")
    headers = [_header(line) for line in lines[1:] if ":" in line]
    first = {name: value for name, value in reversed(headers)}
    status, reason, method = _first_line(lines[0])
    tag = _TAG.search(first.get("to", ""))
    has_sdp = "application/sdp" in first.get("content-type", "").lower()
    branch = re.search(r";\s*branch=([^;,\s]+)", first.get("via", ""))
    kept = (*KEPT_HEADERS, "from") if method == "INVITE" else KEPT_HEADERS
    return Message(
        status=status,
        reason=reason,
        method=method or first.get("cseq", " ").split(" ")[-1],
        to_tag=tag.group(1) if tag else "",
        called=_called(lines[0]),
        call_id=first.get("call-id", ""),
        has_sdp=has_sdp,
        headers=tuple((n, v) for n, v in headers if n in kept),
        cseq=first.get("cseq", ""),
        branch=branch.group(1) if branch else "",
        sdp_direction=_audio_direction(body) if has_sdp else "",
    )


def _audio_direction(sdp: str) -> str:
    """Read the direction of the first audio stream (RFC 8866 §6.7), old holds by 0.0.0.0 too (RFC 2543 §B.5)."""
    session, *media = re.split(r"(?m)^(?=m=)", sdp)
    audio = next((m for m in media if m.startswith("m=audio")), "")
    address = re.search(r"(?m)^c=(.*?)\s*$", audio) or re.search(r"(?m)^c=(.*?)\s*$", session)
    if address and address.group(1) == "IN IP4 0.0.0.0":
        return "inactive"
    found = _DIRECTION.search(audio) or _DIRECTION.search(session)
    return found.group(1) if found else "sendrecv"


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    name = name.strip().lower()
    return _COMPACT.get(name, name), value.strip()


def _first_line(line: str) -> tuple[int, str, str]:
    words = line.split(" ", 2)
    if words[0].startswith("SIP/") and len(words) > 1 and words[1].isdigit():
        return int(words[1]), words[2] if len(words) > 2 else "", ""
    return 0, "", words[0] if words[0].isupper() else ""


def _called(line: str) -> str:
    found = re.match(r"[A-Z]+ sips?:([^@;>\s]+)@", line)
    return found.group(1) if found else ""
