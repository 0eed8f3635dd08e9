"""An agency's month: what it is drawn from, drawn, sealed and kept, and verified when it is over."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from harness.agency import Agency
from harness.directory import Unit
from harness.errors import NotFound
from harness.programme.draw import draw_month
from harness.programme.inputs import Inputs, Past
from harness.programme.month_plan import MonthPlan, plan_from_dict
from harness.programme.seal import digest, seal_of
from harness.programme.settings import ProgrammeSettings, read_programme
from harness.programme.workdays import Workdays, office_days
from harness.scenario import load_scenario
from harness.store import Store
from harness.test_call import USUAL_SCENARIO
from rubric.periods import days_of


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a month was kept to."""

    seal: str
    """The hash published when it was drawn."""
    sealed: bool
    """The kept plan still has that hash."""
    same_inputs: bool
    """Directory, hours, programme and calendar are those it was drawn from; else it cannot be drawn again."""
    same_lots: bool | None
    """Drawing again gives the same tests; None where the inputs have changed since."""


def inputs_of(agency: Agency, month: str, store: Store) -> Inputs:
    """What a month of an agency is drawn from; AgencyError and ScenarioError name what is wrong in its files."""
    settings = read_programme(agency.folder)
    numbers = {unit.unit: _number(unit, agency) for unit in agency.units}
    return Inputs(
        month=month,
        units=agency.units,
        settings=settings,
        workdays=workdays_of(agency, settings),
        zone=agency.zone,
        hours_of=agency.hours_of,
        number_of=lambda unit: numbers[unit.unit],
        per_day=agency.settings.caps.calls_per_day,
        past=_past(month, store, numbers, settings),
    )


def draw_and_seal(agency: Agency, month: str, store: Store, *, seed: str, now: datetime) -> MonthPlan:
    """Draw a month, seal it and keep it; WrongInput when it was drawn before."""
    inputs = inputs_of(agency, month, store)
    tests, unmet = draw_month(inputs, seed=seed)
    plan = MonthPlan(month=month, seed=seed, drawn_at=now, inputs=digest(_written(inputs)), tests=tests, unmet=unmet)
    store.plans.add(month, seal=seal_of(plan), plan=plan.to_dict(), now=now)
    return plan


def kept_plan(month: str, store: Store) -> tuple[MonthPlan, str]:
    """A drawn month and its seal. Raises NotFound when it was not drawn."""
    row = store.plans.of(month)
    if row is None:
        raise NotFound("programme.not_drawn", month=month)
    return plan_from_dict(row["plan"]), str(row["seal"])


def verify_month(agency: Agency, month: str, store: Store) -> Verdict:
    """Take the hash of a kept month again, and draw its lots again where nothing they depend on has changed."""
    plan, seal = kept_plan(month, store)
    inputs = inputs_of(agency, month, store)
    same = digest(_written(inputs)) == plan.inputs
    lots = draw_month(inputs, seed=plan.seed)[0] == plan.tests if same else None
    return Verdict(seal=seal, sealed=seal_of(plan) == seal, same_inputs=same, same_lots=lots)


def workdays_of(agency: Agency, settings: ProgrammeSettings) -> Workdays:
    """The days an agency tests on, as its files say."""
    not_tested = frozenset(settings.no_test_days)
    return office_days(agency.folder, agency.settings.hours.days, not_tested=not_tested)


def _number(unit: Unit, agency: Agency) -> str:
    """What rests between two calls: the unit's own number. A switchboard is there to be called."""
    scenario = load_scenario(unit.scenario or USUAL_SCENARIO, agency_folder=agency.folder)
    return unit.digits or unit.extension if scenario.dials == "unit" else unit.unit


def _past(month: str, store: Store, numbers: dict[str, str], settings: ProgrammeSettings) -> Past:
    """What was tested and planned in the half-year before a month, and who has tested how often in its year."""
    first, _ = days_of(month)
    tested: dict[str, list[date]] = defaultdict(list)
    burden: dict[str, int] = defaultdict(int)
    for row in store.plans.months():
        if row["month"] >= month:
            continue
        plan, _ = kept_plan(row["month"], store)
        for test in plan.tests:
            if test.at.date() >= first - timedelta(days=366):
                tested[test.unit].append(test.at.date())
            if test.at.year == first.year and test.tester:
                burden[test.tester] += 1
    called: dict[str, list[date]] = defaultdict(list)
    for unit, days in tested.items():
        called[numbers.get(unit, unit)] += [day for day in days if day >= first - timedelta(days=200)]
    return Past(tested=dict(tested), called=dict(called), burden=dict(burden))


def _written(inputs: Inputs) -> dict[str, Any]:
    """Everything that a draw depends on, as JSON."""
    first, last = days_of(inputs.month)
    return {
        "month": inputs.month,
        "units": [
            {k: v for k, v in asdict(unit).items() if k in ("unit", "kind")}
            | {"hours": str(inputs.hours_of(unit)), "number": inputs.number_of(unit)}
            for unit in inputs.units
        ],
        "settings": inputs.settings.model_dump(mode="json"),
        "days": [str(day) for day in inputs.workdays.between(first, last)],
        "zone": inputs.zone.key,
        "per_day": inputs.per_day,
        "past": {
            "tested": {unit: [str(day) for day in days] for unit, days in inputs.past.tested.items()},
            "called": {number: [str(day) for day in days] for number, days in inputs.past.called.items()},
            "burden": dict(inputs.past.burden),
        },
    }
