"""The sentence on how an attempt ended, from the catalogue, and the lines of the messages beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.ending_cause import Cause
from harness.ending_events import Also, readable_text
from harness.record import CallRecord
from harness.softphone.signals import RELEASED, REQUEST, RESPONSE, SipSignal
from harness.words import LANGUAGES, say

TOLD_HEADERS = ("reason", "warning", "retry-after", "refer-to")
"""Headers that say why."""
_ARROW = {"rx": "←", "tx": "→"}


@dataclass(frozen=True)
class Message:
    """One thing that an ending was drawn from."""

    index: int | None
    """Its place among the record's signals; None for what was done or heard."""
    at_s: float
    """When, on the call's clock."""
    source: str
    """sip, act or heard."""
    line: str
    """Start line and the headers that say why, on one line."""


def message_of(index: int, signal: SipSignal) -> Message:
    """The line of a signal."""
    told = (*TOLD_HEADERS, "contact") if 300 <= signal.status < 400 else TOLD_HEADERS
    headers = [f"{name.title()}: {value}" for name, value in signal.headers if name in told]
    line = "  ".join([f"{_ARROW.get(signal.direction, '·')} {_start_line(signal)}", *headers])
    return Message(index, round(signal.latest_s, 3), "sip", readable_text(line))


def case_sentence(
    cause: Cause, record: CallRecord, *, leg: str, first_release: str, also: Iterable[Also]
) -> dict[str, str]:
    """The whole sentence in both languages: the case, what happened on the way, and how long to wait."""
    own = {"broke": fault_told(record), "answered_then_fault": fault_told(record)}
    said = own.get(cause.case) or _said(cause, record.signals)
    more = [(f"ending.{one.case}", one.values) for one in also]
    if cause.retry_after_s is not None:
        more.append(("ending.and_retry_after", {"seconds": f"{cause.retry_after_s:g}"}))
    told = {lang: say(f"leg.{leg}", lang) if cause.case == "never_rang" and leg else said for lang in LANGUAGES}
    return {lang: _joined(lang, cause.case, told[lang], first_release, more) for lang in LANGUAGES}


def _joined(lang: str, case: str, said: str, first_release: str, more: list[tuple[str, dict[str, str]]]) -> str:
    release = say(f"ending.release_{first_release}", lang) if case in ("answered", "never_rang") else ""
    told = [say(f"ending.{case}", lang, said=said, release=release)]
    return ("" if lang == "zh" else " ").join(told + [say(key, lang, **values) for key, values in more])


def _said(cause: Cause, signals: tuple[SipSignal, ...]) -> str:
    """The final response as it was put, with its Reason: the far end's own words."""
    final = next((signals[i] for i in reversed(cause.drawn) if signals[i].status >= 300), None)
    if final is None:
        return "—"
    wanted = ("contact",) if final.status < 400 else ("reason", "warning")
    reasons = [value for name, value in final.headers if name in wanted]
    return readable_text("; ".join([f"{final.status} {final.reason}".strip(), *reasons]))


def fault_told(record: CallRecord) -> str:
    """What failed on our side, as it was noted."""
    fault = next((act.detail for act in record.acts if act.do == "fault"), record.fault)
    return readable_text(fault)


def _start_line(signal: SipSignal) -> str:
    if signal.kind == RESPONSE:
        return f"SIP/2.0 {signal.status} {signal.reason} ({signal.method})"
    if signal.kind == REQUEST:
        return signal.method
    status = f"{signal.status} " if signal.status and signal.kind == RELEASED else ""
    return f"{signal.kind} {status}{signal.reason}".strip()
