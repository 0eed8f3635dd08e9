"""Who answered, a person or a recording: provisional behind a menu or a transfer until somebody says so.

A voice that came after a transfer may be voicemail, a queue's announcement or the night's recording. Until a
person (or an ear that knows the recording) says which, nothing observed on that leg earns a point.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from rubric.errors import Problem, problem
from rubric.facts import Facts, LegFacts
from rubric.words import phrase

PERSON = "person"
RECORDING = "recording"
BY_DESIGN = "ivr"
"""A voice menu is a recording and meant to be one: on its leg there is nothing to say."""


@dataclass(frozen=True, slots=True)
class SaidFact:
    """A fact on a person's word."""

    value: bool | str | None
    """What the person said."""
    reason: str = ""
    """Why, where it differs from the machine."""


@dataclass(frozen=True, slots=True)
class HeardLeg:
    """Who answered a leg, and on whose word."""

    leg: str
    """The leg."""
    answerer: str | None
    """person, recording, or `None` while nobody has said."""
    by: str | None
    """machine or tester; `None` while nobody has said."""
    reason: str = ""
    """Why, where the tester contradicts the machine."""


def waits_for_an_ear(name: str, leg: LegFacts) -> bool:
    """Whether a leg was picked up by a voice of which nobody knows yet whether it was a person's."""
    return leg.outcome == "answered" and leg.provisional and leg.answerer is None and name != BY_DESIGN


def is_recording(name: str, leg: LegFacts) -> bool:
    """Whether a recording picked up where a person should have."""
    return leg.outcome == "answered" and leg.answerer == RECORDING and name != BY_DESIGN


def with_heard(facts: Facts, said: Mapping[str, SaidFact], problems: list[Problem]) -> Facts:
    """The facts with what a tester heard; what cannot be taken is added to `problems` and changes nothing."""
    legs = dict(facts.legs)
    for name, one in said.items():
        fault = _fault(name, legs.get(name), one)
        if fault is not None:
            problems.append(fault)
        elif isinstance(one.value, str):
            legs[name] = replace(legs[name], answerer=one.value)
    return replace(facts, legs=legs)


def as_if_persons(facts: Facts) -> Facts:
    """The same call, had a person answered every leg of which nobody knows."""
    legs = {
        name: replace(leg, answerer=PERSON) if waits_for_an_ear(name, leg) else leg for name, leg in facts.legs.items()
    }
    return replace(facts, legs=legs)


def heard_legs(before: Facts, after: Facts, said: Mapping[str, SaidFact]) -> Iterator[HeardLeg]:
    """Every leg on which the question stood or was answered."""
    for name, leg in after.legs.items():
        by_ear = before.legs[name].answerer
        if leg.answerer is not None:
            tester = name in said and said[name].value == leg.answerer
            reason = said[name].reason if tester else ""
            yield HeardLeg(name, leg.answerer, "tester" if tester and leg.answerer != by_ear else "machine", reason)
        elif waits_for_an_ear(name, leg):
            yield HeardLeg(name, None, None)


def _fault(name: str, leg: LegFacts | None, said: SaidFact) -> Problem | None:
    if leg is None or leg.outcome != "answered":
        outcome = phrase("outcome.absent" if leg is None else f"outcome.{leg.outcome}")
        return problem("answers.heard_not_answered", item=f"heard {name}", outcome=outcome)
    # Where the signalling or the ear already knows, a tester may differ, with a reason, as with every fact.
    known = leg.answerer or (None if leg.provisional else PERSON)
    if known is not None and said.value != known and not said.reason:
        return problem("answers.fact_reason", item=f"heard {name}", value=phrase(f"heard.{known}"))
    return None
