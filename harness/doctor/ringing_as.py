"""Does a call of ours ring as an internal one? Then the tested hear that it is no citizen, and answer otherwise.

A telephone that rings differently for internal calls is told so by the exchange: Alert-Info (RFC 3261 §20.4, RFC 7462),
or by the number that it sees. How the bell itself sounds only a person beside it can tell.
"""

from __future__ import annotations

import re

from harness.agency import Agency
from harness.doctor.call import DoctorCall
from harness.doctor.finding import NOT_CHECKED, OK, WARNING, Finding, figure, found
from harness.number_text import digits_of
from harness.sip_trace import Traced

LONGEST_EXTENSION = 6
_USER = re.compile(r"sips?:([^@;>]+)@", re.IGNORECASE)
_INTERNAL = re.compile(r"internal|urn:alert:source:internal|intercom|bellcore-dr[2-5]", re.IGNORECASE)


def ringing_as(call: DoctorCall, agency: Agency) -> Finding:
    """Look for signs that the far end took the call for an internal one."""
    invite = next((m for m in call.messages if m.direction == "tx" and m.message.method == "INVITE"), None)
    alerts = [m for m in call.messages if m.direction == "rx" and 180 <= m.message.status < 300]
    if invite is None or not alerts:
        values = {"line": call.line}
        return found("ringing_as", NOT_CHECKED, "doctor.ringing_unknown", line=call.line, values=values)
    caller, info = _caller(invite), _alert_info(alerts)
    inside = bool(digits_of(caller)) and len(digits_of(caller)) <= LONGEST_EXTENSION
    figures = (figure("caller", caller or None), figure("alert_info", info or None))
    values = {"line": call.line, "caller": caller or "—", "info": info or "—"}
    if inside or _INTERNAL.search(info):
        key, do = "doctor.ringing_internal", "doctor.do_ringing_internal"
        return found("ringing_as", WARNING, key, do, line=call.line, figures=figures, values=values)
    return found("ringing_as", OK, "doctor.ringing_outside", line=call.line, figures=figures, values=values)


def _caller(invite: Traced) -> str:
    """The number that the far end sees: P-Asserted-Identity (RFC 3325) before From."""
    for header in ("p-asserted-identity", "p-preferred-identity", "from"):
        found = _USER.search(invite.value(header))
        if found:
            return found[1]
    return ""


def _alert_info(alerts: list[Traced]) -> str:
    return "; ".join(dict.fromkeys(value for m in alerts for value in m.values("alert-info")))
