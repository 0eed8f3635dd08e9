"""Whether a scenario can be done by this agency: its marks, its recordings, its form, its limits, the number gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from harness.errors import Refused, ScenarioError
from harness.number_gate.pressed_digits import Keys, keys_of, permit_digits
from harness.prompts.kinds import KINDS
from harness.prompts.marks import END, WHATS, Mark
from harness.said import Sounds, said_sounds
from harness.scenario.graph import following
from harness.scenario.model import Scenario
from harness.scenario.steps import EXTENSION, OPERATOR, HoldSilent, Press, WaitForAnswer, jumps, marks_wanted
from harness.walk.answer import give_up_s
from harness.walk.barge_in import ends_a_menu

if TYPE_CHECKING:
    from dsp.tone_plan import TonePlan
    from harness.agency import Agency
    from harness.directory import Unit
    from rubric.schema import Form

HOLD_S = 5.0
"""Who hung up first is valid only when our side stayed so long after the last word (附表3 二(二)2)."""
KINDS_OF_PROMPT = (*WHATS, *KINDS)
"""Words that name a kind of prompt and no mark of that name."""
MOST_PRESSED = 12
"""Digits of so many presses are read together: more than any scenario has."""


def possible(
    scenario: Scenario, *, agency: Agency, unit: Unit | None, form: Form, tones: TonePlan, marks: Sequence[Mark]
) -> Sounds:
    """Give what a scenario says; ScenarioError names everything that cannot be done, before anything is dialled."""
    found = [
        *_marks(scenario, marks),
        *_digits(scenario, keys_for(scenario, unit, agency)),
        *_holds(scenario, form),
        *_limits(scenario, form, tones),
        *_lengths(scenario, agency, tones),
    ]
    try:
        sounds = said_sounds(scenario, agency=agency, unit=unit)
    except ScenarioError as error:
        sounds = {}
        found.append(error)
    if found:
        raise ScenarioError(found[0].key, problems=tuple(found))
    return sounds


def keys_for(scenario: Scenario, unit: Unit | None, agency: Agency) -> Keys:
    """Give what may be pressed in a call to a unit, on the line that it goes out on."""
    site = agency.site(unit.site if unit else "") if scenario.dials == "switchboard" else None
    return keys_of(agency, agency.line((site.line if site else None) or (unit.line if unit else "")))


def refused_digits(scenario: Scenario, keys: Keys) -> Iterator[tuple[int, Refused]]:
    """What the number gate would refuse, on any way through the scenario: the step's number and why."""
    seen, to_see = set[tuple[int, tuple[str, ...]]](), [(0, tuple[str, ...]())]
    told = set[int]()
    while to_see:
        at, pressed = to_see.pop()
        if (at, pressed) in seen or len(pressed) > MOST_PRESSED:
            continue
        seen.add((at, pressed))
        step = scenario.steps[at]
        if isinstance(step, Press) and step.digits not in (EXTENSION, OPERATOR):
            try:
                pressed = (*pressed, permit_digits(step.digits, before=pressed, keys=keys))
            except Refused as refused:
                if at not in told:
                    told.add(at)
                    yield at + 1, refused
                continue
        to_see += [(n, pressed) for n in following(scenario.steps, at)]


def _digits(scenario: Scenario, keys: Keys) -> Iterator[ScenarioError]:
    for number, refused in refused_digits(scenario, keys):
        yield scenario.refused("scenario.digits_refused", number, **refused.values)


def _marks(scenario: Scenario, marks: Sequence[Mark]) -> Iterator[ScenarioError]:
    known = {word for mark in marks for word in (mark.name, mark.what, mark.kind)} - {""}
    shown = ", ".join(sorted(known)) or "—"
    for number, step in enumerate(scenario.steps, start=1):
        wanted = [*marks_wanted(step)]
        if isinstance(step, Press) and step.at == "into_prompt":
            wanted.append(END)  # else nobody knows whether the prompt was cut or had come to its end
        # A kind of prompt that nobody marked is not heard; a name that nobody gave is a slip of the pen.
        named = [event.removeprefix("heard:") for event, _ in jumps(step) if event.startswith("heard:")]
        wanted += [one for one in named if one not in KINDS_OF_PROMPT]
        missing = [one for one in wanted if one not in known or (one == END and not any(map(ends_a_menu, marks)))]
        for mark in dict.fromkeys(missing):
            yield scenario.refused("scenario.no_mark", number, mark=mark, known=shown)


def _holds(scenario: Scenario, form: Form) -> Iterator[ScenarioError]:
    if not asks_who_released(form):
        return
    for number, step in enumerate(scenario.steps, start=1):
        if isinstance(step, HoldSilent) and step.seconds < HOLD_S:
            values = {"seconds": f"{step.seconds:g}", "least": f"{HOLD_S:g}", "form": form.id}
            yield scenario.refused("scenario.hold_too_short", number, **values)


def _limits(scenario: Scenario, form: Form, tones: TonePlan) -> Iterator[ScenarioError]:
    """A leg that is given up sooner than the form calls it unanswered would be a zero that nobody earned."""
    for number, step in enumerate(scenario.steps, start=1):
        rule = form.legs.get(step.leg) if isinstance(step, WaitForAnswer) else None
        if not isinstance(step, WaitForAnswer) or rule is None or rule.no_answer is None:
            continue
        least = unanswered_after_s(form, rule.no_answer.rings, rule.no_answer.seconds, tones.period_s)
        waits = give_up_s(step, tones.period_s)
        if waits < least:
            values = {"seconds": f"{waits:g}", "least": f"{least:g}", "form": form.id, "clause": rule.clause or "—"}
            yield scenario.refused("scenario.gives_up_early", number, **values)


def unanswered_after_s(form: Form, rings: int | None, seconds: Decimal | None, period_s: float) -> float:
    """From how many seconds of ringing on a form calls a leg unanswered: both its limits, or the first of them."""
    limits = [rings * period_s if rings else 0.0, float(seconds or 0)]
    some = [one for one in limits if one] or [0.0]
    return max(some) if form.settings.no_answer_combine.value == "both" else min(some)


def asks_who_released(form: Form) -> bool:
    """Whether a form's points hang on who hung up first."""
    conditions = [text for item in form.items for text in (item.applies_if, item.full_if) if text]
    ticks = [tick.fact for item in form.items for tick in item.ticks if tick.fact]
    return any("hang_up_first" in one or "hung_up_first" in one for one in (*conditions, *ticks))


def _lengths(scenario: Scenario, agency: Agency, tones: TonePlan) -> Iterator[ScenarioError]:
    limit = agency.settings.caps.longest_call_s
    waits = [
        (number, give_up_s(step, tones.period_s))
        for number, step in enumerate(scenario.steps, start=1)
        if isinstance(step, WaitForAnswer)
    ]
    whole = sum(seconds for _, seconds in waits)
    if whole > limit:
        yield scenario.refused("scenario.longer_than_allowed", waits[-1][0], seconds=f"{whole:g}", limit=f"{limit:g}")
