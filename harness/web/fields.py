"""Settings as fields of a form: their kinds and limits come from the model that reads the file, what is wrong goes
back to the field that it was typed into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pydantic import BaseModel

from harness.agency_writer import shown
from harness.errors import ThirdringError
from harness.external.read import day_of
from harness.toml_edit import Place
from harness.web.visit import Visit
from harness.web.years import sentence_of, shown_day
from harness.words import catalogue, label, say

TEXT, WHOLE, NUMBER, TICK, CHOICE, CHOICES, LINES, DAY, DAYS, BY_PERIOD = (
    "text",
    "whole",
    "number",
    "tick",
    "choice",
    "choices",
    "lines",
    "day",
    "days",
    "by-period",
)
_KINDS = {"integer": WHOLE, "number": NUMBER, "boolean": TICK, "string": TEXT}
_OF_RULES = {
    "agency.hours": "default",
    "agency.timezone": "timezone",
    "agency.outside_prefix": "outside_prefix",
    "agency.switchboard": "switchboard",
    "agency.register_without_user": "user",
    "programme.round_month": "round_month",
    "programme.webhook_in_the_clear": "webhook",
    "programme.webhook_in_public": "webhook",
    "report.settings_period": "handling",
}
"""Rules of our own: the field that each is about."""
A_DAY = date(2027, 2, 8)
"""What a hint writes as an example; both calendars are read."""
_PERIOD = re.compile(r"\s*(\d\S*?)\s*[=\uff1d:\uff1a](.*)")
"""A line that begins what is said of a period."""
Schema = Mapping[str, Any]
_MISSING = object()


@dataclass(frozen=True, kw_only=True)
class Field:
    """One setting in a form."""

    place: Place
    """Where it stands in the file."""
    kind: str
    """text, whole, number, tick, choice, choices, lines, day, days or by-period."""
    value: Any
    """What holds, or what was typed."""
    options: tuple[str, ...] = ()
    """Of a choice."""
    optional: bool = False
    """Whether nothing is a value of its own."""
    least: float | None = None
    """The smallest number allowed."""
    most: float | None = None
    """The largest."""
    problem: str = ""
    """What is wrong with what was typed."""
    named: Mapping[str, str] = field(default_factory=dict)
    """What options are called that the catalogue does not know."""

    @property
    def name(self) -> str:
        """Its name in the form, and its id."""
        return shown(self.place)

    @property
    def word(self) -> str:
        """Its key in the catalogue, without the room: a mail's server is another one than a line's."""
        mail = "mail_" if "mail" in self.place[:-1] else ""
        return f"{mail}{self.place[-1]}"

    @property
    def lines(self) -> str:
        """A list as one line each, what is said of periods behind their names, days in the reader's calendar."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, dict):
            return "\n".join(f"{period} = {text}" for period, text in self.value.items())
        return "\n".join(shown_day(one) if isinstance(one, date) else str(one) for one in self.value or ())

    @property
    def hint(self) -> str:
        """A sentence about it; empty where its name says all."""
        key = f"fields.{self.word}_how"
        return say(key, day=shown_day(A_DAY)) if key in catalogue() else ""

    @property
    def nothing(self) -> str:
        """What choosing nothing is called; empty where it is nothing."""
        return label(f"fields.{self.word}_none") if f"fields.{self.word}_none" in catalogue() else ""

    def option(self, value: str) -> str:
        """What an option is called."""
        key = f"fields.{self.word}_{value.replace('-', '_').lower()}"
        return label(key) if key in catalogue() else self.named.get(value, value)


def fields_of(model: type[BaseModel], holds: BaseModel, places: Iterable[Place]) -> tuple[Field, ...]:
    """The fields of some places of a model, with what holds now."""
    schema, values = model.model_json_schema(by_alias=True), holds.model_dump(by_alias=True)
    return tuple(_field(place, _schema_at(schema, place), _value_at(values, place)) for place in places)


def typed(fields: Sequence[Field], visit: Visit) -> dict[Place, Any]:
    """What was typed, as the file would say it; what is no number stays text, which the model refuses by its name."""
    return {one.place: _typed(one, visit) for one in fields}


def with_typed(fields: Sequence[Field], values: Mapping[Place, Any]) -> tuple[Field, ...]:
    """The same fields with what was typed."""
    return tuple(replace(one, value=values[one.place]) for one in fields)


def with_problems(
    fields: Sequence[Field], error: ThirdringError, lang: str
) -> tuple[tuple[Field, ...], tuple[str, ...]]:
    """Put each problem to its field; and all of them as sentences that begin with what the field is called."""
    found, told = list(fields), []
    for one in error.problems or (error,):
        key = _OF_RULES.get(one.key) or str(one.values.get("key", ""))
        named = [part for part in key.split(".") if not part.isdigit()][-1:]
        at = next((n for n, one_field in enumerate(found) if [one_field.place[-1]] == named), None)
        sentence = sentence_of(one)
        if at is not None:
            between = label("between.named", lang, name="", what="")
            sentence = label(f"fields.{found[at].word}") + between + _bare(one, key, lang)
            found[at] = replace(found[at], problem=sentence)
        told.append(sentence)
    return tuple(found), tuple(told)


def _bare(error: ThirdringError, key: str, lang: str) -> str:
    """What is wrong, without file, place and key: the field says where."""
    where, sentence = error.values.get("where", ""), sentence_of(error)
    before = where.get(lang, "") if isinstance(where, dict) else str(where)
    quoted = f"\u300c{key}\u300d"
    for start in (f"{before}\uff1a", f"{before}: ", f"{quoted}\uff1a", f"'{key}': ", quoted, f"'{key}' "):
        sentence = sentence.removeprefix(start)
    return sentence


def _field(place: Place, schema: Schema, value: Any) -> Field:
    choices = schema.get("anyOf", [schema])
    kinds = [one for one in choices if one.get("type") != "null"]
    value = schema.get("default") if value is _MISSING else value
    one, told = kinds[0], {"place": place, "value": value, "optional": len(kinds) < len(choices)}
    if one.get("type") == "array":
        inside = one.get("items", {})
        if "enum" in inside:
            return Field(kind=CHOICES, options=tuple(inside["enum"]), **told)
        return Field(kind=DAYS if inside.get("format") == "date" else LINES, **told)
    if one.get("type") == "object":
        return Field(kind=BY_PERIOD, **told)
    if "enum" in one:
        return Field(kind=CHOICE, options=tuple(one["enum"]), **told)
    if one.get("format") == "date":
        return Field(kind=DAY, **told)
    least, most = one.get("minimum", one.get("exclusiveMinimum")), one.get("maximum")
    return Field(kind=_KINDS[one["type"]], least=least, most=most, **told)


def _schema_at(schema: Schema, place: Place) -> Schema:
    node: Schema = schema
    for step in place:
        node = _followed(node, schema)
        node = node["items"] if isinstance(step, int) else node["properties"][step]
    return node


def _followed(node: Schema, schema: Schema) -> Schema:
    for choice in node.get("anyOf", ()):
        if "$ref" in choice:
            node = choice
    return schema["$defs"][node["$ref"].rsplit("/", 1)[-1]] if "$ref" in node else node


def _value_at(values: Any, place: Place) -> Any:
    for step in place:
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return values


def _typed(one: Field, visit: Visit) -> Any:
    if one.kind == TICK:
        return bool(visit.text(one.name))
    if one.kind == CHOICES:
        sent = {str(value) for value in visit.form.getlist(one.name)}
        known = [option for option in one.options if option in sent]
        return [*known, *sorted(sent - set(known))]
    if one.kind == BY_PERIOD:
        return _by_period(visit.text(one.name, most=40_000))
    text = visit.text(one.name, most=4000)
    if one.kind in (LINES, DAYS):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return [_day(line) for line in lines] if one.kind == DAYS else lines
    if not text and (one.optional or one.kind == DAY):
        return None
    if one.kind in (WHOLE, NUMBER):
        return _number(text, whole=one.kind == WHOLE)
    return _day(text) if one.kind == DAY else text


def _by_period(text: str) -> dict[str, str]:
    """What is said of each period; a line that begins with none goes on with the one above."""
    found: dict[str, list[str]] = {}
    at = ""
    for line in text.splitlines():
        if begins := _PERIOD.match(line):
            at = begins[1]
        elif not at:
            at = line.strip()  # no period: the model refuses it by what was typed
        found.setdefault(at, []).append(begins[2] if begins else line)
    return {period: "\n".join(lines).strip() for period, lines in found.items()}


def _number(text: str, *, whole: bool) -> Any:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def _day(text: str) -> Any:
    return day_of(text) or text
