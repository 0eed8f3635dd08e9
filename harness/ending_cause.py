"""Why an INVITE came to nothing, and whose doing it was; a pure function of the signals.

The message is judged by its Q.850 cause where it has one, for a gateway's SIP status is only a translation of
that; else by its status and by how far the call had come. What cannot be told apart is `unclear`: void, never
a zero. Nothing of theirs counts before a person confirms it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.q850 import OUR_SIDE, USER_SIDE, Reason, q850_of, reasons_of
from harness.softphone.signals import REGISTRATION, RELEASED, RESPONSE, SipSignal

OURS, THEIRS, NOBODY, UNCLEAR = "ours", "theirs", "nobody", "unclear"
VOID = "fault_ours"
"""Outcome of an attempt that is void and retried later, whether the fault is ours or cannot be placed."""
RINGING = 180
LONGEST_RETRY_S = 86_400.0
"""A Retry-After beyond a day is taken for a mistake, and for a day."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why no leg was answered."""

    case: str
    """Name of the case: its sentence is `ending.<case>`."""
    outcome: str
    """busy, rejected, fault_theirs or fault_ours (void)."""
    whose: str
    """ours, theirs, nobody (nobody's fault) or unclear."""
    drawn: tuple[int, ...] = ()
    """Which signals it was drawn from, by their place among the record's."""
    retry_after_s: float | None = None
    """Seconds after which the far end wants to be asked again."""


def _busy(case: str) -> Cause:
    return Cause(case=case, outcome="busy", whose=NOBODY)


def _theirs(case: str, outcome: str = "fault_theirs") -> Cause:
    return Cause(case=case, outcome=outcome, whose=THEIRS)


def _void(case: str, whose: str) -> Cause:
    return Cause(case=case, outcome=VOID, whose=whose)


# Q.850 §2.2.7. Causes that are not here (16 and 31, normal; 111 and 127, interworking; protocol errors) say less
# than the status.
_BY_CAUSE = {
    1: _theirs("no_such_number"),
    2: _void("no_route", OURS),
    3: _void("no_route", OURS),
    17: _busy("busy"),
    18: _theirs("not_reachable"),
    19: _theirs("rang_out"),
    20: _theirs("not_reachable"),
    21: _theirs("declined", "rejected"),
    22: _theirs("number_changed"),
    27: _theirs("out_of_order"),
    28: _void("incomplete", UNCLEAR),
    **dict.fromkeys((29, 50, 53, 55, 57), _void("not_allowed", OURS)),
    **dict.fromkeys((34, 38, 41, 42, 43, 44, 46, 47, 58), _void("network_trouble", UNCLEAR)),
    **dict.fromkeys((65, 66, 69, 70, 79, 88), _void("no_codec", OURS)),
}
# RFC 3261 §21, by status.
_BY_STATUS = {
    **dict.fromkeys((401, 407), _void("password", OURS)),
    403: _void("forbidden", UNCLEAR),
    404: _theirs("no_such_number"),
    408: _void("server_timeout", UNCLEAR),
    410: _theirs("number_changed"),
    **dict.fromkeys((415, 488, 606), _void("no_codec", OURS)),
    **dict.fromkeys((433, 607, 608), _void("caller_refused", UNCLEAR)),  # they take us for a nuisance call
    480: _theirs("not_reachable"),
    **dict.fromkeys((484, 485), _void("incomplete", UNCLEAR)),
    **dict.fromkeys((486, 600), _busy("busy")),
    487: _void("ended_by_network", UNCLEAR),
    **dict.fromkeys((502, 504), _void("beyond_trunk", UNCLEAR)),
    604: _theirs("no_such_number"),
}


def cause_of(signals: tuple[SipSignal, ...], *, rang: bool) -> Cause:
    """Say why an INVITE was not answered; `rang`: a telephone rang for certain before that."""
    final = _final(signals)
    if final is None:
        return _without_answer(signals)
    index, message = final
    found = _by_message(message, rang=rang, alerted=_alerted(signals))
    drawn = (*_before(signals, index), index)
    return replace(found, drawn=drawn, retry_after_s=_retry_after(message) if found.outcome == VOID else None)


def _by_message(message: SipSignal, *, rang: bool, alerted: bool) -> Cause:
    if any(one.protocol == "SIP" and one.cause == 200 for one in reasons_of(message.headers)):
        return _void("answered_elsewhere", NOBODY)  # RFC 3326 §2: another branch of the call took it
    q850 = q850_of(message.headers)
    known = _BY_CAUSE.get(q850.cause) if q850 else None
    if q850 and known:
        return _placed(known, q850)
    return _by_status(message.status, rang=rang, alerted=alerted)


def _placed(known: Cause, q850: Reason) -> Cause:
    """The location tells whose doing it was where the cause alone does not."""
    if known.case == "network_trouble" and q850.location in USER_SIDE:
        return _theirs("network_trouble_theirs")
    if known.case == "network_trouble" and q850.location in OUR_SIDE:
        return replace(known, whose=OURS)
    if known.whose == THEIRS and known.case == "out_of_order" and q850.location in OUR_SIDE:
        return _void("network_trouble", OURS)
    return known


def _by_status(status: int, *, rang: bool, alerted: bool) -> Cause:
    if 300 <= status < 400:
        return _void("redirect_refused", NOBODY)
    if rang and status in (403, 408, 487):
        return _theirs("declined" if status == 403 else "ended_ringing", "rejected")
    if rang and status == 480:
        return _theirs("rang_out")
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 500 <= status < 600:
        # Before any 18x only our own line's server can have said it: nothing beyond it had answered yet.
        return _void("failed_after_18x", UNCLEAR) if alerted else _void("trunk", OURS)
    return _theirs("declined", "rejected") if status >= 600 else _void("bad_request", OURS)


def _without_answer(signals: tuple[SipSignal, ...]) -> Cause:
    """No final response came: nobody was there, or our own machine could not even send."""
    told = [i for i, s in enumerate(signals) if s.kind == RESPONSE and s.direction == "rx" and s.method == "INVITE"]
    gone = next((i for i, s in enumerate(signals) if s.kind == RELEASED), None)
    drawn = (*told[-1:], *(() if gone is None else (gone,)))
    unregistered = [i for i, s in enumerate(signals) if s.kind == REGISTRATION and s.status // 100 != 2]
    if unregistered:
        return replace(_void("not_registered", OURS), drawn=(unregistered[-1], *drawn))
    if told:
        return replace(_void("no_final", UNCLEAR), drawn=drawn)
    status = signals[gone].status if gone is not None and signals[gone].direction == "own" else 0
    # pjsip answers in the far end's place (RFC 3261 §8.1.3.1): 408 for no answer, 503 for what could not be sent.
    return replace(_void("unreachable" if status >= 500 else "no_response", OURS), drawn=drawn)


def _final(signals: tuple[SipSignal, ...]) -> tuple[int, SipSignal] | None:
    """The last final response: a 401 that was answered with the password, or a 3xx that was followed, is none.

    Nor is what came of our own CANCEL (487, RFC 3261 §9.1).
    """
    cancelled = next((i for i, s in enumerate(signals) if s.direction == "tx" and s.method == "CANCEL"), len(signals))
    finals = [
        (i, s)
        for i, s in enumerate(signals[:cancelled])
        if s.kind == RESPONSE and s.method == "INVITE" and s.direction == "rx" and s.status >= 300
    ]
    return finals[-1] if finals else None


def _alerted(signals: tuple[SipSignal, ...]) -> bool:
    return any(s.kind == RESPONSE and s.method == "INVITE" and 180 <= s.status < 199 for s in signals)


def _before(signals: tuple[SipSignal, ...], index: int) -> tuple[int, ...]:
    """The last 18x before a final response: how far the call had come."""
    told = [i for i, s in enumerate(signals[:index]) if s.kind == RESPONSE and 180 <= s.status < 200]
    return tuple(told[-1:])


def _retry_after(message: SipSignal) -> float | None:
    value = next((v for n, v in message.headers if n == "retry-after"), "")
    digits = value.split(";")[0].split("(")[0].strip()
    return min(float(digits), LONGEST_RETRY_S) if digits.isascii() and digits.isdigit() else None
