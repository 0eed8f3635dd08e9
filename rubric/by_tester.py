"""What a tester's answer is worth, by the type of the item."""

from collections.abc import Mapping
from decimal import Decimal

from rubric.answer import Answer, option_points
from rubric.case import Case
from rubric.condition import holds
from rubric.latency import points_at
from rubric.schema import Item, Option
from rubric.sheet import ItemScore
from rubric.words import Phrase, phrase


def judged(case: Case, item: Item, answer: Answer | None) -> ItemScore:
    """The line a tester's answer makes; open when it is missing or not enough."""
    if item.type == "composite":
        return _composite(case, item, answer or Answer())
    if answer is None:
        return case.left(item, phrase("why.awaits"))
    match item.type:
        case "check" | "absence":
            return _check(case, item, answer)
        case "single" if item.ticks and answer.ticks:
            return _by_ticks(case, item, answer)
        case "single":
            return _single(case, item, answer)
        case "multi":
            return _multi(case, item, answer)
        case "timed":
            return _timed(case, item, answer)
        case "text":
            return case.scored(item, Decimal(0), "tester", phrase("why.text", text=answer.text))
    return _number(case, item, answer)


def _check(case: Case, item: Item, answer: Answer) -> ItemScore:
    if answer.met is None:
        return _points_only(case, item, answer)
    key = {("check", True): "why.met", ("check", False): "why.not_met"}
    key |= {("absence", True): "why.did_not_occur", ("absence", False): "why.occurred"}
    points = item.max if answer.met else Decimal(0)
    return case.scored(item, points, "tester", phrase(key[item.type, answer.met]), ticks={"met": answer.met})


def _points_only(case: Case, item: Item, answer: Answer) -> ItemScore:
    if answer.points is None:
        return case.left(item, phrase("why.awaits"))
    return _given(case, item, answer.points, phrase("why.points", points=answer.points), answer)


def _single(case: Case, item: Item, answer: Answer) -> ItemScore:
    option = next((one for one in item.options if one.id == answer.option), None)
    if option is None:
        return _points_only(case, item, answer)
    points = option.points if answer.points is None else answer.points
    if points is None:  # the option is worth a range or a measured number, and none was given
        if answer.unsettled and option.range:
            points = Decimal(option.range[1])
        else:
            case.refuse("answers.points_wanted", item, option=option.id, allowed=option_points(option))
            return case.left(item, phrase("why.awaits"))
    why = phrase("why.option", option=option.label or option.id)
    return _given(case, item, points, why, answer, option.id)


def _given(
    case: Case, item: Item, points: Decimal, why: Phrase, answer: Answer, option: str | None = None
) -> ItemScore:
    before = None if answer.adjustment is None else answer.adjustment.before
    if answer.adjustment is not None:
        why = phrase("why.adjusted", why=why, before=before, points=points, reason=answer.adjustment.reason)
    return case.scored(item, points, "tester", why, option=option, before_adjustment=before, reason=answer.reason)


def _by_ticks(case: Case, item: Item, answer: Answer) -> ItemScore:
    """A decision table: the ticks pick the option; the same option ticked by hand must agree."""
    ticks: Mapping[str, bool | None] = {tick.id: answer.ticks.get(tick.id) for tick in item.ticks}
    found = {option.id: holds(option.when_ticks, ticks) for option in item.options if option.when_ticks}
    chosen = next((one for one in item.options if found.get(one.id) is True), None)
    if chosen is None or None in [found[o.id] for o in _before(item, chosen) if o.id in found]:
        missing = tuple(tick.text for tick in item.ticks if ticks[tick.id] is None)
        return case.left(item, phrase("why.ticks_missing", names=missing), ticks=ticks)
    if answer.option is not None and answer.option != chosen.id:
        case.refuse("answers.ticks_differ", item, option=answer.option, ticked=chosen.id)
        return case.left(item, phrase("why.awaits"), ticks=ticks)
    shown = tuple(phrase("why.tick_yes" if ticks[t.id] else "why.tick_no", text=t.text) for t in item.ticks)
    why = phrase("why.ticked", ticks=shown, option=chosen.id)
    return case.scored(item, chosen.points or Decimal(0), "tester", why, option=chosen.id, ticks=ticks)


def _before(item: Item, chosen: Option) -> tuple[Option, ...]:
    return item.options[: item.options.index(chosen)]


def _composite(case: Case, item: Item, answer: Answer) -> ItemScore:
    """Several things in one line; some of them the machine knows."""
    if answer.points is not None:
        return _points_only(case, item, answer)
    ticks = _ticks(case, item, answer)
    values = list(ticks.values())
    decided = item.need == "any"
    met = decided if decided in values else (None if None in values else not decided)
    shown = tuple(_tick_phrase(ticks[t.id], t.text) for t in item.ticks)
    if met is None:
        return case.left(item, phrase("why.half", ticks=shown), ticks=ticks)
    points = item.max if met else _partial(case, item, ticks)
    by = "tester" if answer.ticks else "machine"
    return case.scored(item, points, by, phrase("why.composite", ticks=shown, points=points), ticks=ticks)


def _ticks(case: Case, item: Item, answer: Answer) -> dict[str, bool | None]:
    """The machine's half goes first unless a person contradicts it with a reason."""
    ticks: dict[str, bool | None] = {}
    for tick in item.ticks:
        said = answer.ticks.get(tick.id)
        fact = None if tick.fact is None else case.holds(tick.fact)
        if said is not None and fact is not None and said is not fact and not answer.reason:
            case.refuse("answers.tick_reason", item, tick=tick.text)
            said = None
        ticks[tick.id] = fact if said is None else said
    return ticks


def _tick_phrase(value: bool | None, text: str) -> Phrase:
    return phrase({True: "why.tick_yes", False: "why.tick_no", None: "why.tick_open"}[value], text=text)


def _partial(case: Case, item: Item, ticks: Mapping[str, bool | None]) -> Decimal:
    if not case.form.settings.partial_credit.value:
        return Decimal(0)
    earned = (tick.points or Decimal(0) for tick in item.ticks if ticks[tick.id])
    return min(sum(earned, Decimal(0)), item.max)


def _multi(case: Case, item: Item, answer: Answer) -> ItemScore:
    chosen = [one for one in item.options if one.id in (*answer.options, answer.option)]
    points = min(sum((one.points or Decimal(0) for one in chosen), Decimal(0)), item.max)
    names = tuple(one.label or one.id for one in chosen)
    ids = tuple(one.id for one in chosen)
    return case.scored(item, points, "tester", phrase("why.options", names=names), options=ids)


def _timed(case: Case, item: Item, answer: Answer) -> ItemScore:
    """A time taken by hand, such as the minutes somebody waited at the service desk."""
    if answer.number is None:
        return _points_only(case, item, answer)
    assert item.limit_s is not None  # the form check refuses a timed item without one
    met = answer.number <= item.limit_s
    points = item.max if met else Decimal(0)
    if item.latency is not None:
        points = points_at(item.latency, "seconds", rings=None, seconds=answer.number) or Decimal(0)
    why = phrase("why.timed", seconds=answer.number, limit=item.limit_s)
    return case.scored(item, points, "tester", why, meets_standard=met)


def _number(case: Case, item: Item, answer: Answer) -> ItemScore:
    points = answer.number if answer.number is not None else answer.points
    if points is None:
        return case.left(item, phrase("why.awaits"))
    return _given(case, item, points, phrase("why.points", points=points), answer)
