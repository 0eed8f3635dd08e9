"""Settings: what they are at a glance, the directory unit by unit or as a file, and how long sound is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.responses import Response

from harness.agency_writer import stamp_of
from harness.directory import COLUMNS, KINDS, UNITS_FILE, Unit
from harness.directory_edit import change_unit, import_logged
from harness.directory_files import Changes, export_units, import_units
from harness.directory_sheet import read_directory
from harness.errors import Refused, WrongInput
from harness.form_files import one_form
from harness.programme.retention import Expired, delete_sound, expired
from harness.programme.settings import read_programme
from harness.scenario import scenario_names
from harness.web.declared import Nav, page
from harness.web.done import done, said
from harness.web.followed import today_of
from harness.web.made_file import made_file
from harness.web.pages.settings_tones import title_of_plan
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.sent_file import sent_file
from harness.web.setting_up import demand, may_change
from harness.web.visit import Visit
from harness.web.years import sentence_of
from harness.words import label

MOST_BYTES = 8 << 20
SUFFIXES = {".ods", ".xlsx", ".xls", ".csv"}
Row = dict[str, Any]


def unit_of(visit: Visit, unit: str) -> Unit:
    """The unit of the directory that a path names."""
    found = next((one for one in visit.agency.units if one.unit == unit), None)
    if found is None:
        raise Hidden
    return found


@page("/settings", right=Right.SEE_SETTINGS, nav=Nav(70, "settings.nav"))
def overview(visit: Visit) -> Response:
    """Lines, and how long things are kept; the way to the rest."""
    settings, programme = visit.agency.settings, read_programme(visit.agency.folder)
    told: Row = {"settings": settings, "programme": programme, "units": len(visit.agency.units), "note": said(visit)}
    told |= {"tones_title": title_of_plan(settings.tone_plan), "form_title": _form_title(visit)}
    return visit.page("settings.html", **told)


@page("/settings/units", right=Right.SEE_SETTINGS)
def units(visit: Visit) -> Response:
    """The directory, and the form to bring another."""
    return _units(visit)


@page("/settings/units", right=Right.SET_UP, method="POST", most_bytes=MOST_BYTES)
def bring_units(visit: Visit) -> Response:
    """Check a directory, or take it over; with one mistake in it nothing is taken over."""
    demand(visit, Right.CHANGE_PROGRAMME)
    dry_run = visit.text("what") != "import"
    name, content = sent_file(visit)
    if Path(name).suffix.lower() not in SUFFIXES:
        raise WrongInput("settings.units_kind", file=name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"units{Path(name).suffix.lower()}"
        path.write_bytes(content)
        try:
            found = _taken(path, name, visit, dry_run=dry_run)
            titles = {one.unit: one.name for one in visit.agency.units} | _titles(path)
        except WrongInput as error:
            return _units(visit, wrong=sentence_of(error).splitlines(), file=name)
    if dry_run:
        return _units(visit, changes=_called(asdict(found), titles), file=name)
    counts = {kind: len(ids) for kind, ids in asdict(found).items()}
    return done(visit, "/settings/units", "settings.imported", **counts)


@page("/settings/units/export", right=Right.SEE_SETTINGS)
def export(visit: Visit) -> Response:
    """The directory as ODS, or as CSV."""
    kind = "csv" if visit.asked.get("kind") == "csv" else "ods"
    visit.log("units_exported")
    return made_file(f"units.{kind}", lambda path: export_units(visit.agency.units, path))


@page("/settings/unit", right=Right.SET_UP)
def new_unit(visit: Visit) -> Response:
    """The form of a unit that is new."""
    return _unit(visit, None, {name: "" for name in COLUMNS})


@page("/settings/unit", right=Right.SET_UP, method="POST")
def add_unit(visit: Visit) -> Response:
    """Add one."""
    return _save_unit(visit, None)


@page("/settings/unit/{unit}", right=Right.SEE_SETTINGS, of=unit_of)
def one_unit(visit: Visit, unit: Unit) -> Response:
    """One unit."""
    return _unit(visit, unit, {name: getattr(unit, name) for name in COLUMNS})


@page("/settings/unit/{unit}", right=Right.SET_UP, method="POST", of=unit_of)
def save_unit(visit: Visit, unit: Unit) -> Response:
    """Change its row."""
    return _save_unit(visit, unit)


@page("/settings/unit/{unit}/end", right=Right.SET_UP, method="POST", of=unit_of)
def end_unit(visit: Visit, unit: Unit) -> Response:
    """Take it off the directory: nothing dials it any more, what was measured stays."""
    demand(visit, Right.CHANGE_PROGRAMME)
    if not visit.text("sure"):
        raise WrongInput("settings.not_sure")
    _change(visit, unit.unit, None)
    return done(visit, "/settings/units", "settings.unit_ended", unit=unit.name or unit.unit)


@page("/settings/retention", right=Right.CHANGE_PROGRAMME)
def kept_too_long(visit: Visit) -> Response:
    """Sound whose time is over."""
    due = _due(visit)
    return visit.page("settings_retention.html", rows=due, stamp=_stamp(due), note=said(visit))


@page("/settings/retention", right=Right.CHANGE_PROGRAMME, method="POST")
def delete_kept(visit: Visit) -> Response:
    """Delete what was shown, and nothing that became due meanwhile; each file is logged with its hash first."""
    if not visit.text("sure"):
        raise WrongInput("settings.not_sure")
    due = _due(visit)
    if visit.text("stamp", most=80) != _stamp(due):
        raise Refused("settings.due_changed")
    for one in due:
        delete_sound(one, visit.store, who=visit.person.name, now=visit.now)
    return done(visit, "/settings/retention", "settings.deleted", count=len(due))


def _due(visit: Visit) -> list[Expired]:
    return expired(visit.agency, visit.store, read_programme(visit.agency.folder), today=today_of(visit))


def _stamp(due: list[Expired]) -> str:
    """Changes with every file of the list: the page that somebody says yes to is the one that they saw."""
    return sha256(repr([(one.call_id, [path.name for path in one.files]) for one in due]).encode()).hexdigest()


def _titles(path: Path) -> dict[str, str]:
    """What a file calls the units that are in it."""
    sheet = read_directory(path)
    rows = (dict(zip(sheet.columns, cells, strict=False)) for _, cells in sheet.rows)
    return {row["unit"]: row.get("name", "") for row in rows}


def _called(changes: Row, titles: dict[str, str]) -> Row:
    return {kind: [titles.get(unit) or unit for unit in units] for kind, units in changes.items()}


def _taken(path: Path, name: str, visit: Visit, *, dry_run: bool) -> Changes:
    folder = visit.agency.folder
    if dry_run:
        return import_units(path, folder, name=name, dry_run=True)
    return import_logged(path, folder, name=name, store=visit.store, who=visit.person.name, now=visit.now)


def _form_title(visit: Visit) -> str:
    """What the form that counts is called; its file's name where it cannot be read."""
    name = visit.agency.settings.form
    try:
        return one_form(name, visit.agency.folder).form.title
    except WrongInput:
        return name


def _cell(unit: Unit, column: str) -> str:
    value = str(getattr(unit, column))
    return label(f"settings.kind_{value}") if column == "kind" and value else value


def _units(visit: Visit, *, wrong: Sequence[str] = (), changes: Row | None = None, file: str = "") -> Response:
    shown = [name for name in COLUMNS if name != "unit" and any(getattr(one, name) for one in visit.agency.units)]
    headings = [label(f"settings.column_{name}") for name in ("unit", *shown)]
    rows = [(one.unit, [_cell(one, name) for name in shown]) for one in visit.agency.units]
    told: Row = {"headings": headings, "rows": rows, "wrong": wrong, "changes": changes, "file": file}
    may = may_change(visit, Right.CHANGE_PROGRAMME)
    return visit.page("settings_units.html", status=422 if wrong else 200, **told, note=said(visit), may_edit=may)


def _unit(visit: Visit, unit: Unit | None, values: dict[str, str], wrong: Sequence[str] = ()) -> Response:
    settings = visit.agency.settings
    choices = {
        "site": [(one.id, one.name) for one in settings.sites],
        "line": [(one.id, one.id) for one in settings.lines],
        "scenario": [(one, one) for one in scenario_names(visit.agency.folder)],
        "kind": [(one, label(f"settings.kind_{one}")) for one in KINDS],
    }
    told: Row = {"unit": unit, "values": values, "choices": choices, "columns": COLUMNS, "problems": wrong}
    told |= {"stamp": stamp_of(visit.agency.folder / UNITS_FILE), "may_edit": may_change(visit, Right.CHANGE_PROGRAMME)}
    return visit.page("settings_unit.html", status=422 if wrong else 200, **told, note=said(visit))


def _save_unit(visit: Visit, unit: Unit | None) -> Response:
    demand(visit, Right.CHANGE_PROGRAMME)
    values = {name: visit.text(name, most=400) for name in COLUMNS}
    if unit is not None:
        values["unit"] = unit.unit  # results and plans know it by this name
    try:
        _change(visit, unit.unit if unit else None, values)
    except WrongInput as error:
        return _unit(visit, unit, values, sentence_of(_as_on_page(error)).splitlines())
    return done(visit, "/settings/units", "settings.unit_saved", unit=values["name"] or values["unit"])


def _as_on_page(error: WrongInput) -> WrongInput:
    """What is wrong, in the words of the page."""
    for one in (error, *error.problems):
        column = one.values.get("column")
        one.values |= {"file": label("settings.units")}
        one.values |= {"column": label(f"settings.column_{column}")} if column in COLUMNS else {}
    return error


def _change(visit: Visit, unit: str | None, values: dict[str, str] | None) -> None:
    path, stamp = visit.agency.folder / UNITS_FILE, visit.text("stamp", most=16)
    with visit.store.writing():
        if stamp and stamp != stamp_of(path):
            raise WrongInput("writer.changed_meanwhile", file=UNITS_FILE)
        change_unit(visit.agency.folder, unit, values, store=visit.store, who=visit.person.name, now=visit.now)
