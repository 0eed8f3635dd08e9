"""What a form file may say: every table and key, with its meaning. `form.py` reads the files."""

import hashlib
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    field_validator,
    model_validator,
)

Outcome = Literal["answered", "no_answer", "busy", "fault_theirs"]
LegName = Literal["ivr", "operator", "unit"]
Basis = Literal["either", "rings", "seconds", "strictest", "by_signal"]
NaPolicy = Literal["full_points", "reallocate_in_group", "reallocate_in_part", "reallocate_in_sheet", "exclude", "zero"]
ItemType = Literal["check", "absence", "single", "multi", "number", "latency", "composite", "timed", "text"]
Id = str
T = TypeVar("T")


class Table(BaseModel):
    """A table of the form file: no key but its own, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True)


class Setting(Table, Generic[T]):
    """A choice. Leaving what the form's text says (`letter`) needs the approval that allowed it."""

    value: T
    """What is applied."""
    letter: T
    """What the form's own text says."""
    approval: str = ""
    """The 文號 that allows `value` to differ from `letter`."""
    why: str = ""
    """Why this is the reading."""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, raw: Any) -> Any:
        return raw if isinstance(raw, dict | Setting) else {"value": raw, "letter": raw}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A setting may also be written as its plain value."""
        table = handler(schema)
        plain = dict(handler.resolve_ref_schema(table)["properties"]["value"])
        return {"anyOf": [plain, table]}


class Source(Table):
    """The document a form stands on."""

    plan: str = ""
    """The plan or rule it belongs to."""
    issued: str = ""
    """Date and 文號 of issue, as printed."""
    amended: str = ""
    """Date and 文號 of amendment, as printed."""
    repealed: str = ""
    """Date of repeal, as printed."""
    clause: str = ""
    """Where in the document the form is."""
    note: str = ""
    """What the source does not contain."""


class Adoption(Table):
    """The agency's own decision to use a form whose points are ours."""

    number: str
    """文號."""
    adopted_on: date
    """Date of adoption."""


class NoAnswer(Table):
    """From when on ringing counts as unanswered."""

    rings: int | None = Field(default=None, ge=1)
    """Rings, counted from the first."""
    seconds: Decimal | None = Field(default=None, gt=0)
    """Seconds from the first ring."""


class Leg(Table):
    """How one leg of the call is tested."""

    text: str
    """What the agency calls it."""
    attempts: Setting[int] = Setting[int](value=1, letter=1)
    """Unanswered calls it takes before the result counts."""
    retry_after_minutes: int | None = Field(default=None, ge=1)
    """How long to wait before the next attempt."""
    no_answer: NoAnswer | None = None
    """When ringing counts as unanswered, if the form says."""
    clause: str = ""
    """Where the form says it."""


class Settings(Table):
    """The choices a form leaves open."""

    latency_basis: Setting[Basis] = Setting[Basis](value="either", letter="either")
    """Which limb of 「rings or seconds」 counts."""
    unobserved: Setting[Literal["zero", "exclude_and_rescale"]] = Setting[Literal["zero", "exclude_and_rescale"]](
        value="zero", letter="zero"
    )
    """What an item is worth when nobody was reached."""
    no_answer_combine: Setting[Literal["both", "any"]] = Setting[Literal["both", "any"]](value="both", letter="both")
    """Whether both limits of `no_answer` must pass, or one is enough."""
    partial_credit: Setting[bool] = Setting[bool](value=False, letter=False)
    """Whether a composite item gives points for the part that was met."""


class HeaderField(Table):
    """A blank at the head of the sheet."""

    id: Id
    text: str
    type: Literal["signature", "unit", "roc_datetime", "phone", "text", "extension"] = "text"


class FactQuestion(Table):
    """Something about the call that only the tester can say."""

    id: Id
    """Its name in conditions."""
    text: str
    """The question."""
    machine: str = ""
    """What the machine can propose, if anything."""


class Gate(Table):
    """A yes/no printed at the head of a part."""

    fact: str
    text: str
    yes: str = "是"
    no: str = "否"


class Part(Table):
    """A section of the sheet with its own maximum."""

    id: Id
    text: str
    max: Decimal = Field(gt=0)
    short: str = ""
    """The short name used in tables."""
    gate: Gate | None = None


class Variant(Table):
    """A group counted otherwise under a condition."""

    when: str
    multiply: Decimal = Field(gt=0)
    max: Decimal = Field(gt=0)
    clause: str = ""


class Group(Table):
    """Items under one heading."""

    id: Id
    part: Id
    text: str
    max: Decimal = Field(ge=0)
    leg: LegName | None = None
    """The leg its items are observed on."""
    applies_if: str | None = None
    na_policy: NaPolicy | None = None
    choose: Literal["all", "one"] = "all"
    """`one`: its items are alternatives, exactly one is filled in."""
    variants: tuple[Variant, ...] = ()


class Limit(Table):
    """A limit in rings, in seconds, or in both: which of both counts is `settings.latency_basis`."""

    rings: int | None = Field(default=None, ge=0)
    seconds: Decimal | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_at_least(self) -> "Limit":
        if self.rings is None and self.seconds is None:
            raise ValueError("rings, seconds")
        return self


class Step(Table):
    """How many points each further ring or second costs or earns."""

    points: Decimal = Field(ge=0)
    rings: int | None = Field(default=None, ge=1)
    seconds: Decimal | None = Field(default=None, gt=0)


class Latency(Table):
    """Points by how soon the call was answered."""

    at: Limit
    """The limit that earns `base`."""
    base: Decimal = Field(ge=0)
    step: Step | None = None
    """None: nothing for being earlier, `floor` for being later."""
    cap: Decimal = Field(ge=0)
    floor: Decimal = Field(default=Decimal(0), ge=0)
    ours: str = ""


class Tick(Table):
    """One thing that was done or not, inside an item."""

    id: Id
    text: str
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
    text: str
    label: str = ""
    """What to call an option that the form does not print."""
    points: Decimal | None = Field(default=None, ge=0)
    range: tuple[int, int] | None = None
    """Whole points from … to …; nothing between two options' ranges can be given."""
    latency: Latency | None = None
    outcome: Annotated[tuple[Outcome, ...], WithJsonSchema(_ONE_OR_MORE)] = ()
    """Outcomes of the leg with which this option is possible; empty: a person chooses."""
    within: Limit | None = None
    when: str | None = None
    otherwise: bool = False
    """Chosen when no option before it was."""
    when_ticks: str | None = None
    """The ticks that lead to it."""
    standard: bool = False
    """Whether it means the service standard was met."""
    ours: str = ""

    @field_validator("outcome", mode="before")
    @classmethod
    def _one(cls, raw: Any) -> Any:
        return (raw,) if isinstance(raw, str) else raw


class Item(Table):
    """One line of the sheet that is worth points."""

    id: Id
    group: Id
    text: str
    max: Decimal = Field(ge=0)
    type: ItemType
    clause: str = ""
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
    applies_if: str | None = None
    na_policy: NaPolicy | None = None
    full_if: str | None = None
    full_why: str = ""
    options: tuple[Option, ...] = ()
    latency: Latency | None = None
    unanswered: Decimal | None = None
    """What a `latency` item is worth when nobody answered."""
    ticks: tuple[Tick, ...] = ()
    need: Literal["all", "any"] = "all"
    min: Decimal = Decimal(0)
    step: Decimal = Field(default=Decimal(1), gt=0)
    limit_s: Decimal | None = Field(default=None, gt=0)
    start: str = ""
    end: str = ""


class Accuracy(Table):
    """Questions asked during the call; outside the points."""

    text: str
    min_questions: int = Field(default=2, ge=1)
    asked_text: str = ""
    question_text: str = ""
    correct_text: str = ""
    rate_text: str = ""
    formula_text: str = ""


class Bonus(Table):
    """Points above the total, with the agency's own criteria."""

    text: str
    max: Decimal = Field(gt=0)
    enabled: Setting[bool]
    criteria: str = ""


class Note(Table):
    """A printed note."""

    text: str


class Remark(Table):
    """A remark printed under a condition."""

    when: str
    text: str


class Band(Table):
    """A grade and the points it starts at."""

    name: str
    at_least: Decimal


class BandSet(Table):
    """A set of grades."""

    id: Id
    clause: str = ""
    decimals: int = Field(default=1, ge=0)
    bands: tuple[Band, ...]


class Often(Table):
    """At least so many in every period."""

    at_least: int = Field(ge=1)
    every: Literal["month", "quarter", "half_year", "year"]
    clause: str = ""


class AtLeast(Table):
    """At least so many."""

    at_least: int = Field(ge=1)
    clause: str = ""


class Duty(Table):
    """A condition of the programme itself."""

    id: Id
    text: str
    clause: str = ""
    kind: Literal["rounds", "units_per_round", "every_unit", "improvement", "document", "count"]
    auto: bool = False


class Programme(Table):
    """What the testing as a whole must satisfy."""

    rounds: Often | None = None
    units_per_round: AtLeast | None = None
    every_unit: Often | None = None
    tester_not_own_unit: bool = False
    due_day_next_month: int | None = Field(default=None, ge=1, le=28)
    series: tuple[str, ...] = ()
    questions_at_least: int | None = None
    duties: tuple[Duty, ...] = ()


class Aggregation(Table):
    """How sheets become figures."""

    rank_part: Id | None = None
    """The part units are ranked on, rescaled to the total; None: the total."""
    small_n: int = Field(default=5, ge=1)
    """Means of fewer calls than this carry a warning."""
    ours: str = ""


class Form(Table):
    """A score sheet as data."""

    schema_: Literal["thirdring.form/1"] = Field(alias="schema")
    extends: Id | None = None
    """A shipped form whose tables stand wherever this one has none of its own."""
    id: Id
    version: str
    title: str
    agency: str
    annex: str = ""
    status: str = ""
    points_source: Literal["form", "ours"]
    """Whether the points are the document's own; ours print 草案 until the agency adopts them."""
    adoption: Adoption | None = None
    total: Decimal = Field(gt=0)
    total_text: str = ""
    grand_total_text: str = "總得分"
    decimals: int = Field(default=1, ge=0, le=4)
    """Places kept where points are rescaled; sums are never rounded."""
    columns: tuple[str, str, str, str] = ("測試結果", "考核內容", "細項配分", "分項得分")
    valid_from: date | None = None
    valid_to: date | None = None
    na_policy: NaPolicy = "exclude"
    pass_mark: Decimal | None = None
    source: Source = Source()
    settings: Settings = Settings()
    legs: dict[LegName, Leg] = {}
    facts: tuple[FactQuestion, ...] = ()
    header: tuple[HeaderField, ...] = ()
    parts: tuple[Part, ...]
    groups: tuple[Group, ...]
    items: tuple[Item, ...]
    accuracy: Accuracy | None = None
    bonus: Bonus | None = None
    band_set: Id | None = None
    band_sets: tuple[BandSet, ...] = ()
    notes: tuple[Note, ...] = ()
    remarks: tuple[Remark, ...] = ()
    aggregation: Aggregation = Aggregation()
    programme: Programme | None = None

    def item(self, item_id: str) -> Item:
        """The item of that id. Raises `KeyError` when there is none."""
        return {item.id: item for item in self.items}[item_id]

    def group(self, group_id: str) -> Group:
        """The group of that id. Raises `KeyError` when there is none."""
        return {group.id: group for group in self.groups}[group_id]

    def items_of(self, group_id: str) -> tuple[Item, ...]:
        """The items of a group, in printed order."""
        return tuple(item for item in self.items if item.group == group_id)

    def groups_of(self, part_id: str) -> tuple[Group, ...]:
        """The groups of a part, in printed order."""
        return tuple(group for group in self.groups if group.part == part_id)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything the form says: two forms that say the same share it."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()

    @property
    def draft(self) -> bool:
        """Whether the points are ours and nobody has adopted them yet: 草案."""
        return self.points_source == "ours" and self.adoption is None
