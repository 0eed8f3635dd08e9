"""Why an exchange released a call: Q.850 causes and ISUP locations of a SIP Reason header (RFC 3326, RFC 8606)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

USER_SIDE = ("U", "RPN", "RLN")
"""Locations at the called user's end (RFC 8606 §4): the user, its own exchange, the network that serves it."""
OUR_SIDE = ("LPN", "LN")
"""Locations at the caller's end: our own exchange, the network that serves us."""
_REASON = re.compile(r"^\s*(?P<protocol>[A-Za-z0-9.]+)\s*;(?P<params>.*)$")


@dataclass(frozen=True)
class Reason:
    """One value of a Reason header."""

    protocol: str
    """`Q.850` or `SIP`."""
    cause: int
    """Cause, or SIP status."""
    location: str = ""
    """Where the call was released, in RFC 8606's words; empty when it does not say."""


def reasons_of(headers: Iterable[tuple[str, str]]) -> tuple[Reason, ...]:
    """Read the Reason headers of a message; what cannot be read is left out, never guessed."""
    values = (one for name, value in headers if name == "reason" for one in _split(value))
    return tuple(found for value in values if (found := _read(value)))


def q850_of(headers: Iterable[tuple[str, str]]) -> Reason | None:
    """The Q.850 cause of a message; None where it has none."""
    return next((one for one in reasons_of(headers) if one.protocol == "Q.850"), None)


def _split(value: str) -> list[str]:
    """Several reasons may stand in one header, apart by commas that are outside quotation marks."""
    return re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+', value)


def _read(value: str) -> Reason | None:
    found = _REASON.match(value)
    cause = re.search(r"(?i)(?:^|;)\s*cause\s*=\s*([0-9]{1,3})(?![0-9])", found["params"]) if found else None
    if not found or not cause:
        return None
    location = re.search(r"(?i)(?:^|;)\s*location\s*=\s*([A-Z]+)", found["params"])
    return Reason(found["protocol"].upper(), int(cause[1]), location[1].upper() if location else "")
