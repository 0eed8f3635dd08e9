"""What the signalling said, each thing with the two instants between which it happened."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

RESPONSE = "response"
REQUEST = "request"
RELEASED = "released"
DIGIT = "digit"
MEDIA = "media"
PLAY = "play"
REGISTRATION = "registration"
FAULT = "fault"

HOLD = "hold"
"""The far end put us on hold (RFC 3264 §8.4): `reason` is its direction, `sendonly` or `inactive`."""
RESUME = "resume"
"""It took us back."""
REDIRECTED = "redirected"
"""A 3xx is followed: `reason` is the URI that is invited, `status` the 3xx."""
TRANSFERRED = "transferred"
"""A REFER is followed (RFC 3515): `reason` is the URI that is invited."""
TRANSFER_FAILED = "transfer_failed"
"""The call that a REFER asked for did not come about; `status` says why. The call it was asked on goes on."""
REFUSED = "refused"
"""A 3xx or a REFER is not followed: `reason` is where it led, `method` INVITE or REFER, header `why` the reason."""
ASIDE = "aside"
"""A message of a dialog that is not, or no more, the call's own: what a transfer or a fork left behind."""
NO_EVENTS = ("telephone-event", "none")
"""Header of `media`: the far end's description offers no digits as events (RFC 4733), only as tones in the sound."""
RTP_STARTED = "rtp_started"
"""The first packet came; `reason` is the address it came from."""
RTP_STOPPED = "rtp_stopped"
"""Packets came and come no more."""
RTP_RESUMED = "rtp_resumed"
"""They come again."""
RTP_SOURCE = "rtp_source"
"""Packets come from an address other than before; header `described` is the one of the session description."""
RTP_ABSENT = "rtp_absent"
"""Answered, and no packet came since."""

KINDS = (
    *(RESPONSE, REQUEST, RELEASED, DIGIT, MEDIA, PLAY, REGISTRATION, FAULT),
    *(HOLD, RESUME, REDIRECTED, TRANSFERRED, TRANSFER_FAILED, REFUSED, ASIDE),
    *(RTP_STARTED, RTP_STOPPED, RTP_RESUMED, RTP_SOURCE, RTP_ABSENT),
)


@dataclass(frozen=True, kw_only=True)
class SipSignal:
    """One thing that happened on a call's signalling or at its media ports.

    A received message lies between the last moment at which the socket was known to be empty and the
    moment our callback ran; a sent one between the moments before and after the call that sent it.
    """

    earliest_s: float
    """Seconds of the system's monotonic clock before which it cannot have happened."""
    latest_s: float
    """Seconds of the system's monotonic clock by which it had happened."""
    kind: str
    """One of KINDS."""
    direction: str
    """`rx` from the far end, `tx` by us, `own` for what is no message (a port, a fault)."""
    method: str = ""
    """SIP method of the request or of the transaction that a response belongs to."""
    status: int = 0
    """SIP status code of a response (RFC 3261 §21), 0 where there is none."""
    reason: str = ""
    """Reason phrase, digit, file or fault text: hostile text when it came from the far end."""
    to_tag: str = ""
    """Tag of the To header: two tags on provisional responses are two branches of a fork."""
    has_sdp: bool = False
    """Whether the message carried a session description."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers worth keeping as evidence: Reason, Retry-After, Warning, Contact, Refer-To, History-Info."""
    dialog: int = 0
    """Which of the call's dialogs it belongs to: 0 the first, 1 the one that the first 3xx or REFER led to, …"""
    sdp_direction: str = ""
    """Direction that the sender's session description gives its audio (RFC 8866 §6.7); empty without one."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form; what is empty is left out."""
        return {k: v for k, v in asdict(self).items() if v or k in ("earliest_s", "latest_s")}


def signal_from_dict(data: dict[str, Any]) -> SipSignal:
    """Read what `SipSignal.to_dict` wrote; unknown keys of a newer version are passed over."""
    known = {f.name for f in fields(SipSignal)}
    kept = {k: v for k, v in data.items() if k in known}
    kept["headers"] = tuple((str(k), str(v)) for k, v in data.get("headers", ()))
    return SipSignal(**kept)
