"""Whether sound goes both ways: RTP counted here, and what the far end's RTCP says of ours (RFC 3550 §6.4)."""

from __future__ import annotations

from typing import Any

from harness.doctor.call import DoctorCall
from harness.doctor.finding import FAILED, NOT_CHECKED, OK, WARNING, Finding, figure, found
from harness.softphone.signals import MEDIA, RELEASED
from harness.timeline import answer_of

PACKETS_A_SECOND = 50
"""A packet every 20 ms, the ptime that we offer; a far end that sends none in pauses (DTX) comes to less."""
LOSS = 0.01
"""More than 1 % lost can hide a ring's edge; the ear was measured with up to 5 %."""


def audio(call: DoctorCall) -> tuple[Finding, ...]:
    """Look at both directions of an answered call."""
    answer = answer_of(call.record)
    gone = next((s for s in call.record.signals if s.kind == RELEASED), None)
    if answer is None or gone is None:
        values = {"line": call.line}
        key = "doctor.audio_unanswered"
        return tuple(
            found(check, NOT_CHECKED, key, line=call.line, values=values) for check in ("audio_in", "audio_out")
        )
    opened = next((s for s in call.record.signals if s.kind == MEDIA and s.status), answer)  # early media counts too
    seconds = max(0.0, gone.latest_s - opened.latest_s)
    return _inward(call, seconds), _outward(call, seconds)


def _inward(call: DoctorCall, seconds: float) -> Finding:
    record = call.record
    lost = record.lost / max(record.lost + record.packets, 1)
    values: dict[str, Any] = {
        "line": call.line,
        "packets": record.packets,
        "lost": record.lost,
        "percent": f"{lost:.1%}",
    }
    values |= {"seconds": f"{seconds:.1f}", "due": round(seconds * PACKETS_A_SECOND)}
    figures = (
        figure("received", record.packets, "packets"),
        figure("lost", record.lost, "packets"),
        figure("open_for", seconds, "s"),
        figure("jitter_buffer", record.jitter_buffer_s, "s"),
    )
    if not record.packets and seconds >= 1.0:
        state, key, do = FAILED, "doctor.audio_none_came", "doctor.do_no_audio_in"
    elif not record.packets:
        state, key, do = NOT_CHECKED, "doctor.audio_too_short", ""
    else:
        state, key, do = (WARNING, "doctor.audio_in", "doctor.do_loss") if lost > LOSS else (OK, "doctor.audio_in", "")
    return found("audio_in", state, key, do, line=call.line, figures=figures, values=values)


def _outward(call: DoctorCall, seconds: float) -> Finding:
    """What we sent, and what the far end says it got of it; without its reports nothing is proved."""
    record = call.record
    sent, reports, lost = record.sent, record.reports or 0, record.sent_lost or 0
    values: dict[str, Any] = {
        "line": call.line,
        "sent": "—" if sent is None else sent,
        "reports": reports,
        "lost": lost,
    }
    values |= {"percent": f"{lost / max(sent or 0, 1):.1%}", "seconds": f"{seconds:.1f}"}
    figures = (
        figure("sent", sent, "packets"),
        figure("rtcp_reports", record.reports),
        figure("reported_lost", record.sent_lost if reports else None, "packets"),
    )
    opened = any(s.kind == MEDIA and s.status for s in record.signals)
    if sent is None or (not sent and not opened):
        state, key, do = NOT_CHECKED, "doctor.audio_not_counted", ""
    elif not sent and seconds >= 1.0:
        state, key, do = FAILED, "doctor.audio_none_sent", "doctor.do_no_audio_out"
    elif not reports:
        state, key, do = NOT_CHECKED, "doctor.audio_no_reports", "doctor.do_ask_whether_heard"
    else:
        heavy = lost > LOSS * sent
        state, key, do = (WARNING, "doctor.audio_out", "doctor.do_loss") if heavy else (OK, "doctor.audio_out", "")
    return found("audio_out", state, key, do, line=call.line, figures=figures, values=values)
