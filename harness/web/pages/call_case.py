"""One call's case for a hearing, signed, with its proof: `thirdring export-case`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from starlette.responses import Response

from harness.errors import Refused
from harness.evidence.case import export_case
from harness.evidence.signature import KEY_FILE
from harness.web.blind import is_blind
from harness.web.declared import page
from harness.web.listening import log_listening
from harness.web.made_file import made_file
from harness.web.may_see import call_of, reaches
from harness.web.pages.calls import call_page
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.words import say

LONGEST = 500


@page("/calls/{call_id}/case", right=Right.EXPORT_CASE, method="POST", of=call_of)
def export(visit: Visit, call: dict[str, Any]) -> Response:
    """The case as a ZIP file; whose it is and what for stand in the log, and the recording in it as a listening.

    Who may not hear the call gets the case without its sound.
    """
    call_id, reason = call["call_id"], visit.text("reason", most=LONGEST)
    if is_blind(visit, call_id):
        raise Refused("blind.paper", count=1, calls=call_id)
    if not reason:
        return call_page(visit, call, wrong=say("call_page.reason_wanted", visit.preferences.lang))
    sound = reaches(visit, Right.HEAR, call_id)
    sent = made_file(f"{call_id}.zip", lambda path: _write(visit, call_id, path, sound=sound), kind="application/zip")
    visit.log("case_downloaded", call_id=call_id, reason=reason, sound=sound)
    if sound:
        log_listening(visit, call_id, "downloaded")
    return sent


def _write(visit: Visit, call_id: str, path: Path, *, sound: bool) -> None:
    told: dict[str, Any] = {"agency": visit.agency, "store": visit.store, "now": visit.now, "sound": sound}
    key = visit.agency.folder / KEY_FILE
    export_case(call_id, path.parent, who=visit.person.name, key=key, **told)
    shutil.make_archive(str(path.with_suffix("")), "zip", root_dir=path.parent, base_dir=call_id)
