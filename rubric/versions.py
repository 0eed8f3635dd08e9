"""Forms over time: which one is in force, that a used one never changes, and what a newer one would say."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rubric.errors import FormError, problem
from rubric.schema import Form

Used = Mapping[tuple[str, str], str]
"""Digests by (form id, version), as the sheets in the store recorded them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two sheets of the same call say differently."""

    id: str
    """The item, part or `total`."""
    before: float | None
    """Points on the first sheet."""
    after: float | None
    """Points on the second."""
    why_before: str = ""
    """The first sheet's reason."""
    why_after: str = ""
    """The second sheet's reason."""
    why_before_en: str = ""
    """The first sheet's, in English."""
    why_after_en: str = ""
    """The second sheet's, in English."""


def is_in_force(form: Form, on: date) -> bool:
    """Whether a form is valid on a day; both its days included."""
    begun = form.valid_from is None or form.valid_from <= on
    return begun and (form.valid_to is None or on <= form.valid_to)


def in_force(forms: Iterable[Form], on: date) -> tuple[Form, ...]:
    """The forms valid on a day, the latest begun first."""
    valid = [form for form in forms if is_in_force(form, on)]
    return tuple(sorted(valid, key=lambda form: (form.valid_from or date.min, form.version), reverse=True))


def check_frozen(form: Form, used: Used, *, file: str = "") -> None:
    """A form once used never changes: a change needs a new version. Raises `FormError` naming the file otherwise."""
    digest = used.get((form.id, form.version))
    if digest is not None and digest != form.digest:
        raise FormError([problem("form.frozen", file=file or form.id, wrong="version", value=form.version)])


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What a second sheet (`thirdring.sheet/1`) says differently from the first; neither replaces the other."""
    return tuple(_differences(before, after))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for table in ("items", "parts"):
        first = {one["id"]: one for one in before[table]}
        second = {one["id"]: one for one in after[table]}
        for key in dict.fromkeys([*first, *second]):
            one, other = first.get(key, {}), second.get(key, {})
            if one.get("points") != other.get("points"):
                reasons = [told.get(key, "") for key in ("why", "why_en") for told in (one, other)]
                yield Difference(key, one.get("points"), other.get("points"), *reasons)
    if before["total"] != after["total"]:
        yield Difference("total", before["total"], after["total"])
