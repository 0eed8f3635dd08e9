"""The external series: blank sheets for another agency, its filled ones brought back, and those that were."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.errors import WrongInput
from harness.external.blank import make_blank
from harness.external.keep import EXTERNAL, call_id_of, keep_filled, read_filled
from harness.form_files import one_form
from harness.store.call_list import Scope, Wanted
from harness.web.declared import page
from harness.web.done import done, said
from harness.web.made_file import made_file
from harness.web.rights import Right
from harness.web.uploads import brought
from harness.web.visit import Visit
from harness.web.years import sentence_of
from rubric.form import shipped_ids
from rubric.sheet import json_number

KINDS = (".ods", ".xlsx")
MOST_BYTES = 16 << 20
MOST_PAGES, LISTED = 100, 50
Row = dict[str, Any]


@page("/plan/external", right=Right.CHANGE_PROGRAMME)
def series(visit: Visit) -> Response:
    """What was brought, and the two forms."""
    return _shown(visit)


@page("/plan/external", right=Right.CHANGE_PROGRAMME, method="POST", most_bytes=MOST_BYTES)
def bring(visit: Visit) -> Response:
    """Look a filled file through cell by cell, or keep it: all of it or nothing."""
    try:
        with brought(visit, KINDS) as path:
            found = read_filled([path], visit.agency, visit.store, now=visit.now)
            if visit.text("what") == "import":
                told: Row = {"files": [path], "who": visit.person.name, "now": visit.now}
                keep_filled(found, visit.agency, visit.store, **told)
                return done(visit, "/plan/external", "external.imported", count=len(found))
    except WrongInput as error:
        return _shown(visit, status=422, problems=sentence_of(error).splitlines())
    names = {one.unit: one.name or one.unit for one in visit.agency.units}
    checked = [
        {"call_id": call_id_of(one), "page": one.page.name, "unit": names.get(one.unit, one.unit), "at": one.at}
        | {"who": f"{one.came_from} {one.tester}", "total": json_number(one.sheet.total)}
        for one, _ in found
    ]
    return _shown(visit, checked=checked)


@page("/plan/external/blank", right=Right.CHANGE_PROGRAMME, method="POST")
def blank(visit: Visit) -> Response:
    """Blank sheets, a page for each unit that was ticked, or as many blank ones as were asked for."""
    units = [str(one) for one in visit.form.getlist("units")][:MOST_PAGES]
    pages, form = visit.text("pages", most=3) or "5", visit.text("form", most=80)
    if not (pages.isascii() and pages.isdigit() and 1 <= int(pages) <= MOST_PAGES):
        raise WrongInput("programme_pages.how_many", value=pages, most=MOST_PAGES)
    if form not in _forms(visit):
        raise WrongInput("programme_pages.no_form", form=form)
    told: Row = {"units": units, "pages": int(pages), "form": form}
    visit.log("external_blank", **told)
    return made_file("external.ods", lambda path: make_blank(path, visit.agency, **told))


def _forms(visit: Visit) -> dict[str, str]:
    """The forms that can be used, by name: the agency's first."""
    own = sorted(path.stem for path in (visit.agency.folder / "forms").glob("*.toml"))
    names = dict.fromkeys([visit.agency.settings.form, *own, *shipped_ids()])
    found = {}
    for name in names:
        try:
            found[name] = one_form(name, visit.agency.folder).form.title
        except WrongInput:  # what is wrong with it is said where forms are
            continue
    return found


def _kept(visit: Visit) -> list[Row]:
    columns = ("call_id", "unit", "started_at")
    rows = visit.store.call_list.page(Scope(everything=True), columns, Wanted(series=EXTERNAL), limit=LISTED)
    names = {one.unit: one.name or one.unit for one in visit.agency.units}
    found = []
    for row in rows:
        sheet = visit.store.sheets(row["call_id"])[-1]
        told = {"who": sheet["who"], "total": sheet["sheet"]["total"], "unit": names.get(row["unit"], row["unit"])}
        found.append(row | told)
    return found


def _shown(
    visit: Visit, *, status: int = 200, problems: list[str] | None = None, checked: list[Row] | None = None
) -> Response:
    told: Row = {"problems": problems or [], "checked": checked, "note": said(visit), "kept": _kept(visit)}
    told |= {"units": visit.agency.units, "forms": _forms(visit), "most_pages": MOST_PAGES, "listed": LISTED}
    return visit.page("external.html", status=status, **told)
