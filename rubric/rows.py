"""What figures need of a sheet: one small row a call, so that a hundred thousand are read in seconds.

A row is kept beside its sheet (`row_to_dict`). Scored items stand in it as words, "B1.1=7/10", which are counted as
they are and read once each: a year's sheets hold many lines and few different ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from rubric.sheet import SCHEMA

BETWEEN = "|"
"""Between the words of a row; no id of a form holds it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A scored item or a complete part."""

    id: str
    """The item or part."""
    points: Decimal
    """What it earned."""
    max: Decimal
    """What it could have earned."""


class Row(NamedTuple):
    """One call's sheet, boiled down: a tuple, because a hundred thousand are made from the database's own."""

    day: str
    """The day of the call, 2026-11-02."""
    series: str
    """`internal` or `external`: the two are never mixed."""
    group: str
    """The group of units compared with one another (甲組, 乙組)."""
    unit: str
    """The unit tested."""
    extension: str
    """The extension."""
    person: str | None
    """Who was heard and confirmed by surname; never whose extension it is."""
    timing_only: bool
    """Nobody judged it: its times count, it has no total, band or rank."""
    void: bool
    """Our own fault: it counts nowhere."""
    total: str | None
    """The total, `None` while something is open."""
    parts: str
    """The complete parts, as words."""
    items: str
    """The scored items, as words."""
    asked: int
    """Questions asked."""
    correct: int
    """Questions answered correctly."""
    below_standard: bool
    """Whether a measured standard was missed."""


def row_of(sheet: Mapping[str, Any], *, day: date, unit: str, extension: str = "", **more: str) -> Row:
    """A stored sheet (`thirdring.sheet/1`) as a row; `more` may say `series` and `group`.

    Raises `ValueError` for another schema.
    """
    if sheet.get("schema") != SCHEMA:
        raise ValueError(f"{sheet.get('schema')!r}: {SCHEMA}")
    accuracy = sheet.get("accuracy") or {}
    surname = str(sheet.get("header", {}).get("answerer_surname", "")).strip()
    return Row(
        day=day.isoformat(),
        series=more.get("series", "internal"),
        group=more.get("group", ""),
        unit=unit,
        extension=extension,
        person=f"{unit} {surname}" if surname else None,
        timing_only=sheet["kind"] == "timing_record",
        void=any(item.get("status") == "void" for item in sheet["items"]),
        total=None if sheet["total"] is None else str(sheet["total"]),
        parts=_words(part for part in sheet["parts"] if part["complete"]),
        items=_words(sheet["items"]),
        asked=accuracy.get("asked", 0),
        correct=accuracy.get("correct", 0),
        below_standard=bool(sheet["below_standard"]),
    )


@cache
def line(word: str) -> Line:
    """The line of a word: "B1.1=7/10"."""
    name, _, worth = word.rpartition("=")
    points, _, most = worth.partition("/")
    return Line(name, Decimal(points), Decimal(most))


def row_to_dict(row: Row) -> dict[str, Any]:
    """A row as small JSON."""
    return row._asdict()


def row_from_dict(told: Mapping[str, Any]) -> Row:
    """The row of its small JSON."""
    return Row(**told)


def _words(scored: Iterable[Mapping[str, Any]]) -> str:
    known = (one for one in scored if one["points"] is not None)
    return BETWEEN.join(f"{one['id']}={one['points']}/{one['max']}" for one in known)
