"""Changes single values of a TOML file that people wrote: comments, order and everything else stay as they are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import tomlkit
from tomlkit.items import AbstractTable, AoT, Item

Place = tuple[str | int, ...]
"""Where a value stands: `("hours", "default")`, `("lines", 0, "server")`."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One value that was changed."""

    place: Place
    """Where it stands."""
    before: Any
    """As it was; None: it did not stand there."""
    after: Any
    """As it is now; None: it stands there no more."""


def edited(text: str, wanted: Mapping[Place, Any]) -> tuple[str, tuple[Edit, ...]]:
    """Give the file's text with some values changed, and what was changed by that; both texts are TOML.

    None takes a value, or an entry of a list of tables, away; a table one place behind a list's last entry is added
    to it. Raises RuntimeError where the new text would not read as what was wanted: then nothing may be written.
    """
    document, data = tomlkit.parse(text), tomllib.loads(text)
    edits = []
    # Entries are taken away from the last to the first, so that the places of the others hold.
    for place, value in sorted(wanted.items(), key=lambda one: _order(one[0], one[1]), reverse=True):
        before = deepcopy(_at(data, place))
        if before == _plain(value) and type(before) is type(_plain(value)):
            continue
        _put(data, place, _plain(value))
        _put(document, place, _plain(value))
        edits.append(Edit(place=place, before=before, after=_plain(value)))
    made = tomlkit.dumps(document)
    if tomllib.loads(made) != data:
        raise RuntimeError(f"the file would not say what was wanted: {[edit.place for edit in edits]}")
    return made, tuple(reversed(edits))


def _order(place: Place, value: Any) -> tuple[Any, ...]:
    """Values first (the sort is turned round), then additions to lists, then what is taken away, the last first."""
    entry = place[-1] if isinstance(place[-1], int) else -1
    if entry < 0:
        return (2, 0)
    return (0, entry) if value is None else (1, -entry)


def _at(data: Any, place: Place) -> Any:
    for step in place:
        try:
            data = data[step]
        except (KeyError, IndexError):
            return None
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return {key: _plain(one) for key, one in value.items()} if isinstance(value, Mapping) else value


def _put(container: Any, place: Place, value: Any) -> None:
    """Set or take away one value; tables on the way to it are made."""
    for step, behind in pairwise(place):
        if isinstance(step, str) and step not in container:
            if value is None:
                return
            container[step] = _empty(container, is_list=isinstance(behind, int))
        container = container[step]
    last = place[-1]
    if value is None:
        if isinstance(last, int) or last in container:
            del container[last]
    elif isinstance(last, int) and last >= len(container):
        container.append(_table(value) if isinstance(container, AoT) else value)
    elif isinstance(container, AbstractTable | tomlkit.TOMLDocument):
        _replace(container, str(last), value)
    else:
        container[last] = value


def _empty(container: Any, *, is_list: bool) -> Any:
    written = isinstance(container, AbstractTable | tomlkit.TOMLDocument)
    if is_list:
        return tomlkit.aot() if written else []
    return tomlkit.table() if written else {}


def _table(values: Mapping[str, Any]) -> Any:
    made = tomlkit.table()
    for key, value in values.items():
        made[key] = value
    return made


def _replace(table: Any, key: str, value: Any) -> None:
    """Put a value in the place of another; what stands behind it as a comment stays in its column."""
    old = table.get(key)
    table[key] = value
    new = table.get(key)
    if isinstance(old, Item) and isinstance(new, Item) and new.trivia.comment:
        longer = len(new.as_string()) - len(old.as_string())
        room = len(new.trivia.comment_ws.expandtabs())
        new.trivia.comment_ws = " " * max(1, room - longer)
