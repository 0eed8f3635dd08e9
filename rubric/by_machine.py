"""What a measurement says of an item: every number of points some instant of it earns."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rubric.case import Case
from rubric.facts import Between, LegFacts
from rubric.heard import PERSON
from rubric.latency import points_over, within_over
from rubric.schema import Item, Latency, Option
from rubric.words import Phrase, phrase, seconds

_OUTCOME = {"answered": "answered", "no_answer": "no_answer", "fault": "fault_theirs"}


@dataclass(frozen=True, slots=True)
class Ruling:
    """The points still possible for an item, and why."""

    candidates: tuple[Decimal, ...]
    """One: decided. Several: the interval spans a step. None: nothing was measured."""
    why: Phrase
    """The reason, to be said in either language."""
    by: str = "machine"
    """machine, or the form's note."""
    option: str | None = None
    """The option, where all candidates share it."""
    meets_standard: bool | None = None
    """Whether the service standard was met, where all candidates agree."""


@dataclass(frozen=True, slots=True)
class _Possible:
    points: Decimal
    option: str | None
    meets_standard: bool


class _UnmeasuredError(Exception):
    """The measurement an option asks for is missing."""


def is_measured(item: Item, state: str) -> bool:
    """Whether the machine has a say in this item when its leg ended so."""
    if item.latency is not None and item.type == "latency":
        return state == "answered" or item.unanswered is not None
    return any(_OUTCOME.get(state) in option.outcome for option in item.options)


def measured(case: Case, item: Item, leg: LegFacts, state: str) -> Ruling | None:
    """The machine's ruling; `None` when none of the item's measured options fits."""
    try:
        possible = list(_possible(case, item, leg, state))
    except _UnmeasuredError:
        return Ruling((), phrase("why.unmeasured"))
    if not possible:
        return None
    candidates = tuple(sorted({one.points for one in possible}))
    options = {one.option for one in possible}
    standards = {one.meets_standard for one in possible}
    return Ruling(
        candidates=candidates,
        why=_why(leg, state, candidates),
        option=options.pop() if len(options) == 1 else None,
        meets_standard=standards.pop() if len(standards) == 1 else None,
    )


def _possible(case: Case, item: Item, leg: LegFacts, state: str) -> Iterator[_Possible]:
    if item.type == "latency" and item.latency is not None:
        if state == "answered":
            yield from _timed(case, item.latency, leg, None)
        else:
            yield _Possible(item.unanswered or Decimal(0), None, False)
        return
    for option in item.options:
        if _OUTCOME[state] not in option.outcome:
            continue
        met = None if option.when is None else case.holds(option.when)
        if option.when is not None and met is False:
            continue
        inside = (True,) if option.within is None else within_over(option.within, case.basis, leg)
        if not inside:
            raise _UnmeasuredError
        if True in inside:
            yield from _worth(case, option, leg)
        if inside == (True,) and (option.when is None or met is True):
            return  # no instant is left for the options after this one


def _worth(case: Case, option: Option, leg: LegFacts) -> Iterator[_Possible]:
    if option.latency is not None:
        yield from _timed(case, option.latency, leg, option.id)
    else:
        yield _Possible(option.points or Decimal(0), option.id, option.standard)


def _timed(case: Case, rule: Latency, leg: LegFacts, option: str | None) -> Iterator[_Possible]:
    earned = points_over(rule, case.basis, leg)
    if not earned:
        raise _UnmeasuredError
    for points in earned:
        yield _Possible(points, option, points >= rule.base)


def _why(leg: LegFacts, state: str, candidates: tuple[Decimal, ...]) -> Phrase:
    heard = _heard(leg) if state == "answered" else phrase(f"why.was_{state}", attempts=leg.attempts)
    if len(candidates) == 1:
        return phrase("why.decided", points=candidates[0], heard=heard)
    return phrase("why.undecided", candidates=candidates, heard=heard)


def _heard(leg: LegFacts) -> Phrase:
    """第 5 聲、12.4–13.0 秒接聽, with the recording's times where they are known."""
    rings = None if leg.rings is None else phrase("why.rings", rings=span(leg.rings, str))
    latency = leg.answer_latency_s
    timed = None if latency is None else phrase("why.seconds", seconds=span(latency, seconds))
    both = tuple(one for one in (rings, timed) if one is not None)
    where = phrase("why.nowhere")
    if leg.pick_up_s is not None and leg.ring_onset_s is not None:
        where = phrase("why.where", onset=seconds(leg.ring_onset_s), pick_up=span(leg.pick_up_s, seconds))
    by = phrase("why.by_person") if leg.answerer == PERSON else phrase("why.nowhere")
    return phrase("why.answered", measured=both, where=where, by=by)


def span(between: Between, show: Any) -> str:
    """An interval as people write it: one number when both ends show alike."""
    first, last = show(between.earliest), show(between.latest)
    return str(first) if first == last else f"{first}–{last}"
