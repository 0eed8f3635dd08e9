"""What a month is drawn from as JSON, and back: kept with the plan, so that its lots can be drawn again years later."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from harness.directory import Unit
from harness.hours import read_hours
from harness.programme.inputs import Inputs, Past
from harness.programme.settings import ProgrammeSettings
from harness.programme.workdays import Workdays
from rubric.periods import days_of

UNDRAWN = {"notify", "retention", "improvement", "draw_day"}
"""Tables of programme.toml that no lot hangs on."""
SINCE = ("rounds_every", "round_month")
"""Keys that earlier plans do not have: their inputs must still hash, and compare, as they did."""


def written(inputs: Inputs) -> dict[str, Any]:
    """Everything that a draw depends on, as JSON."""
    first, last = days_of(inputs.month)
    past = inputs.past
    return {
        "month": inputs.month,
        "units": [
            {"unit": unit.unit, "kind": unit.kind}
            | {"hours": str(inputs.hours_of(unit)), "number": inputs.number_of(unit)}
            for unit in inputs.units
        ],
        "settings": _settings(inputs),
        "days": [str(day) for day in inputs.workdays.between(first, last)],
        "zone": inputs.zone.key,
        "per_day": inputs.per_day,
        "past": {
            "tested": {unit: [str(day) for day in days] for unit, days in past.tested.items()},
            "called": {number: [str(day) for day in days] for number, days in past.called.items()},
            "burden": dict(past.burden),
            "retests": {unit: str(day) for unit, day in past.retests.items()},
        },
    }


def inputs_from(data: dict[str, Any]) -> Inputs:
    """The inputs that `written` wrote. Raises KeyError, TypeError or ValueError when it is none."""
    rows = {row["unit"]: row for row in data["units"]}
    past = data["past"]
    return Inputs(
        month=data["month"],
        units=tuple(Unit(unit=row["unit"], kind=row["kind"]) for row in data["units"]),
        settings=ProgrammeSettings.model_validate_json(json.dumps(_as_now(data["settings"], data["month"]))),
        workdays=_exactly(data["month"], [date.fromisoformat(day) for day in data["days"]]),
        zone=ZoneInfo(data["zone"]),
        hours_of=lambda unit: read_hours(rows[unit.unit]["hours"]),
        number_of=lambda unit: str(rows[unit.unit]["number"]),
        per_day=data["per_day"],
        past=Past(
            tested={unit: [date.fromisoformat(day) for day in days] for unit, days in past["tested"].items()},
            called={number: [date.fromisoformat(day) for day in days] for number, days in past["called"].items()},
            burden=past["burden"],
            retests={unit: date.fromisoformat(day) for unit, day in past["retests"].items()},
        ),
    )


def _settings(inputs: Inputs) -> dict[str, Any]:
    """What of programme.toml lots hang on. What is as it was before there was a choice is not written."""
    usual = ProgrammeSettings()
    left_out = {name for name in SINCE if getattr(inputs.settings, name) == getattr(usual, name)}
    return inputs.settings.model_dump(mode="json", exclude=UNDRAWN | left_out)


def _as_now(settings: dict[str, Any], month: str) -> dict[str, Any]:
    """A month without rounds was once written `rounds_per_month = 0`."""
    if settings.get("rounds_per_month") != 0:
        return settings
    another = days_of(month)[0].month % 12 + 1
    return settings | {"rounds_per_month": 1, "rounds_every": "year", "round_month": another}


def _exactly(month: str, days: list[date]) -> Workdays:
    """A calendar in which just these days of a month are worked."""
    first, last = days_of(month)
    every = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
    return replace(Workdays(), official={day: day in days for day in every})
