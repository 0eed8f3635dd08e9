"""What the stack counts of a leg's stream, and where the far end's description wants it."""

from __future__ import annotations

from typing import Any

from harness.softphone.leg import Leg
from harness.softphone.pjsip.callbacks import Call
from harness.softphone.pjsip.mapped import mapped
from harness.softphone.rtp_watch import Sent, Statistics


def statistics_of(leg: Leg | None, *, ours: bool = False) -> Statistics | None:
    """RTP counters of a leg, with those of what it sent if `ours`; None while it has no stream."""
    call = _sounding(leg)
    if call is None:
        return None
    with mapped("read RTP statistics"):
        stat, info = call.getStreamStat(0), call.getMedTransportInfo(0)
    rtcp, jbuf = stat.rtcp, stat.jbuf  # each of these dots makes an object: they cost more than the two calls above
    rx = rtcp.rxStat
    packets, delay_ms = rx.pkt, jbuf.avgDelayMsec + 2 * jbuf.devDelayMsec
    source, sent = info.srcRtpName if packets else "", _sent(rtcp.txStat) if ours else None
    return Statistics(packets, rx.loss, delay_ms, source, jbuf.empty, jbuf.discard, sent)


def _sent(tx: Any) -> Sent:
    return Sent(tx.pkt, tx.updateCount, tx.loss)


def described_of(leg: Leg | None) -> str:
    """Where the far end's description says that it wants to hear us; empty without a stream."""
    call = _sounding(leg)
    return "" if call is None else str(call.getStreamInfo(0).remoteRtpAddress)


def _sounding(leg: Leg | None) -> Call | None:
    calls = [] if leg is None else [one for one in (leg.coming, leg.call) if one is not None]
    return next((one for one in calls if one.audio is not None), None)
