"""The messages of a call: verbatim from its trace, their intervals from what was signalled while it lasted.

Without a trace (a scripted call, a file that was deleted) the signals alone are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.interval import Interval
from harness.ladder.rung import MESSAGE, Rung
from harness.record import CallRecord
from harness.sip_trace import Traced
from harness.softphone.signals import ASIDE, REQUEST, RESPONSE, SipSignal

SAME_S = 0.5
"""A signal and the trace's line of the same message are no further apart, even on a machine that stalls."""
SENT_S = 0.005
"""A message is in the socket so soon behind its stamp: stamps are within this of a packet capture (tests hold it)."""
NOTES = ("refer-to", "contact", "reason", "retry-after", "warning", "alert-info", "diversion", "history-info")
"""Headers worth a word beside their message."""
MESSAGES = (REQUEST, RESPONSE, ASIDE)
REDIRECTED = (300, 301, 302, 305, 380)


def traced_rungs(record: CallRecord, messages: tuple[Traced, ...]) -> list[Rung]:
    """Every message of the trace, on the call's clock."""
    calls = list(dict.fromkeys(m.message.call_id for m in messages))
    branches, seen = Branches.of([_branch(m) for m in messages if _forks(m)]), set[str]()
    left = [s for s in record.signals if s.kind in MESSAGES]
    rungs: list[Rung] = []
    for message in messages:
        came = [r.at_s.earliest for r in rungs if r.direction == "rx"]
        at = _when(message, record.zero_s, left, messages, floor=max(came, default=0.0))
        key = f"{message.direction} {message.transaction} {message.message.status} {_branch(message)}"
        rungs.append(
            Rung(
                at_s=at,
                kind=MESSAGE,
                direction=message.direction,
                what=_start(message),
                peer=message.peer.split()[-1] if message.peer else "",
                branch=branches.name(_branch(message)) if _forks(message) else "",
                dialog=calls.index(message.message.call_id),
                sdp=message.message.has_sdp,
                again=key in seen,
                note=_note(message),
            )
        )
        seen.add(key)
    return rungs


def signalled_rungs(record: CallRecord) -> list[Rung]:
    """What was signalled while the call lasted, on the call's clock."""
    signals = [s for s in record.signals if s.kind in MESSAGES]
    branches = Branches.of([(s.dialog, s.to_tag) for s in signals if _early(s)])
    return [
        Rung(
            at_s=Interval(s.earliest_s, s.latest_s),
            kind=MESSAGE,
            direction=s.direction,
            what=f"{s.status} {s.reason}".strip() if s.status else s.method,
            branch=branches.name((s.dialog, s.to_tag)) if _early(s) else "",
            dialog=s.dialog,
            sdp=s.has_sdp,
            note="; ".join(f"{name}: {value}" for name, value in s.headers if _tells(name, s.status)),
        )
        for s in signals
    ]


@dataclass(frozen=True)
class Branches:
    """Names for the branches of a fork; a call with one branch has none, nor has one that was led on to another."""

    tags: tuple[tuple[object, str], ...]
    """Call and To-tag, in the order in which they came."""

    @classmethod
    def of(cls, tags: list[tuple[object, str]]) -> Branches:
        """Number the tags as they came."""
        return cls(tuple(dict.fromkeys(one for one in tags if one[1])))

    def name(self, branch: tuple[object, str]) -> str:
        """A, B …; empty while its call has but one."""
        same = [one for one in self.tags if one[0] == branch[0]]
        return chr(ord("A") + same.index(branch) % 26) if len(same) > 1 and branch in same else ""


def _forks(message: Traced) -> bool:
    """Whether a message tells which branch it came from: a response to the INVITE but 100 (RFC 3261 §13.2.2.4)."""
    said = message.message
    return message.direction == "rx" and said.method == "INVITE" and 100 < said.status < 300


def _early(signal: SipSignal) -> bool:
    return signal.kind == RESPONSE and signal.method == "INVITE" and 100 < signal.status < 300


def _branch(message: Traced) -> tuple[str, str]:
    return message.message.call_id, message.message.to_tag


def _start(message: Traced) -> str:
    """A request's method, or a response's status, its reason, and, where it is not the INVITE's, of what."""
    said = message.message
    if not said.status:
        return said.method or message.text.split(" ", 1)[0][:20]
    of = "" if said.method in ("INVITE", "") else f" ({said.method})"
    return f"{said.status} {said.reason}".strip() + of


def _when(
    message: Traced, zero_s: float, left: list[SipSignal], messages: tuple[Traced, ...], *, floor: float
) -> Interval:
    """A message's interval: what its signal and causality allow together.

    What we sent is stamped right before it is handed to the socket, and was in it before the next line of the trace.
    What came had come when it was read and stamped, but neither before the request that it answers nor before what
    was read before it (`floor`): a socket gives its messages in the order of their coming.
    """
    at = message.at_s - zero_s
    signal = _signal_of(message, at, left)
    if signal is not None:
        left.remove(signal)
    if message.direction == "tx":
        later = [m.at_s - zero_s for m in messages if m.at_s > message.at_s]
        return Interval(at, max(at, min([at + SENT_S if signal is None else signal.latest_s, *later])))
    asked = [m.at_s - zero_s for m in messages if m.direction == "tx" and m.transaction == message.transaction]
    known = [floor, *asked] if signal is None else [floor, signal.earliest_s, *asked]
    return Interval(max([one for one in known if one <= at], default=at), at)


def _signal_of(message: Traced, at: float, left: list[SipSignal]) -> SipSignal | None:
    said = message.message
    same = [
        s
        for s in left
        if s.direction == message.direction
        and s.status == said.status
        and s.method == said.method
        and (not s.to_tag or s.to_tag == said.to_tag)
        and s.earliest_s - SAME_S <= at <= s.latest_s + SAME_S
    ]
    return min(same, key=lambda s: abs(s.latest_s - at), default=None)


def _note(message: Traced) -> str:
    status = message.message.status
    told = [(name, message.value(name)) for name in NOTES if message.value(name)]
    return "; ".join(f"{name.title()}: {value}" for name, value in told if _tells(name, status))


def _tells(name: str, status: int) -> bool:
    """Whether a header is worth a word: Contact only where it says whereto a call is redirected."""
    return name in NOTES and (name != "contact" or status in REDIRECTED)
