"""The official table of office days: which years were brought, where they differ from the built-in one, bring one."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.errors import AgencyError, WrongInput
from harness.programme.calendar_import import Agreement, agreement_of, import_calendar
from harness.programme.workdays import read_official
from harness.web.declared import page
from harness.web.done import done, said
from harness.web.rights import Right
from harness.web.uploads import brought
from harness.web.visit import Visit
from harness.web.years import sentence_of

MOST_BYTES = 1 << 20
Row = dict[str, Any]


@page("/plan/calendar", right=Right.SEE_SETTINGS)
def years(visit: Visit) -> Response:
    """The years that were brought."""
    return _shown(visit)


@page("/plan/calendar", right=Right.CHANGE_PROGRAMME, method="POST", most_bytes=MOST_BYTES)
def bring(visit: Visit) -> Response:
    """Compare a year's table, or take it over; days on which it differs from the built-in one are listed."""
    dry_run = visit.text("what") != "import"
    try:
        with brought(visit, (".csv",)) as path:
            found, name = import_calendar(path, visit.agency.folder, dry_run=dry_run), path.name
    except WrongInput as error:
        return _shown(visit, status=422, problems=sentence_of(error).splitlines())
    if dry_run:
        return _shown(visit, compared=found)
    visit.log("calendar_imported", file=name, year=found.year, differences=len(found.differences))
    return done(visit, "/plan/calendar", "programme_pages.calendar_kept", year=found.year, count=len(found.differences))


def _shown(
    visit: Visit, *, status: int = 200, problems: list[str] | None = None, compared: Agreement | None = None
) -> Response:
    told: Row = {"problems": problems or [], "compared": compared, "note": said(visit), "wrong": ""}
    try:
        official = read_official(visit.agency.folder)
        kept = [agreement_of(official, year) for year in sorted({day.year for day in official}, reverse=True)]
    except AgencyError as error:
        kept, told["wrong"] = [], sentence_of(error)
    return visit.page("calendar.html", status=status, years=kept, **told)
