"""The sheet of a kept call that counts: the newest of those made for it, with its facts, answers, day and unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from harness.agency import Agency
from harness.directory import Unit
from harness.errors import NotFound
from harness.scoring import frozen, kept_form, row_for
from harness.store import Store
from rubric.schema import Form


@dataclass(frozen=True, kw_only=True)
class KeptSheet:
    """A kept call's result."""

    call: dict[str, Any]
    """The call, whole, as the database has it."""
    sheet_id: int
    """Id of the sheet in the database."""
    version: int
    """Number of the sheet among the call's, from 1."""
    sheet: dict[str, Any]
    """The sheet."""
    facts: dict[str, Any]
    """What it was scored from."""
    answers: dict[str, Any] | None
    """What a tester had answered; None: nothing."""
    who: str | None
    """Who had."""
    day: date
    """Day of the call."""
    form: Form
    """The form as it was then."""

    @property
    def call_id(self) -> str:
        """The call."""
        return str(self.call["call_id"])

    def row(self, sheet: dict[str, Any], agency: Agency) -> dict[str, Any]:
        """What figures need of a sheet of this call."""
        return figures_row(sheet, self.call, agency)


def kept_sheet(call_id: str, *, agency: Agency, store: Store) -> KeptSheet:
    """Give the sheet that counts; NotFound when the call has none, or there is no such call."""
    call = store.get_call(call_id)
    if not call["sheets"]:
        raise NotFound("review.no_sheet", call_id=call_id)
    last = call["sheets"][-1]
    return KeptSheet(
        call=call,
        sheet_id=last["id"],
        version=last["version"],
        sheet=last["sheet"],
        facts=last["facts"],
        answers=last["answers"],
        who=last["who"],
        day=agency.day_of(call["started_at"]),
        form=_form_of(last["sheet"], agency, store),
    )


def unit_of_call(call: dict[str, Any], agency: Agency) -> Unit:
    """The unit of a call; one that has left the directory keeps its id."""
    return next((one for one in agency.units if one.unit == call["unit"]), Unit(unit=call["unit"]))


def figures_row(sheet: dict[str, Any], call: dict[str, Any], agency: Agency) -> dict[str, Any]:
    """What figures need of a sheet of a call."""
    unit = unit_of_call(call, agency)
    return row_for(
        sheet,
        day=agency.day_of(call["started_at"]),
        unit=unit.unit,
        extension=unit.extension,
        group=unit.group,
        series=call["series"],
    )


def _form_of(sheet: dict[str, Any], agency: Agency, store: Store) -> Form:
    """The form as it was first used; of calls kept before forms were, the file, if it still says the same."""
    from harness.scoring import find_form

    try:
        return kept_form(store, sheet["form"], sheet["form_version"])
    except NotFound:
        form = find_form(sheet["form"], agency_folder=agency.folder)
        if (form.version, form.digest) != (sheet["form_version"], sheet["form_digest"]):
            raise
        store.forms.freeze(frozen(form))
        return form
