"""The SIP telephone that stands for a browser: takes one call on loopback and carries its sound.

It speaks SIP by aiosipua and RTP by aiortp, and runs in a process that holds nothing else (`process`): a stall or a
crash costs the tester's leg, never the agency's.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from aiortp import RTPSession
from aiosipua import IncomingCall, SdpNegotiationError, SipRequest, SipUAS, negotiate_sdp

from harness.assisted.browser.codecs import KNOWN, codec_of
from harness.assisted.browser.sip_socket import HOST, SipSocket
from harness.assisted.browser.wire import FRAME_S, LATE_FRAMES, frame_bytes

BLIP_S = 2.0
"""So long a browser may be away unnoticed: a page that is loaded again, a network that changes. Then the leg is
released, and rung again by whoever holds the agency's call; it is answered as soon as the browser is back."""
RING_S = 60.0
"""So long it rings for a browser that does not come; whoever calls gives up sooner."""
DEAF_S = 10.0
"""Without a packet for so long the softphone is gone: it never stops sending."""
STALLED_S = 0.06
"""After so long without a frame of the browser, silence goes out in its place."""
TELEPHONE_EVENT = 101
Say = Callable[..., None]


class Media(RTPSession):
    """RTP with one address only: whoever else finds the port is not heard."""

    def _handle_rtp(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr == self._remote_addr:
            super()._handle_rtp(data, addr)


class BrowserLeg:
    """One address, one call at a time. `say` is told events, `hear` gets what the far end says, a frame at a time."""

    def __init__(self, user: str, *, say: Say, hear: Callable[[bytes], None]) -> None:
        self._user, self._say, self._hear = user, say, hear
        self._socket = SipSocket()
        self._uas = SipUAS(self._socket, user_agent="thirdring-browser")
        self._call: IncomingCall | None = None
        self._media: Media | None = None
        self._frame = b""  # of silence, as long as the call's
        self._present, self._away_since, self._sent_at, self._heard_at = False, 0.0, 0.0, 0.0
        self._due, self._counted_at = 0.0, 0.0
        self._loop = asyncio.get_running_loop()

    async def start(self) -> int:
        """Listen; gives the port."""
        await self._uas.start()
        self._uas.on_invite, self._uas.on_bye, self._uas.on_cancel = self._invited, self._bye, self._cancelled
        self._uas.on_reinvite, self._uas.on_ack_timeout = self._asked_again, self._unacknowledged
        self._away_since = self._loop.time()
        return self._socket.local_addr[1]

    # --- what the browser does --------------------------------------------------------------------------

    def present(self, is_there: bool) -> None:
        """The browser came, or was lost."""
        if self._present and not is_there:
            self._away_since = self._loop.time()
        self._present = is_there
        if is_there and self._call is not None and self._media is None:
            self._loop.create_task(self._answer(self._call))

    def speak(self, samples: bytes) -> None:
        """Send a frame of the browser's."""
        if self._media is not None and len(samples) == len(self._frame) and self._in_time():
            self._sent_at = self._loop.time()
            self._media.send_audio_pcm_auto(samples)

    def hang_up(self, by: str = "tester") -> None:
        """Release the call: BYE, or a final response where it was not answered yet."""
        if self._call is None:
            return
        if self._call.hangup() is None:
            self._call.reject(480)
        self._ended(by)

    async def run(self) -> None:
        """Fill the browser's pauses with silence, and notice who is gone; until it is cancelled."""
        due = self._loop.time()
        while True:
            due += FRAME_S
            late = self._loop.time() - due
            due += FRAME_S * max(0, int(late / FRAME_S))  # after a stall of this process: none is made up for
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            self._look(self._loop.time())

    def _look(self, now: float) -> None:
        if self._call is None:
            return
        if not self._present and now - self._away_since > (RING_S if self._media is None else BLIP_S):
            self.hang_up("lost")
        elif self._media is not None and now - self._heard_at > DEAF_S:
            self.hang_up("network")
        elif self._media is not None and now - self._sent_at > STALLED_S:
            self._media.send_audio_pcm_auto(self._frame)  # it does not count as the browser's

    def _in_time(self) -> bool:
        """Whether a frame is due: a page may be LATE_FRAMES ahead of the clock, and no more."""
        now = self._loop.time()
        self._due = min(self._due + (now - self._counted_at) / FRAME_S, float(LATE_FRAMES))
        self._counted_at = now
        if self._due < 1:
            return False
        self._due -= 1
        return True

    # --- what the softphone does ------------------------------------------------------------------------

    def _invited(self, call: IncomingCall) -> None:
        uri = call.invite.uri
        if self._call is not None:
            call.reject(486)
        elif f"sip:{self._user}@" not in str(uri):
            call.reject(404)
        else:
            self._call, self._away_since = call, self._loop.time()
            call.ringing()
            self._say(event="ringing")
            if self._present:
                self._loop.create_task(self._answer(call))

    async def _answer(self, call: IncomingCall) -> None:
        try:
            media, answer, rate_hz = await self._open(call)
        except (SdpNegotiationError, ValueError, OSError):
            if self._call is call and self._media is None:  # else its final response is sent, and another may ring
                call.reject(488)
                self._ended("network")
            return
        if self._call is not call or self._media is not None:  # it was cancelled meanwhile
            await media.close()
            return
        self._media, self._frame, self._heard_at = media, bytes(frame_bytes(rate_hz)), self._loop.time()
        self._away_since = self._heard_at
        call.accept(answer)
        self._say(event="up", sample_rate_hz=rate_hz)

    async def _open(self, call: IncomingCall) -> tuple[Media, Any, int]:
        offer = call.sdp_offer
        if offer is None or offer.rtp_address is None:
            raise ValueError("an INVITE without a description")
        port = _even_port()
        answer, payload = negotiate_sdp(offer, HOST, port, list(KNOWN), TELEPHONE_EVENT)
        to, codec = offer.rtp_address, codec_of(payload)
        # Nothing overtakes anything on loopback: the page's own buffer is the one that waits.
        media: Any = await Media.create((HOST, port), to, payload, codec, jitter_prefetch=0, skip_audio_gaps=True)
        media.on_audio = self._heard
        return media, answer, codec.sample_rate

    def _heard(self, samples: bytes, _: int) -> None:
        self._heard_at = self._loop.time()
        self._hear(samples)

    def _asked_again(self, call: IncomingCall) -> None:
        """A re-INVITE: the same answer again; our address does not change, theirs may."""
        if self._media is not None and call.sdp_offer is not None and call.sdp_offer.rtp_address:
            self._media.update_remote(call.sdp_offer.rtp_address)
        call.accept(call.sdp_answer)

    def _unacknowledged(self, call: IncomingCall) -> None:
        if call is self._call:
            self._ended("network")

    def _bye(self, call: IncomingCall, _: Any) -> None:
        if call is self._call:
            self._ended("far")

    def _cancelled(self, request: SipRequest, _: Any) -> None:
        """By then the library has forgotten the call, also where our answer and the CANCEL met on the way."""
        if self._call is not None and request.call_id == self._call.call_id:
            self._ended("far")

    def _ended(self, by: str) -> None:
        media, self._media, self._call = self._media, None, None
        if media is not None:
            self._loop.create_task(media.close())
        self._say(event="over", by=by)


def _even_port() -> int:
    """A free even port with a free one behind it (RFC 3550 §11)."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.bind((HOST, 0))
            port = int(first.getsockname()[1])
            if port % 2:
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
                try:
                    second.bind((HOST, port + 1))
                except OSError:
                    continue
        return port
