"""What a form file says of an item: options, limits, points by latency."""

from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from rubric.table import Id, ItemType, NaPolicy, Outcome, Table


class Limit(Table):
    """A limit in rings, in seconds, or in both: which of both counts is `settings.latency_basis`."""

    rings: int | None = Field(default=None, ge=0)
    """Rings, the one it is answered in included."""
    seconds: Decimal | None = Field(default=None, ge=0)
    """Seconds from the first ring."""

    @model_validator(mode="after")
    def _one_at_least(self) -> "Limit":
        if self.rings is None and self.seconds is None:
            raise ValueError("rings, seconds")
        return self


class Step(Table):
    """How many points each further ring or second costs or earns."""

    points: Decimal = Field(ge=0)
    """How many points."""
    rings: int | None = Field(default=None, ge=1)
    """For each so many rings."""
    seconds: Decimal | None = Field(default=None, gt=0)
    """For each so many seconds."""


class Latency(Table):
    """Points by how soon the call was answered."""

    at: Limit
    """The limit that earns `base`."""
    base: Decimal = Field(ge=0)
    """Points at the limit."""
    step: Step | None = None
    """None: nothing for being earlier, `floor` for being later."""
    cap: Decimal = Field(ge=0)
    """The most it can earn."""
    floor: Decimal = Field(default=Decimal(0), ge=0)
    """The least it can earn."""
    ours: str = ""
    """Why a choice of ours stands here."""


class Tick(Table):
    """One thing that was done or not, inside an item."""

    id: Id
    """Its key in the answer."""
    text: str
    """Its wording."""
    fact: str | None = None
    """The fact that decides it, when the machine knows."""
    points: Decimal | None = Field(default=None, ge=0)
    """What it is worth by itself, where partial credit is switched on."""


_ONE_OR_MORE = {
    "anyOf": [
        {"enum": list(get_args(Outcome))},
        {"type": "array", "items": {"enum": list(get_args(Outcome))}},
    ]
}


class Option(Table):
    """One box of an item, and when the machine may tick it."""

    id: Id
    """What an answer calls it."""
    text: str
    """Its wording; empty for one that the form does not print."""
    label: str = ""
    """What to call an option that the form does not print."""
    points: Decimal | None = Field(default=None, ge=0)
    """What it is worth."""
    range: tuple[int, int] | None = None
    """Whole points from … to …; nothing between two options' ranges can be given."""
    latency: Latency | None = None
    """Points by how soon the call was answered."""
    outcome: Annotated[tuple[Outcome, ...], WithJsonSchema(_ONE_OR_MORE)] = ()
    """Outcomes of the leg with which this option is possible; empty: a person chooses."""
    within: Limit | None = None
    """The limit within which the machine ticks it."""
    when: str | None = None
    """The condition under which the machine ticks it."""
    proposed_when: str | None = None
    """The condition under which the machine proposes it; a person ticks it."""
    otherwise: bool = False
    """Chosen when no option before it was."""
    when_ticks: str | None = None
    """The ticks that lead to it."""
    standard: bool = False
    """Whether it means the service standard was met."""
    ours: str = ""
    """Why a choice of ours stands here."""

    @field_validator("outcome", mode="before")
    @classmethod
    def _one(cls, raw: Any) -> Any:
        return (raw,) if isinstance(raw, str) else raw


class Item(Table):
    """One line of the sheet that is worth points."""

    id: Id
    """Its id: what answers and sheets call it."""
    group: Id
    """The group it belongs to."""
    text: str
    """Its wording."""
    max: Decimal = Field(ge=0)
    """What it can be worth."""
    type: ItemType
    """How it is answered."""
    clause: str = ""
    """Where the document says it."""
    rule: str = ""
    """The rule in short, for the reason that is printed beside the points."""
    auto: Literal["auto", "partly", "human"] = "human"
    """Who can decide it: the machine, the machine with a person's word, a person."""
    measure: str = ""
    """What the machine measures for it, from where to where."""
    hint: str = ""
    """A word to the tester; ours, not the form's."""
    ours: str = ""
    """Why a choice of ours stands here."""
    voice: bool = False
    """Whether it judges voice or tone, where a disability may be taken into account."""
    points_ours: bool = False
    """Whether its points are ours."""
    applies_if: str | None = None
    """The condition under which it counts."""
    na_policy: NaPolicy | None = None
    """What happens to its points otherwise; the group's own when not given."""
    full_if: str | None = None
    """The condition under which the form's own note gives full points."""
    full_why: str = ""
    """That note, for the reason beside the points."""
    options: tuple[Option, ...] = ()
    """Its boxes."""
    latency: Latency | None = None
    """Points by how soon the call was answered."""
    unanswered: Decimal | None = None
    """What a `latency` item is worth when nobody answered."""
    ticks: tuple[Tick, ...] = ()
    """Things done or not, that together decide it."""
    need: Literal["all", "any"] = "all"
    """Whether all ticks are needed, or any one."""
    min: Decimal = Decimal(0)
    """The lowest number."""
    step: Decimal = Field(default=Decimal(1), gt=0)
    """The steps between numbers."""
    limit_s: Decimal | None = Field(default=None, gt=0)
    """The limit of a time taken by hand, seconds."""
    start: str = ""
    """The event that starts that time."""
    end: str = ""
    """The event that ends it."""
