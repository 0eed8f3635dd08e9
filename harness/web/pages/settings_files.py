"""Forms and scenarios: listed with their faults, read aloud, compared, brought as a file, copied, chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from harness.agency_files import take_form, take_scenario
from harness.errors import Refused, ThirdringError, WrongInput
from harness.form_files import Found, make_form, one_form
from harness.hearing import find_plan
from harness.scenario import Scenario, load_scenario, scenario_names
from harness.scenario.aloud import read_aloud
from harness.scenario_here import possible_here
from harness.scoring import used_before
from harness.web.changing import AGENCY
from harness.web.declared import page
from harness.web.done import done, said
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.sent_file import sent_file
from harness.web.setting_up import demand, may_change
from harness.web.visit import Visit
from harness.web.years import sentence_of
from harness.words import chosen, say
from rubric.form import shipped_ids
from rubric.formtools import advice, form_changes
from rubric.read_aloud import form_lines

Row = dict[str, Any]
CHANGE = Right.CHANGE_PROGRAMME


def form_names(visit: Visit) -> tuple[str, ...]:
    """The agency's own forms, then the shipped ones."""
    own = sorted(path.stem for path in (visit.agency.folder / "forms").glob("*.toml"))
    return (*own, *(one for one in shipped_ids() if one not in own))


def form_of(visit: Visit, form: str) -> Found:
    """The form that a path names; never a file elsewhere."""
    if form not in form_names(visit):
        raise Hidden
    return one_form(form, visit.agency.folder)


def scenario_of(visit: Visit, scenario: str) -> Scenario:
    """The scenario that a path names; never a file elsewhere."""
    if scenario not in scenario_names(visit.agency.folder):
        raise Hidden
    return load_scenario(scenario, agency_folder=visit.agency.folder)


@page("/settings/forms", right=Right.SEE_SETTINGS)
def forms(visit: Visit) -> Response:
    """The forms, each with its faults."""
    own = {path.stem for path in (visit.agency.folder / "forms").glob("*.toml")}
    rows = [_read(name, lambda name: _form(name, visit), visit, own=name in own) for name in form_names(visit)]
    return _files(visit, "forms", rows, used=visit.agency.settings.form)


@page("/settings/forms", right=Right.SET_UP, method="POST")
def bring_form(visit: Visit) -> Response:
    """Check a form, and take it over."""
    demand(visit, CHANGE)
    name, content = sent_file(visit)
    check = visit.text("what") == "check"
    try:
        found = take_form(name, content, visit.agency.folder, dry_run=check)
    except WrongInput as error:
        return _wrong(visit, "forms", name, error)
    if check:
        notes = [chosen(one.say("zh"), one.say("en")) for one in advice(found.form)]
        return _checked(visit, "forms", name, notes)
    visit.log("form_brought", form=found.form.id, version=found.form.version, digest=found.form.digest)
    return done(visit, "/settings/forms", "settings.brought", file=name)


@page("/settings/forms/diff", right=Right.SEE_SETTINGS)
def diff(visit: Visit) -> Response:
    """Two forms, place by place."""
    names = form_names(visit)
    before, after = (visit.asked.get(name, "") for name in ("before", "after"))
    changes = None
    if before and after:
        one, other = form_of(visit, before), form_of(visit, after)
        changes = form_changes(one.form, other.form)
    told: Row = {"names": names, "before": before, "after": after, "changes": changes}
    return visit.page("settings_diff.html", **told, used=visit.agency.settings.form, note=said(visit))


@page("/settings/forms/copy", right=Right.SET_UP, method="POST")
def copy_form(visit: Visit) -> Response:
    """Make a form that begins as a copy of another, to be fetched, changed and brought again."""
    demand(visit, CHANGE)
    like = visit.text("like", most=80)
    form_of(visit, like)
    folder, title = visit.agency.folder, visit.text("title", most=200) or None
    made = make_form(visit.text("name", most=60), like=like, title=title, agency_folder=folder)
    visit.log("form_copied", form=made.form.id, like=like)
    return done(visit, f"/settings/form/{made.form.id}", "settings.copied", name=made.form.id)


@page("/settings/form/{form}", right=Right.SEE_SETTINGS, of=form_of)
def show_form(visit: Visit, found: Found) -> Response:
    """A form read aloud."""
    form = found.form
    own = (
        found.file is not None and found.file.parent.name == "forms" and found.file.is_relative_to(visit.agency.folder)
    )
    used = used_before(form, name=form.id, agency_folder=visit.agency.folder)
    notes = [chosen(one.say("zh"), one.say("en")) for one in advice(form)]
    told: Row = {"name": form.id, "title": form.title, "notes": notes, "used": used, "own": own}
    told |= {"lines": [_depth(line) for line in form_lines(form, lang=visit.preferences.lang)]}
    told |= {"in_use": form.id == visit.agency.settings.form, "may_edit": may_change(visit, CHANGE)}
    return visit.page("settings_form.html", **told, note=said(visit))


@page("/settings/form/{form}/use", right=Right.SET_UP, method="POST", of=form_of)
def use_form(visit: Visit, found: Found) -> Response:
    """From now on score with it; sheets that were made keep theirs."""
    demand(visit, CHANGE)
    AGENCY.write(visit, {("form",): found.form.id})
    return done(visit, "/settings/forms", "settings.form_used", name=found.form.title)


@page("/settings/form/{form}/file", right=Right.SEE_SETTINGS, of=form_of)
def form_as_file(visit: Visit, found: Found) -> Response:
    """The form's own file; what is shipped is copied first."""
    if found.file is None:
        raise Hidden
    return _toml(found.file.read_bytes(), found.file.name)


@page("/settings/scenarios", right=Right.SEE_SETTINGS)
def scenarios(visit: Visit) -> Response:
    """The scenarios, each with its faults."""
    own = {path.stem for path in visit.agency.scenarios.glob("*.toml")}
    names = scenario_names(visit.agency.folder)
    rows = [_read(name, lambda name: _scenario(name, visit), visit, own=name in own) for name in names]
    return _files(visit, "scenarios", rows)


@page("/settings/scenarios", right=Right.SET_UP, method="POST")
def bring_scenario(visit: Visit) -> Response:
    """Check a scenario, and take it over."""
    demand(visit, CHANGE)
    name, content = sent_file(visit)
    check = visit.text("what") == "check"
    try:
        found = take_scenario(name, content, visit.agency.folder, dry_run=check)
    except WrongInput as error:
        return _wrong(visit, "scenarios", name, error)
    if check:
        return _checked(visit, "scenarios", name, _impossible(found, visit))
    visit.log("scenario_brought", scenario=found.name)
    return done(visit, "/settings/scenarios", "settings.brought", file=name)


@page("/settings/scenario/{scenario}", right=Right.SEE_SETTINGS, of=scenario_of)
def show_scenario(visit: Visit, scenario: Scenario) -> Response:
    """A scenario read aloud, and whether it can be done here."""
    agency = visit.agency
    plan = find_plan(agency.settings.tone_plan, agency_folder=agency.folder)
    aloud = [
        {"number": one.number, "text": chosen(one.zh, one.en), "more": one.more}
        for one in read_aloud(scenario, period_s=plan.period_s)
    ]
    users = [one.name or one.unit for one in agency.units if one.scenario == scenario.name]
    title = chosen(scenario.title.zh, scenario.title.en)
    told: Row = {"name": scenario.name, "title": title, "aloud": aloud, "units": users}
    return visit.page("settings_scenario.html", **told, notes=_impossible(scenario, visit), note=said(visit))


@page("/settings/scenario/{scenario}/file", right=Right.SEE_SETTINGS, of=scenario_of)
def scenario_as_file(visit: Visit, scenario: Scenario) -> Response:
    """The scenario's file, to begin another from."""
    if scenario.file is None:
        raise Hidden
    return _toml(scenario.file.read_bytes(), scenario.file.name)


def _impossible(scenario: Scenario, visit: Visit) -> list[str]:
    """What keeps a scenario from being done here."""
    try:
        sounds = possible_here(scenario, visit.agency)
    except (WrongInput, Refused) as error:
        return sentence_of(error).splitlines()
    return [say("said.robot", number=number, name=one.name) for number, one in sounds.items() if one.by_robot]


def _toml(content: bytes, name: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    return Response(content, media_type="application/toml", headers=headers)


def _depth(line: str) -> tuple[int, str]:
    text = line.lstrip()
    return min((len(line) - len(text)) // 2, 6), text


def _read(name: str, read: Callable[[str], Row], visit: Visit, *, own: bool) -> Row:
    """One file of the list; what is wrong with one hides no other."""
    blank: Row = {"name": name, "own": own, "problems": [], "title": "", "more": ""}
    try:
        return blank | read(name)
    except ThirdringError as error:
        return blank | {"problems": sentence_of(error).splitlines()}


def _form(name: str, visit: Visit) -> Row:
    form = one_form(name, visit.agency.folder).form
    return {"title": form.title, "more": form.version}


def _scenario(name: str, visit: Visit) -> Row:
    title = load_scenario(name, agency_folder=visit.agency.folder).title
    return {"title": chosen(title.zh, title.en)}


def _files(visit: Visit, kind: str, rows: list[Row], *, used: str = "", status: int = 200, **more: Any) -> Response:
    told: Row = {"kind": kind, "one": kind.removesuffix("s"), "rows": rows, "used": used, "note": said(visit)}
    told |= {"wrong": [], "file": "", "checked": None, "may_edit": may_change(visit, CHANGE)} | more
    return visit.page("settings_files.html", status=status, **told)


def _wrong(visit: Visit, kind: str, file: str, error: WrongInput) -> Response:
    problems = sentence_of(error).splitlines()
    return _files(visit, kind, [], status=422, wrong=problems, file=file)


def _checked(visit: Visit, kind: str, file: str, notes: list[str]) -> Response:
    return _files(visit, kind, [], file=file, checked=notes)
