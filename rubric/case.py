"""One call before the form: what is known, what was said, and what is wrong with it so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rubric.answer import Answer
from rubric.answers import Answers
from rubric.condition import Known, holds
from rubric.errors import Problem, problem
from rubric.facts import Facts, LegFacts
from rubric.known import leg_state
from rubric.schema import Basis, Form, Item, Part
from rubric.sheet import NOT_APPLICABLE, OPEN, SCORED, ItemScore
from rubric.words import Phrase, phrase


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the scoring of one call looks at."""

    form: Form
    """The form."""
    facts: Facts
    """What was measured."""
    answers: Answers
    """What was said."""
    known: Mapping[str, Known]
    """Every fact by name, what a person said going first."""
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with the answers, collected while scoring."""
    alone: Part | None = None
    """The one part that was tested, where the form lets it stand for the whole."""
    if_persons: "Case | None" = None
    """The same call, had persons answered the legs of which nobody knows; `None` where every leg is known."""

    def leg(self, item: Item) -> LegFacts | None:
        """The leg the item is observed on."""
        name = self.form.group(item.group).leg
        return None if name is None else self.facts.legs.get(name)

    def state(self, item: Item) -> str:
        """What that leg's outcome means; `answered` where the item hangs on no leg."""
        name = self.form.group(item.group).leg
        return "answered" if name is None else leg_state(self.form, name, self.leg(item))

    def part_untested(self, item: Item) -> bool:
        """Whether no leg at all of the item's part happened, as when an extension was dialled directly."""
        part = self.form.group(item.group).part
        legs = [group.leg for group in self.form.groups_of(part)]
        return bool(self.facts.legs) and all(leg is not None and leg not in self.facts.legs for leg in legs)

    def untested(self, item: Item) -> bool:
        """Whether nobody can be asked: other legs happened, the item's own did not, nothing of its group was said.

        In a call without any leg, or where the tester judged a part of the group, the rest is still owed.
        """
        said = any(one.id in self.answers.items for one in self.form.items_of(item.group))
        return bool(self.facts.legs) and not said

    def leg_text(self, item: Item) -> str:
        """What the agency calls that leg."""
        name = self.form.group(item.group).leg
        return "" if name is None else self.form.legs[name].text

    def answer(self, item: Item) -> Answer | None:
        """What was said of the item."""
        return self.answers.items.get(item.id)

    def observed(self, item: Item) -> bool | None:
        """Whether a person said it could be observed: of the item, else its group, else its part."""
        group = self.form.group(item.group)
        said = self.answers.observed
        return next((said[one] for one in (item.id, group.id, group.part) if one in said), None)

    def holds(self, condition: str) -> bool | None:
        """Whether a condition of the form holds in this call."""
        return holds(condition, self.known)

    @property
    def basis(self) -> Basis:
        """Which limb of 「rings or seconds」 counts."""
        return self.form.settings.latency_basis.value

    def refuse(self, key: str, item: Item, **values: Any) -> None:
        """Note that an answer cannot be taken."""
        self.problems.append(problem(key, item=item.id, **values))

    def scored(self, item: Item, points: Decimal, by: str, why: Phrase, **more: Any) -> ItemScore:
        """The item with its points and their reason."""
        return self._line(item, SCORED, why, points=points, by=by, **more)

    def left(self, item: Item, why: Phrase, *, status: str = OPEN, **more: Any) -> ItemScore:
        """The item without points, and why."""
        return self._line(item, status, why, **more)

    def outside(self, item: Item, policy: str, why: Phrase) -> ItemScore:
        """An item that does not apply: by the form's policy it is full, zero, or out of the sum."""
        if policy == "full_points":
            return self.scored(item, item.max, "note", why)
        if policy == "zero":
            return self.scored(item, Decimal(0), "note", why)
        return self._line(item, NOT_APPLICABLE, why, policy=policy)

    def _line(self, item: Item, status: str, why: Phrase, **more: Any) -> ItemScore:
        clause = _clause(item, why)
        return ItemScore(
            id=item.id,
            max=item.max,
            status=status,
            why=f"{why.say('zh')}{clause.say('zh')}",
            why_en=f"{why.say('en')}{clause.say('en')}",
            leg=self.form.group(item.group).leg,
            auto=item.auto,
            evidence=self._evidence(item),
            **more,
        )

    def _evidence(self, item: Item) -> dict[str, Any]:
        """Where in the recording to listen: the leg's times for what is timed, the tester's own mark."""
        leg, answer = self.leg(item), self.answer(item)
        found: dict[str, Any] = {}
        if leg is not None and item.auto != "human":
            if leg.ring_onset_s is not None:
                found["ring_onset_s"] = leg.ring_onset_s
            if leg.pick_up_s is not None:
                found["pick_up_s"] = {"earliest": leg.pick_up_s.earliest, "latest": leg.pick_up_s.latest}
        if answer is not None and answer.at_s is not None:
            found["heard_at_s"] = answer.at_s
        return found


def part_alone(form: Form, facts: Facts, answers: Answers) -> Part | None:
    """The one part of which any leg happened or anything was said, where the form lets it stand for the whole."""
    if not facts.legs:
        return None
    tested = {group.part for group in form.groups if group.leg is None or group.leg in facts.legs}
    tested |= {form.group(item.group).part for item in form.items if item.id in answers.items}
    parts = [part for part in form.parts if part.id in tested]
    return parts[0] if len(parts) == 1 < len(form.parts) and parts[0].alone is not None else None


def _clause(item: Item, why: Phrase) -> Phrase:
    """（規則：…；附表3 二(一)1）: the rule stands only beside what a rule decided."""
    told = item.rule if why.key in ("why.decided", "why.undecided") else ""
    cited = tuple(one for one in (phrase("why.rule", rule=told) if told else "", item.clause) if one)
    return phrase("why.clause", cited=cited) if cited else phrase("why.no_clause")
