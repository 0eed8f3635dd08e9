"""A way to a server that has only IPv6: pjsip speaks IPv4 to this process, and this process IPv6 to the server.

The wheel's pjsip has no IPv6 media compiled in: an account that asks for it aborts the process (pjsua_acc.c,
`ipv6_media_use == PJSUA_IPV6_DISABLED`). So addresses are translated here, as a NAT with an application gateway
does it (RFC 2663 §2.9): signalling between each worker's port and the one server, RTP between the two ports
that the descriptions of a call name. Nothing is ever sent elsewhere than to that server and to where it says
that it listens. The trace of such a call has the IPv4 side.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LOCAL = "127.0.0.1"
IDLE_S = 60.0
"""Our pjsip sends sound as long as a call is up, and says again within 32 s what has no answer."""
Address = tuple[str, int]
_ADDRESS = re.compile(r"\[[0-9A-Fa-f:.]+\](:\d+)?")


@dataclass
class Media:
    """The two ports through which the sound of one call goes."""

    inside: socket.socket
    """Where our pjsip sends to."""
    outside: socket.socket
    """Where the server sends to."""
    ours: Address = (LOCAL, 0)
    """Where our pjsip listens."""
    theirs: Address = ("", 0)
    """Where the server listens; after its first packet, where that came from (RFC 4961)."""
    used_s: float = field(default_factory=time.monotonic)
    """When something last went through."""


@dataclass
class Relay:
    """Translates for the workers of one line."""

    server: Address
    """The server's IPv6 address and port."""
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    media: dict[str, Media] = field(default_factory=dict)
    """By Call-ID."""
    outsides: dict[int, socket.socket] = field(default_factory=dict)
    """By the port of the worker that speaks through it."""

    def __post_init__(self) -> None:
        self.own = _own_address(self.server)
        self.inside = self._open(socket.AF_INET, LOCAL, self._from_worker)

    @property
    def port(self) -> int:
        """Where workers reach the server."""
        return int(self.inside.getsockname()[1])

    def turn(self, seconds: float) -> None:
        """Pass on what has come, waiting at most so long for it."""
        for key, _ in self.selector.select(seconds):
            if key.fileobj in self.selector.get_map():  # not closed by what came before it
                key.data(key.fileobj)
        self._close_idle(time.monotonic())

    def _close_idle(self, now_s: float) -> None:
        for call_id, media in list(self.media.items()):
            if now_s - media.used_s > IDLE_S:
                del self.media[call_id]
                for sock in (media.inside, media.outside):
                    self.selector.unregister(sock)
                    sock.close()

    def _open(self, family: int, host: str, take: Callable[[socket.socket], None]) -> socket.socket:
        made = socket.socket(family, socket.SOCK_DGRAM)
        made.bind((host, 0))
        made.setblocking(False)
        self.selector.register(made, selectors.EVENT_READ, take)
        return made

    # --- signalling ---------------------------------------------------------------------------------

    def _from_worker(self, sock: socket.socket) -> None:
        data, (_, port) = sock.recvfrom(65536)
        if port not in self.outsides:
            self.outsides[port] = self._open(socket.AF_INET6, self.own, lambda one: self._from_server(one, port))
        outside = self.outsides[port]
        text = data.decode("utf-8", "surrogateescape")
        text = text.replace(f"{LOCAL}:{port}", f"[{self.own}]:{outside.getsockname()[1]}")
        text = text.replace(f"{LOCAL}:{self.port}", f"[{self.server[0]}]:{self.server[1]}")
        _send(outside, self._described(text, inside=True), self.server)

    def _from_server(self, sock: socket.socket, port: int) -> None:
        data, source = sock.recvfrom(65536)
        if source[0] != self.server[0]:
            return  # nobody else has a say
        text = data.decode("utf-8", "surrogateescape")
        text = text.replace(f"[{self.own}]:{sock.getsockname()[1]}", f"{LOCAL}:{port}")
        text = re.sub(r"(?i);received=[0-9a-f:.\[\]]+", "", text)
        head, end, body = text.partition("\r\n\r\n")
        head = _ADDRESS.sub(f"{LOCAL}:{self.port}", head)
        _send(self.inside, self._described(head + end + body, inside=False), (LOCAL, port))

    def _described(self, text: str, *, inside: bool) -> str:
        """Let a description (RFC 8866) name our ports in place of its own; `inside`: it is our pjsip's."""
        head, end, body = text.partition("\r\n\r\n")
        port = re.search(r"(?m)^m=audio (\d+)", body)
        if not port:
            return text
        media = self._media_of(_call_id(head))
        media.used_s = time.monotonic()
        if inside:
            media.ours, ports, address = (LOCAL, int(port[1])), media.outside, f"IP6 {self.own}"
        else:
            host = re.search(r"(?m)^c=IN IP6 (\S+)", body)
            media.theirs, ports, address = (host[1] if host else "", int(port[1])), media.inside, f"IP4 {LOCAL}"
        body = re.sub(r"(?m)^a=rtcp:.*\r\n", "", body)
        body = re.sub(r"(?m)^((?:c=|o=\S+ \d+ \d+ )IN )IP[46] \S+", rf"\g<1>{address}", body)
        body = re.sub(r"(?m)^m=audio \d+", f"m=audio {ports.getsockname()[1]}", body)
        length = len(body.encode("utf-8", "surrogateescape"))
        head = re.sub(r"(?im)^(Content-Length|l)(\s*:\s*)\d+", rf"\g<1>\g<2>{length}", head)
        return head + end + body

    # --- sound --------------------------------------------------------------------------------------

    def _media_of(self, call_id: str) -> Media:
        if call_id not in self.media:
            inside = self._open(socket.AF_INET, LOCAL, lambda one: self._sound_out(one, media))
            outside = self._open(socket.AF_INET6, self.own, lambda one: self._sound_in(one, media))
            media = self.media[call_id] = Media(inside, outside)
        return self.media[call_id]

    def _sound_out(self, sock: socket.socket, media: Media) -> None:
        data, media.used_s = sock.recv(2048), time.monotonic()
        if media.theirs[0]:
            _send(media.outside, data, media.theirs)

    def _sound_in(self, sock: socket.socket, media: Media) -> None:
        data, source = sock.recvfrom(2048)
        media.theirs = (source[0], source[1])
        _send(media.inside, data, media.ours)


def _send(sock: socket.socket, data: str | bytes, target: Address) -> None:
    raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    try:
        sock.sendto(raw, target)
    except OSError:
        return  # lost, as UDP loses


def _call_id(head: str) -> str:
    found = re.search(r"(?im)^(?:Call-ID|i)\s*:\s*(\S+)", head)
    return found[1] if found else ""


def _own_address(server: Address) -> str:
    """The address that the route to the server gives."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asked:
        asked.connect(server)
        return str(asked.getsockname()[0])


def main() -> None:
    """Relay for the server named on the first line of standard input, until that is closed."""
    host, port = json.loads(sys.stdin.readline())
    relay = Relay((host, port))
    print(json.dumps({"port": relay.port}), flush=True)
    relay.selector.register(sys.stdin, selectors.EVENT_READ, lambda _: os._exit(0))
    while True:
        relay.turn(10.0)


if __name__ == "__main__":
    main()
