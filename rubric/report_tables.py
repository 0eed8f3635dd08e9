"""What a form file says beside the items: accuracy, bonus, grades, figures, the programme."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from rubric.table import Id, Setting, Table


class Accuracy(Table):
    """Questions asked during the call; outside the points."""

    text: str
    """Its heading."""
    min_questions: int = Field(default=2, ge=1)
    """Fewer questions give no rate."""
    asked_text: str = ""
    """The line for the questions asked."""
    question_text: str = ""
    """The word before each question."""
    correct_text: str = ""
    """The line for the correct answers."""
    rate_text: str = ""
    """The line for the rate."""
    formula_text: str = ""
    """The formula as printed."""


class Bonus(Table):
    """Points above the total, with the agency's own criteria."""

    text: str
    """Its wording."""
    max: Decimal = Field(gt=0)
    """The most it can be."""
    enabled: Setting[bool]
    """Whether the agency switched it on."""
    criteria: str = ""
    """The agency's own criteria."""


class Note(Table):
    """A printed note."""

    text: str
    """Its wording."""


class Remark(Table):
    """A remark printed under a condition."""

    when: str
    """The condition."""
    text: str
    """Its wording."""


class Band(Table):
    """A grade and the points it starts at."""

    name: str
    """The grade."""
    at_least: Decimal
    """The lowest points of it."""


class BandSet(Table):
    """A set of grades."""

    id: Id
    """Its id."""
    clause: str = ""
    """Where it stands."""
    decimals: int = Field(default=1, ge=0)
    """Places the total is rounded to, half up, before it is looked up."""
    bands: tuple[Band, ...]
    """The grades, the highest first."""


class Often(Table):
    """At least so many in every period."""

    at_least: int = Field(ge=1)
    """How often at least."""
    every: Literal["month", "quarter", "half_year", "year"]
    """In each such period."""
    clause: str = ""
    """Where the rule stands."""


class AtLeast(Table):
    """At least so many."""

    at_least: int = Field(ge=1)
    """How many at least."""
    clause: str = ""
    """Where the rule stands."""


class Duty(Table):
    """A condition of the programme itself."""

    id: Id
    """Its id."""
    text: str
    """Its wording."""
    clause: str = ""
    """Where it stands."""
    kind: Literal["rounds", "units_per_round", "every_unit", "improvement", "document", "count"]
    """What it is about."""
    auto: bool = False
    """Whether the program itself can fulfil it."""


class Roster(Table):
    """Who of the testers is on duty when; the list itself is the agency's."""

    on_duty: int = Field(ge=1)
    """Testers on duty at a time."""
    every: Literal["month", "quarter", "half_year", "year"]
    """How long they are."""
    testers: int | None = Field(default=None, ge=1)
    """How many testers there are to take turns."""
    clause: str = ""
    """Where the rule stands."""


class Programme(Table):
    """What the testing as a whole must satisfy."""

    rounds: Often | None = None
    """Rounds in each period."""
    units_per_round: AtLeast | None = None
    """Units in each round."""
    every_unit: Often | None = None
    """Tests of every unit in each period."""
    every_extension: Often | None = None
    """Tests of every extension, that is of every person at work, in each period."""
    roster: Roster | None = None
    """Testers who take turns."""
    tester_not_own_unit: bool = False
    """Whether a tester may not test his own unit."""
    due_day_next_month: int | None = Field(default=None, ge=1, le=28)
    """The day of the next month by which a sheet is due."""
    series: tuple[str, ...] = ()
    """The series kept apart: internal, external."""
    questions_at_least: int | None = None
    """Questions in each call."""
    duties: tuple[Duty, ...] = ()
    """What else it must do."""


class Aggregation(Table):
    """How sheets become figures."""

    rank_part: Id | None = None
    """The part units are ranked on, rescaled to the total; None: the total."""
    weights: dict[Id, Decimal] = Field(default_factory=dict)
    """What each part weighs in the agency's own score, so that the switchboard counts once; empty: no such score."""
    agency_mean: Literal["calls", "units"] = "calls"
    """What the agency's mean is of: all calls alike, or the units' means, each unit alike."""
    small_n: int = Field(default=5, ge=1)
    """Means of fewer calls than this carry a warning."""
    ours: str = ""
    """Why a choice of ours stands here."""
