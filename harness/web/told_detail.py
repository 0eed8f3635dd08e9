"""What stands beside an entry of the log, in words, where a file or the code has names of its own for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.web.between import bracketed_text, clauses_text, listed_text, named_text
from harness.words import catalogue, label

Detail = Mapping[str, Any]
_PLACE = re.compile(r"(?P<list>\w+)\[(?P<number>\d+)\](?:\.(?P<name>.+))?")
_VALUES = {
    "leg": ("leg.",),
    "legs": ("leg.",),
    "outcome": ("outcome.",),
    "roles": ("web.role_",),
    "step": ("setup.step_",),
    "kind": ("settings.kind_",),
    "whose": ("programme_pages.whose_",),
    "tone_plan": ("tone_plan.",),
    "plan": ("tone_plan.",),
}
"""Of some keys the values have words: where those begin in the catalogue."""
CHANGES = "changes"
"""Key of the settings that an entry changed."""
_NONE = "—"
_UNITS = ("unit", "units", "added", "removed", "changed")
"""Keys whose values are units' ids."""


def detail_told(detail: Detail, titles: Mapping[str, str]) -> str:
    """All that stands beside an entry; `titles`: units' names by their ids."""
    told = {key: value for key, value in detail.items() if value not in (None, "", [], {}, False) and key != CHANGES}
    found = [named_text(key_told(key), value_told(key, value, titles)) for key, value in told.items()]
    changes = (change_told(one, titles) for one in detail.get(CHANGES) or ())
    return clauses_text(
        [*found, *(named_text(place, f"{old or _NONE} → {new or _NONE}") for place, old, new in changes)]
    )


def change_told(change: Detail, titles: Mapping[str, str]) -> tuple[str, str, str]:
    """A changed setting: what it is called, from what, to what."""
    name = change["place"].rpartition(".")[2]
    before, after = (value_told(name, change[key], titles) for key in ("from", "to"))
    return place_told(change["place"]), before, after


def key_told(key: str) -> str:
    """What a key is called."""
    known = (one for one in (f"logged.key_{key}", *_field_keys(key)) if one in catalogue())
    return next(map(label, known), key)


def value_told(key: str, value: Any, titles: Mapping[str, str]) -> str:
    """What a value is called: a choice by its words, a unit by its name, yes and no."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return label("settings.yes" if value else "settings.no")
    if isinstance(value, list | tuple):
        return listed_text(value_told(key, one, titles) for one in value)
    if isinstance(value, Mapping):
        return listed_text(named_text(key_told(one), value_told(one, what, titles)) for one, what in value.items())
    text = str(value)
    if key in _UNITS and text in titles:
        return titles[text]
    plain = text.replace("-", "_").lower()
    keys = [*(f"{begins}{plain}" for begins in _VALUES.get(key, ())), f"fields.{key}_{plain}"]
    keys += [f"logged.value_{plain}"] if key == "seat" else []
    return next((label(one) for one in keys if one in catalogue()), text)


def place_told(place: str) -> str:
    """A setting by what its page calls it: 語音加密（線路 1）; as the file has it where no page does."""
    found = _PLACE.fullmatch(place)
    table, _, period = place.partition(".")
    if table == "handling" and period:
        return bracketed_text(label("fields.handling"), period)
    if found is None:
        return next((label(one) for one in _field_keys(place) if one in catalogue()), place)
    key, name = f"settings.{found['list']}", found["name"]
    if key not in catalogue():
        return place
    of = f"{label(key)} {found['number']}"
    return bracketed_text(place_told(name), of) if name else of


def _field_keys(place: str) -> tuple[str, ...]:
    """Where a setting's name may stand in the catalogue: a mail's server is another one than a line's."""
    name = f"mail_{place.rpartition('.')[2]}" if ".mail." in place else place.rpartition(".")[2]
    return (f"settings.column_{place}", f"fields.{name}")
