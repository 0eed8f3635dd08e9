"""The bank of questions: what may be asked, with the model answers; what a unit is asked next; bring another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import Response

from harness.errors import DirectoryError, WrongInput
from harness.questions import (
    COLUMNS,
    EVERYBODY,
    HEADINGS,
    PROPOSED,
    Question,
    export_questions,
    import_questions,
    last_asked,
    propose,
    read_questions,
)
from harness.web.between import listed_text
from harness.web.declared import page
from harness.web.done import done, said
from harness.web.followed import today_of
from harness.web.made_file import made_file
from harness.web.rights import Right
from harness.web.uploads import brought
from harness.web.visit import Visit
from harness.web.years import sentence_of

KINDS = (".ods", ".xlsx", ".xls", ".csv")
MOST_BYTES = 8 << 20
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A question as the page shows it."""

    one: Question
    """The question."""
    unit: str
    """Whose it is, by name; empty: everybody's."""
    ended: bool
    """Whether its last day has passed."""
    asked: date | None
    """When the unit that was chosen was asked it last."""
    next: bool
    """Whether it is one of those to ask that unit next."""


@page("/plan/questions", right=Right.SEE_PROGRAMME)
def bank(visit: Visit) -> Response:
    """The bank, or what one unit may be asked."""
    return _shown(visit)


@page("/plan/questions", right=Right.CHANGE_PROGRAMME, method="POST", most_bytes=MOST_BYTES)
def bring(visit: Visit) -> Response:
    """Check a bank, or take it over; with one mistake in it nothing is taken over."""
    dry_run, units = visit.text("what") != "import", [one.unit for one in visit.agency.units]
    try:
        with brought(visit, KINDS) as path:
            found, name = import_questions(path, visit.agency.folder, units=units, dry_run=dry_run), path.name
    except WrongInput as error:
        return _shown(visit, status=422, problems=sentence_of(error).splitlines())
    if dry_run:
        return _shown(visit, checked=len(found))
    visit.log("questions_imported", file=name, count=len(found))
    return done(visit, "/plan/questions", "questions.imported", count=len(found))


@page("/plan/questions/export", right=Right.SEE_SETTINGS)
def export(visit: Visit) -> Response:
    """The bank as ODS, or as CSV; it can be brought again."""
    kind, found = "csv" if visit.asked.get("kind") == "csv" else "ods", _read(visit)
    visit.log("questions_exported")
    return made_file(f"questions.{kind}", lambda path: export_questions(found, path))


def _read(visit: Visit) -> tuple[Question, ...]:
    return read_questions(visit.agency.folder, units=[one.unit for one in visit.agency.units])


def _shown(
    visit: Visit, *, status: int = 200, problems: list[str] | None = None, checked: int | None = None
) -> Response:
    told: Row = {"problems": problems or [], "checked": checked, "note": said(visit), "wrong": ""}
    try:
        found = _seen(visit, _read(visit))
    except DirectoryError as error:
        found, told["wrong"] = [], sentence_of(error)
    unit = visit.asked.get("unit", "")
    unit = unit if unit in {one.unit for one in visit.agency.units} else ""
    rows = _rows(visit, found, unit)
    told |= {"rows": rows, "count": len(found), "unit": unit, "units": visit.agency.units, "columns": _columns()}
    told |= {"few": bool(unit) and sum(one.next for one in rows) < PROPOSED, "least": PROPOSED}
    return visit.page("questions.html", status=status, **told)


def _seen(visit: Visit, found: tuple[Question, ...]) -> list[Question]:
    """Whoever is of a unit and only tests is not shown what the own unit is asked."""
    everything = visit.may(Right.SEE_SETTINGS)
    return [one for one in found if everything or one.unit != visit.person.unit]


def _rows(visit: Visit, found: list[Question], unit: str) -> list[Shown]:
    today, names = today_of(visit), {one.unit: one.name or one.unit for one in visit.agency.units}
    asked: Mapping[str, date] = last_asked(unit, visit.store) if unit else {}
    coming = propose(unit, found, today=today, asked=asked) if unit else ()
    kept = [one for one in found if not unit or one.unit in (unit, EVERYBODY)]
    return [
        Shown(
            one=one,
            unit="" if one.unit == EVERYBODY else names.get(one.unit, one.unit),
            ended=one.valid_to is not None and one.valid_to < today,
            asked=asked.get(one.question),
            next=one in coming,
        )
        for one in sorted(kept, key=lambda one: coming.index(one) if one in coming else PROPOSED)
    ]


def _columns() -> str:
    headings = {name: heading for heading, name in HEADINGS.items()}
    return listed_text(headings[name] for name in COLUMNS)
