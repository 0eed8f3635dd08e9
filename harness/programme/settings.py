"""programme.toml: how often an agency tests itself, whom, when, and who dials. All of it is data."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from harness.errors import AgencyError
from harness.model_fault import Loc, Words
from harness.programme.notify import Notify
from harness.toml_file import Written, build, read_toml
from rubric.periods import Period

PROGRAMME_FILE = "programme.toml"
MONTHS: dict[Period, int] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
"""Months of a period."""
Days = Annotated[tuple[date, ...], Field(strict=False)]


class Cover(Written):
    """How often every unit is tested at the least."""

    at_least: Annotated[int, Field(ge=1, le=50)] = 1
    """Times."""
    every: Period = "quarter"
    """In each of these."""


class Tester(Written):
    """Somebody who tests."""

    name: Annotated[str, Field(min_length=1)]
    """Who."""
    unit: str = ""
    """The unit the tester belongs to, by its id; nobody tests the own unit. Empty: from another agency."""
    absent: Days = ()
    """Days on which the tester is away."""


class Retention(Written):
    """How long things are kept; the agency's own table decides."""

    audio_days: Annotated[int, Field(ge=0, le=3650)] = 90
    """Days after the round closed for which sound is kept, so that units can object and a re-test can compare; then a
    person deletes it, and is reminded until it is done."""


class Improvement(Written):
    """What calls for an improvement, and how long people have."""

    below: Annotated[float, Field(ge=0, le=100)] = 80.0
    """A total below this does (of 100 points)."""
    items: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """So does losing any point of these items."""
    objection_days: Annotated[int, Field(ge=0, le=90)] = 7
    """Days for the person tested to object, from the day on which the sheet was made or signed or the unit told of it,
    whichever came last; until then its result goes into no submission, notice or list of proposed rewards. What the
    person is shown to object to is the sheet itself."""
    answer_days: Annotated[int, Field(ge=1, le=180)] = 14
    """Days for the unit to answer, from the end of the time for objection on."""


class ProgrammeSettings(Written):
    """What programme.toml says; without the file, what the sources of most agencies ask for."""

    rounds_per_month: Annotated[int, Field(ge=1, le=20)] = 1
    """Rounds in each month that has any (每月至少一次)."""
    rounds_every: Period = "month"
    """Whether every month has rounds, or one month of each quarter, half year or year."""
    round_month: Annotated[int, Field(ge=1, le=12)] = 1
    """Which month of each such period has them, from 1."""
    units_per_round: Annotated[int, Field(ge=1, le=500)] = 5
    """Units in each round at the least (每次至少五個單位)."""
    every_unit: Cover = Cover()
    """How often each unit's turn comes."""
    first_line_weight: Annotated[float, Field(ge=1, le=20)] = 2.0
    """How many times likelier a first-line unit is drawn than another, beyond everybody's turn."""
    days_between_calls: Annotated[int, Field(ge=0, le=180)] = 10
    """No number is called again within so many days."""
    margin_min: Annotated[int, Field(ge=0, le=120)] = 15
    """No first attempt so near to lunch or closing, so that the redial after 10 minutes still finds somebody."""
    draw_day: Annotated[int, Field(ge=1, le=28)] = 25
    """The day of the month on which the next month is drawn."""
    no_test_days: Days = ()
    """Days without tests, whatever the calendar says."""
    improvement: Improvement = Improvement()
    """What is followed up."""
    retention: Retention = Retention()
    """How long sound is kept."""
    notify: Notify = Notify()
    """How people are told when something needs them."""
    testers: Annotated[tuple[Tester, ...], Field(strict=False)] = ()
    """Who tests; none: the calls are made by the machine alone."""

    @model_validator(mode="after")
    def _month_of_its_period(self) -> Self:
        most = MONTHS[self.rounds_every]
        if self.round_month > most:
            raise PydanticCustomError("programme.round_month", "round_month", {"value": self.round_month, "most": most})
        return self

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [tester.name for tester in self.testers]
        for name in sorted({one for one in names if names.count(one) > 1}):
            raise PydanticCustomError("programme.tester_twice", "twice", {"name": name})
        return self


def read_programme(folder: Path) -> ProgrammeSettings:
    """Read programme.toml of an agency's folder; AgencyError names key and what is allowed."""
    path = folder / PROGRAMME_FILE
    if not path.is_file():
        return ProgrammeSettings()
    return programme_of(read_toml(path, fault=AgencyError))


def programme_of(data: dict[str, Any]) -> ProgrammeSettings:
    """Make the settings of what programme.toml says."""
    return build(ProgrammeSettings, data, file=PROGRAMME_FILE, fault=AgencyError, place=_place)


def _place(loc: Loc, data: dict[str, Any]) -> tuple[Words, str]:
    if len(loc) >= 2 and isinstance(loc[1], int):
        where = {"zh": f"第 {loc[1] + 1} 個 [[{loc[0]}]]", "en": f"[[{loc[0]}]] number {loc[1] + 1}"}
        return where, ".".join(str(part) for part in loc[2:])
    return {}, ".".join(str(part) for part in loc)
