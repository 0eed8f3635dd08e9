"""One answer to one item: what a tester may write there, and what is impossible.

"1"                                   an option
{"option": "2", "points": 6}          an option with a range
true                                  a check: it was met (an absence: the fault did not occur)
{"unit": true, "name": false}         ticks
["1", "3"]                            several options
270                                   a number, seconds, or points of a measured item
{"points": 7, "reason": "…"}          against the machine, with the reason
{"unsettled": true}                   nobody can tell: the value better for the person tested
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rubric.errors import Problem, allowed_keys, problem
from rubric.facts import decimal_of
from rubric.latency import earns
from rubric.schema import Item, Option


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points given otherwise because of a disability or a voice."""

    before: Decimal
    """What the item would have earned without it."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one item; only what was said is filled."""

    option: str | None = None
    """The option chosen."""
    options: tuple[str, ...] = ()
    """The options chosen, where several may be."""
    points: Decimal | None = None
    """The points given: a number within the option's range, or against the machine."""
    ticks: Mapping[str, bool] = field(default_factory=dict)
    """Ticks by id."""
    met: bool | None = None
    """Whether a check was met."""
    number: Decimal | None = None
    """A number or a duration in seconds."""
    text: str = ""
    """Free text."""
    reason: str = ""
    """Why, where it differs from the machine."""
    unsettled: bool = False
    """Nobody can tell: the value better for the person tested is taken."""
    adjustment: Adjustment | None = None
    """An adjustment for a disability or a voice."""
    at_s: Decimal | None = None
    """Where in the recording it can be heard, seconds."""


_KEYS = ("option", "options", "points", "ticks", "met", "number", "text", "reason", "unsettled", "adjusted", "at_s")


def read_answer(raw: Any, item: Item) -> tuple[Answer | None, list[Problem]]:
    """The answer as a value, and everything that is impossible about it."""
    table = _as_table(raw, item)
    if table is None:
        return None, [problem("answers.wrong_kind", item=item.id, value=repr(raw), allowed=_kinds(item))]
    problems = list(_unknown_keys(table, item))
    if problems:
        return None, problems
    answer = _answer(table)
    return answer, list(_impossible(answer, table, item))


def option_points(option: Option) -> str:
    """What may be given for an option, as printed: 5, 8-10."""
    if option.range:
        return f"{option.range[0]}-{option.range[1]}"
    if option.latency:
        return f"{option.latency.floor}-{option.latency.cap}"
    return str(option.points)


def _as_table(raw: Any, item: Item) -> Mapping[str, Any] | None:
    match raw:
        case bool():
            return _from_bool(raw, item)
        case str():
            return {"text": raw} if item.type == "text" else {"option": raw}
        case list():
            return {"options": raw} if item.type in ("multi", "single") else None
        case int() | float() | Decimal():
            return {"number" if item.type in ("number", "timed") else "points": raw}
        case Mapping():
            ticks = {tick.id for tick in item.ticks}
            if ticks & set(raw):
                rest = {key: value for key, value in raw.items() if key not in ticks}
                return {**rest, "ticks": {key: raw[key] for key in raw if key in ticks}}
            return raw
    return None


def _from_bool(raw: bool, item: Item) -> Mapping[str, Any] | None:
    if item.type in ("check", "absence"):
        return {"met": raw}
    if item.type == "composite":  # a bare tick speaks for every part that only a person can hear
        return {"ticks": {tick.id: raw for tick in item.ticks if tick.fact is None}}
    return None


def _unknown_keys(table: Mapping[str, Any], item: Item) -> Iterator[Problem]:
    allowed = [*_KEYS, *(tick.id for tick in item.ticks)]
    for key in table:
        if key not in _KEYS:
            near = allowed_keys(str(key), allowed)
            yield problem("answers.unknown_key", item=item.id, wrong=key, allowed=near)


def _answer(table: Mapping[str, Any]) -> Answer:
    adjusted = table.get("adjusted")
    told = adjusted if isinstance(adjusted, Mapping) else {}
    before = decimal_of(told.get("from"))
    ticks = table.get("ticks")
    options = table.get("options", ())
    return Answer(
        option=None if table.get("option") is None else str(table["option"]),
        options=tuple(str(one) for one in options) if isinstance(options, list) else (),
        points=decimal_of(table.get("points")),
        ticks=dict(ticks) if isinstance(ticks, Mapping) else {},
        met=table.get("met"),
        number=decimal_of(table.get("number")),
        text=str(table.get("text", "")),
        reason=str(table.get("reason", "")).strip(),
        unsettled=table.get("unsettled") is True,
        at_s=decimal_of(table.get("at_s")),
        adjustment=None if before is None else Adjustment(before, str(told.get("reason", "")).strip()),
    )


def _impossible(answer: Answer, table: Mapping[str, Any], item: Item) -> Iterator[Problem]:
    for key in ("points", "number", "at_s"):
        if table.get(key) is not None and getattr(answer, key) is None:
            yield problem("answers.not_a_number", item=item.id, value=repr(table[key]))
    if any(not isinstance(value, bool) for value in (*answer.ticks.values(), answer.met or False)):
        yield problem("answers.not_bool", item=item.id, value=repr(table.get("ticks", table.get("met"))))
    if "adjusted" in table:
        yield from _adjusted(answer, item)
    if answer.options and item.type == "single":
        yield problem("answers.two_options", item=item.id, names=answer.options)
    else:
        yield from _options(answer, item)
    yield from _bounds(answer, item)


def _adjusted(answer: Answer, item: Item) -> Iterator[Problem]:
    if not item.voice:
        yield problem("answers.not_voice", item=item.id)
    elif answer.adjustment is None or not answer.adjustment.reason:
        yield problem("answers.adjustment", item=item.id)


def _options(answer: Answer, item: Item) -> Iterator[Problem]:
    options = {option.id: option for option in item.options}
    for chosen in (*answer.options, *([answer.option] if answer.option is not None else [])):
        if chosen not in options:
            yield problem("answers.no_such_option", item=item.id, value=chosen, names=tuple(options))
            return
    if answer.option is None:
        points = answer.points
        if item.type == "single" and points is not None and not any(_gives(o, points) for o in item.options):
            yield _holes(item, points)
        return
    option = options[answer.option]
    if option.range and answer.points is None and not answer.unsettled:
        yield problem("answers.points_wanted", item=item.id, option=option.id, allowed=option_points(option))
    elif answer.points is not None and not _gives(option, answer.points):
        allowed = option_points(option)
        yield problem("answers.out_of_range", item=item.id, option=option.id, value=answer.points, allowed=allowed)


def _holes(item: Item, points: Decimal) -> Problem:
    allowed = tuple(option_points(option) for option in item.options)
    return problem("answers.no_such_points", item=item.id, value=points, names=allowed)


def _gives(option: Option, points: Decimal) -> bool:
    """Whether an option can be worth that many points: whole ones inside its range, nothing in the holes."""
    if option.range:
        return points % 1 == 0 and option.range[0] <= points <= option.range[1]
    if option.latency:
        return earns(option.latency, points)
    return points == option.points


def _bounds(answer: Answer, item: Item) -> Iterator[Problem]:
    points = answer.points
    if points is not None:
        reachable = item.latency is None or earns(item.latency, points)
        if not reachable or not 0 <= points <= item.max:
            yield problem("answers.over_max", item=item.id, value=points, allowed=f"0-{item.max}")
    if answer.number is not None and item.type == "number":
        inside = item.min <= answer.number <= item.max and (answer.number - item.min) % item.step == 0
        if not inside:
            allowed = f"{item.min}-{item.max} (+{item.step})"
            yield problem("answers.over_max", item=item.id, value=answer.number, allowed=allowed)
    if answer.number is not None and answer.number < 0:
        yield problem("answers.not_a_number", item=item.id, value=str(answer.number))


def _kinds(item: Item) -> str:
    """What may be written for this item."""
    match item.type:
        case "check" | "absence":
            return "true, false"
        case "composite":
            return ", ".join(tick.id for tick in item.ticks)
        case "single" | "multi":
            return ", ".join(option.id for option in item.options)
        case "number":
            return f"{item.min}-{item.max}"
        case "latency":
            return f"0-{item.max}"
    return item.type
