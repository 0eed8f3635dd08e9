"""What a line's own settings say before anything is sent: whom it shows, and what is encrypted."""

from __future__ import annotations

from harness.doctor.finding import OK, WARNING, Finding, figure, found
from harness.lines import LineSettings, line_warnings
from harness.words import LANGUAGES, say

ADVICE = ("line.one_caller", "line.srtp_optional")
"""Worth reading, but no fault: a line that shows one number measures as well as one that shows ten."""


def line_settings(line: LineSettings) -> Finding:
    """Judge a line by agency.toml alone."""
    told = line_warnings(line)
    figures = (
        figure("transport", str(line.transport)),
        figure("srtp", str(line.srtp)),
        figure("caller_ids", len(line.caller_ids) or 1),
        figure("max_calls", line.max_calls),
    )
    advice = {lang: " ".join(say(key, lang) for key in told) for lang in LANGUAGES}
    values = {"line": line.id, "transport": str(line.transport).upper(), "server": line.server, "advice": advice}
    if not told:
        return found("line_settings", OK, "doctor.line_settings", line=line.id, figures=figures, values=values)
    state, do = (WARNING, "doctor.do_line_settings") if set(told) - set(ADVICE) else (OK, "")
    key = "doctor.line_settings_advice"
    return found("line_settings", state, key, do, line=line.id, figures=figures, values=values)
