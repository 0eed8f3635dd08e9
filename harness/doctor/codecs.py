"""Which codecs were offered, and which the far end took: read off the session descriptions (RFC 3264, RFC 8866)."""

from __future__ import annotations

import re
from typing import Any

from harness.doctor.finding import FAILED, NOT_CHECKED, OK, Figure, Finding, figure, found
from harness.lines import LineSettings
from harness.sip_trace import Traced

STATIC = {"0": "PCMU/8000", "3": "GSM/8000", "4": "G723/8000", "8": "PCMA/8000", "9": "G722/8000", "18": "G729/8000"}
"""Payload types with fixed meanings (RFC 3551 §6), which need no rtpmap."""
NOT_SOUND = ("telephone-event", "CN")
NOT_ACCEPTABLE = (415, 488, 606)


def codecs_of(message: Traced) -> tuple[str, ...]:
    """The codecs of the first audio stream of a session description, in its order; empty where there is none."""
    stream = re.search(r"(?ms)^m=audio (\d+) \S+ ([\d ]+)$(.*?)(?=^m=|\Z)", message.body)
    if stream is None or stream[1] == "0":  # port 0: the stream is refused (RFC 3264 §6)
        return ()
    named = dict(re.findall(r"(?m)^a=rtpmap:(\d+) ([^/\s]+/\d+)", stream[3]))
    codecs = [named.get(kind, STATIC.get(kind, f"payload {kind}")) for kind in stream[2].split()]
    return tuple(one for one in codecs if not one.startswith(NOT_SOUND))


def codecs(line: LineSettings, messages: tuple[Traced, ...] = ()) -> Finding:
    """What was offered and what was taken; without a call only what would be offered."""
    sent = [m for m in messages if m.direction == "tx" and m.message.method == "INVITE"]
    offer = next((c for m in sent if (c := codecs_of(m))), ())
    if not offer:
        values: dict[str, Any] = {"line": line.id, "offered": ", ".join(line.codecs)}
        figures: tuple[Figure, ...] = (figure("offered", values["offered"]),)
        key, do = "doctor.codecs_offered", "doctor.do_call"
        return found("codecs", NOT_CHECKED, key, do, line=line.id, figures=figures, values=values)
    answers = [m for m in messages if m.direction == "rx" and m.message.status and m.message.method == "INVITE"]
    taken = next((c for m in reversed(answers) if m.message.status < 300 and (c := codecs_of(m))), ())
    refused = next((m.message.status for m in answers if m.message.status in NOT_ACCEPTABLE), 0)
    values = {"line": line.id, "offered": ", ".join(offer), "taken": ", ".join(taken) or "—", "status": refused}
    figures = (figure("offered", values["offered"]), figure("accepted", ", ".join(taken) or None))
    if taken:
        state, key, do = OK, "doctor.codecs", ""
    elif refused:
        state, key, do = FAILED, "doctor.codecs_refused", "doctor.do_codecs"
    else:
        state, key, do = NOT_CHECKED, "doctor.codecs_no_answer", ""
    return found("codecs", state, key, do, line=line.id, figures=figures, values=values)
