"""What one call lost, each item with its clip to hear: a part of a unit's page, asked for when it comes into sight."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.kept_sheet import kept_sheet
from harness.web.beside_sound import text_beside
from harness.web.blind import is_blind
from harness.web.declared import page
from harness.web.lost_items import clips_of_lost, lost_in
from harness.web.may_see import call_of
from harness.web.pages.calls import duration_of, sound_of
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.visit import Visit


@page("/calls/{call_id}/lost", right=Right.HEAR, of=call_of)
def lost(visit: Visit, call: dict[str, Any]) -> Response:
    """The items with their clips; the recording is fetched, and the listening logged, when one is played."""
    if is_blind(visit, call["call_id"]) or not call["sheets"]:
        raise Hidden
    kept, path = kept_sheet(call["call_id"], agency=visit.agency, store=visit.store), sound_of(visit, call)
    found = lost_in(kept.sheet, visit.store)
    clips = clips_of_lost(kept, found, duration_of(path)) if path is not None else {}
    told: dict[str, Any] = {"lost": found, "clips": clips, "there": path is not None}
    return visit.page("lost.html", call=call, marks=text_beside(call, visit.preferences.lang), **told)
