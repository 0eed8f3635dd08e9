"""Facts and answers the score's tests share: a faultless call, and small changes to it."""

from typing import Any

from rubric.answers import read_answers
from rubric.facts import parse_facts
from rubric.form import load_form
from rubric.schema import Form
from rubric.score import score
from rubric.sheet import Sheet


def leg(rings: Any = 1, latency: Any = None, *, outcome: str = "answered", **more: Any) -> dict[str, Any]:
    """One leg as FACTS.json has it; `latency` is a number or (earliest, latest)."""
    told: dict[str, Any] = {"outcome": outcome, "attempts": 1, "forwarded": False} | more
    if outcome == "answered" and latency is not None:
        earliest, latest = latency if isinstance(latency, tuple) else (latency, latency)
        told["answer_latency_s"] = {"earliest": earliest, "latest": latest}
    if outcome == "answered" and rings is not None:
        told["rings"] = rings
    return told


def call(*, has_ivr: bool | None = True, legs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """FACTS.json of a transferred call whose every leg was answered at once."""
    if legs is None:
        legs = {name: leg(1, 2.0) for name in (("ivr", "operator", "unit") if has_ivr else ("operator", "unit"))}
    return {
        "has_ivr": has_ivr,
        "transferred": True,
        "unit_busy": False,
        "answerer_role": "owner",
        "caller_hung_up_first": True,
        "waited_s": 6.0,
        "legs": legs,
    } | more


def best(*, has_ivr: bool = True, without: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """ANSWERS.json of a call that was courteous throughout."""
    answers: dict[str, Any] = {
        **({"A1.2": "1", "A1.3": "1", "A1.4": "1"} if has_ivr else {}),
        **{f"A3.{n}": True for n in (1, 2, 3, 4, 6)},
        "A3.5": "1",
        "A3.8": "1",
        "B2.1": {"unit": True, "name": True, "greeting": True},
        "B2.2": {"courteous_ending": True},
        "B2.3": {"option": "1", "points": 10},
        "B3.甲": {"option": "1", "points": 15},
        "accuracy": {"asked": 2, "correct": 2},
    } | more
    return {key: value for key, value in answers.items() if not key.startswith(without or ("-",))}


def keelung(facts: dict[str, Any], answers: dict[str, Any] | None = None) -> Sheet:
    """The Keelung sheet of a call; answers that cannot be taken are in its problems."""
    return filled(load_form("keelung-102"), facts, answers)


def filled(form: Form, facts: dict[str, Any], answers: dict[str, Any] | None = None) -> Sheet:
    """Any form's sheet of a call."""
    said, problems = read_answers(answers or {}, form)
    assert not problems, [one.say("en") for one in problems]
    return score(form, parse_facts(facts), said)


def points(sheet: Sheet) -> dict[str, Any]:
    """Points by item id."""
    return {item.id: item.points for item in sheet.items}


def line(sheet: Sheet, item_id: str) -> Any:
    """One item of a sheet."""
    return next(item for item in sheet.items if item.id == item_id)
