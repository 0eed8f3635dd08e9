"""Where in the recording the evidence of one item is: what it was measured by, and what its conditions hang on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rubric.condition import names_of
from rubric.facts import LEG_NAMES
from rubric.schema import Form, Item
from rubric.sheet import ItemScore

Traces = Mapping[str, tuple[str, ...]]
DRAWN_FROM = {"caller_let_hang_up_first": "caller_hung_up_first", "operator_code_in_10_s": "operator_code_s"}
"""Names of conditions that follow from a fact with another name."""
_STATE = re.compile(f"({'|'.join(LEG_NAMES)})_(answered|no_answer|busy|fault|forwarded)")
MOST = 6
"""Places of one fact that are offered."""
ONSET, PICK_UP, HEARD = "onset", "pick_up", "heard"


@dataclass(frozen=True, kw_only=True)
class Jump:
    """A place in the recording."""

    at_s: float
    """Seconds from its beginning."""
    what: str
    """onset, pick_up, heard (the tester's own mark), or the name of a fact or a leg."""


def jumps_of(item: Item, form: Form, score: ItemScore, traces: Traces) -> tuple[Jump, ...]:
    """The places of an item's own evidence, each once: its times, the tester's mark, the facts that it hangs on."""
    found: dict[tuple[str, float], Jump] = {}
    for one in (*_times(score.evidence), *_of_facts(item, form, score, traces)):
        found.setdefault((one.what, one.at_s), one)
    return tuple(found.values())


def _times(evidence: Mapping[str, Any]) -> Iterator[Jump]:
    if "ring_onset_s" in evidence:
        yield Jump(what=ONSET, at_s=float(evidence["ring_onset_s"]))
    if "pick_up_s" in evidence:
        yield Jump(what=PICK_UP, at_s=float(evidence["pick_up_s"]["earliest"]))
    if "heard_at_s" in evidence:
        yield Jump(what=HEARD, at_s=float(evidence["heard_at_s"]))


def _of_facts(item: Item, form: Form, score: ItemScore, traces: Traces) -> Iterator[Jump]:
    """Holds, transfers, prompts, who hung up; of a leg that was timed, its times say it already."""
    timed = {score.leg} if "pick_up_s" in score.evidence else set()
    for name in dict.fromkeys((*_hangs_on(item), *_leg_of(item, score))):
        if name not in timed:
            places = [at for at in map(seconds_of, traces.get(name, ())) if at is not None]
            if name in LEG_NAMES:  # every ring of a leg: its first and its last lead there
                places = [*places[:1], *places[1:][-1:]]
            yield from (Jump(what=name, at_s=at) for at in places[:MOST])


def _hangs_on(item: Item) -> Iterator[str]:
    """The facts and legs that an item's conditions name."""
    texts = [item.applies_if, item.full_if]
    texts += [text for option in item.options for text in (option.when, option.proposed_when)]
    named = sorted(name for text in texts if text for name in names_of(text))
    for name in (*(tick.fact for tick in item.ticks if tick.fact), *named):
        yield DRAWN_FROM.get(name, name)
        if state := _STATE.fullmatch(name):  # of a leg; unit_busy is both
            yield state[1]


def _leg_of(item: Item, score: ItemScore) -> Iterator[str]:
    """The leg of what a machine decides by it: one that nobody picked up has an ending, but no pick-up."""
    if score.leg and item.auto != "human":
        yield score.leg


def seconds_of(trace: str) -> float | None:
    """Where a trace is: `heard:music@12.300-20.100` is at 12.3; None for one without a place."""
    first = trace.rpartition("@")[2].partition("-")[0] if "@" in trace else ""
    try:
        return float(first)
    except ValueError:
        return None
