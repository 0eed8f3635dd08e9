"""Draws a kept call up as a ladder: a pure function of its record, its trace and what was heard."""

from __future__ import annotations

from dataclasses import replace

from dsp.segment import SILENCE, Span
from harness.ending import ending_of
from harness.interval import Interval
from harness.ladder.messages import signalled_rungs, traced_rungs
from harness.ladder.rung import ACT, DIGIT, EVENT, FAULT, MESSAGE, PORT, RELEASED, Ladder, Rung, Sound
from harness.measure import Measured
from harness.plot.rings import numbered_rings
from harness.record import CallRecord
from harness.sip_trace import Traced
from harness.softphone import signals as sip
from harness.timeline import Timeline

SILENT_ACTS = ("dial", "pressed", "said")
"""Acts whose message, digits or sound stand on the ladder themselves."""
OWN = {sip.DIGIT: DIGIT, sip.MEDIA: PORT, sip.FAULT: FAULT, sip.RELEASED: RELEASED, sip.PLAY: ACT}
EVENTS = (
    *(sip.HOLD, sip.RESUME, sip.REDIRECTED, sip.TRANSFERRED, sip.TRANSFER_FAILED, sip.REFUSED),
    *(sip.RTP_STARTED, sip.RTP_STOPPED, sip.RTP_RESUMED, sip.RTP_SOURCE, sip.RTP_ABSENT),
)
"""What the telephone made of messages and packets: told as it is."""


def build_ladder(timeline: Timeline, measured: Measured, messages: tuple[Traced, ...] = ()) -> Ladder:
    """Draw a call up; `messages` are its trace, empty where there is none."""
    record = timeline.record
    rungs = traced_rungs(record, messages) if messages else signalled_rungs(record)
    rungs += _own(record, signalled={r.what.split()[0] for r in rungs if r.direction == "tx"}) + _acts(record)
    invite = next((r for r in rungs if r.kind == MESSAGE and r.direction == "tx" and r.what == "INVITE"), None)
    origin = 0.0 if invite is None else invite.at_s.earliest
    ordered = sorted((_moved(r, origin) for r in rungs), key=lambda r: (r.at_s.latest, r.at_s.earliest))
    sounds = _sounds(timeline, origin)
    ending = ending_of(timeline, measured)
    last = max([r.at_s.latest for r in ordered] + [s.end_s.latest for s in sounds], default=0.0)
    return Ladder(
        call_id=record.call_id,
        unit=record.unit,
        number=record.number,
        started_at=record.started_at,
        peers=tuple(dict.fromkeys(r.peer for r in ordered if r.peer)) or (record.number,),
        rungs=tuple(ordered),
        sounds=sounds,
        ends_s=max(last, record.duration_s - origin),
        outcome=ending.outcome,
        ending=ending.sentence,
        verbatim=bool(messages),
        invited=invite is not None,
    )


def _moved(rung: Rung, origin: float) -> Rung:
    span = _since(rung.at_s, origin)
    # What the far end does on this call it does behind our INVITE, however early its interval begins.
    caused = rung.direction != "tx" and span.earliest < 0 <= span.latest
    return replace(rung, at_s=Interval(0.0, span.latest) if caused else span)


def _since(span: Interval, origin: float) -> Interval:
    return Interval(round(span.earliest - origin, 6), round(span.latest - origin, 6))


def _own(record: CallRecord, *, signalled: set[str]) -> list[Rung]:
    """What was signalled and is no SIP message: keys over RTP, our ports, faults, who released."""
    kept = [s for s in record.signals if s.kind in OWN or s.kind in EVENTS]
    by_info = [s for s in kept if s.kind == sip.DIGIT and s.method == "info" and "INFO" in signalled]
    return [_of_signal(s) for s in kept if s not in by_info]  # an INFO is on the ladder as a message


def _of_signal(signal: sip.SipSignal) -> Rung:
    kind, direction = OWN.get(signal.kind, EVENT), "own"
    what, note = signal.kind, " ".join(one for one in (str(signal.status or ""), signal.reason) if one)
    match signal.kind:
        case sip.DIGIT:
            what, note, direction = signal.reason, signal.method, signal.direction
        case sip.RELEASED:
            what = signal.direction
        case sip.MEDIA | sip.FAULT:
            what, note = signal.reason, ""
        case sip.PLAY:
            what, note = "said", signal.reason
    at = Interval(signal.earliest_s, signal.latest_s)
    return Rung(at_s=at, kind=kind, direction=direction, what=what, note=note)


def _acts(record: CallRecord) -> list[Rung]:
    kept = [act for act in record.acts if act.do not in SILENT_ACTS]
    return [
        Rung(
            at_s=Interval(act.at_s, act.at_s),
            kind=ACT,
            direction="own",
            what=act.do,
            note=" ".join(one for one in (act.leg, act.detail) if one and one != act.do),
        )
        for act in kept
    ]


def _sounds(timeline: Timeline, origin: float) -> tuple[Sound, ...]:
    """What was heard, as the instants at which its packets came; rings have their numbers."""
    heard = timeline.heard
    numbers = {round(ring.start_s * heard.sr): ring.number for ring in numbered_rings(heard)}
    sounds = [
        Sound(
            start_s=_since(timeline.on_the_wire(Span(one.start, one.start)), origin),
            end_s=_since(timeline.on_the_wire(Span(one.end, one.end)), origin),
            sound=one.sound,
            ring=numbers.get(one.start),
            detail=one.digit or "",
        )
        for one in heard.segments
        if one.sound not in (SILENCE, "missing")
    ]
    sounds += [
        Sound(
            start_s=_since(Interval(lost.start_s, lost.start_s), origin),
            end_s=_since(Interval(lost.end_s, lost.end_s), origin),
            sound="missing",
            detail=str(lost.packets),
        )
        for lost in timeline.record.missing
    ]
    return tuple(sorted(sounds, key=lambda s: (s.start_s.latest, s.end_s.latest)))
