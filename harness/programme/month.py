"""An agency's month: what it is drawn from, drawn, sealed and kept, and verified when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.agency import Agency
from harness.errors import NotFound, WrongInput
from harness.programme.draw import draw_month
from harness.programme.follow_up import deficiencies
from harness.programme.inputs import Inputs
from harness.programme.month_plan import MonthPlan, plan_from_dict
from harness.programme.past import Reckon, past_of
from harness.programme.round_months import has_rounds, next_with_rounds
from harness.programme.seal import digest, seal_of
from harness.programme.settings import ProgrammeSettings, read_programme
from harness.programme.workdays import Workdays, office_days
from harness.programme.written import inputs_from, written
from harness.scenario import USUAL_SCENARIO, load_scenario
from harness.store import Store


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a month was kept to."""

    seal: str
    """The hash published when it was drawn."""
    sealed: bool
    """The kept plan still has that hash."""
    same_inputs: bool
    """Directory, hours, programme and calendar are those of today; where not, they changed after the draw."""
    same_lots: bool | None
    """Drawing again from what was kept with the plan gives the same tests; None where nothing was kept."""


def inputs_of(agency: Agency, month: str, store: Store, *, reckon: Reckon = deficiencies) -> Inputs:
    """What a month of an agency is drawn from; AgencyError and ScenarioError name what is wrong in its files."""
    settings = read_programme(agency.folder)
    numbers = _numbers(agency)
    return Inputs(
        month=month,
        units=agency.units,
        settings=settings,
        workdays=workdays_of(agency, settings),
        zone=agency.zone,
        hours_of=agency.hours_of,
        number_of=lambda unit: numbers[unit.unit],
        per_day=agency.settings.caps.calls_per_day,
        past=past_of(month, agency, store, numbers, settings, reckon=reckon),
    )


def draw_and_seal(agency: Agency, month: str, store: Store, *, seed: str, now: datetime) -> MonthPlan:
    """Draw a month, seal it and keep it; WrongInput when it was drawn before, or has no rounds."""
    inputs = inputs_of(agency, month, store)
    if not has_rounds(inputs.settings, month):
        raise WrongInput("programme.no_rounds", month=month, following=next_with_rounds(inputs.settings, month))
    tests, unmet = draw_month(inputs, seed=seed)
    kept = written(inputs)
    plan = MonthPlan(month=month, seed=seed, drawn_at=now, inputs=digest(kept), tests=tests, unmet=unmet)
    store.plans.add(month, seal=seal_of(plan), plan=plan.to_dict(), inputs=kept, now=now)
    return plan


def kept_plan(month: str, store: Store) -> tuple[MonthPlan, str]:
    """A drawn month and its seal. Raises NotFound when it was not drawn."""
    row = store.plans.of(month)
    if row is None:
        raise NotFound("programme.not_drawn", month=month)
    return plan_from_dict(row["plan"]), str(row["seal"])


def verify_month(agency: Agency, month: str, store: Store) -> Verdict:
    """Take the hash of a kept month again, and draw its lots again from what was kept with it."""
    plan, seal = kept_plan(month, store)
    kept = store.plans.inputs(month)
    today = written(inputs_of(agency, month, store))
    return Verdict(
        seal=seal,
        sealed=seal_of(plan) == seal,
        same_inputs=kept is not None and {**kept, "past": None} == {**today, "past": None},
        same_lots=None if kept is None else same_lots(plan, kept),
    )


def same_lots(plan: MonthPlan, inputs: dict[str, Any]) -> bool:
    """Whether a plan is what its seed draws from these inputs, and they are those that it names."""
    return digest(inputs) == plan.inputs and draw_month(inputs_from(inputs), seed=plan.seed)[0] == plan.tests


def workdays_of(agency: Agency, settings: ProgrammeSettings) -> Workdays:
    """The days an agency tests on, as its files say."""
    not_tested = frozenset(settings.no_test_days)
    return office_days(agency.folder, agency.settings.hours.days, not_tested=not_tested)


def _numbers(agency: Agency) -> dict[str, str]:
    """What rests between two calls of a unit: its own number. A switchboard is there to be called."""
    names = dict.fromkeys(unit.scenario or USUAL_SCENARIO for unit in agency.units)
    dials = {name: load_scenario(name, agency_folder=agency.folder).dials for name in names}
    return {
        unit.unit: unit.digits or unit.extension if dials[unit.scenario or USUAL_SCENARIO] == "unit" else unit.unit
        for unit in agency.units
    }
