"""The SIP messages of a call as its trace holds them: verbatim, each with its instant on the monotonic clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.softphone.message import Message, parse_message, readable

_HEAD = re.compile(r"^--- ([0-9]+\.[0-9]+) (RX|TX) (.*)$", re.MULTILINE)
_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "c": "content-type",
}
_SECRET = re.compile(r"(?im)^((?:proxy-)?authorization)\s*:.*$")


@dataclass(frozen=True)
class Traced:
    """One message."""

    at_s: float
    """When it was read from, or handed to, the socket: seconds of the monotonic clock."""
    direction: str
    """`rx` or `tx`."""
    peer: str
    """Transport and address of the other side: `UDP 192.0.2.1:5060`."""
    text: str
    """The message."""

    @property
    def message(self) -> Message:
        """What a measurement needs of it."""
        return parse_message(self.text)

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in the order of the message; lines that are folded are joined."""
        head = self.text.replace("\r\n", "\n").split("\n\n", 1)[0].replace("\n ", " ").replace("\n\t", " ")
        rows = [line.partition(":") for line in head.split("\n")[1:]]
        named = ((_COMPACT.get(key.strip().lower(), key.strip().lower()), value.strip()) for key, _, value in rows)
        return tuple(value for key, value in named if key == name.lower())

    def value(self, name: str) -> str:
        """The first value of a header; empty when it is not there."""
        return next(iter(self.values(name)), "")

    @property
    def body(self) -> str:
        """What follows the headers; empty where nothing does."""
        return self.text.replace("\r\n", "\n").partition("\n\n")[2].strip()

    @property
    def transaction(self) -> str:
        """CSeq: the number and method that request and responses share."""
        return " ".join(self.value("cseq").split())


def read_trace(path: Path) -> tuple[Traced, ...]:
    """Read a call's trace; no file, or one that was cut short, gives what is there."""
    try:
        text = readable(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return ()
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)][: len(heads)]
    return tuple(
        Traced(float(head[1]), head[2].lower(), head[3].strip(), text[head.end() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    )


def without_digest(text: str) -> str:
    """A message without the digest it answers a challenge with."""
    return _SECRET.sub(r"\1: (…)", text)
