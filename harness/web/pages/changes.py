"""Changes: who changed which setting when, from what to what; and files that somebody changed beside the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from harness.agency import AGENCY_FILE
from harness.agency_writer import CHANGED, stamp_of
from harness.directory import UNITS_FILE
from harness.directory_edit import ADDED, ENDED, IMPORTED
from harness.directory_edit import CHANGED as UNIT_CHANGED
from harness.papers.settings import PAPERS_FILE
from harness.programme.settings import PROGRAMME_FILE
from harness.unit_titles import titles_of
from harness.web.declared import page
from harness.web.done import said
from harness.web.rights import Right
from harness.web.setting_up import BEGUN, FINISHED
from harness.web.told_detail import CHANGES, change_told, detail_told
from harness.web.visit import Visit

A_PAGE = 50
KINDS = (
    *(CHANGED, ADDED, UNIT_CHANGED, ENDED, IMPORTED, "form_brought", "form_copied", "scenario_brought"),
    *(
        "tone_learnt",
        "prompt_marked",
        "line_secret_set",
        "person_added",
        "person_roles",
        "person_password",
        "person_removed",
    ),
    *("sound_deleted", "sound_brought", "sound_text", "tone_brought", "second_factor_reset", BEGUN, FINISHED),
)
"""What the log calls a change of the settings."""
Row = dict[str, Any]


@page("/settings/changes", right=Right.SEE_LOG)
def changes(visit: Visit) -> Response:
    """Newest first, a page at a time."""
    asked = visit.asked.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 7 and int(asked) else 1
    rows = visit.store.log.named(*KINDS, limit=A_PAGE + 1, offset=(number - 1) * A_PAGE)
    titles = titles_of(visit.agency.units)
    told: Row = {"rows": [_row(one, titles) for one in rows[:A_PAGE]], "page_no": number, "more": len(rows) > A_PAGE}
    return visit.page("settings_changes.html", **told, beside=_beside(visit), note=said(visit))


def _beside(visit: Visit) -> list[str]:
    """Files that are not any more what the pages wrote last: somebody changed them on the machine."""
    last: dict[str, str] = {}
    for row in visit.store.log.named(CHANGED, ADDED, UNIT_CHANGED, ENDED, IMPORTED):
        if "digest" in row["detail"]:
            last.setdefault(row["detail"]["file"], row["detail"]["digest"])
    folder = visit.agency.folder
    return [
        name
        for name in (AGENCY_FILE, PROGRAMME_FILE, PAPERS_FILE, UNITS_FILE)
        if name in last and stamp_of(folder / name) != last[name]
    ]


def _row(row: Row, titles: Mapping[str, str]) -> Row:
    detail = {key: value for key, value in row["detail"].items() if key not in (CHANGES, "digest")}
    told = [
        dict(zip(("place", "from", "to"), change_told(one, titles), strict=True))
        for one in row["detail"].get(CHANGES, [])
    ]
    return {"at": row["at"], "who": row["who"], "what": row["what"], "changes": told} | {
        "detail": detail_told(detail, titles)
    }
