"""Telephone numbers as people and SIP messages write them, brought to plain digits; nothing here permits anything."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

LONGEST_URI = 1000
"""Characters of a URI that are read at all."""
_PUNCTUATION = re.compile(r"[\s\-()./‐-―−]")
_URI = re.compile(
    r"(?P<scheme>sips?|tel):(?P<user>[^@?<>\s]+?)(?:@(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?"
    r"(?P<params>;[^?<>\s]*)?(?:\?(?P<headers>[^<>\s]*))?)?",
    re.IGNORECASE,
)
PLAIN_ADDRESS = re.compile(
    r"sip:(?P<user>[A-Za-z0-9_.-]{1,64})@(?P<host>[A-Za-z0-9.-]+)(:(?P<port>[0-9]{1,5}))?(;transport=(?P<how>udp|tcp))?"
)
"""A SIP address with nothing encoded, no password and no headers."""
_PLACE = re.compile(r"<?sips?:(?:[^@<>]*@)?(?P<host>\[[^\]]*\]|[^:;?<>]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
USUAL_PORT = 5060
"""Of SIP over UDP and TCP, where an address names none (RFC 3261 §19.1.2)."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Whom a SIP or tel URI means."""

    digits: str
    """Digits of its user part, an international +886 brought to 0; empty when it is no number."""
    extension: str
    """What `;ext=` adds (RFC 3966 §3); empty: nothing."""
    host: str
    """Its server in lower case; empty in a tel URI."""
    headers: str
    """Headers that it wants in the request (RFC 3261 §19.1.1), as they stand."""


@lru_cache(maxsize=4096)  # the gate looks at every number of the directory for every call
def digits_of(text: str) -> str:
    """Normalise a number as people write it to digits only; empty when it is no number.

    Digits of every script become plain ones, spaces, hyphens, dots and parentheses go, `tel:` goes, `+886`
    becomes `0`.
    """
    plain = _PUNCTUATION.sub("", "".join(_plain(one) for one in unicodedata.normalize("NFKC", text)))
    plain = re.sub(r"^\+8860?", "0", re.sub(r"(?i)^tel:", "", plain))  # also as it is often written, +886 (0)2
    return plain if re.fullmatch(r"[0-9]{1,20}", plain) else ""


def target_of(uri: str) -> Target | None:
    """Read the URI of a Contact or a Refer-To, bare or in angle brackets; None when it is no clean one of ours."""
    if len(uri) > LONGEST_URI:
        return None
    bare = re.fullmatch(r'\s*(?:"[^"\r\n]*"|[^<>"\r\n]*?)\s*<([^<>]*)>[^<>\r\n]*', uri)
    found = _URI.fullmatch(bare[1] if bare else uri)
    if found is None or (found["scheme"].lower() == "tel") == bool(found["host"]):
        return None
    user, _, params = _decoded(found["user"]).partition(";")
    if "%" in user + params or not params.isprintable():
        return None  # what is still encoded after once decoding hides something
    return Target(
        digits=digits_of(user),
        extension=_extension(params),
        host=(found["host"] or "").lower(),
        headers=found["headers"] or "",
    )


def place_of(uri: str) -> tuple[str, int]:
    """Give the host, in one spelling, and the port that a SIP URI names, whether it has a user or not."""
    found = _PLACE.match(uri)
    if found is None:
        return "", USUAL_PORT
    return found["host"].lower().strip("[]").rstrip("."), int(found["port"] or USUAL_PORT)


def _plain(char: str) -> str:
    return str(unicodedata.decimal(char, char))


def _decoded(user: str) -> str:
    return unquote(user, errors="replace")


def _extension(params: str) -> str:
    found = re.findall(r"(?i)(?:^|;)ext=([^;]*)", params)
    return digits_of(found[0]) or "?" if found else ""
