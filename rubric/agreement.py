"""Two testers, one call: what they say differently, how far they agree, and what a reviewer settles.

Cohen's κ = (p_o - p_e) / (1 - p_e): agreement beyond chance, over the answers of one item
(J. Cohen, A coefficient of agreement for nominal scales, 1960). It means little below some thirty pairs,
so n always stands beside it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from rubric.answer import read_answer
from rubric.errors import AnswersError, problem
from rubric.schema import Form, Item

Answer = Any
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An item that two testers judged differently."""

    item: str
    """The item."""
    first: Any
    """The line of the first tester's sheet."""
    second: Any
    """The line of the second's."""
    points_apart: float | None
    """How far apart the points are; `None` when one of them has none."""


@dataclass(frozen=True, slots=True)
class ItemAgreement:
    """How far two testers agree on an item, over many calls."""

    item: str
    """The item."""
    n: int
    """Calls that both judged."""
    same: int
    """Calls on which they said the same."""
    kappa: float | None
    """Cohen's κ; `None` with nothing judged, or when chance alone explains everything."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A reviewer's decision, for the log."""

    item: str
    """The item."""
    first: Any
    """What the first tester said."""
    second: Any
    """What the second said."""
    final: Any
    """What counts."""
    by: str
    """Who decided."""
    reason: str
    """Why."""


def disagreements(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Disagreement, ...]:
    """The items two sheets (`thirdring.sheet/1`) of one call score differently."""
    others = {item["id"]: item for item in second["items"]}
    found = []
    for one in first["items"]:
        other = others[one["id"]]
        if _said(one) != _said(other):
            known = one["points"] is not None and other["points"] is not None
            apart = abs(one["points"] - other["points"]) if known else None
            found.append(Disagreement(one["id"], one, other, apart))
    return tuple(found)


def agreement(pairs: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> tuple[ItemAgreement, ...]:
    """How far two testers agree, item by item, over sheets of the same calls.

    Only what a person judged on both sheets counts: a machine always agrees with itself.
    """
    said: dict[str, list[Pair]] = {}
    for first, second in pairs:
        others = {item["id"]: item for item in second["items"]}
        for one in first["items"]:
            other = others.get(one["id"])
            said.setdefault(one["id"], [])
            if other is not None and one["by"] == other["by"] == "tester":
                said[one["id"]].append((_said(one), _said(other)))
    return tuple(
        ItemAgreement(item, len(answers), sum(a == b for a, b in answers), kappa(answers))
        for item, answers in said.items()
    )


def kappa(pairs: Sequence[Pair]) -> float | None:
    """Cohen's κ of paired answers; `None` for none, or when both always said the same single thing."""
    n = len(pairs)
    if not n:
        return None
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = Fraction(sum(a == b for a, b in pairs), n)
    chance = sum((Fraction(first[one] * second[one], n * n) for one in first), Fraction(0))
    return None if chance == 1 else float((observed - chance) / (1 - chance))


def differing(form: Form, first: Mapping[str, Answer], second: Mapping[str, Answer]) -> tuple[str, ...]:
    """The keys of two testers' ANSWERS that say different things, items first in printed order.

    `"1"` and `{"option": "1"}` say the same; so do two marks in the recording, and the reasons given for one answer.
    Remarks are each tester's own and never differ.
    """
    items = [item.id for item in form.items if _meaning(item, first) != _meaning(item, second)]
    return (*items, *(key for key in _BESIDE if _entries(first, key) != _entries(second, key)))


def settle(
    form: Form,
    first: Mapping[str, Answer],
    second: Mapping[str, Answer],
    decisions: Mapping[str, Mapping[str, Any]],
    *,
    reviewer: str,
) -> tuple[dict[str, Answer], tuple[Settled, ...]]:
    """Join two testers' ANSWERS into one: what they share stays, what differs is the reviewer's.

    A decision is `{"answer": …, "reason": "…"}`, or `{"take": "first", "reason": "…"}`. Raises `AnswersError` listing
    every difference without a decision and its reason, and every decision about what does not differ.
    """
    apart = differing(form, first, second)
    wrong = [problem("answers.not_settled", item=key) for key in apart if not _is_decided(decisions.get(key))]
    wrong += [problem("answers.no_difference", item=key) for key in decisions if key not in apart]
    if wrong:
        raise AnswersError(wrong)
    log = tuple(
        Settled(key, first.get(key), second.get(key), _taken(key, decisions[key], first, second), reviewer,
                str(decisions[key]["reason"]).strip())
        for key in apart
    )  # fmt: skip
    final = {key: value for key, value in (*second.items(), *first.items()) if key not in apart}
    remarks = [one for one in (first.get("remarks"), second.get("remarks")) if one]
    final |= {"remarks": "\n".join(dict.fromkeys(map(str, remarks)))} if remarks else {}
    return final | {one.item: one.final for one in log if one.final is not None}, log


_BESIDE = ("accuracy", "questions", "header", "observed", "heard", "facts", "bonus")
"""What ANSWERS may hold beside the items, each to be settled as a whole."""
_TAKE = ("first", "second")


def _is_decided(decision: Mapping[str, Any] | None) -> bool:
    if not isinstance(decision, Mapping) or not str(decision.get("reason", "")).strip():
        return False
    return "answer" in decision or decision.get("take") in _TAKE


def _taken(
    key: str, decision: Mapping[str, Any], first: Mapping[str, Answer], second: Mapping[str, Answer]
) -> Answer | None:
    if "answer" in decision:
        return decision["answer"]
    return (first if decision["take"] == "first" else second).get(key)


def _meaning(item: Item, answers: Mapping[str, Answer]) -> Any:
    if item.id not in answers:
        return None
    answer, wrong = read_answer(answers[item.id], item)
    if answer is None or wrong:
        return repr(answers[item.id])
    return replace(answer, at_s=None, reason="", text=answer.text if item.type == "text" else "")


def _entries(answers: Mapping[str, Answer], key: str) -> Any:
    value = answers.get(key)
    return value or None  # an empty table says nothing


def _said(item: Mapping[str, Any]) -> str:
    """An answer as a category: the option chosen with its points, the ticks, or the points alone."""
    if item["points"] is None:
        return str(item.get("status", "open"))
    return f"{item.get('option', '')}={item['points']}"
