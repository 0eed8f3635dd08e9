"""Changes: who changed which setting when, from what to what; and files that somebody changed beside the pages."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.agency import AGENCY_FILE
from harness.agency_writer import CHANGED, stamp_of
from harness.directory import UNITS_FILE
from harness.directory_edit import ADDED, ENDED, IMPORTED
from harness.directory_edit import CHANGED as UNIT_CHANGED
from harness.programme.settings import PROGRAMME_FILE
from harness.web.between import clauses_text, listed_text
from harness.web.declared import page
from harness.web.done import said
from harness.web.rights import Right
from harness.web.setting_up import BEGUN, FINISHED
from harness.web.visit import Visit
from harness.words import catalogue, label

A_PAGE = 50
KINDS = (
    *(CHANGED, ADDED, UNIT_CHANGED, ENDED, IMPORTED, "form_brought", "form_copied", "scenario_brought"),
    *("tone_learnt", "line_secret_set", "person_added", "person_roles", "person_password", "person_removed"),
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
    told: Row = {"rows": [_row(one) for one in rows[:A_PAGE]], "page_no": number, "more": len(rows) > A_PAGE}
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
        for name in (AGENCY_FILE, PROGRAMME_FILE, UNITS_FILE)
        if name in last and stamp_of(folder / name) != last[name]
    ]


def _row(row: Row) -> Row:
    detail = dict(row["detail"])
    found = detail.pop("changes", [])
    detail.pop("digest", None)
    told = [
        {"place": one["place"], "word": _word(one["place"]), "from": _text(one["from"]), "to": _text(one["to"])}
        for one in found
    ]
    return {"at": row["at"], "who": row["who"], "what": row["what"], "changes": told, "detail": _flat(detail)}


def _word(place: str) -> str:
    """What the field is called on its page; empty where it has none."""
    name = place.rpartition(".")[2]
    name = f"mail_{name}" if ".mail." in place else name
    key = next((one for one in (f"settings.column_{place}", f"fields.{name}") if one in catalogue()), "")
    return label(key) if key else ""


def _flat(detail: Row) -> str:
    told = {key: value for key, value in detail.items() if value not in (None, "", [], {})}
    return clauses_text(f"{key}: {_text(value)}" for key, value in told.items())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return listed_text(map(_text, value))
    if isinstance(value, dict):
        return listed_text(f"{key} = {_text(one)}" for key, one in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
