"""Whether a redirection (3xx) or a transfer (REFER) of a call is followed, and to which URI.

The number gate says whether: here its frozen answer is carried into the worker process, and held against what
pjsua would dial. pjsua's own choice, to accept, is never asked.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from harness.errors import Refused
from harness.number_gate import Permit
from harness.number_gate.following import follow

MOST_FOLLOWED = 5
"""Redirections and transfers of one call that are followed: two telephones forwarded to each other never end."""
_PLAIN_PARAMS = re.compile(r"(;(user=phone|transport=(udp|tcp|tls)))*", re.IGNORECASE)
_CONTACT = re.compile(r'(?:"[^"]*"|<[^>]*>|[^,"<])+')
_URI = re.compile(r"(sips?:[^@;?<>\s]+)@(\[[^\]]+\]|[^:;?<>\s]+)((?::\d+)?)([^?<>\s]*)(\?[^<>\s]*)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Leads:
    """What a permit says about where its call may be led."""

    follows: tuple[str, ...] = ()
    """Numbers and extensions, digits only."""
    servers: tuple[str, ...] = ()
    """Hosts of the line's server."""
    outside_prefix: str = ""
    """What the line's PBX wants before a number outside."""
    template: str = ""
    """SIP URI on the line, `{number}` standing for what its server gets."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form for the pipe to a worker process."""
        return asdict(self)


def leads_of(leave: Permit) -> Leads:
    """Copy what a permit says about followed calls."""
    return Leads(
        follows=leave.follows,
        servers=leave.servers,
        outside_prefix=leave.outside_prefix,
        template=leave.template,
    )


def leads_from_dict(data: dict[str, Any] | None) -> Leads:
    """Read what `Leads.to_dict` wrote; nothing: a call that may be led nowhere."""
    data = data or {}
    return Leads(**{**data, "follows": tuple(data.get("follows", ())), "servers": tuple(data.get("servers", ()))})


@dataclass(frozen=True)
class Decision:
    """What was decided about one 3xx or REFER."""

    uri: str
    """The URI to invite; empty: not followed."""
    why: str = ""
    """Key of the reason why it is not followed."""


def decide(target: str, leads: Leads, *, came_from: str, followed: int) -> Decision:
    """Ask the gate about the URI of a Contact or a Refer-To; never raises."""
    if followed >= MOST_FOLLOWED:
        return Decision("", "softphone.followed_too_often")
    try:
        return Decision(follow(target, leads, came_from=came_from))
    except Refused as refused:
        return Decision("", refused.key)


def decide_transfer(target: str, leads: Leads, *, came_from: str, followed: int) -> Decision:
    """Like `decide`, for a REFER: pjsua dials its URI as it is written, so that it must be written as permitted."""
    decision = decide(target, leads, came_from=came_from, followed=followed)
    if decision.uri and not _same(target, decision.uri, came_from):
        return Decision("", "refused.follow_unreadable")
    return decision


def _same(written: str, permitted: str, came_from: str) -> bool:
    """Whether a URI rings exactly what the permitted one rings: same digits, same server, no way around it."""
    bare = re.search(r"<([^<>]*)>", written)
    theirs, ours = _URI.fullmatch(bare[1] if bare else written.strip()), _URI.fullmatch(permitted)
    if theirs is None or ours is None or not _PLAIN_PARAMS.fullmatch(theirs[4]):
        return False
    same_host = theirs[2].lower() in (ours[2].lower(), came_from.lower())
    usual = ":5061" if "transport=tls" in ours[4].lower() or ours[1].startswith("sips") else ":5060"
    same_port = (theirs[3] or usual) == (ours[3] or usual)
    return theirs[1].lower() == ours[1].lower() and same_host and same_port and (theirs[5] or "") == (ours[5] or "")


def contacts_of(headers: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Give the URIs of the Contact headers of a 3xx, the most wanted first (RFC 3261 §20.10)."""
    listed = [one for name, value in headers if name == "contact" for one in _CONTACT.findall(value)]
    return tuple(sorted((one.strip() for one in listed if one.strip()), key=_wanted, reverse=True))


def _wanted(contact: str) -> float:
    found = re.search(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)", contact.rpartition(">")[2])
    return float(found[1]) if found else 1.0
