"""A call's recording: heard in the browser piece by piece, or downloaded. Each listening is logged."""

from __future__ import annotations

from typing import Any

from starlette.responses import FileResponse, Response

from harness.web.declared import page
from harness.web.listening import log_listening
from harness.web.may_see import call_of
from harness.web.pages.calls import SOUNDS, sound_of
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.visit import Visit


@page("/calls/{call_id}/recording", right=Right.HEAR, of=call_of)
def recording(visit: Visit, call: dict[str, Any]) -> Response:
    """The file, whole or the range that is asked for."""
    path = sound_of(visit, call)
    if path is None:
        raise Hidden
    download = bool(visit.asked.get("download"))
    log_listening(visit, call["call_id"], "downloaded" if download else "heard")
    kind = SOUNDS[path.suffix.lower()]
    name = f"{call['call_id']}{path.suffix}"
    how = "attachment" if download else "inline"
    return FileResponse(path, media_type=kind, filename=name, content_disposition_type=how)
