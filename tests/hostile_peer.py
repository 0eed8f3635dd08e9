"""A far end that answers as a good one does, with whatever texts a test wants wherever SIP leaves room for text."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import numpy as np
from sip_peer import FRAME, Dialog, Rtp, SipPeer, header, sdp_of

from harness.assisted.browser.g711 import G711, PCMA
from harness.switchboard import sound

RATE = 8000
RINGS_S, TALKS_S = 4.6, 3.0
"""Two rings, the second one whole; then somebody speaks."""


class HostilePeer(SipPeer):
    """Sends what a test says, byte by byte: `surrogateescape` stands for what is no UTF-8."""

    def _send(self, text: str, target: tuple[str, int]) -> None:
        head, _, body = text.partition("\r\n\r\n")
        raw = body.encode("utf-8", "surrogateescape")
        head = re.sub(r"(?im)^Content-Length:.*$", f"Content-Length: {len(raw)}", head.replace("\x00LF", "\n"))
        message = head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + raw
        self._socket.sendto(message[:65000], target)


def answers_with(texts: Callable[[], str], *, talking: Callable[[], bool] = lambda: True) -> Callable[..., None]:
    """A script: rings, answers, speaks and releases; `texts` gives the next text for a place that takes one."""

    def script(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        try:
            _named(dialog, texts())
            ringing = sdp_of(rtp.port).replace("s=-", f"s={_one_line(texts())}").replace("o=- ", "o=x ")
            peer.respond(dialog, 100, _one_line(texts()))
            peer.respond(dialog, 183, _one_line(texts()), headers=headers_of(texts), sdp=ringing)
            _play(rtp, dialog, sound.tone("ringback", RINGS_S, sample_rate_hz=RATE))
            peer.respond(dialog, 200, _one_line(texts()), headers=headers_of(texts), sdp=ringing)
            peer.wait(lambda: dialog.texts("ACK "))
            for method in ("OPTIONS", "INFO", "MESSAGE", "NOTIFY"):
                peer.request(dialog, method, headers=headers_of(texts))
            greeting = sound.prompt("greeting-unit", RATE)
            _play(rtp, dialog, np.concatenate([greeting, np.zeros(round(TALKS_S * RATE))])[: round(TALKS_S * RATE)])
            end = time.monotonic() + 30
            while not talking() and time.monotonic() < end and "BYE" not in dialog.requests:
                _play(rtp, dialog, np.zeros(RATE // 5))
            if "BYE" not in dialog.requests:
                peer.request(dialog, "BYE", headers=headers_of(texts))
        finally:
            rtp.close()

    return script


def headers_of(texts: Callable[[], str]) -> str:
    """Every header that is kept as evidence, or that anything might show, with a text of its own."""
    free = ("User-Agent", "Server", "Subject", "Organization", "X-Note", "Call-Info")
    lines = [f"{name}: {_one_line(texts())}\r\n" for name in free]
    lines += [f'Reason: Q.850;cause=16;text="{_quoted(texts())}"\r\n', f'Warning: 399 x "{_quoted(texts())}"\r\n']
    for name in ("P-Asserted-Identity", "Diversion", "History-Info", "Remote-Party-ID"):
        lines.append(f'{name}: "{_quoted(texts())}" <sip:x@127.0.0.1>\r\n')
    return "".join(lines)


def _named(dialog: Dialog, text: str) -> None:
    """Our own name in the To header of everything that we send."""
    to = header(dialog.invite, "To")
    uri = re.search(r"sips?:[^>;]+", to)
    assert uri
    dialog.invite = dialog.invite.replace(f"To: {to}", f'To: "{_quoted(text)}" <{uri[0]}>')


def _one_line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "\x00LF")


def _quoted(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _play(rtp: Rtp, dialog: Dialog, samples: np.ndarray) -> None:
    """Send sound as A-law, a frame every 20 ms."""
    codes, start = G711(PCMA).encode(sound.to_pcm(samples).tobytes()), time.monotonic()
    for n in range(len(codes) // FRAME):
        rtp.one(dialog.media, codes[n * FRAME : (n + 1) * FRAME])
        time.sleep(max(0.0, start + (n + 1) * 0.020 - time.monotonic()))
