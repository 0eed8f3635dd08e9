"""The names a form's conditions may use, and what they are in a given call."""

from collections.abc import Mapping
from decimal import Decimal

from rubric.condition import Known
from rubric.facts import LEG_NAMES, Between, Facts, LegFacts
from rubric.heard import is_recording, waits_for_an_ear
from rubric.latency import within_over
from rubric.schema import Form, Leg, Limit

STAY_ON_S = Decimal(5)
"""Who released first says something only if our side stayed on the line this long after the last word."""

_SETTLED = ("answered", "no_answer", "busy", "fault")
CODE_LIMIT_S = Decimal(10)
"""「於 10 秒內能讓民眾獲知總機號碼」 (附表3 一(一)3)."""
MACHINE_FACTS = (
    "has_ivr",
    "transferred",
    "unit_busy",
    "answerer_role",
    "caller_hung_up_first",
    "held",
    "menu_barge_in",
    "operator_busy_recording",
)
FACT_NAMES = (
    *MACHINE_FACTS,
    "caller_let_hang_up_first",
    "operator_code_in_10_s",
    *(f"{leg}_{state}" for leg in LEG_NAMES for state in (*_SETTLED, "forwarded")),
)


def known_facts(form: Form, facts: Facts, said: Mapping[str, Known]) -> dict[str, Known]:
    """Every name of `FACT_NAMES` and of the form's own questions; what a person `said` goes first.

    A fact that nobody knows is `None`.
    """
    known: dict[str, Known] = {fact.id: None for fact in form.facts}
    for name in LEG_NAMES:
        known |= _leg_facts(form, name, facts.legs.get(name))
    # unit_busy is more than the leg's outcome: an operator may say so and somebody else answer in the end.
    known |= {name: getattr(facts, name) for name in MACHINE_FACTS}
    if known["has_ivr"] is None and "ivr" in facts.legs:
        known["has_ivr"] = True
    if known["unit_busy"] is None:
        known["unit_busy"] = _unit_busy(facts)
    known["operator_code_in_10_s"] = _in_time(facts.operator_code_s)
    known |= said
    known["caller_let_hang_up_first"] = _let_hang_up_first(known["caller_hung_up_first"], facts.waited_s)
    return known


def leg_state(form: Form, name: str, leg: LegFacts | None) -> str:
    """What a leg's outcome means for the items observed on it.

    absent, void (our fault), busy, pending (to be dialled again), guess (their fault, not confirmed), fault,
    unsure (no answer or a late one), provisional (a person's voice or a recording's), recording, no_answer, answered.
    """
    if leg is None:
        return "absent"
    if waits_for_an_ear(name, leg):
        return "provisional"
    if is_recording(name, leg):
        return "recording"
    rule = form.legs.get(name) if name in LEG_NAMES else None  # type: ignore[call-overload]
    match leg.outcome:
        case "fault_ours":
            return "void"
        case "fault_theirs":
            return "fault" if leg.fault_confirmed else "guess"
        case "no_answer":
            return "pending" if rule and leg.attempts < rule.attempts.value else "no_answer"
        case "answered":
            return _answered(form, rule, leg)
    return "busy"


def _answered(form: Form, rule: Leg | None, leg: LegFacts) -> str:
    """An answer later than the form's limit is no answer, where the agency lets either limit suffice."""
    if rule is None or rule.no_answer is None or form.settings.no_answer_combine.value == "both":
        return "answered"
    late = _past(rule.no_answer.rings, rule.no_answer.seconds, leg)
    return {(True,): "no_answer", (False,): "answered", (): "answered"}.get(late, "unsure")


def _past(rings: int | None, seconds: Decimal | None, leg: LegFacts) -> tuple[bool, ...]:
    """Whether either limit was reached, for every instant of the interval."""
    just_under = Limit(
        rings=None if rings is None else rings - 1,
        seconds=None if seconds is None else seconds - Decimal("0.000001"),
    )
    return tuple(sorted(not one for one in within_over(just_under, "strictest", leg)))


def _leg_facts(form: Form, name: str, leg: LegFacts | None) -> dict[str, Known]:
    state = leg_state(form, name, leg)
    settled = state in (*_SETTLED, "absent")  # what did not happen was not answered either
    facts: dict[str, Known] = {f"{name}_{one}": (state == one) if settled else None for one in _SETTLED}
    return {**facts, f"{name}_forwarded": None if leg is None else leg.forwarded}


def _unit_busy(facts: Facts) -> bool | None:
    """A unit that was reached, or never asked for, was not engaged."""
    unit = facts.legs.get("unit")
    if unit is not None and (waits_for_an_ear("unit", unit) or is_recording("unit", unit)):
        return None  # a recording may well say that the line is engaged
    if unit is not None and unit.outcome in ("answered", "no_answer", "busy"):
        return unit.outcome == "busy"
    return False if unit is None and facts.transferred is False else None


def _in_time(said_s: Between | None) -> bool | None:
    """Whether the operator's key was said in time; None where the interval holds both, or nothing is known."""
    if said_s is None or said_s.earliest <= CODE_LIMIT_S < said_s.latest:
        return None
    return said_s.latest <= CODE_LIMIT_S


def _let_hang_up_first(caller_first: Known, waited_s: Decimal | None) -> bool | None:
    """「讓來電先掛電話」: their release first fails it; ours proves it only after we stayed on long enough."""
    if caller_first is False:
        return False
    if caller_first is True and waited_s is not None and waited_s >= STAY_ON_S:
        return True
    return None
