"""What a line makes of a number: an address that is this number at its own server, called as nobody but ourselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.errors import Refused
from harness.number_gate.forbidden_numbers import forbidden
from harness.number_text import place_of, target_of

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.lines import LineSettings

_OWN_URI = re.compile(r"sips?:[0-9]{1,22}@[^@;?]+(;transport=(udp|tcp|tls)|;user=phone)*")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def refuse_crafted(number: str, line: LineSettings) -> None:
    """Refuse a line whose template makes another address of the number than the number at its server."""
    uri = line.address(number)
    target = target_of(uri)
    if target is None or not _OWN_URI.fullmatch(uri) or target.digits != line.dialled(number):
        raise Refused("refused.template", line=line.id, uri=shown(uri))


def refuse_caller(line: LineSettings) -> None:
    """Refuse to call as somebody else: no emergency or service number, nothing hidden in the address.

    The numbers that a line owns are its `caller_ids`; all are of one server.
    """
    own = target_of(line.from_uri)
    for uri in (line.from_uri, *line.caller_ids):
        target = target_of(uri)
        plain = target is not None and not target.headers and not target.extension and "%" not in uri
        if not plain or target is None or own is None or target.host != own.host or forbidden(target.digits or "5"):
            raise Refused("refused.caller", line=line.id, uri=shown(uri))


def servers_of(line: LineSettings) -> tuple[str, ...]:
    """The host of a line's own server; none where its address cannot be read."""
    target = target_of(line.address("1"))
    return () if target is None else (target.host,)


def is_ours(uri: str, agency: Agency) -> bool:
    """Whether an address is at a line's own server or proxy, however spelt; on this machine a port tells them apart."""
    told = [one for line in agency.settings.lines for one in (line.address("1"), line.proxy) if one]
    places, (host, port) = {place_of(one) for one in told}, place_of(uri)
    return (host, port) in places or (host not in _LOOPBACK and host in {there for there, _ in places})


def shown(uri: str) -> str:
    """A foreign text for a sentence: nothing in it may look like another line."""
    return "".join(one if one.isprintable() else "?" for one in uri[:120])
