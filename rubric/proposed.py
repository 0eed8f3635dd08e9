"""What the machine proposes on an item that a person decides: it ticks nothing."""

from dataclasses import replace

from rubric.case import Case
from rubric.condition import names_of
from rubric.schema import Item
from rubric.sheet import OPEN, ItemScore
from rubric.words import phrase


def with_proposal(case: Case, item: Item, line: ItemScore) -> ItemScore:
    """Give an open line with the one option whose condition holds, and what it was seen by."""
    holding = [one for one in item.options if one.proposed_when and case.holds(one.proposed_when)]
    if line.status != OPEN or case.state(item) != "answered" or len(holding) != 1:
        return line
    (option,) = holding
    seen = [told for name in sorted(names_of(option.proposed_when or "")) for told in _seen(case, name)]
    why = phrase("why.proposed", option=option.text or option.label or option.id, seen=tuple(seen) or "—")
    return replace(
        line,
        proposed=option.id,
        why=f"{line.why}{why.say('zh')}",
        why_en=f"{line.why_en}{why.say('en')}",
    )


def _seen(case: Case, name: str) -> tuple[str, ...]:
    """The evidence of a fact; the key's place in the menu is told by its seconds."""
    return case.facts.evidence.get("operator_code_s" if name == "operator_code_in_10_s" else name, ())
