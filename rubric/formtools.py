"""Tools for whoever writes a form: a fresh copy, the difference of two, and the schema for editors."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rubric.errors import FormError, Problem, problem
from rubric.form import form_text, load_form, shipped_ids
from rubric.schema import Form

_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_WITHOUT_BASE = ("parts", "groups", "items", "total", "points_source")


@dataclass(frozen=True, slots=True)
class Change:
    """One place in which two forms differ."""

    place: str
    """Where: `items.B1.1.latency.cap`."""
    before: Any
    """What the first says; `None` when it says nothing there."""
    after: Any
    """What the second says."""


def new_form(form_id: str, *, title: str, agency: str, like: str = "keelung-102") -> str:
    """The text of a new form that starts as a copy of a shipped one, comments and all.

    Raises `FormError` when the id is not made of small letters, digits and hyphens.
    """
    if not _ID.fullmatch(form_id):
        raise FormError([problem("form.bad_id", file=form_id, wrong="id", value=form_id)])
    text = form_text(like)
    for key, value in {"id": form_id, "version": "1", "title": title, "agency": agency}.items():
        quoted = json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML basic string
        text = re.sub(rf"^{key} = .*$", f"{key} = {quoted}".replace("\\", r"\\"), text, count=1, flags=re.M)
    return text


def form_changes(before: Form, after: Form) -> tuple[Change, ...]:
    """Everything that two forms say differently, by the ids of their parts, groups, items and options."""
    first, second = _flat(before), _flat(after)
    places = dict.fromkeys([*first, *second])
    return tuple(
        Change(place, first.get(place), second.get(place)) for place in places if first.get(place) != second.get(place)
    )


def advice(form: Form) -> tuple[Problem, ...]:
    """What a form may do but its author should know: it is usable all the same."""
    found = [problem("advice.draft", file=form.id)] if form.draft else []
    if form.id in shipped_ids():
        found += _against_shipped(form, load_form(form.id))
    if form.valid_from is None and form.valid_to is None:
        found.append(problem("advice.no_dates", file=form.id))
    silent = tuple(item.id for item in form.items if not item.clause)
    if silent:
        found.append(problem("advice.no_clause", file=form.id, names=silent))
    return tuple(found)


def _against_shipped(form: Form, shipped: Form) -> Iterator[Problem]:
    """A copy that keeps the shipped id: its own content wants its own version, and the letter stays the letter."""
    if form.version == shipped.version and form.digest != shipped.digest:
        yield problem("advice.same_version", file=form.id, value=form.version)
    first, second = _flat(shipped), _flat(form)
    for place in (key for key in first if key.endswith(".letter")):
        if first[place] != second.get(place):
            yield problem("advice.letter", file=form.id, wrong=place, value=first[place])


def form_schema() -> dict[str, Any]:
    """The JSON Schema of a form file, for editors that complete and check TOML."""
    schema = Form.model_json_schema(by_alias=True)
    required = [key for key in schema["required"] if key not in _WITHOUT_BASE]
    both = {"anyOf": [{"required": ["extends"]}, {"required": list(_WITHOUT_BASE)}]}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "thirdring.form/1"}
    return head | schema | both | {"required": required}


def _flat(form: Form) -> dict[str, Any]:
    return dict(_leaves(form.model_dump(mode="json", by_alias=True, exclude_none=True), ""))


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _leaves(below, f"{place}.{key}" if place else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for position, below in enumerate(value, start=1):
            yield from _leaves(below, f"{place}.{below.get('id', position)}")
    else:
        yield place, value
