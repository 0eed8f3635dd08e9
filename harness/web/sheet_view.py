"""A score sheet as its page shows it: every line with what may be chosen, what is chosen, and what it is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.documents.sheet_rows import number
from harness.kept_sheet import KeptSheet
from harness.scoring import rubric_errors, score_as_far_as_it_goes
from harness.web.between import bracketed_text, named_text
from harness.web.sheet_clips import WHOLE, Clip, clip_of, hold_clips, is_of_holds
from harness.web.sheet_fields import Fields, answers_of
from harness.web.sheet_jumps import Jump, jumps_of
from rubric.answer import option_points
from rubric.errors import Problem
from rubric.facts import parse_facts
from rubric.schema import Bonus, Form, Item, Option
from rubric.score import ready_to_sign
from rubric.sheet import ItemScore, Sheet

ASK, DECIDED, OUT = "ask", "decided", "out"
"""Whether an item waits for the tester or is the tester's, was decided without one, or does not count."""
TYPED = ("points", "reason", "number", "text", "observed", "at_s", "adjusted:from", "adjusted:reason")
"""What is typed at an item, beside what is chosen."""
BY_HAND = ("check", "absence", "composite", "timed")
"""Items whose points are seldom typed: by what was chosen they follow."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One thing to choose."""

    value: str
    """What the field says then."""
    text: str
    """Its words."""
    chosen: bool
    """Whether it is chosen."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One option of an item, or one question with yes and no."""

    text: str
    """The form's wording."""
    worth: str = ""
    """細項配分."""
    name: str = ""
    """The field; empty: nothing to choose, only a box that shows what follows."""
    choices: tuple[Choice, ...] = ()
    """One: the option itself. Several: its points, or yes and no."""
    by_machine: bool = False
    """Whether the machine knows it, where it knows anything."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item."""

    key: str
    """A name for the page's own use."""
    item: Item
    """The form's item."""
    title: str
    """Its wording, or its group's."""
    score: ItemScore
    """What it is worth now."""
    mode: str
    """ask, decided or out."""
    rows: tuple[Row, ...]
    """What may be chosen."""
    shown: tuple[tuple[str, bool], ...]
    """Options that follow from something else, and whether they hold: ■ or □."""
    problems: tuple[Problem, ...]
    """Why what was typed is refused."""
    clip: Clip | None
    """What to hear for it."""
    holds: tuple[Clip, ...]
    """The holds, where it is about them."""
    jumps: tuple[Jump, ...]
    """Where its evidence is."""
    fields: Mapping[str, str]
    """What was typed, by the names of TYPED."""

    @property
    def more(self) -> bool:
        """Whether something is typed that the page keeps folded away."""
        by_hand = self.item.type in BY_HAND and self.fields["points"]
        return bool(by_hand or any(self.fields[key] for key in ("at_s", "adjusted:from", "adjusted:reason")))

    @property
    def points_by_hand(self) -> bool:
        """Whether points may be typed against what follows from the choices."""
        return self.item.type in BY_HAND


@dataclass(frozen=True)
class Filled:
    """A sheet with what somebody has filled in so far."""

    kept: KeptSheet
    """The call's sheet that counts."""
    fields: Fields
    """What was filled in."""
    clips: Mapping[str, Mapping[str, Clip]] = field(default_factory=dict)
    """What can be heard, by leg and kind."""
    duration_s: float = 0.0
    """Length of the recording that can be heard; 0: none can."""

    def __post_init__(self) -> None:
        with rubric_errors():
            facts = parse_facts(self.kept.facts)
        said = answers_of(self.fields, self.form)
        sheet = score_as_far_as_it_goes(self.form, facts, said or None, on=self.kept.day)
        object.__setattr__(self, "sheet", sheet)

    sheet: Sheet = field(init=False)
    """The sheet scored."""

    @property
    def form(self) -> Form:
        """Its form."""
        return self.kept.form

    @property
    def missing(self) -> tuple[Problem, ...]:
        """What stands between the sheet and its signature."""
        return ready_to_sign(self.form, self.sheet)

    def one(self, name: str) -> str:
        """What a field says."""
        return (self.fields.get(name) or [""])[-1]

    def line(self, item: Item) -> Line:
        """An item as the page shows it."""
        score = next(one for one in self.sheet.items if one.id == item.id)
        typed = {key: self.one(f"{item.id}:{key}") for key in TYPED}
        mode = self._mode(item, score)
        return Line(
            key=key_of(item.id, self.form),
            item=item,
            title=item.text or self.form.group(item.group).text,
            score=score,
            mode=mode,
            rows=tuple(self._rows(item)),
            shown=tuple(_shown(item, score, decided=mode == DECIDED)),
            problems=tuple(one for one in self.sheet.problems if one.item == item.id),
            clip=clip_of(item, self.form, self.clips, self.duration_s),
            holds=tuple(self.holds) if is_of_holds(item) else (),
            jumps=jumps_of(item, self.form, score, self.sheet.fact_evidence),
            fields=typed,
        )

    def lines(self, group: str) -> list[Line]:
        """The items of a group."""
        return [self.line(item) for item in self.form.items_of(group)]

    @property
    def bonus(self) -> Bonus | None:
        """Points above the total, where the agency has them switched on."""
        found = self.form.bonus
        return found if found is not None and found.enabled.value else None

    @property
    def holds(self) -> list[Clip]:
        """The holds that were heard in the recording."""
        traces = self.kept.facts.get("evidence", {}).get("held", ())
        return hold_clips(traces, self.clips) if self.duration_s > 0 else []

    @property
    def whole_clip(self) -> Clip | None:
        """The talk with the unit: what questions and extra points are heard in."""
        return next((self.clips[leg][WHOLE] for leg in ("unit", "operator", "ivr") if leg in self.clips), None)

    def _mode(self, item: Item, score: ItemScore) -> str:
        if score.status == "not_applicable":
            return OUT
        if score.by == "tester" or any(name.startswith(f"{item.id}:") for name in self.fields):
            return ASK
        if score.status == "untested":
            return DECIDED  # nobody is asked; who knows better may still differ
        waits = {one.leg for one in self.sheet.heard if one.answerer is None}
        settled = len(score.candidates) == 1 or self.form.group(item.group).leg in waits
        by_itself = score.status == "open" and score.candidates and settled  # who answered is asked elsewhere
        return DECIDED if by_itself or score.by in ("machine", "note") or score.status == "void" else ASK

    def alternative(self, item: Item) -> str:
        """The group of which only one item is filled in; empty: every item of it is."""
        group = self.form.group(item.group)
        return key_of(item.id, self.form) if group.choose != "one" else f"one-of-{self.form.groups.index(group)}"

    def _rows(self, item: Item) -> Iterator[Row]:
        if item.ticks:
            for tick in item.ticks:
                name = f"{item.id}:tick:{tick.id}"
                yield Row(text=tick.text, name=name, choices=self._yes_no(name), by_machine=tick.fact is not None)
        elif item.type in ("check", "absence"):
            yield Row(text="", name=f"{item.id}:met", choices=self._yes_no(f"{item.id}:met"))
        elif item.type == "latency":
            yield self._measured(item)
        else:
            yield from self._options(item)

    def _options(self, item: Item) -> Iterator[Row]:
        many = item.type == "multi"
        name = f"{item.id}:{'options' if many else 'option'}"
        for option in item.options:
            values = [option.id]
            if option.range and not many:
                values = [f"{option.id}={n}" for n in range(option.range[1], option.range[0] - 1, -1)]
            elif option.latency and not many:
                lowest, highest = int(option.latency.floor), int(option.latency.cap)
                values = [f"{option.id}={n}" for n in range(highest, lowest - 1, -1)]
            text = option.text or ours_of(option)
            choices = tuple(self._choice(name, value, value.partition("=")[2]) for value in values)
            yield Row(text=text, worth=option_points(option), name=name, choices=choices)

    def _measured(self, item: Item) -> Row:
        name, best = f"{item.id}:points", int(item.max)
        return Row(text="", name=name, choices=tuple(self._choice(name, str(n), str(n)) for n in range(best, -1, -1)))

    def _yes_no(self, name: str) -> tuple[Choice, ...]:
        return tuple(self._choice(name, value, value) for value in ("yes", "no"))

    def _choice(self, name: str, value: str, text: str) -> Choice:
        return Choice(value=value, text=text, chosen=value in self.fields.get(name, []))


def ours_of(option: Option) -> str:
    """An option that the form does not print, as the sheet has it: in brackets, with what it is called."""
    return bracketed_text("", named_text(option.label, option.ours)).strip()


def key_of(item_id: str, form: Form) -> str:
    """A name of an item for ids of the page: letters and digits only."""
    return f"item-{[one.id for one in form.items].index(item_id) + 1}"


PLACES = {
    "heard": "heard-by",
    "facts": "facts",
    "accuracy": "accuracy",
    "questions": "accuracy",
    "bonus": "bonus",
}
"""What belongs to no item, and the id on the page of its place."""


def place_of(problem: Problem, form: Form) -> str:
    """The id on the page of what a problem is about."""
    name = problem.item or ""
    if name in {item.id for item in form.items}:
        return key_of(name, form)
    return PLACES.get(name.partition(" ")[0], "sheet")


def points_of(score: ItemScore) -> str:
    """What stands under 分項得分."""
    return number(score.points) if score.points is not None else ""


def _shown(item: Item, score: ItemScore, *, decided: bool) -> Iterator[tuple[str, bool]]:
    """The form's own options, where nobody is asked to choose one of them."""
    for option in item.options if item.ticks or decided else ():
        if option.text or option.id == score.option:
            text = option.text or ours_of(option)
            yield text, option.id == score.option and score.status == "scored"
