"""When a test is dialled again: a pure function of the attempts so far and of what the form says.

附表3 一(二)2: 「連打 2 次無人接聽。(隔 10 分鐘後再測 1 次)」. An engaged line is tried again apart from that, and an
attempt that was our own fault is void: dialled again later, and not before the exchange's Retry-After is over; never
counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rubric.schema import Form

NO_ANSWER, BUSY, VOID = "no_answer", "busy", "fault_ours"
VOID_RETRIES, VOID_MINUTES = 3, 10
"""House rule: a fault of ours is tried again three times, as an engaged line is; then somebody must look at it."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt of a test, when it was over."""

    ended_at: datetime
    """When, aware of its zone."""
    outcome: str
    """What came of it."""
    leg: str
    """The leg that it ended on: ivr, operator or unit."""
    retry_after_s: float = 0.0
    """How long the exchange asked us to leave it alone (RFC 3261 §20.33); after the last attempt alone it is known."""


@dataclass(frozen=True, kw_only=True)
class LegRules:
    """What a form says of dialling a leg again."""

    attempts: int = 1
    """Unanswered attempts that it takes before the result counts."""
    minutes: int = 10
    """How long to wait between them."""
    clause: str = ""
    """Where the form says it."""
    busy_retries: int = 0
    """How often an engaged line is dialled again."""
    busy_minutes: int = 10
    """How long to wait before that."""
    busy_clause: str = ""
    """Where that comes from."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When to dial again."""

    legs: Mapping[str, LegRules] = field(default_factory=dict)
    """By leg; one that is not there is not dialled again."""
    void_retries: int = VOID_RETRIES
    """How often after faults of our own."""
    void_minutes: int = VOID_MINUTES
    """How long to wait before that."""


@dataclass(frozen=True, kw_only=True)
class Again:
    """The next attempt."""

    at: datetime
    """When."""
    why: str
    """no_answer, busy or fault_ours."""
    leg: str
    """The leg because of which."""
    tries: int
    """The how-manyth attempt for that reason it will be."""
    most: int
    """How many there can be."""
    clause: str
    """The rule it follows."""


def next_attempt(attempts: Sequence[Attempt], rules: Rules) -> Again | None:
    """Give the next attempt of a test, or None when it is settled or no more is allowed."""
    if not attempts:
        return None
    last = attempts[-1]
    same = sum(_alike(one, last) for one in attempts)
    most, minutes, clause = _rule(last, rules)
    if same >= most:
        return None
    at = last.ended_at + max(timedelta(minutes=minutes), timedelta(seconds=last.retry_after_s))
    return Again(at=at, why=last.outcome, leg=last.leg, tries=same + 1, most=most, clause=clause)


def counted(attempts: Sequence[Attempt], leg: str) -> int:
    """How many earlier attempts count against a leg: those that nobody answered there."""
    return sum(one.outcome == NO_ANSWER and one.leg == leg for one in attempts)


def rules_of(form: Form) -> Rules:
    """Give what a form says."""
    return Rules(
        legs={
            name: LegRules(
                attempts=leg.attempts.value,
                minutes=leg.retry_after_minutes or 10,
                clause=leg.clause,
                busy_retries=leg.busy.retries,
                busy_minutes=leg.busy.retry_after_minutes,
                busy_clause=leg.busy.clause or leg.busy.ours,
            )
            for name, leg in form.legs.items()
        }
    )


def with_attempts(facts: dict[str, Any], earlier: Sequence[Attempt]) -> dict[str, Any]:
    """Give a call's facts with how many attempts its legs took; void and engaged ones are not counted."""
    legs = {name: leg | {"attempts": 1 + counted(earlier, name)} for name, leg in facts["legs"].items()}
    return facts | {"legs": legs}


def _alike(one: Attempt, last: Attempt) -> bool:
    """Whether two attempts failed alike; a fault of ours is one wherever it happened."""
    return one.outcome == last.outcome and (one.leg == last.leg or last.outcome == VOID)


def _rule(last: Attempt, rules: Rules) -> tuple[int, int, str]:
    """How many attempts that fail so there may be, the minutes between two, and the rule."""
    leg = rules.legs.get(last.leg, LegRules())
    if last.outcome == VOID:
        return rules.void_retries + 1, rules.void_minutes, ""
    if last.outcome == BUSY:
        return leg.busy_retries + 1, leg.busy_minutes, leg.busy_clause
    return (leg.attempts, leg.minutes, leg.clause) if last.outcome == NO_ANSWER else (0, 0, "")
