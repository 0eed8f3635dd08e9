"""The SIP messages of a call, kept verbatim but for what would let somebody in; read from pjsip's log."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_LOGGED = re.compile(r"[. ](RX|TX) \d+ bytes [^\r\n]*? (?:to|from) (\S+ \S+?):?\r?\n(.*)", re.DOTALL)
_END = "--end msg--"

# The digest of a challenge, with the nonce beside it, lets anybody who has the file try passwords at leisure, and
# most extensions have short ones (RFC 7616 §5.10); the key of an SDES line opens every packet captured anywhere.
# Both are worth nothing as evidence. User, realm and nonce stay: they show which account was asked and when.
_SECRETS = (
    (re.compile(r'(?im)^((?:Proxy-)?Authorization\s*:.*?\bresponse\s*=\s*)"?[0-9a-f]+"?'), r'\1"removed"'),
    (re.compile(r"(?i)(\binline:)[^\s|;]+"), r"\1removed"),
    (re.compile(r"(?im)^(k=[a-z0-9]+:).+?(\r?)$"), r"\1removed\2"),
)


@dataclass(frozen=True)
class Logged:
    """One SIP message as pjsip's log has it."""

    direction: str
    """`rx` or `tx`."""
    peer: str
    """Transport and address of the other side: `UDP 192.0.2.1:5060`."""
    text: str
    """The message; pjsip cuts off what is over 4000 bytes."""

    @property
    def host(self) -> str:
        """The other side's address without its port."""
        return self.peer.split(" ")[-1].rpartition(":")[0]


def parse_log(line: str) -> Logged | None:
    """Read an entry of pjsip's log; None when it is no message."""
    found = _LOGGED.search(line)
    if found is None:
        return None
    direction, peer, text = found.groups()
    return Logged(direction.lower(), peer, text.rpartition(_END)[0].rstrip("\n") if _END in text else text)


def without_secrets(text: str) -> str:
    """Blank digests and media keys in a message."""
    for pattern, kept in _SECRETS:
        text = pattern.sub(kept, text)
    return text


class TraceFile:
    """The trace of one leg; what was written is on the disk's side when this process dies."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, message: Logged, at_s: float) -> None:
        """Add a message with its monotonic instant."""
        text = f"--- {at_s:.6f} {message.direction.upper()} {message.peer}\n{without_secrets(message.text).strip()}\n\n"
        os.write(self._file, text.encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
