"""The first run, step by step: where one stands, what is still lacking; and machine and lines looked at before the end.

Every step is a page of the settings. Nothing is dialled by any of them, nor before somebody finishes.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, Response

from harness.agency import load_agency
from harness.agency_writer import change_programme
from harness.doctor.examine import examine as run_doctor
from harness.doctor.finding import Finding
from harness.doctor.wish import Wish
from harness.dry_run import WouldDial, would_dial
from harness.errors import WrongInput
from harness.web.between import clauses_text
from harness.web.daemon import ready_to_run
from harness.web.declared import page, waits
from harness.web.done import done, said
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.setting_up import (
    BEGUN,
    FINISHED,
    Step,
    begun,
    demand,
    ever_finished,
    is_new,
    lacking,
    may_change,
    step_done,
    steps_done,
    steps_of,
)
from harness.web.visit import Visit
from harness.web.years import sentence_of
from harness.words import label

A_PAGE = 12
"""So many units are gone through at once: each is a scenario, a form and the gate."""
ORDER = ("failed", "warning", "not_checked", "ok")
Row = dict[str, Any]


def step_of(visit: Visit, step: str) -> Step:
    """The step that a path names."""
    found = next((one for one in steps_of(visit) if one.name == step), None)
    if found is None:
        raise Hidden
    return found


@waits("setup.waits", "/setup", right=Right.SET_UP)
def waiting(visit: Visit) -> int:
    """Steps that nobody went through yet or that lack something, of an agency that is new or being set up."""
    if not (begun(visit.store) or is_new(visit)):
        return 0
    steps = {one.name for one in steps_of(visit)}
    return len(steps - steps_done(visit.store) | (lacking(visit).keys() & steps))


@page("/setup", right=Right.SET_UP)
def overview(visit: Visit) -> Response:
    """All steps, which are done, what is lacking."""
    mine, done_already, left = steps_of(visit), steps_done(visit.store), lacking(visit)
    steps = [{"step": one, "done": one.name in done_already, "lacking": left.get(one.name, "")} for one in mine]
    going_on = next((one for one in mine if one.name not in done_already), mine[-1])
    told: Row = {"steps": steps, "begun": begun(visit.store), "finished": ever_finished(visit.store)}
    may_begin = not told["finished"] and not ready_to_run(visit.agency)
    return visit.page("setup.html", **told, going_on=going_on, may_begin=may_begin, note=said(visit))


@page("/setup/begin", right=Right.SET_UP, method="POST")
def begin(visit: Visit) -> Response:
    """Begin, or go on. An agency that is set up already is not stopped by it."""
    if ever_finished(visit.store) or ready_to_run(visit.agency):
        raise WrongInput("setup.over")
    if not begun(visit.store):
        visit.log(BEGUN)
    mine = steps_of(visit)
    left = [one for one in mine if one.name not in steps_done(visit.store)]
    return visit.to(left[0].path if left else mine[-1].path)


@page("/setup/finish", right=Right.SET_UP, method="POST")
def finish(visit: Visit) -> Response:
    """The end: from now on the programme dials by itself, where everything for that is there."""
    if not begun(visit.store):
        raise WrongInput("setup.over")
    if not visit.text("sure"):
        raise WrongInput("settings.not_sure")
    left = lacking(visit)
    if left:
        return done(visit, "/setup", "setup.still_lacking", what=clauses_text(left.values()))
    visit.log(FINISHED)
    return done(visit, "/setup", "setup.finished")


@page("/setup/{step}", right=Right.SET_UP, method="POST", of=step_of)
def go_on(visit: Visit, step: Step) -> Response:
    """A step is done as it stands; on to the next."""
    if not begun(visit.store):
        raise WrongInput("setup.over")
    if step.name == "programme":
        change_programme(visit.agency.folder, {}, store=visit.store, who=visit.person.name, now=visit.now)
    return visit.to(step_done(visit, step))


@page("/settings/check", right=Right.SEE_SETTINGS)
def check(visit: Visit) -> Response:
    """What the doctor found, and what would be dialled."""
    agency = visit.agency
    asked = visit.asked.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 5 and int(asked) else 1
    after = (number - 1) * A_PAGE
    dials = not agency.settings.recordings_only
    calls = list(would_dial(agency, now=visit.now, most=A_PAGE, after=after)) if dials else []
    told: Row = {"calls": [_call(one) for one in calls], "page_no": number}
    told |= {"more": len(agency.units) > after + A_PAGE}
    told |= {"recordings_only": agency.settings.recordings_only, "may_edit": may_change(visit, Right.CHANGE_SETTINGS)}
    return visit.page("settings_check.html", **told, **_found(visit), begun=begun(visit.store), note=said(visit))


@page("/settings/check", right=Right.SET_UP, method="POST")
def examine(visit: Visit) -> Response:
    """Look at machine and lines; a line is registered and asked, no telephone rings."""
    demand(visit, Right.CHANGE_SETTINGS)
    folder, now = visit.agency.folder, visit.now
    visit.site.examining.start(lambda: run_doctor(load_agency(folder), Wish(), now=now), now=now)
    visit.log("examined")
    return visit.to("/settings/check")


@page("/settings/check/findings", right=Right.SEE_SETTINGS)
def findings(visit: Visit) -> Response:
    """How far the examination has got, for the page to ask again."""
    return visit.page("settings_findings.html", **_found(visit))


@page("/settings/check/request", right=Right.SEE_SETTINGS)
def request(visit: Visit) -> Response:
    """The page to hand to the PBX's vendor and to IT."""
    from harness.documents.request_page import render_request
    from harness.softphone.line import RTP_PORTS

    text = render_request(visit.agency, today=visit.now, rtp_ports=RTP_PORTS, lang=visit.preferences.lang)
    return HTMLResponse(text, headers={"content-disposition": 'attachment; filename="request.html"'})


def _found(visit: Visit) -> Row:
    examining, lang = visit.site.examining, visit.preferences.lang
    rows = [_finding(one, lang) for one in examining.result.findings] if examining.result else []
    error = sentence_of(examining.error) if examining.error else ""
    at = examining.result.at if examining.result else ""
    rows.sort(key=lambda one: ORDER.index(one["state"]))
    return {"running": examining.running, "findings": rows, "at": at, "error": error, "failed": examining.failed}


def _finding(one: Finding, lang: str) -> Row:
    told = {"name": label(f"doctor.check_{one.check}"), "state": one.state, "line": one.line}
    return told | {"measured": one.measured(lang), "to_do": one.to_do(lang), "write": one.write}


def _call(one: WouldDial) -> Row:
    wrong, refused = (sentence_of(error) if error else "" for error in (one.wrong, one.refused))
    return {"one": one, "wrong": wrong, "refused": refused}
