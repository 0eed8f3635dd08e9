"""Whether a line's server is there, takes our name and password, and how long it takes about it."""

from __future__ import annotations

from typing import Any

from harness.doctor.finding import FAILED, NOT_CHECKED, OK, WARNING, Finding, between, figure, found
from harness.doctor.line_look import LineLook
from harness.interval import Interval
from harness.lines import LineSettings
from harness.sip_trace import Traced

SLOW_S = 2.0
"""An answer later than this (four sendings over UDP, RFC 3261 §17.1.2.2) tells of loss or of an overloaded server."""
STAMP_S = 0.003
"""A message was in the socket at most so long before its stamp on an idle machine; busy, longer."""
WRONG_PASSWORD = (401, 403, 407)
UNKNOWN_USER = (404, 410, 604)


def registration(look: LineLook) -> Finding:
    """How the registration went; a line that needs none says so."""
    line = look.line
    if look.error is not None:
        return _not_opened("registration", look)
    if not line.register_:
        values: dict[str, Any] = {"line": line.id}
        return found("registration", NOT_CHECKED, "doctor.register_off", line=line.id, values=values)
    first, final, statuses = look.exchange("REGISTER")
    if final is None or first is None:
        return _silence("registration", look, first)
    took = _took(first, final)
    figures = (between("took", took), figure("status", final.message.status), figure("responses", _listed(statuses)))
    values = _values(line) | {"ms": _ms(took), "status": final.message.status, "reason": final.message.reason}
    state, key, do = _judged(final.message.status, took)
    return found("registration", state, key, do, line=line.id, figures=figures, values=values)


def _judged(status: int, took: Interval) -> tuple[str, str, str]:
    if 200 <= status < 300:
        slow = took.earliest > SLOW_S
        return (WARNING, "doctor.registered", "doctor.do_slow_server") if slow else (OK, "doctor.registered", "")
    if status in WRONG_PASSWORD:
        return FAILED, "doctor.register_refused", "doctor.do_password"
    if status in UNKNOWN_USER:
        return FAILED, "doctor.register_refused", "doctor.do_user"
    return FAILED, "doctor.register_refused", "doctor.do_server_error"


def server(look: LineLook) -> Finding:
    """Whether the server answers a question that rings nobody; any answer at all shows that it is there."""
    line = look.line
    if look.error is not None:
        return _not_opened("server", look)
    first, final, _ = look.exchange("OPTIONS")
    if first is None:
        return found("server", NOT_CHECKED, "doctor.server_unasked", line=line.id, values=_values(line))
    if final is None:
        return _silence("server", look, first)
    took = _took(first, final)
    name = final.value("server") or final.value("user-agent")
    figures = (between("took", took), figure("status", final.message.status), figure("server", name or None))
    values = _values(line) | {"ms": _ms(took), "status": final.message.status, "name": name or "—"}
    state, do = (WARNING, "doctor.do_slow_server") if took.earliest > SLOW_S else (OK, "")
    return found("server", state, "doctor.server_there", do, line=line.id, figures=figures, values=values)


def _took(first: Traced, final: Traced) -> Interval:
    """Request → response: the stamps are our program's, the response may have lain in the socket a little."""
    took = final.at_s - first.at_s
    return Interval(max(0.0, took - STAMP_S), took)


def _ms(took: Interval) -> str:
    return f"{took.earliest * 1000:.0f}–{took.latest * 1000:.0f}"


def _listed(statuses: tuple[int, ...]) -> str:
    return " ".join(map(str, statuses))


def _values(line: LineSettings) -> dict[str, Any]:
    return {"line": line.id, "server": line.server, "transport": str(line.transport).upper(), "user": line.user or "—"}


def _silence(check: str, look: LineLook, first: Traced | None) -> Finding:
    sent = sum(m.direction == "tx" for m in look.messages)
    values = _values(look.line) | {"waited": f"{look.waited_s:g}", "sent": sent}
    figures = (figure("waited", look.waited_s, "s"), figure("sent", sent, "messages"))
    example = look.line.server == LineSettings.model_fields["server"].default
    plain = "doctor.do_server_silent_tls" if look.line.transport == "tls" else "doctor.do_server_silent"
    do = "doctor.do_server_example" if example else plain
    return found(check, FAILED, "doctor.server_silent", do, line=look.line.id, figures=figures, values=values)


def _not_opened(check: str, look: LineLook) -> Finding:
    values = _values(look.line) | {"reason": look.error or {}}
    key, do = "doctor.line_not_opened", "doctor.do_line_not_opened"
    return found(check, FAILED, key, do, line=look.line.id, values=values)
