"""Where messages may go: who is told, what is sent in the clear, and which variables hold a password for a server.

Whoever changes the settings on the pages chooses the servers, and has no account on the machine: none of its other
secrets may leave by a message, and no machine be asked that the agency did not mean.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from harness.errors import EnvironmentFailed

MAIL_VARIABLE = "THIRDRING_MAIL_"
"""What the name of a variable with a mail server's password begins with: what it holds is sent to that server."""
LINE_VARIABLE = "THIRDRING_"
"""The same of a line's, where it is typed on a page."""
HERE = ("localhost", "127.0.0.1")
"""Names of this machine, as a server may be written."""


def _mail_variable(name: str) -> str:
    # The value is in no message: it may be the password that somebody wrote there.
    if name and not (name.startswith(MAIL_VARIABLE) and name.isascii() and name.isidentifier()):
        raise PydanticCustomError("programme.mail_variable", "variable", {"begins": MAIL_VARIABLE})
    return name


def _webhook(address: str) -> str:
    # Nor is a webhook's: its path is often a secret by itself.
    if _parts(address) is None:
        raise PydanticCustomError("programme.webhook_address", "address", {})
    return address


MailVariable = Annotated[str, AfterValidator(_mail_variable)]
"""Name of an environment variable that may hold a mail server's password; empty: none."""
Webhook = Annotated[str, AfterValidator(_webhook)]
"""An http or https address without a user."""


def leads_out(address: str) -> str:
    """The host of an address that is not encrypted and leads beyond this machine; empty: it does not."""
    parts = _parts(address)
    host = (parts.hostname or "") if parts else ""
    return host if parts and parts.scheme == "http" and host not in HERE and not _is(host, "is_loopback") else ""


def is_public(host: str) -> bool:
    """Whether a host is written as an address that is of no private network; of a name that cannot be seen."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return not _is_inside(host)


def stay_inside(address: str) -> None:
    """Before a POST in the clear: EnvironmentFailed where its host is found outside private networks now."""
    host = leads_out(address)
    if host and not all(_is_inside(str(one[4][0])) for one in socket.getaddrinfo(host, None)):
        raise EnvironmentFailed("programme.webhook_outside", host=host)


def _parts(address: str) -> SplitResult | None:
    """An address in its parts; None: it is none that a message could be sent to."""
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    plain = address.isprintable() and " " not in address and "\\" not in address and "@" not in parts.netloc
    return parts if fine and plain else None


def _is(host: str, what: str) -> bool:
    try:
        return bool(getattr(ipaddress.ip_address(host), what))
    except ValueError:
        return False


def _is_inside(host: str) -> bool:
    """This machine and private networks; link-local is none of them: a cloud's machine asks its secrets there."""
    return _is(host, "is_private") and not any(_is(host, one) for one in ("is_link_local", "is_unspecified"))
