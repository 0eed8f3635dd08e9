"""Reading a form: a shipped one by its id, or a file of the agency's own."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rubric import schema
from rubric.errors import FormError, Problem, allowed_keys, problem
from rubric.formcheck import faults
from rubric.schema import Form
from rubric.words import phrase

__all__ = ["Form", "form_text", "load_form", "read_form", "shipped_ids"]

_TABLES: Mapping[str, type[BaseModel]] = {
    "items": schema.Item,
    "options": schema.Option,
    "groups": schema.Group,
    "variants": schema.Variant,
    "parts": schema.Part,
    "gate": schema.Gate,
    "alone": schema.Alone,
    "latency": schema.Latency,
    "at": schema.Limit,
    "within": schema.Limit,
    "step": schema.Step,
    "ticks": schema.Tick,
    "legs": schema.Leg,
    "no_answer": schema.NoAnswer,
    "settings": schema.Settings,
    "source": schema.Source,
    "adoption": schema.Adoption,
    "header": schema.HeaderField,
    "facts": schema.FactQuestion,
    "accuracy": schema.Accuracy,
    "bonus": schema.Bonus,
    "band_sets": schema.BandSet,
    "bands": schema.Band,
    "notes": schema.Note,
    "remarks": schema.Remark,
    "aggregation": schema.Aggregation,
    "programme": schema.Programme,
    "duties": schema.Duty,
    "rounds": schema.Often,
    "every_unit": schema.Often,
    "every_extension": schema.Often,
    "roster": schema.Roster,
    "units_per_round": schema.AtLeast,
    **dict.fromkeys(
        (*schema.Settings.model_fields, "attempts", "enabled"),
        schema.Setting,
    ),
}


def shipped_ids() -> tuple[str, ...]:
    """The ids of the forms that come with the product."""
    names = (entry.name for entry in files("rubric.forms").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_form(name_or_path: str | Path) -> Form:
    """The form of a shipped id ("keelung-102") or of a TOML file.

    Raises `FormError` naming file, item, key and what is allowed.
    """
    if str(name_or_path) in shipped_ids():
        return _shipped(str(name_or_path))
    return read_form(form_text(name_or_path), file=Path(name_or_path).name)


def form_text(name_or_path: str | Path) -> str:
    """The text of a form file, as it is. Raises `FormError` when there is none."""
    name = str(name_or_path)
    if name in shipped_ids():
        return files("rubric.forms").joinpath(f"{name}.toml").read_text("utf-8")
    try:
        return Path(name_or_path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        allowed = allowed_keys(name, shipped_ids())
        raise FormError([problem("form.unreadable", file=name, allowed=allowed)]) from error


def read_form(text: str, *, file: str) -> Form:
    """Parse and check the text of a form file; `file` is only its name in errors."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:  # a number of any length may be written
        raise FormError([problem("form.toml", file=file, reason=str(error))]) from error
    if isinstance(raw.get("extends"), str):
        raw = {**_raw(raw["extends"]), **raw}
    try:
        form = Form.model_validate(raw)
    except ValidationError as error:
        raise FormError([_translated(one, raw, file) for one in error.errors()]) from error
    found = faults(form, file=file)
    if found:
        raise FormError(found)
    return form


_NOT_INHERITED = ("valid_from", "valid_to", "adoption")
"""A form's days and its adoption are its own."""


def _raw(form_id: str) -> dict[str, Any]:
    """The tables of the shipped form that another one extends; its own stand wherever it has them."""
    if form_id not in shipped_ids():
        raise FormError([problem("form.unreadable", file=form_id, allowed=allowed_keys(form_id, shipped_ids()))])
    raw = tomllib.loads(form_text(form_id), parse_float=Decimal)
    return {key: value for key, value in raw.items() if key not in _NOT_INHERITED}


@cache
def _shipped(form_id: str) -> Form:
    return read_form(form_text(form_id), file=f"{form_id}.toml")


def _translated(error: Any, raw: Any, file: str) -> Problem:
    """One of pydantic's errors as a sentence with file, place, key and what is allowed."""
    *path, last = error["loc"]
    place = _place(path, raw)
    if error["type"] == "extra_forbidden":
        allowed = allowed_keys(str(last), _keys_at(path))
        return problem("form.unknown_key", file=file, place=place, wrong=last, allowed=allowed)
    if error["type"] == "missing":
        return problem("form.missing_key", file=file, place=place, wrong=last)
    value = repr(error["input"])[:80]
    return problem("form.wrong_value", file=file, place=place, wrong=last, value=value, allowed=_expected(error))


def _expected(error: Any) -> Any:
    """What pydantic expected, in words."""
    context = error.get("ctx") or {}
    if error["type"] == "literal_error":
        return context["expected"].replace(" or ", ", ").replace("'", "")
    for kind, key in _EXPECTED.items():
        if error["type"].startswith(kind):
            return phrase(key)
    for sign, bound in {"≥": "ge", ">": "gt", "≤": "le", "<": "lt"}.items():
        if bound in context:
            return f"{sign} {context[bound]}"
    return error["msg"]


_EXPECTED = {
    "string_pattern": "expected.id",
    "string": "expected.text",
    "decimal": "expected.number",
    "int": "expected.whole",
    "float": "expected.number",
    "bool": "expected.bool",
    "date": "expected.date",
    "tuple": "expected.list",
    "dict": "expected.table",
    "model": "expected.table",
}


def _place(path: list[Any], raw: Any) -> Any:
    """Where in the file, by the nearest ids rather than by positions."""
    named: list[str] = []
    here = raw
    table = ""
    for step in path:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(step, int):
            own = here.get("id") if isinstance(here, dict) else None
            named.append(f"{table} '{own}'" if own else f"{table} #{step + 1}")
        else:
            if table and (not named or not named[-1].startswith(table)):
                named.append(table)
            table = str(step)
    if table and (not path or not isinstance(path[-1], int)):
        named.append(table)
    return tuple(_term(name) for name in named) if named else phrase("place.top")


def _term(name: str) -> Any:
    """`items 'A2.1'` in words: 項目 'A2.1'."""
    table, _, rest = name.partition(" ")
    return phrase("place.items", rest=rest) if table == "items" and rest else name


def _keys_at(path: list[Any]) -> list[str]:
    named = [step for step in path if isinstance(step, str)]
    if named and named[-1] in schema.LegName.__args__:  # type: ignore[attr-defined]
        model: type[BaseModel] = schema.Leg
    elif named == ["legs"]:
        return list(schema.LegName.__args__)  # type: ignore[attr-defined]
    else:
        # A table may have entries of the form's own naming below it.
        model = next((_TABLES[name] for name in reversed(named) if name in _TABLES), Form)
    return [field.alias or name for name, field in model.model_fields.items()]
