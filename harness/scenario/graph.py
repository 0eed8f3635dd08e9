"""What cannot be done, found by walking every way through a scenario: it ends, and each step has what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.scenario.steps import (
    Dial,
    FollowTransfer,
    HandOver,
    HangUp,
    HoldSilent,
    Listen,
    Press,
    Say,
    Step,
    WaitForAnswer,
    jumps,
)

NEEDS_ANSWER = (Listen, Press, Say, FollowTransfer, HandOver, HoldSilent)
LEADS_ON = (Listen, Press, Say, FollowTransfer, HandOver)
"""What a next telephone can ring behind: digits, a menu that puts through by itself, somebody who was asked."""


@dataclass(frozen=True)
class Impossible:
    """One thing that cannot be done."""

    key: str
    """Of the catalogue."""
    number: int
    """The step, from 1."""
    values: dict[str, Any] = field(default_factory=dict)
    """For the sentence."""


@dataclass(frozen=True)
class _Way:
    """How a step was come to."""

    at: int
    answered: bool = False
    waited: frozenset[str] = frozenset()
    led: bool = True


def faults(steps: Sequence[Step]) -> tuple[Impossible, ...]:
    """Everything impossible in a scenario's steps, in their order; nothing is found twice."""
    found = [*_dialling(steps), *_labels(steps)]
    if found:  # without sound labels there are no ways to walk
        return tuple(found)
    found += [*_one_by_one(steps), *_ways(steps)]
    unique = {(one.number, one.key): one for one in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda one: one.number))


def following(steps: Sequence[Step], at: int) -> tuple[int, ...]:
    """Indices of the steps that can come next: the one below, unless the call was ended, and every branch's."""
    labels = {step.label: n for n, step in enumerate(steps) if step.label}
    below = () if isinstance(steps[at], HangUp) or at + 1 == len(steps) else (at + 1,)
    return (*below, *(labels[jump.to] for _, jump in jumps(steps[at])))


def _dialling(steps: Sequence[Step]) -> Iterator[Impossible]:
    for number, step in enumerate(steps, start=1):
        if isinstance(step, Dial) != (number == 1):
            yield Impossible("scenario.dial_once", number)
            return
    if not isinstance(steps[-1], HangUp):
        yield Impossible("scenario.hang_up_last", len(steps))


def _labels(steps: Sequence[Step]) -> Iterator[Impossible]:
    names = [step.label for step in steps if step.label]
    for number, step in enumerate(steps, start=1):
        if step.label and names.index(step.label) != len([s for s in steps[: number - 1] if s.label]):
            yield Impossible("scenario.label_twice", number, {"label": step.label})
        for event, jump in jumps(step):
            if jump.to not in names:
                known = ", ".join(names) or "—"
                yield Impossible("scenario.no_label", number, {"on": event, "label": jump.to, "known": known})


def _one_by_one(steps: Sequence[Step]) -> Iterator[Impossible]:
    labels = {step.label: n for n, step in enumerate(steps, start=1) if step.label}
    for number, step in enumerate(steps, start=1):
        for event, jump in jumps(step):
            if labels[jump.to] <= number and jump.at_most is None:
                yield Impossible("scenario.endless", number, {"on": event, "label": jump.to})
        if isinstance(step, Listen) and (step.until == "mark") != (step.prompt is not None):
            yield Impossible("scenario.mark_named", number)
        if isinstance(step, Press):
            if step.prompt is not None and step.at != "into_prompt":
                yield Impossible("scenario.press_mark", number)
            if step.at == "into_prompt" and step.on.no_effect is None:
                yield Impossible("scenario.probe_needs_branch", number)
            if step.then_leg and step.then_leg not in _next_legs(steps, number - 1):
                yield Impossible("scenario.then_leg", number, {"leg": step.then_leg})
        if isinstance(step, Say) and not (step.sentence or step.file or step.text):
            yield Impossible("scenario.nothing_said", number)


def _next_legs(steps: Sequence[Step], at: int) -> set[str]:
    """The legs that may be waited for next, on any way from a step on."""
    legs, seen, to_see = set[str](), set[int](), [*following(steps, at)]
    while to_see:
        here = to_see.pop()
        step = steps[here]
        if isinstance(step, WaitForAnswer):
            legs.add(step.leg)
        elif here not in seen:
            to_see += following(steps, here)
        seen.add(here)
    return legs


def _ways(steps: Sequence[Step]) -> Iterator[Impossible]:
    """Walk every way once: a state is come to only once, so that this ends whatever the branches."""
    to_see, seen = [_Way(0)], set[_Way]()
    while to_see:
        way = to_see.pop()
        if way in seen:
            continue
        seen.add(way)
        step, number = steps[way.at], way.at + 1
        yield from _here(step, number, way)
        waited = way.waited | ({step.leg} if isinstance(step, WaitForAnswer) else set())
        led = False if isinstance(step, WaitForAnswer) else way.led or isinstance(step, LEADS_ON)
        answered = way.answered or isinstance(step, WaitForAnswer)
        to_see += [_Way(n, answered, frozenset(waited), led) for n in following(steps, way.at)]
    for number in sorted(set(range(1, len(steps) + 1)) - {way.at + 1 for way in seen}):
        yield Impossible("scenario.unreachable", number)
        return  # what stands below it is unreachable for the same reason


def _here(step: Step, number: int, way: _Way) -> Iterator[Impossible]:
    if isinstance(step, NEEDS_ANSWER) and not way.answered:
        yield Impossible("scenario.before_answer", number)
    if isinstance(step, WaitForAnswer):
        if step.leg in way.waited:
            yield Impossible("scenario.leg_twice", number, {"leg": step.leg})
        elif not way.led:
            yield Impossible("scenario.nothing_leads", number, {"leg": step.leg})
