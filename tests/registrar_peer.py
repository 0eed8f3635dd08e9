"""A scripted PBX that also takes registrations by digest, answers OPTIONS, and can ring who registered."""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable

from sip_peer import Dialog, SipPeer, _response, header

REALM = "pbx"


def nobody_calls(peer: SipPeer, dialog: Dialog) -> None:
    """Refuse every call."""
    peer.respond(dialog, 404, "Not Found")


class RegistrarPeer(SipPeer):
    """Knows one user; `status` answers every REGISTER instead, `sees` is what it writes of the caller's address."""

    def __init__(
        self,
        script: Callable[[RegistrarPeer, Dialog], None] = nobody_calls,  # type: ignore[assignment]
        *,
        user: str = "1001",
        secret: str = "right",
        status: int = 0,
        sees: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(script)  # type: ignore[arg-type]
        self._user, self._secret, self._status, self._sees = user, secret, status, sees
        self.bindings: list[tuple[str, tuple[str, int], bool]] = []
        self.bell: list[tuple[float, str]] = []
        self._bell_id = ""

    def _take(self, text: str, source: tuple[str, int]) -> None:
        if self._sees is not None:
            host, port = self._sees
            text = re.sub(r";rport(?=[;\r])", f";rport={port};received={host}", text, count=1)
        method = text.split(" ", 1)[0]
        if method == "REGISTER":
            self._register(text, source)
        elif method == "OPTIONS":
            self._send(_response(text, 200, "OK", "peer", extra="Server: test-pbx/1\r\n"), source)
        elif self._bell_id and header(text, "Call-ID") == self._bell_id:
            self._take_bell(text, source)
        else:
            super()._take(text, source)

    def _register(self, text: str, source: tuple[str, int]) -> None:
        if self._status:
            self._send(_response(text, self._status, "No", "reg"), source)
        elif not self._proved(text):
            challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="n1", algorithm=MD5\r\n'
            self._send(_response(text, 401, "Unauthorized", "reg", extra=challenge), source)
        else:
            contact, leaves = header(text, "Contact"), header(text, "Expires") == "0"
            self.bindings.append((contact, source, not leaves))
            self._send(_response(text, 200, "OK", "reg", extra=f"Contact: {contact};expires=300\r\n"), source)

    def _proved(self, text: str) -> bool:
        """Check the digest (RFC 2617 §3.2.2, without qop)."""
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', header(text, "Authorization")))
        if said.get("username") != self._user:
            return False
        ha1, ha2 = (_md5(one) for one in (f"{self._user}:{REALM}:{self._secret}", f"REGISTER:{said['uri']}"))
        return said.get("response") == _md5(f"{ha1}:n1:{ha2}")

    # --- the bell -----------------------------------------------------------------------------------------

    def ring_bell(self) -> float:
        """Call who registered; gives the instant at which its 180 came."""
        contact, source, _ = next(one for one in reversed(self.bindings) if one[2])
        uri = re.search(r"<([^>]+)>", contact)
        assert uri is not None
        self._bell_id, self._bell_target = f"bell{random.getrandbits(32):x}", (uri[1], source)
        self._send_bell("INVITE", 1)
        assert self.wait(lambda: self._bell_when("SIP/2.0 180") is not None)
        at_s = self._bell_when("SIP/2.0 180")
        assert at_s is not None
        return at_s

    def bell_answered(self) -> bool:
        """Wait until it picked up."""
        return self.wait(lambda: self._bell_when("SIP/2.0 200") is not None, 20.0)

    def bell_hung_up(self) -> bool:
        """Wait until it hung up."""
        return self.wait(lambda: self._bell_when("BYE") is not None, 20.0)

    def _bell_when(self, start: str) -> float | None:
        return next((at for at, text in self.bell if text.startswith(start)), None)

    def _take_bell(self, text: str, source: tuple[str, int]) -> None:
        self.bell.append((time.monotonic(), text))
        if text.startswith("SIP/2.0 200") and header(text, "CSeq").endswith("INVITE"):
            self._send_bell("ACK", 1, to=header(text, "To"))
        elif text.startswith("BYE"):
            self._send(_response(text, 200, "OK", "peer"), source)

    def _send_bell(self, method: str, cseq: int, *, to: str = "") -> None:
        uri, target = self._bell_target
        body = "" if method == "ACK" else _OFFER
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._send(
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {self.address};branch=z9hG4bK{random.getrandbits(48):x}\r\n"
            f"From: <sip:pbx@{self.address}>;tag=bell\r\nTo: {to or f'<{uri}>'}\r\nCall-ID: {self._bell_id}\r\n"
            f"CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContact: <sip:pbx@{self.address}>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}",
            target,
        )


_OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
