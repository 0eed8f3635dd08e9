"""What the score sheet's page draws of a recording.

Speech can be rebuilt from a spectrogram, as from nothing else here: whoever fetches one has listened, and is in the log
like whoever fetches `recording`.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from harness.web.declared import page
from harness.web.listening import log_listening
from harness.web.may_see import call_of
from harness.web.pages.calls import sound_of
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.shown_sound import heard_in, peaks_of, spectrogram_of
from harness.web.visit import Visit


@page("/calls/{call_id}/sound/peaks", right=Right.HEAR, of=call_of)
def peaks(visit: Visit, call: dict[str, Any]) -> Response:
    """The outline of the waveform."""
    path = sound_of(visit, call)
    if path is None:
        raise Hidden
    return JSONResponse(peaks_of(path))


@page("/calls/{call_id}/sound/heard", right=Right.HEAR, of=call_of)
def heard(visit: Visit, call: dict[str, Any]) -> Response:
    """Segments and rings."""
    path = sound_of(visit, call)
    if path is None:
        raise Hidden
    return JSONResponse(heard_in(call, path, visit.agency, visit.preferences.lang))


@page("/calls/{call_id}/sound/spectrogram", right=Right.HEAR, of=call_of)
def spectrogram(visit: Visit, call: dict[str, Any]) -> Response:
    """The spectrogram's numbers; asked for at its button, never by the page itself."""
    path = sound_of(visit, call)
    if path is None:
        raise Hidden
    log_listening(visit, call["call_id"])
    return JSONResponse(spectrogram_of(path))
