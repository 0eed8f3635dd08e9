"""What happened on the way of a call and belongs to its end: forwarding, transfers, sound that stopped."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.measure import Measured
from harness.softphone.signals import (
    REDIRECTED,
    REFUSED,
    RELEASED,
    RESPONSE,
    RTP_ABSENT,
    RTP_RESUMED,
    RTP_STOPPED,
    TRANSFERRED,
    SipSignal,
)
from harness.timeline import Timeline, answer_of

MOST_LOST = 0.9
"""Nobody understands what so much is lost of."""
STOPPED_S = 2.0
"""Sound that stops so shortly before the release was only quicker than the BYE."""


@dataclass(frozen=True, kw_only=True)
class Also:
    """One more thing to say."""

    case: str
    """`ending.<case>` of the catalogue."""
    values: dict[str, str] = field(default_factory=dict)
    """What the sentence names."""
    drawn: tuple[int, ...] = ()
    """Which signals it was drawn from, by their place among the record's."""


def on_the_way(timeline: Timeline) -> tuple[Also, ...]:
    """What happened before the end, in the order of the signals."""
    signals = timeline.record.signals
    told = [_told(index, signal) for index, signal in enumerate(signals)]
    found = [one for one in told if one is not None]
    first = {one.case: one for one in reversed(found)}
    kept = tuple(one for one in found if one.values or first[one.case] is one)
    return kept + _people(timeline) + _sound_lost(timeline) + _unheard(timeline)


def _told(index: int, signal: SipSignal) -> Also | None:
    where = {"where": readable_text(signal.reason)}
    if signal.kind == RESPONSE and signal.method == "INVITE" and signal.status == 181:
        return Also(case="and_forwarded", drawn=(index,))
    if signal.kind == REDIRECTED:
        return Also(case="and_redirected", values=where, drawn=(index,))
    if signal.kind == TRANSFERRED:
        return Also(case="and_transferred", values=where, drawn=(index,))
    if signal.kind == REFUSED and signal.method == "REFER":
        return Also(case="and_transfer_refused", values=where, drawn=(index,))
    return None


def _people(timeline: Timeline) -> tuple[Also, ...]:
    """Who took an automated call over, and whether whoever had it was lost and nobody came back."""
    told = [act.detail for act in timeline.record.acts if act.do == "tester"]
    lost = (Also(case="and_tester_lost"),) if "lost" in told and told[-1] == "nobody" else ()
    takers = [act.who for act in timeline.record.acts if act.do == "takes_over"]
    return (*(Also(case="and_taken_over", values={"who": readable_text(who)}) for who in takers[:1]), *lost)


def _sound_lost(timeline: Timeline) -> tuple[Also, ...]:
    signals, answer = timeline.record.signals, answer_of(timeline.record)
    if answer is None:
        return ()
    absent = [i for i, s in enumerate(signals) if s.kind == RTP_ABSENT]
    if absent:
        return (Also(case="and_rtp_absent", drawn=(absent[0],)),)
    last = next(((i, s) for i, s in reversed(list(enumerate(signals))) if s.kind in (RTP_STOPPED, RTP_RESUMED)), None)
    gone = next((s.latest_s for s in signals if s.kind == RELEASED), float("inf"))
    if last is None or last[1].kind == RTP_RESUMED or gone - last[1].latest_s < STOPPED_S:
        return ()
    return (Also(case="and_rtp_stopped", drawn=(last[0],)),)


def behind_music(measured: Measured) -> tuple[Also, ...]:
    """Music played while a telephone behind somebody who puts through may have been ringing."""
    hidden = [leg for leg in measured.legs[1:] if leg.music and leg.outcome == "answered"]
    return (Also(case="and_behind_music"),) if hidden else ()


def _unheard(timeline: Timeline) -> tuple[Also, ...]:
    """By its RTCP reports (RFC 3550 §6.4.1) the far end got next to nothing of what we sent."""
    record = timeline.record
    if not (record.sent and record.reports and record.sent_lost) or record.sent_lost < MOST_LOST * record.sent:
        return ()
    share = min(round(100 * record.sent_lost / record.sent), 100)
    return (Also(case="and_not_heard", values={"share": str(share)}),)


def readable_text(text: str) -> str:
    """A far end's text for our own sentence: nothing in it may look like a line, or steer a terminal."""
    return "".join(one if one.isprintable() else "?" for one in text[:200])
