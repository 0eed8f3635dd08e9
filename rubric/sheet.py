"""A filled score sheet as a value, and as the JSON other programs read (`thirdring.sheet/1`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rubric.errors import Problem
from rubric.heard import HeardLeg

SCHEMA = "thirdring.sheet/1"

SCORED = "scored"
OPEN = "open"
UNTESTED = "untested"
VOID = "void"
NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class ItemScore:
    """One line of the sheet."""

    id: str
    """The item's id."""
    max: Decimal
    """What it can be worth."""
    status: str
    """scored, open (awaits a person), untested (no such leg), void (our own fault) or not_applicable."""
    points: Decimal | None = None
    """What it is worth; `None` unless scored."""
    by: str | None = None
    """Who decided: machine, tester, or the form's own note."""
    why: str = ""
    """The reason, in zh-TW."""
    why_en: str = ""
    """The reason, in English."""
    option: str | None = None
    """The option chosen."""
    options: tuple[str, ...] = ()
    """The options chosen, where several may be."""
    ticks: Mapping[str, bool | None] = field(default_factory=dict)
    """The ticks inside the item; `None` where nobody said."""
    candidates: tuple[Decimal, ...] = ()
    """The points still possible when the measurement does not decide."""
    leg: str | None = None
    """The leg it was observed on."""
    machine_points: Decimal | None = None
    """What the machine gave, where a person decided otherwise."""
    reason: str = ""
    """Why the person decided otherwise."""
    before_adjustment: Decimal | None = None
    """What it would have earned without an adjustment for a disability or a voice."""
    meets_standard: bool | None = None
    """Whether the service standard was met; `None` where the item is none or it is not known."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Places in the recording, seconds: the ringing's onset, the pick-up as an interval, the tester's mark."""
    auto: str = "human"
    """Who can decide it at all: auto, partly (machine and person), human."""
    proposed: str | None = None
    """The option that the machine proposes, on an item that a person decides."""
    policy: str | None = None
    """What happens to its points when it does not apply."""


@dataclass(frozen=True, slots=True)
class GroupScore:
    """Items under one heading, counted together."""

    id: str
    """The group's id."""
    part: str
    """The part it belongs to."""
    points: Decimal | None
    """The points known so far; `None` when nothing is."""
    max: Decimal
    """Its maximum in this call (×2.5 and the like applied)."""
    complete: bool
    """Whether every item of it that applies is scored."""
    applies: bool = True
    """Whether it counts in this call."""
    multiplied_by: Decimal = Decimal(1)
    """The factor applied to the items' sum."""


@dataclass(frozen=True, slots=True)
class PartScore:
    """A section of the sheet."""

    id: str
    """The part's id."""
    points: Decimal | None
    """The points known so far; `None` when nothing is."""
    max: Decimal
    """Its maximum in this call."""
    complete: bool
    """Whether every group of it that applies is complete."""
    rescaled: Decimal | None = None
    """When complete: the part by itself, as if it were the whole sheet, one decimal, half up."""


@dataclass(frozen=True, slots=True)
class AccuracyScore:
    """Questions answered correctly; outside the points, and never in the way of the total."""

    asked: int
    """Questions asked."""
    correct: int
    """Questions answered correctly."""
    rate: Decimal | None
    """Per cent, one decimal, half up; `None` with fewer questions than the form asks for."""
    questions: tuple[Mapping[str, Any], ...] = ()
    """Each question, where written down."""


@dataclass(frozen=True, slots=True)
class FactOverride:
    """A fact on a person's word against the machine's; both stay."""

    name: str
    """The fact."""
    machine: bool | str | None
    """What the machine knew."""
    person: bool | str | None
    """What the person said."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A score sheet of one call."""

    form: str
    """The form's id."""
    form_version: str
    """The version it was scored with."""
    form_digest: str
    """SHA-256 of that version's content."""
    kind: str
    """`sheet`, or `timing_record` when nobody judged anything: then no total, no band, no rank."""
    draft: bool
    """Whether the form's points are not adopted yet: 草案."""
    items: tuple[ItemScore, ...]
    """Every line, in printed order."""
    groups: tuple[GroupScore, ...]
    """Every group, in printed order."""
    parts: tuple[PartScore, ...]
    """Every part, in printed order."""
    total: Decimal | None
    """The whole, bonus included; `None` while an item is open."""
    max: Decimal
    """The form's total."""
    bonus: Decimal | None
    """Points above the total; `None` where the form has none switched on."""
    band: str | None
    """The grade, where the agency chose a set of them."""
    passed: bool | None
    """Whether the pass mark was reached, where there is one."""
    accuracy: AccuracyScore | None
    """Correct answers, outside the points."""
    problems: tuple[Problem, ...]
    """What is wrong with the answers, all of it."""
    remarks: tuple[str, ...] = ()
    """Remarks the form or the scoring adds (備註)."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The facts it was scored with."""
    fact_evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the facts and the legs' outcomes were drawn from."""
    overrides: tuple[FactOverride, ...] = ()
    """Facts a person saw otherwise."""
    heard: tuple[HeardLeg, ...] = ()
    """Legs on which a person or a recording may have answered, and who said which."""
    header: Mapping[str, str] = field(default_factory=dict)
    """The blanks at the head, as the tester filled them."""

    @property
    def open(self) -> tuple[str, ...]:
        """Items that wait for somebody; they stand between the sheet and its signature."""
        return tuple(item.id for item in self.items if item.status in (OPEN, VOID))

    @property
    def untested(self) -> tuple[str, ...]:
        """Items that this call did not try: nobody owes them an answer, and with one of them there is no total."""
        return tuple(item.id for item in self.items if item.status == UNTESTED)

    @property
    def below_standard(self) -> bool:
        """Whether a measured standard was missed, or the pass mark not reached."""
        return self.passed is False or any(item.meets_standard is False for item in self.items)


def to_dict(sheet: Sheet) -> dict[str, Any]:
    """The sheet as `thirdring.sheet/1`.

    Points are exact: whole numbers as int, others as the float whose shortest writing is the exact decimal
    (22.5), so that `Decimal(str(points))` gives the very value back.
    """
    return {
        "schema": SCHEMA,
        "form": sheet.form,
        "form_version": sheet.form_version,
        "form_digest": sheet.form_digest,
        "kind": sheet.kind,
        "draft": sheet.draft,
        "items": [_item(item) for item in sheet.items],
        "groups": [_plain(group) for group in sheet.groups],
        "parts": [_plain(part) for part in sheet.parts],
        "total": json_number(sheet.total),
        "max": json_number(sheet.max),
        "bonus": json_number(sheet.bonus),
        "band": sheet.band,
        "passed": sheet.passed,
        "below_standard": sheet.below_standard,
        "open": list(sheet.open),
        "untested": list(sheet.untested),
        "accuracy": None if sheet.accuracy is None else _plain(sheet.accuracy),
        "problems": [one.say("zh") for one in sheet.problems],
        "problems_en": [one.say("en") for one in sheet.problems],
        "remarks": list(sheet.remarks),
        "facts": {name: value for name, value in sheet.facts.items() if value is not None},
        "fact_evidence": _value(sheet.fact_evidence),
        "overrides": [_plain(one) for one in sheet.overrides],
        "heard": [_plain(one) for one in sheet.heard],
        "header": dict(sheet.header),
    }


def _item(item: ItemScore) -> dict[str, Any]:
    told = _plain(item)
    first = {"id": item.id, "points": told["points"], "max": told["max"], "by": item.by, "why": item.why}
    # An empty list or a missing value says nothing; the five keys above are always there.
    more = {key: value for key, value in told.items() if value not in (None, "", [], {})}
    return first | {key: value for key, value in more.items() if key not in first}


def _plain(one: Any) -> dict[str, Any]:
    return {name: _value(getattr(one, name)) for name in type(one).__dataclass_fields__}


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return json_number(value)
    if isinstance(value, tuple):
        return [_value(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _value(one) for key, one in value.items()}
    return value


def json_number(value: Decimal | None) -> int | float | None:
    """Exact points as JSON: 8, 22.5."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
