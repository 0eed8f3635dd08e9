"""What a form hangs on: the facts that a person may say of a call, and the limits of the service standard."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from rubric.condition import names_of
from rubric.known import MACHINE_FACTS
from rubric.schema import Form


def asked_facts(form: Form) -> list[str]:
    """The facts that a form's conditions hang on and that a person may say."""
    used: set[str] = {part.gate.fact for part in form.parts if part.gate}
    used |= {tick.fact for item in form.items for tick in item.ticks if tick.fact}
    for text in _conditions(form):
        used |= names_of(text)
    if "caller_let_hang_up_first" in used:
        used.add("caller_hung_up_first")
    own = [one.id for one in form.facts if one.id not in MACHINE_FACTS]
    return [name for name in (*MACHINE_FACTS, *own) if name in used]


def limits_of(form: Form, leg: str) -> list[tuple[Decimal, int | None]]:
    """The limits in (seconds, rings) that the service standard sets a leg, each once."""
    groups = {group.id for group in form.groups if group.leg == leg}
    found: dict[Decimal, int | None] = {}
    for item in (one for one in form.items if one.group in groups):
        rules = [item.latency, *(option.latency for option in item.options)]
        limits = [rule.at for rule in rules if rule] + [one.within for one in item.options if one.within]
        for limit in limits[:1]:
            if limit.seconds is not None:
                found.setdefault(limit.seconds, limit.rings)
    return list(found.items())


def _conditions(form: Form) -> Iterator[str]:
    for group in form.groups:
        yield from (text for text in (group.applies_if, *(one.when for one in group.variants)) if text)
    for item in form.items:
        yield from (text for text in (item.applies_if, item.full_if) if text)
        yield from (option.when for option in item.options if option.when)
