"""What one tester answered, in words: the form's own for its items, options and ticks, the catalogue's for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.web.between import bracketed_text, listed_text, named_text
from harness.words import catalogue, label
from rubric.schema import Form, Item
from rubric.words import say as say_of_rubric


def said_in_words(key: str, answer: Any, form: Form, lang: str) -> str:
    """The answer to an item by its id, or what stands beside the items (`heard`, `accuracy`…); nothing as raw keys."""
    if answer is None:
        return label("answered.nothing", lang)
    item = next((one for one in form.items if one.id == key), None)
    if item is not None:
        return listed_text(_of_item(answer, item, lang), lang)
    return _beside(key, answer, form, lang)


def _of_item(answer: Any, item: Item, lang: str) -> Iterator[str]:
    if not isinstance(answer, Mapping):
        yield _bare(answer, item, lang)
        return
    for key, value in answer.items():
        yield from _part(key, value, item, lang)


def _part(key: str, value: Any, item: Item, lang: str) -> Iterator[str]:
    match key:
        case "option":
            yield _option(str(value), item, lang)
        case "options":
            yield from (_option(str(one), item, lang) for one in value)
        case "met":
            yield _met(bool(value), item, lang)
        case "ticks":
            yield from (_tick(name, bool(one), item, lang) for name, one in value.items())
        case "points":
            yield label("answered.points", lang, points=value)
        case "number":
            yield label("answered.number", lang, value=value)
        case "text":
            yield str(value)
        case "reason":
            yield label("answered.reason", lang, text=value)
        case "unsettled":
            yield label("answered.unsettled", lang)
        case "adjusted":
            told = {"points": value.get("from", ""), "reason": value.get("reason", "")}
            yield label("answered.adjusted", lang, **told)
        case "at_s":
            yield label("answered.at_s", lang, seconds=value)
        case _:
            yield _tick(key, bool(value), item, lang)


def _bare(answer: Any, item: Item, lang: str) -> str:
    """An answer without a key: true, "2", ["1", "3"], 270."""
    if isinstance(answer, bool):
        return _met(answer, item, lang)
    if isinstance(answer, str):
        return answer if item.type == "text" else _option(answer, item, lang)
    if isinstance(answer, list):
        return listed_text((_option(str(one), item, lang) for one in answer), lang)
    is_number = item.type in ("number", "timed")
    return label("answered.number", lang, value=answer) if is_number else label("answered.points", lang, points=answer)


def _option(name: str, item: Item, lang: str) -> str:
    found = next((one for one in item.options if one.id == name), None)
    text = (found.text or found.label) if found is not None else ""
    return label("answered.option", lang, what=text or name)


def _met(met: bool, item: Item, lang: str) -> str:
    kind = "absence" if item.type == "absence" else "met"
    return label(f"sheet_page.{kind}_{'yes' if met else 'no'}", lang)


def _tick(name: str, ticked: bool, item: Item, lang: str) -> str:
    text = next((one.text for one in item.ticks if one.id == name), name)
    return named_text(text, _yes_no(ticked, lang), lang)


def _yes_no(value: bool, lang: str) -> str:
    return label(f"sheet_page.{'yes' if value else 'no'}", lang)


def _beside(key: str, answer: Any, form: Form, lang: str) -> str:
    if isinstance(answer, list):
        said = (
            _question(n, one, lang) if isinstance(one, Mapping) else str(one) for n, one in enumerate(answer, start=1)
        )
        return listed_text(said, lang)
    if not isinstance(answer, Mapping):
        return _value(answer, lang)
    if key == "accuracy" and {"asked", "correct"} <= answer.keys():
        return label("answered.asked", lang, asked=answer["asked"], correct=answer["correct"])
    if key == "bonus":
        told = {"points": answer.get("points"), "text": answer.get("reason"), "who": answer.get("second_person")}
        keys = {"points": "points", "text": "reason", "who": "second_person"}
        said = (label(f"answered.{keys[one]}", lang, **{one: value}) for one, value in told.items() if value)
        return listed_text(said, lang)
    said = (named_text(_name(name, form, lang), _value(value, lang), lang) for name, value in answer.items())
    return listed_text(said, lang)


def _question(n: int, one: Mapping[str, Any], lang: str) -> str:
    verdict = str(one.get("verdict", ""))
    said = label(f"answered.{verdict}", lang) if f"answered.{verdict}" in catalogue() else verdict
    ticks = [
        named_text(label(f"answered.{name}", lang), _yes_no(one[name], lang), lang)
        for name in ("precise", "complete")
        if isinstance(one.get(name), bool)
    ]
    return bracketed_text(
        one.get("text") or label("answered.question_no", lang, n=n), listed_text([said, *ticks], lang), lang
    )


def _value(value: Any, lang: str) -> str:
    if isinstance(value, Mapping):
        said, reason = _value(value.get("value"), lang), value.get("reason")
        return bracketed_text(said, label("answered.reason", lang, text=reason), lang) if reason else said
    if isinstance(value, bool):
        return _yes_no(value, lang)
    if value == "person":
        return label("sheet_page.person", lang)
    if value == "recording":
        return label("answered.recording", lang)
    return _condition(str(value), lang)


def _name(name: str, form: Form, lang: str) -> str:
    """What the form, or the catalogue, calls a leg, a fact, a part, a group, an item or a blank."""
    texts = {one.id: one.text for one in form.facts} | {one.id: one.text for one in form.header}
    texts |= {one.id: one.text for one in form.parts} | {one.id: one.text for one in form.groups}
    texts |= {one.id: one.text for one in form.items}
    if texts.get(name):
        return texts[name]
    if f"leg.{name}" in catalogue():
        return label(f"leg.{name}", lang)
    return _condition(name, lang)


def _condition(name: str, lang: str) -> str:
    """What the rubric calls a fact or one of its values; what it does not know is somebody's own text."""
    try:
        return say_of_rubric(f"cond.{name}", lang)
    except KeyError:
        return name
