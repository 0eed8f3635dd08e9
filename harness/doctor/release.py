"""Whether a line tells who hung up: a call on which the far end hangs up proves it, or proves the contrary.

Analogue trunks and gateways without disconnect supervision send their BYE late or never: what tells then is the
busy tone that the exchange plays to us.
"""

from __future__ import annotations

from dsp.segment import BUSY, CONGESTION, Span
from harness.doctor.call import DoctorCall
from harness.doctor.finding import FAILED, NOT_CHECKED, OK, WARNING, Figure, Finding, between, figure, found
from harness.doctor.kept import RELEASE, Fact
from harness.interval import Interval
from harness.lines import LineSettings
from harness.softphone.signals import RELEASED, REQUEST, SipSignal
from harness.timeline import answer_of

SOON_S = 1.0
"""A BYE so soon after the busy tone began still tells of the far end's hanging up; ours."""


def release(call: DoctorCall, line: LineSettings) -> tuple[Finding, Fact | None]:
    """What the call proves, and the fact to keep; None when nobody hung up but us."""
    bye, tone = _bye(call), _busy(call)
    if answer_of(call.record) is None:
        return _nothing(line, "doctor.release_unanswered"), None
    if bye is None and tone is None:
        return _nothing(line, "doctor.release_ours"), None
    late = None if tone is None else (_end(call, bye) - tone).at_least(0.0)
    proved = bye is not None and (late is None or late.earliest <= SOON_S)
    return _proved(call, line, proved=proved, late=late, bye=bye), _fact(call, line, proved)


def _bye(call: DoctorCall) -> SipSignal | None:
    gone = (s for s in call.record.signals if s.kind == REQUEST and s.method == "BYE" and s.direction == "rx")
    return next(gone, None)


def _busy(call: DoctorCall) -> Interval | None:
    """When a busy tone began behind the answer."""
    answer, heard = answer_of(call.record), call.timeline.heard
    if answer is None:
        return None
    tones = [s for s in heard.segments if s.sound in (BUSY, CONGESTION) and s.start / heard.sr > answer.latest_s]
    return call.timeline.on_the_wire(Span(tones[0].start, tones[0].start)) if tones else None


def _end(call: DoctorCall, bye: SipSignal | None) -> Interval:
    last = bye or next((s for s in call.record.signals if s.kind == RELEASED), None)
    end = call.record.duration_s
    return Interval(end, end) if last is None else Interval(last.earliest_s, last.latest_s)


def _nothing(line: LineSettings, key: str) -> Finding:
    values = {"line": line.id}
    do = "doctor.do_release_again"
    return found("release", NOT_CHECKED, key, do, line=line.id, values=values)


def _proved(
    call: DoctorCall, line: LineSettings, *, proved: bool, late: Interval | None, bye: SipSignal | None
) -> Finding:
    figures: tuple[Figure, ...] = (figure("bye", bye is not None), figure("busy_tone", late is not None))
    figures += () if late is None else (between("busy_tone_before_end", late),)
    seconds = "—" if late is None else f"{late.earliest:.2f}–{late.latest:.2f}"
    values = {"line": line.id, "seconds": seconds, "call": call.record.call_id}
    write = f"signals_release = {str(proved).lower()}"
    key = "doctor.release_bye" if proved else "doctor.release_late" if bye else "doctor.release_never"
    if proved == line.signals_release:
        return found("release", OK, key, line=line.id, figures=figures, values=values)
    state = WARNING if proved else FAILED  # a line wrongly taken for proved earns somebody wrong points
    do = "doctor.do_release_write"
    return found("release", state, key, do, line=line.id, figures=figures, values=values, write=write)


def _fact(call: DoctorCall, line: LineSettings, proved: bool) -> Fact:
    return Fact(
        what=RELEASE,
        line=line.id,
        number=call.record.number,
        measured_at=call.record.started_at,
        call_id=call.record.call_id,
        how="bye" if proved else "busy_tone",
        proved=proved,
    )
