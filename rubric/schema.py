"""What a form file may say: every table and key, with its meaning. `form.py` reads the files."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from rubric.call_tables import FactQuestion, HeaderField, Leg, NoAnswer, Settings
from rubric.item_tables import Item, Latency, Limit, Option, Step, Tick
from rubric.report_tables import (
    Accuracy,
    Aggregation,
    AtLeast,
    Band,
    BandSet,
    Bonus,
    Duty,
    Note,
    Often,
    Programme,
    Remark,
    Roster,
)
from rubric.table import Basis, Id, ItemType, LegName, NaPolicy, Outcome, Setting, Table

__all__ = [
    "Accuracy",
    "Adoption",
    "Aggregation",
    "Alone",
    "AtLeast",
    "Band",
    "BandSet",
    "Basis",
    "Bonus",
    "Duty",
    "FactQuestion",
    "Form",
    "Gate",
    "Group",
    "HeaderField",
    "Id",
    "Item",
    "ItemType",
    "Latency",
    "Leg",
    "LegName",
    "Limit",
    "NaPolicy",
    "NoAnswer",
    "Note",
    "Often",
    "Option",
    "Outcome",
    "Part",
    "Programme",
    "Remark",
    "Roster",
    "Setting",
    "Settings",
    "Source",
    "Step",
    "Table",
    "Tick",
    "Variant",
]


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


class Gate(Table):
    """A yes/no printed at the head of a part."""

    fact: str
    """The fact that answers it."""
    text: str
    """Its wording."""
    yes: str = "是"
    """The word beside the first box."""
    no: str = "否"
    """The word beside the second box."""


class Alone(Table):
    """How one part stands for the whole sheet when nothing else was tested."""

    multiply: Decimal | None = Field(default=None, gt=0)
    """The factor as the form prints it, the total being the cap; `None`: exactly the total over the part's maximum."""
    clause: str = ""
    """Where the form says it."""


class Part(Table):
    """A section of the sheet with its own maximum."""

    id: Id
    """Its id."""
    text: str
    """Its wording."""
    max: Decimal = Field(gt=0)
    """What it can be worth."""
    short: str = ""
    """The short name used in tables."""
    gate: Gate | None = None
    """The yes/no at its head."""
    alone: Alone | None = None
    """How it becomes the total when no other part was tested; `None`: then there is no total."""


class Variant(Table):
    """A group counted otherwise under a condition."""

    when: str
    """The condition."""
    multiply: Decimal = Field(gt=0)
    """The factor on the items' sum."""
    max: Decimal = Field(gt=0)
    """The group's maximum then."""
    clause: str = ""
    """Where the form says it."""


class Group(Table):
    """Items under one heading."""

    id: Id
    """Its id."""
    part: Id
    """The part it belongs to."""
    text: str
    """Its wording."""
    max: Decimal = Field(ge=0)
    """What it can be worth."""
    leg: LegName | None = None
    """The leg its items are observed on."""
    applies_if: str | None = None
    """The condition under which it counts."""
    na_policy: NaPolicy | None = None
    """What happens to its points otherwise; the form's own when not given."""
    choose: Literal["all", "one"] = "all"
    """`one`: its items are alternatives, exactly one is filled in."""
    variants: tuple[Variant, ...] = ()
    """Other ways of counting it."""


class Form(Table):
    """A score sheet as data."""

    schema_: Literal["thirdring.form/1"] = Field(alias="schema")
    """The version of this file format."""
    extends: Id | None = None
    """A shipped form whose tables stand wherever this one has none of its own."""
    id: Id
    """Its id."""
    version: str
    """Its version; a used one never changes."""
    title: str
    """Its title."""
    agency: str
    """Whose it is."""
    annex: str = ""
    """What is printed above the title."""
    status: str = ""
    """A word on its standing."""
    points_source: Literal["form", "ours"]
    """Whether the points are the document's own; ours print 草案 until the agency adopts them."""
    adoption: Adoption | None = None
    """The agency's decision to use points that are ours."""
    total: Decimal = Field(gt=0)
    """What the whole can be worth."""
    total_text: str = ""
    """The total as printed."""
    grand_total_text: str = "總得分"
    """The wording of the last line."""
    decimals: int = Field(default=1, ge=0, le=4)
    """Places kept where points are rescaled; sums are never rounded."""
    columns: tuple[str, str, str, str] = ("測試結果", "考核內容", "細項配分", "分項得分")
    """The heads of the four columns."""
    valid_from: date | None = None
    """The first day it is in force."""
    valid_to: date | None = None
    """The last day it is in force."""
    na_policy: NaPolicy = "exclude"
    """What happens to points that do not apply."""
    pass_mark: Decimal | None = None
    """The total below which a call did not pass."""
    source: Source = Source()
    """The document it stands on."""
    settings: Settings = Settings()
    """The choices it leaves open."""
    legs: dict[LegName, Leg] = Field(default_factory=dict)
    """How each leg of the call is tested."""
    facts: tuple[FactQuestion, ...] = ()
    """What only the tester can say of the call."""
    header: tuple[HeaderField, ...] = ()
    """The blanks at its head."""
    parts: tuple[Part, ...]
    """Its sections."""
    groups: tuple[Group, ...]
    """Its groups, in printed order."""
    items: tuple[Item, ...]
    """Its items, in printed order."""
    accuracy: Accuracy | None = None
    """Questions asked during the call."""
    bonus: Bonus | None = None
    """Points above the total."""
    band_set: Id | None = None
    """The set of grades the agency chose."""
    band_sets: tuple[BandSet, ...] = ()
    """Sets of grades to choose from."""
    notes: tuple[Note, ...] = ()
    """The printed notes."""
    remarks: tuple[Remark, ...] = ()
    """Remarks under conditions."""
    aggregation: Aggregation = Aggregation()
    """How sheets become figures."""
    programme: Programme | None = None
    """What the testing as a whole must satisfy."""

    def item(self, item_id: str) -> Item:
        """The item of that id. Raises `KeyError` when there is none."""
        return self._items_by_id[item_id]

    def group(self, group_id: str) -> Group:
        """The group of that id. Raises `KeyError` when there is none."""
        return self._groups_by_id[group_id]

    def items_of(self, group_id: str) -> tuple[Item, ...]:
        """The items of a group, in printed order."""
        return tuple(item for item in self.items if item.group == group_id)

    def groups_of(self, part_id: str) -> tuple[Group, ...]:
        """The groups of a part, in printed order."""
        return tuple(group for group in self.groups if group.part == part_id)

    @cached_property
    def _items_by_id(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def _groups_by_id(self) -> dict[str, Group]:
        return {group.id: group for group in self.groups}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything the form says: two forms that say the same share it.

        A key left at its default says nothing, so that a later version of this program with more keys gives the
        same digest; and what changes no point that was ever given does not count: the day a form goes out of
        force, what the machine proposes to the tester, how an engaged line is dialled again.
        """
        said = self.model_dump(by_alias=True, exclude_defaults=True, exclude=_WITHOUT_POINTS)
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=_plain)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def draft(self) -> bool:
        """Whether the points are ours and nobody has adopted them yet: 草案."""
        return self.points_source == "ours" and self.adoption is None


_WITHOUT_POINTS: Any = {
    "valid_to": True,
    "items": {"__all__": {"options": {"__all__": {"proposed_when"}}}},
    "legs": {"__all__": {"busy"}},
}


def _plain(value: Any) -> str:
    """A number as its value, however it was written (8 is 8.0); a day in ISO."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
