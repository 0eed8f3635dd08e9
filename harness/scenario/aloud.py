"""A scenario read aloud: numbered sentences in both languages, each limit with the rule that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.scenario.model import Scenario
from harness.scenario.steps import (
    EXTENSION,
    OPERATOR,
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
from harness.walk.answer import give_up_s
from harness.words import say

METHODS = {"rfc4733": "RFC 4733", "info": "SIP INFO", "in_band": "DTMF"}
LIMITED = (WaitForAnswer, HandOver, HoldSilent)
"""Steps whose limits decide what an attempt is worth: they name a rule, or that there is none."""


@dataclass(frozen=True)
class Sentence:
    """What one step does, or one thing more about it."""

    number: int
    """The step, from 1."""
    zh: str
    """In Traditional Chinese."""
    en: str
    """In English."""
    more: bool = False
    """Whether it only adds to the sentence before."""


def read_aloud(scenario: Scenario, *, period_s: float) -> tuple[Sentence, ...]:
    """Give a scenario as sentences; `period_s` is the time from ring to ring."""
    return tuple(
        sentence
        for number, step in enumerate(scenario.steps, start=1)
        for sentence in _step(scenario, step, number, period_s)
    )


def _step(scenario: Scenario, step: Step, number: int, period_s: float) -> Iterator[Sentence]:
    said = [*_told(step, period_s), *_branches(scenario, step), *_rule(step)]
    for place, (key, values) in enumerate(said):
        yield Sentence(number, say(key, "zh", **values), say(key, "en", **values), more=place > 0)


Said = tuple[str, dict[str, Any]]


def _told(step: Step, period_s: float) -> Iterator[Said]:
    match step:
        case Dial():
            yield f"aloud.dial_{step.to}", {}
        case WaitForAnswer():
            yield _waited(step, period_s)
        case Listen():
            values = {"seconds": f"{step.timeout_s:g}", "quiet": f"{step.quiet_s:g}", "prompt": step.prompt}
            yield f"aloud.listen_{step.until}", values
        case Press():
            yield from _pressed(step)
        case Say():
            name = step.sentence or step.file
            if name:
                yield ("aloud.say_sentence" if step.sentence else "aloud.say_file"), {"name": name}
            if step.text:
                yield "aloud.say_text", {"text": step.text}
        case FollowTransfer():
            yield "aloud.follow", {"seconds": f"{step.timeout_s:g}"}
        case HandOver():
            yield "aloud.tester", {"wait": f"{step.wait_s:g}", "seconds": f"{step.at_most_s:g}"}
            yield f"aloud.tester_{step.until}", {}
        case HoldSilent():
            yield "aloud.hold", {"seconds": f"{step.seconds:g}"}
        case HangUp():
            yield "aloud.hang_up", {}


def _waited(step: WaitForAnswer, period_s: float) -> Said:
    values: dict[str, Any] = {"leg": _leg(step.leg), "seconds": f"{step.give_up_s:g}"}
    if step.give_up_rings is None:
        return "aloud.wait_seconds", values
    limit = f"{give_up_s(step, period_s):g}"
    return "aloud.wait_rings", {**values, "rings": step.give_up_rings, "period": f"{period_s:g}", "limit": limit}


def _pressed(step: Press) -> Iterator[Said]:
    values: dict[str, Any] = {"digits": _digits(step.digits), "method": METHODS[step.method]}
    values["seconds"] = f"{step.effect_within_s:g}"
    yield f"aloud.press_{step.at}", values
    if step.prompt:
        yield "aloud.on_mark", {"prompt": step.prompt}
    if step.after_s:
        yield "aloud.after", {"seconds": f"{step.after_s:g}"}
    if step.then_leg:
        yield "aloud.leads_to", {"leg": _leg(step.then_leg)}


def _branches(scenario: Scenario, step: Step) -> Iterator[Said]:
    labels = {one.label: number for number, one in enumerate(scenario.steps, start=1) if one.label}
    for event, jump in jumps(step):
        kind, _, prompt = event.partition(":")
        what = {lang: say(f"aloud.on_{kind}", lang, prompt=prompt) for lang in ("zh", "en")}
        values = {"what": what, "number": labels[jump.to], "times": jump.at_most}
        yield ("aloud.branch_at_most" if jump.at_most else "aloud.branch"), values


def _rule(step: Step) -> Iterator[Said]:
    if step.rule is not None:
        yield "aloud.rule", {"rule": {"zh": step.rule.zh, "en": step.rule.en}}
    elif isinstance(step, LIMITED):
        yield "aloud.rule_ours", {}


def _digits(digits: str) -> str | dict[str, str]:
    blank = {EXTENSION: "extension", OPERATOR: "operator"}.get(digits)
    return digits if blank is None else {lang: say(f"aloud.key_{blank}", lang) for lang in ("zh", "en")}


def _leg(name: str) -> dict[str, str]:
    return {lang: say(f"aloud.leg_{name}", lang) for lang in ("zh", "en")}
