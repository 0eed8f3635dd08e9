"""What stands on an outside agency's sheet, line by line: the call, how each telephone was answered, the form's items.

Each line to be filled in has a key, which the file keeps in a hidden column; what the machine would measure the
tester counts: rings and seconds, from which the form gives the points as it does for calls of our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.directory import Unit
from harness.documents.table import printable
from harness.words import say
from rubric.answer import option_points
from rubric.schema import Form, Item

LANG = "zh"
"""The sheets are written in Chinese, as the agency's own are."""
SCHEMA = "thirdring.external/1"
YES, NO = "是", "否"
YES_NO = {YES: True, NO: False}
OUTCOMES = {"接聽": "answered", "無人接聽": "no_answer", "忙線": "busy", "故障": "fault_theirs", "未測": ""}
ROLES = {"承辦人接聽": "owner", "代接後轉承辦人": "owner_after_proxy", "他人代接": "proxy"}
VERDICTS = {"正確": "correct", "部分正確": "partly", "錯誤": "wrong"}
QUESTIONS = 4
"""So many questions have a line of their own."""
TEXTS = ("text",)
"""Blanks of a form's head that the tester fills in; the others stand on every sheet anyway."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the sheet."""

    text: str
    """Its wording."""
    key: str = ""
    """What it is called in the file; empty: a heading."""
    allowed: tuple[str, ...] = ()
    """What may stand in its first cell; empty: see `kind`."""
    kind: str = "choice"
    """choice, several (of the allowed ones), text, day, time, whole or number."""
    more: tuple[str, ...] = ()
    """What may stand in its second cell; empty: that one is not filled in."""
    hint: str = ""
    """What may be filled in, in words."""
    wanted: bool = False
    """Whether a sheet without it cannot be used."""


def names_of(units: tuple[Unit, ...]) -> Mapping[str, str]:
    """What a unit is called on the sheet → its id; two of one name show their ids."""
    names = [printable(unit.name).strip() or unit.unit for unit in units]
    return {
        name if names.count(name) == 1 else f"{name}（{unit.unit}）": unit.unit
        for unit, name in zip(units, names, strict=True)
    }


def lines_of(form: Form, units: tuple[Unit, ...]) -> tuple[Line, ...]:
    """Every line of a sheet of this form, headings among them."""
    return tuple([*_call(form, units), *_legs(form), *_items(form), *_questions(form), _remarks()])


def _call(form: Form, units: tuple[Unit, ...]) -> Iterator[Line]:
    yield _heading("call")
    yield Line(text=_said("unit"), key="unit", allowed=tuple(names_of(units)), hint=_said("hint_unit"), wanted=True)
    yield Line(text=_said("day"), key="day", kind="day", hint=_said("hint_day"), wanted=True)
    yield Line(text=_said("time"), key="time", kind="time", hint=_said("hint_time"), wanted=True)
    yield Line(text=_said("from"), key="from", kind="text", hint=_said("hint_text"), wanted=True)
    yield Line(text=_said("tester"), key="tester", kind="text", hint=_said("hint_text"), wanted=True)
    for blank in form.header:
        if blank.type in TEXTS:
            yield Line(text=blank.text, key=f"header.{blank.id}", kind="text", hint=_said("hint_text"))


def _legs(form: Form) -> Iterator[Line]:
    yield _heading("legs")
    for name, leg in form.legs.items():
        told = {"leg": leg.text}
        yield Line(text=_said("outcome", **told), key=f"leg.{name}.outcome", **_choice(OUTCOMES), wanted=name == "unit")
        yield Line(text=_said("rings", **told), key=f"leg.{name}.rings", kind="whole", hint=_said("hint_rings"))
        yield Line(text=_said("seconds", **told), key=f"leg.{name}.seconds", kind="number", hint=_said("hint_seconds"))
        if leg.attempts.value > 1:
            yield Line(
                text=_said("attempts", **told), key=f"leg.{name}.attempts", kind="whole", hint=_said("hint_tries")
            )
    if "operator" in form.legs:
        yield Line(text=_said("transferred"), key="fact.transferred", **_choice(YES_NO))
        yield Line(text=_said("unit_busy"), key="fact.unit_busy", **_choice(YES_NO))
    if "unit" in form.legs:
        yield Line(text=_said("forwarded"), key="leg.unit.forwarded", **_choice(YES_NO))
    if any("answerer_role" in (item.applies_if or "") for item in form.items):
        yield Line(text=_said("role"), key="fact.answerer_role", **_choice(ROLES))
    for fact in form.facts:
        yield Line(text=fact.text, key=f"said.{fact.id}", **_choice(YES_NO))


def _items(form: Form) -> Iterator[Line]:
    for part in form.parts:
        for group in form.groups_of(part.id):
            asked = [item for item in form.items_of(group.id) if item.auto != "auto" and item.type != "latency"]
            if asked:
                yield Line(text=f"{part.short or part.text}　{group.text}")
            for item in asked:
                yield from _item(item)


def _item(item: Item) -> Iterator[Line]:
    key, text = f"item.{item.id}", item.text or item.rule or item.id
    if item.ticks:
        yield Line(text=text)
        for tick in item.ticks:
            yield Line(text=f"　　{tick.text}", key=f"{key}.{tick.id}", **_choice(YES_NO))
    elif item.options:
        options = [option for option in item.options if option.text]
        told = "\n".join(f"　　{option.text}〔{option_points(option)}〕" for option in options)
        points = sorted({n for o in options if o.range for n in range(o.range[0], o.range[1] + 1)})
        yield Line(
            text=f"{text}\n{told}",
            key=key,
            allowed=tuple(option.id for option in options),
            kind="several" if item.type == "multi" else "choice",
            more=tuple(map(str, points)),
            hint=_said("hint_option_points" if points else "hint_option", ids="、".join(o.id for o in options)),
        )
    elif item.type in ("check", "absence"):
        yield Line(text=text, key=key, **_choice(YES_NO))
    elif item.type == "text":
        yield Line(text=text, key=key, kind="text", hint=_said("hint_text"))
    else:
        least, most = f"{item.min:f}", f"{item.max:f}"
        yield Line(text=text, key=key, kind="number", hint=_said("hint_number", least=least, most=most))


def _questions(form: Form) -> Iterator[Line]:
    if form.accuracy is None:
        return
    yield Line(text=form.accuracy.text)
    verdicts = tuple(VERDICTS)
    for number in range(1, QUESTIONS + 1):
        text = f"{form.accuracy.question_text} {number}"
        hint = _said("hint_question", words="、".join(verdicts))
        yield Line(text=text, key=f"question.{number}", kind="text", more=verdicts, hint=hint)


def _remarks() -> Line:
    return Line(text=_said("remarks"), key="remarks", kind="text", hint=_said("hint_text"))


def _choice(words: Mapping[str, object]) -> dict[str, Any]:
    return {"allowed": tuple(words), "hint": "、".join(words)}


def _heading(name: str) -> Line:
    return Line(text=_said(f"heading_{name}"))


def _said(name: str, **values: object) -> str:
    return say(f"external.{name}", LANG, **values)
