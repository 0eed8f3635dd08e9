"""Whether a scenario can be done in an agency: its marks, recordings, form and the number gate are looked at too."""

from __future__ import annotations

from harness.agency import Agency
from harness.hearing import find_plan
from harness.prompts.marks import marks_for
from harness.said import Sounds
from harness.scenario import Scenario
from harness.scenario.possible import possible
from harness.scoring import usable_form


def possible_here(found: Scenario, agency: Agency) -> Sounds:
    """Check a scenario with a unit of the directory that stands for all, and give what it says by step.

    Raises ScenarioError and Refused with what cannot be done.
    """
    unit = next((one for one in agency.units if one.scenario == found.name), next(iter(agency.units), None))
    site = agency.site(unit.site if unit else "")
    steps = found.with_operator(site.operator_key) if site is not None else found.with_operator()
    steps = steps.with_extension(unit.extension) if unit is not None and unit.extension else steps
    return possible(
        steps,
        agency=agency,
        unit=unit,
        form=usable_form(agency.settings.form, agency.folder),
        tones=find_plan(agency.settings.tone_plan, agency_folder=agency.folder),
        marks=marks_for(unit, agency),
    )
