"""The fields of the score sheet's page, as a browser sends them, and the answers that they mean; and back again.

A field is called by its item and what it says of it: `B2.3:option` = `1=9`. Everything that belongs to one item begins
with the item's id and a colon, so that what one window changed can be put into a draft without the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from rubric.schema import Form, Item

Fields = dict[str, list[str]]
UNSETTLED = "?"
"""The choice 無法判定 of an item that a measurement leaves open."""
MOST_QUESTIONS = 40
"""Questions that the page has room for."""
YES_NO = {"yes": True, "no": False}


def fields_of(sent: Iterable[tuple[str, Any]], form: Form) -> Fields:
    """What a browser sent, without what belongs to no field of the sheet or says nothing."""
    known, found = prefixes(form), dict[str, list[str]]()
    for name, value in sent:
        if isinstance(value, str) and value.strip() and any(_belongs(name, one) for one in known):
            found.setdefault(name, []).append(value.strip()[:2000])
    return found


def prefixes(form: Form) -> tuple[str, ...]:
    """What the fields of this form's page begin with."""
    return (*(item.id for item in form.items), "heard", "fact", "question", "header", "bonus", "observed", "remarks")


def merged(before: Fields, sent: Fields, changed: str) -> Fields:
    """A draft with the fields of one item as they were sent; the others stay as they were, whatever was sent."""
    kept = {name: values for name, values in before.items() if not _belongs(name, changed)}
    return kept | {name: values for name, values in sent.items() if _belongs(name, changed)}


def _belongs(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}:")


def answers_of(fields: Fields, form: Form) -> dict[str, Any]:
    """The answers that fields mean, as `rubric.answers.read_answers` takes them: what cannot be is refused there."""
    said: dict[str, Any] = {}
    observed = {name: False for name, values in _own(fields, "observed").items() if values[-1] == "no"}
    for item in form.items:
        own = _own(fields, item.id)
        answer = _item(own, item)
        if answer:
            said[item.id] = answer
        if _one(own, "observed") == "no":
            observed[item.id] = False
    questions = list(_questions(fields))
    header = {name: values[-1] for name, values in _own(fields, "header").items()}
    parts: dict[str, Any] = {
        "observed": observed,
        "heard": _said(fields, "heard", {}),
        "facts": _said(fields, "fact", YES_NO),
        "questions": questions,
        "accuracy": _numbers(_own(fields, "question"), ("asked", "correct")),
        "header": header,
        "bonus": _bonus(_own(fields, "bonus")),
        "remarks": (fields.get("remarks") or [""])[-1],
    }
    return said | {name: value for name, value in parts.items() if value}


def _own(fields: Fields, prefix: str) -> Fields:
    """The fields of a prefix, by what they say of it."""
    return {name[len(prefix) + 1 :]: values for name, values in fields.items() if name.startswith(f"{prefix}:")}


def _one(own: Fields, key: str) -> str:
    return own[key][-1] if own.get(key) else ""


def _item(own: Fields, item: Item) -> dict[str, Any]:
    """One item's answer; empty where nothing was said. A reason alone says nothing."""
    told: dict[str, Any] = {}
    option, _, points = _one(own, "option").partition("=")
    if option == UNSETTLED:
        told["unsettled"] = True
    elif option:
        told |= {"option": option} | ({"points": number(points)} if points else {})
    if own.get("options"):
        told["options"] = own["options"]
    if _one(own, "points") and "option" not in told:
        told["points"] = number(_one(own, "points"))
    if _one(own, "met") in YES_NO:
        told["met"] = YES_NO[_one(own, "met")]
    typed = {tick.id: _one(own, f"tick:{tick.id}") for tick in item.ticks}
    ticks = {name: YES_NO[value] for name, value in typed.items() if value in YES_NO}
    told |= {"ticks": ticks} if ticks else {}
    told |= {"number": number(_one(own, "number"))} if _one(own, "number") else {}
    told |= {"text": _one(own, "text")} if _one(own, "text") else {}
    adjusted = _numbers(own, ("adjusted:from",)) | _texts(own, ("adjusted:reason",))
    told |= {"adjusted": {name.partition(":")[2]: value for name, value in adjusted.items()}} if adjusted else {}
    return told | (_texts(own, ("reason",)) | _numbers(own, ("at_s",)) if told else {})


def _bonus(own: Fields) -> dict[str, Any]:
    return _numbers(own, ("points",)) | _texts(own, ("reason", "second_person"))


def _numbers(own: Fields, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: number(_one(own, name)) for name in names if _one(own, name)}


def _texts(own: Fields, names: tuple[str, ...]) -> dict[str, str]:
    return {name: _one(own, name) for name in names if _one(own, name)}


def number(text: str) -> int | float | str:
    """A number as it was typed, full-width digits too; what is none stays text, for the rubric to refuse."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite():
        return text
    return int(value) if value == value.to_integral_value() else float(value)


def _said(fields: Fields, prefix: str, values: Mapping[str, bool]) -> dict[str, Any]:
    """Facts, or who was heard: a value each, and why where it is against the machine."""
    own, told = _own(fields, prefix), dict[str, Any]()
    for name in own:
        if ":" not in name:
            value, reason = _one(own, name), _one(own, f"{name}:reason")
            told[name] = {"value": values.get(value, value)} | ({"reason": reason} if reason else {})
    return told


def _questions(fields: Fields) -> Iterator[dict[str, Any]]:
    for n in range(1, MOST_QUESTIONS + 1):
        own = _own(fields, f"question:{n}")
        if _one(own, "verdict"):
            ticks = {key: YES_NO[_one(own, key)] for key in ("precise", "complete") if _one(own, key) in YES_NO}
            yield {"text": _one(own, "text"), "verdict": _one(own, "verdict")} | ticks


def fields_from(answers: Mapping[str, Any], form: Form) -> Fields:
    """The fields that say what answers say, which were given elsewhere; what the page has no field for is left out."""
    from rubric.answers import read_answers

    read, _ = read_answers(answers, form)
    told: dict[str, str] = {}
    lists: Fields = {}
    for name, one in read.items.items():
        ranged = "" if one.points is None else f"={_plain(one.points)}"
        if one.option is not None:
            told[f"{name}:option"] = one.option + ranged
        elif one.unsettled:
            told[f"{name}:option"] = UNSETTLED
        elif one.points is not None:
            told[f"{name}:points"] = _plain(one.points)
        if one.options:
            lists[f"{name}:options"] = list(one.options)
        told |= {f"{name}:tick:{tick}": _yes(value) for tick, value in one.ticks.items()}
        told |= {} if one.met is None else {f"{name}:met": _yes(one.met)}
        told |= {} if one.number is None else {f"{name}:number": _plain(one.number)}
        told |= {f"{name}:text": one.text, f"{name}:reason": one.reason}
        told |= {} if one.at_s is None else {f"{name}:at_s": _plain(one.at_s)}
        if one.adjustment is not None:
            adjusted = {"from": _plain(one.adjustment.before), "reason": one.adjustment.reason}
            told |= {f"{name}:adjusted:{key}": value for key, value in adjusted.items()}
    items = {item.id for item in form.items}
    unseen = [name for name, value in read.observed.items() if not value]
    told |= {f"{name}:observed" if name in items else f"observed:{name}": "no" for name in unseen}
    for prefix, facts in (("heard", read.heard), ("fact", read.facts)):
        for name, fact in facts.items():
            value = fact.value if isinstance(fact.value, str) else _yes(bool(fact.value))
            told |= {f"{prefix}:{name}": value, f"{prefix}:{name}:reason": fact.reason}
    questions = read.accuracy.questions if read.accuracy else ()
    if read.accuracy and not questions:
        told |= {"question:asked": str(read.accuracy.asked), "question:correct": str(read.accuracy.correct)}
    for n, question in enumerate(questions[:MOST_QUESTIONS], start=1):
        told |= {f"question:{n}:text": question.text, f"question:{n}:verdict": question.verdict}
        ticks = {"precise": question.precise, "complete": question.complete}
        told |= {f"question:{n}:{key}": _yes(value) for key, value in ticks.items() if value is not None}
    if read.bonus is not None:
        told |= {"bonus:points": _plain(read.bonus.points), "bonus:reason": read.bonus.reason}
        told |= {"bonus:second_person": read.bonus.second_person}
    told |= {f"header:{name}": value for name, value in read.header.items()} | {"remarks": read.remarks}
    return lists | {name: [value] for name, value in told.items() if value}


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
