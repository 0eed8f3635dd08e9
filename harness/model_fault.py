"""What pydantic found wrong in a file, as keys of our own sentences with their values."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from harness.words import catalogue

Words = dict[str, str]  # the same thing in `zh` and `en`; empty: no place to name
Loc = tuple[int | str, ...]
Place = Callable[[Loc, dict[str, Any]], tuple[Words, str]]
Problem = tuple[str, dict[str, Any]]

_KINDS = {
    "string": {"zh": "文字（加引號）", "en": "text in quotes"},
    "int": {"zh": "整數", "en": "a whole number"},
    "float": {"zh": "數字", "en": "a number"},
    "bool": {"zh": " true 或 false", "en": "true or false"},
    "date": {"zh": "日期（YYYY-MM-DD，不加引號）", "en": "a date (YYYY-MM-DD, without quotes)"},
    "tuple": {"zh": "清單", "en": "a list"},
    "model": {"zh": "一組設定（表）", "en": "a table"},
    "dict": {"zh": "一組設定（表）", "en": "a table"},
}
_LIMITS = {
    "ge": ("至少 ", "at least "),
    "gt": ("大於 ", "more than "),
    "le": ("至多 ", "at most "),
    "lt": ("小於 ", "less than "),
}


def explain(
    model: type[BaseModel], faults: Iterable[ErrorDetails], data: dict[str, Any], file: str, place: Place
) -> Iterator[Problem]:
    """Give one key and its values for each fault; `place` names where in the file a fault lies."""
    for fault in faults:
        at, key = place(fault["loc"], data)
        where = {"zh": f"{file}，{at['zh']}", "en": f"{file}, {at['en']}"} if at else {"zh": file, "en": file}
        if fault["type"] == "extra_forbidden":
            word, values = _unknown(key, sorted(_keys_at(model, fault["loc"][:-1])))
        else:
            word, values = _explain_value(fault, key)
        yield word, {"where": where, **values}


def own_faults(faults: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out what only follows from another fault: a list is not empty because its one entry is wrong."""
    places = [fault["loc"] for fault in faults]
    return [
        fault
        for fault in faults
        if fault["type"] != "too_short"
        or not any(len(one) > len(fault["loc"]) and one[: len(fault["loc"])] == fault["loc"] for one in places)
    ]


def _explain_value(fault: ErrorDetails, key: str) -> Problem:
    kind, context = fault["type"], fault.get("ctx", {})
    value = _short(context.get("tag", fault.get("input")))
    if kind in catalogue():  # a rule of our own, raised as PydanticCustomError(key, …)
        return kind, context
    if kind in ("missing", "union_tag_not_found"):
        return "file.missing", {"key": key}
    if kind in ("too_short", "string_too_short"):
        return "file.empty", {"key": key}
    if kind == "string_pattern_mismatch":
        return "file.wrong_form", {"key": key, "value": value, "pattern": context["pattern"]}
    if "expected" in context or "expected_tags" in context:
        allowed = str(context.get("expected_tags", context.get("expected")))
        allowed = allowed.replace("'", "").replace(" or ", ", ")
        return "file.not_allowed", {"key": key, "value": value, "allowed": allowed}
    return _explain_kind(kind, context, key, value, fault["msg"])


def _explain_kind(kind: str, context: dict[str, Any], key: str, value: str, message: str) -> Problem:
    for name, (zh, en) in _LIMITS.items():
        if name in context:
            limit = {"zh": f"{zh}{context[name]:g}", "en": f"{en}{context[name]:g}"}
            return "file.out_of_range", {"key": key, "value": value, "limit": limit}
    for name, words in _KINDS.items():
        if kind.startswith(name):
            return "file.wrong_kind", {"key": key, "value": value, "kind": words}
    return "file.wrong", {"key": key, "reason": message}


def _unknown(key: str, allowed: list[str]) -> Problem:
    name = key.rsplit(".", 1)[-1]
    meant = difflib.get_close_matches(name, allowed, n=1)
    if meant:
        return "file.unknown_meant", {"key": key, "meant": meant[0], "allowed": ", ".join(allowed)}
    return "file.unknown", {"key": key, "allowed": ", ".join(allowed)}


def _keys_at(model: type[BaseModel], loc: Loc) -> set[str]:
    """Walk the model's JSON Schema along a fault's place and give the keys that are allowed there."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    node: dict[str, Any] = schema
    for step in loc:
        node = _child(_followed(node, definitions), step)
    return set(_followed(node, definitions).get("properties", {}))


def _child(node: dict[str, Any], step: int | str) -> dict[str, Any]:
    tags = node.get("discriminator", {}).get("mapping", {})
    if step in tags:
        return {"$ref": tags[step]}
    found = node.get("items", {}) if isinstance(step, int) else node.get("properties", {}).get(step, {})
    return dict(found)


def _followed(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    for choice in node.get("anyOf", ()):
        if "$ref" in choice:
            node = choice
    while "$ref" in node:
        node = definitions[node["$ref"].rsplit("/", 1)[-1]]
    return node


def _short(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    except RecursionError:  # a.a.a.a… a thousand tables deep
        text = "…"
    return text if len(text) <= 60 else text[:57] + "…"
