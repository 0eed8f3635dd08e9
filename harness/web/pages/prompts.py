"""Marks in recorded prompts: made where a call's recording is heard, listed, and what is likely a recording found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import Response

from harness.agency import load_agency
from harness.errors import Refused, WrongInput
from harness.prompts.kinds import KINDS
from harness.prompts.marking import mark_prompt
from harness.prompts.marks import END, WHATS, load_marks
from harness.prompts.suggest import Suggestion, suggest
from harness.recording import sha256
from harness.store import open_store
from harness.web.beside_sound import text_beside
from harness.web.declared import page
from harness.web.done import done, said
from harness.web.may_see import call_of, reaches
from harness.web.pages.calls import sound_of
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import sentence_of

MOST_CALLS = 1000
"""As `thirdring prompt suggest` looks through."""
TYPED = ("at", "name", "what", "kind", "site", "replace")


@page("/settings/prompts", right=Right.SEE_SETTINGS)
def prompts(visit: Visit) -> Response:
    """The marks, and what is likely to be a recording."""
    return visit.page("settings_prompts.html", marks=load_marks(visit.agency.folder), note=said(visit), **_found(visit))


@page("/settings/prompts/suggest", right=Right.CHANGE_PROGRAMME, method="POST")
def look(visit: Visit) -> Response:
    """Begin to look for the same sound in two or more of the newest calls."""
    folder = visit.agency.folder
    if not visit.site.suggesting.start(lambda: _look(folder), now=visit.now):
        raise Refused("prompts_page.busy")
    visit.log("prompts_looked_for")
    return visit.to("/settings/prompts")


@page("/settings/prompts/found", right=Right.SEE_SETTINGS)
def found(visit: Visit) -> Response:
    """How far that is, for the page to ask again."""
    return visit.page("settings_prompts_found.html", **_found(visit))


@page("/calls/{call_id}/prompts", right=Right.CHANGE_PROGRAMME, of=call_of)
def choose(visit: Visit, call: dict[str, Any]) -> Response:
    """The recording, and the form for a mark at an instant of it."""
    at = visit.asked.get("at", "")[:12]
    return _marking(visit, call, {"at": at, "what": END})


@page("/calls/{call_id}/prompts", right=Right.CHANGE_PROGRAMME, method="POST", of=call_of)
def mark(visit: Visit, call: dict[str, Any]) -> Response:
    """Remember the prompt around the instant; it is found again in every later call."""
    typed = {name: visit.text(name, most=80) for name in TYPED}
    try:
        made = _mark(visit, call["call_id"], typed)
    except WrongInput as error:
        sentence = sentence_of(error).replace(f"{visit.agency.folder}/", "")
        return _marking(visit, call, typed, wrong=sentence)
    visit.log("prompt_marked", call_id=call["call_id"], at_s=typed["at"], **made)
    return done(visit, "/settings/prompts", "prompts_page.marked", name=made["name"])


def _mark(visit: Visit, call_id: str, typed: dict[str, str]) -> dict[str, str]:
    """The mark's name, and its file's SHA-256."""
    what, kind = typed["what"], typed["kind"] or None
    if what not in WHATS or (kind is not None and kind not in KINDS):
        raise WrongInput("prompts_page.no_such", value=kind if what in WHATS else what)
    try:
        at_s = float(typed["at"])
    except ValueError:
        raise WrongInput("prompts_page.no_seconds", value=typed["at"]) from None
    told: dict[str, Any] = {"at_s": at_s, "name": typed["name"], "what": what, "kind": kind}
    told |= {"site": typed["site"] or None, "replace": bool(typed["replace"])}
    made, file = mark_prompt(call_id, agency_folder=visit.agency.folder, **told)
    return {"name": made.name, "sha256": sha256(file)}


def _marking(visit: Visit, call: dict[str, Any], typed: dict[str, str], *, wrong: str = "") -> Response:
    here = [one for one in load_marks(visit.agency.folder) if one.marked_in == call["call_id"]]
    names = {unit.unit: unit.name or unit.unit for unit in visit.agency.units}
    told: dict[str, Any] = {
        "there": sound_of(visit, call) is not None and reaches(visit, Right.HEAR, call["call_id"]),
        "unit_name": names.get(call["unit"], call["unit"]),
        "typed": dict.fromkeys(TYPED, "") | typed,
        "sites": visit.agency.settings.sites,
        "marks": here,
        "beside": text_beside(call, visit.preferences.lang),
    }
    status = 422 if wrong else 200
    return visit.page("prompts.html", status=status, call=call, wrong=wrong, whats=WHATS, kinds=tuple(KINDS), **told)


def _look(folder: Path) -> tuple[tuple[Suggestion, ...], int]:
    agency = load_agency(folder)
    with open_store(agency.database) as store:
        return suggest(agency, store, limit=MOST_CALLS)


def _found(visit: Visit) -> dict[str, Any]:
    job = visit.site.suggesting
    suggested, calls = job.result if job.result else ((), 0)
    told: dict[str, Any] = {"suggested": suggested, "calls": calls, "looked": job.result is not None, "at": job.at}
    told |= {"running": job.running, "failed": job.failed}
    return told | {"error": sentence_of(job.error) if job.error else ""}
