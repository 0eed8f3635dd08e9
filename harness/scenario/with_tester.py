"""Any scenario with a tester in it: the machine dials, navigates and waits; people are the tester's to speak with."""

from __future__ import annotations

from collections.abc import Sequence

from harness.scenario.graph import following
from harness.scenario.model import Scenario
from harness.scenario.steps import (
    Bilingual,
    Dial,
    FollowTransfer,
    HandOver,
    HangUp,
    HoldSilent,
    Jump,
    Listen,
    OnHandOver,
    Say,
    Step,
    WaitForAnswer,
)

WAIT_S = 20.0
"""A tester whose telephone was lost while the agency's rang has so long to come back."""
SUFFIX = "-with-tester"
NOBODY = "nobody-came"
SENTENCE = "您好，這裡是{agency}電話服務測試，打擾您了。如有疑問，請回撥{call_back_number}。謝謝您，再見。"


def with_tester(scenario: Scenario) -> Scenario:
    """Give the scenario with its conversation handed to a tester; one that has a tester in it already as it is.

    An operator is asked by the tester, and goes on as soon as the call is put through; behind the last answer the
    tester has the call, then nobody speaks for 5 s. Where no tester is there a sentence says so.
    """
    if any(isinstance(step, HandOver) for step in scenario.steps):
        return scenario
    end = next(n for n, step in enumerate(scenario.steps) if isinstance(step, HangUp))
    last = max(n for n, step in enumerate(scenario.steps[:end]) if isinstance(step, WaitForAnswer))
    nobody = OnHandOver(nobody=Jump(to=NOBODY))
    theirs = HandOver(wait_s=WAIT_S, at_most_s=600.0, on=nobody)
    goodbye = (Say(label=NOBODY, sentence="courtesy", text=SENTENCE), HoldSilent(), HangUp())
    steps = (
        *_asked_by_tester(scenario.steps[: last + 1], nobody),
        *(theirs, HoldSilent(), HangUp()),
        *_answered_by_tester(scenario.steps[end + 1 :], theirs),
        *goodbye,
    )
    title = Bilingual(zh=f"{scenario.title.zh}（測試人員通話）", en=f"{scenario.title.en} (a tester speaks)")
    return Scenario(name=f"{scenario.name}{SUFFIX}", title=title, steps=_reachable(steps))


def _asked_by_tester(steps: Sequence[Step], nobody: OnHandOver) -> list[Step]:
    """The way to the last answer, with the tester in the place of each sentence that asks for a transfer."""
    out: list[Step] = []
    for at, step in enumerate(steps):
        asks = isinstance(step, Say) and at + 1 < len(steps) and isinstance(steps[at + 1], FollowTransfer)
        if asks and out and isinstance(out[-1], Listen) and out[-1].label is None:
            out.pop()  # the tester hears the greeting themselves
        out.append(HandOver(label=step.label, wait_s=WAIT_S, until="transfer", on=nobody) if asks else step)
    return out


def _answered_by_tester(steps: Sequence[Step], theirs: HandOver) -> list[Step]:
    """The branches, with the tester in the place of listening to whoever answered there."""
    pairs = zip(steps, (None, *steps), strict=False)
    return [theirs if isinstance(s, Listen) and isinstance(before, WaitForAnswer) else s for s, before in pairs]


def _reachable(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Leave out what only a step that was replaced led to."""
    seen, to_see = set[int](), [next(n for n, step in enumerate(steps) if isinstance(step, Dial))]
    while to_see:
        at = to_see.pop()
        if at not in seen:
            seen.add(at)
            to_see += following(steps, at)
    return tuple(step for at, step in enumerate(steps) if at in seen)
