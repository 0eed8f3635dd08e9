"""Opens a line without dialling: what was said to and by its server, gathered by a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from harness.agency import Agency
from harness.lines import LineSettings, softphone_line
from harness.sip_trace import Traced
from harness.words import LANGUAGES, say

WAIT_S = 8.0
"""A server that has not answered by then is not there: on the way to it 32 s are allowed (RFC 3261 §17.1.2.2), but a
telephone that needs so long to be called is no telephone."""
START_S = 30.0
"""Starting an interpreter and pjsua2 on a loaded machine."""


@dataclass(frozen=True, kw_only=True)
class LineLook:
    """What was seen of one line."""

    line: LineSettings
    """The line."""
    messages: tuple[Traced, ...]
    """Everything that was sent and received, in order."""
    waited_s: float
    """How long an answer was waited for."""
    error: dict[str, str] | None
    """Why the line could not be opened at all; None when it could."""

    def exchange(self, method: str) -> tuple[Traced | None, Traced | None, tuple[int, ...]]:
        """The first request of a method, the response that ended the last one before we left, and all statuses."""
        sent = [m for m in self.messages if m.direction == "tx" and m.message.method == method and not _leaving(m)]
        mine = {m.transaction for m in sent}
        told = [m for m in self.messages if m.direction == "rx" and m.message.status and m.transaction in mine]
        final = [m for m in told if m.message.status >= 200]
        statuses = tuple(m.message.status for m in told)
        return (sent[0] if sent else None), (final[-1] if final else None), statuses


def _leaving(request: Traced) -> bool:
    """Whether a REGISTER takes a binding away (RFC 3261 §10.2.2)."""
    return "expires: 0" in request.text.lower() or "expires=0" in request.value("contact").lower()


def look_at(line: LineSettings, agency: Agency, *, wait_s: float = WAIT_S) -> LineLook:
    """Open a line, register where it does, ask its server with OPTIONS; EnvironmentFailed when there is no password."""
    opened = softphone_line(line, folder=agency.folder)
    asked = {"line": opened.to_dict(), "server": _server_uri(line), "wait_s": wait_s}
    told = _probed(asked, timeout_s=START_S + 3 * wait_s)
    messages = tuple(Traced(at, direction.lower(), peer, text) for direction, peer, text, at in told["messages"])
    return LineLook(line=line, messages=messages, waited_s=wait_s, error=told["error"])


def _probed(asked: dict[str, Any], *, timeout_s: float) -> dict[str, Any]:
    """What the probe's process tells; what became of it where it tells nothing."""
    command = [sys.executable, "-m", "harness.doctor.line_probe"]
    asking = json.dumps(asked) + "\n"
    try:
        done = subprocess.run(command, input=asking, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return {"messages": [], "error": _ended("—")}
    return dict(json.loads(done.stdout)) if done.stdout.strip() else {"messages": [], "error": _ended(done.returncode)}


def _server_uri(line: LineSettings) -> str:
    uri = f"sip:{line.server}"
    return uri if line.transport == "udp" else f"{uri};transport={line.transport}"


def _ended(status: object) -> dict[str, str]:
    return {lang: say("doctor.probe_ended", lang, status=status) for lang in LANGUAGES}
