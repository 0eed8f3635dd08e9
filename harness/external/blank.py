"""Blank sheets for another agency's testers: a page for each unit named, or so many blank ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.agency import Agency
from harness.documents.blank_sheet import write_blank
from harness.external.layout import names_of
from harness.number_gate.called_number import find_unit
from harness.scoring import usable_form
from harness.words import say
from rubric.schema import Form


def make_blank(
    file: Path, agency: Agency, *, units: Sequence[str] = (), pages: int = 5, form: str = ""
) -> tuple[Form, list[str]]:
    """Write the ODS; give its form and what its pages are called. NotFound where the directory has no such unit."""
    shown = {unit: name for name, unit in names_of(agency.units).items()}
    named = [shown[find_unit(unit, agency.units).unit] for unit in units]
    names = named or [say("external.page", "zh", number=number) for number in range(1, pages + 1)]
    chosen = usable_form(form or agency.settings.form, agency.folder)
    write_blank(file, chosen, agency.units, names)
    return chosen, names
