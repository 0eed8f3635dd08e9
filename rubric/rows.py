"""What aggregation needs of a sheet: one small row a call, so that a hundred thousand fit in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from rubric.sheet import SCHEMA

Part = tuple[str, Decimal, Decimal]
"""A complete part: id, points, maximum."""
Line = tuple[str, Decimal, Decimal]
"""A scored item: id, points, maximum."""


@dataclass(frozen=True, slots=True)
class Row:
    """One valid call's sheet, boiled down."""

    day: date
    """The day of the call."""
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
    total: Decimal | None
    """The total, `None` while something is open."""
    parts: tuple[Part, ...]
    """The complete parts."""
    items: tuple[Line, ...]
    """The scored items."""
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
    timing_only = sheet["kind"] == "timing_record"
    accuracy = sheet.get("accuracy") or {}
    surname = str(sheet.get("header", {}).get("answerer_surname", "")).strip()
    return Row(
        day=day,
        series=more.get("series", "internal"),
        group=more.get("group", ""),
        unit=unit,
        extension=extension,
        person=f"{unit} {surname}" if surname else None,
        timing_only=timing_only,
        void=any(item.get("status") == "void" for item in sheet["items"]),
        total=None if sheet["total"] is None else Decimal(str(sheet["total"])),
        parts=tuple(_line(part) for part in sheet["parts"] if part["complete"] and part["points"] is not None),
        items=tuple(_line(item) for item in sheet["items"] if item["points"] is not None),
        asked=accuracy.get("asked", 0),
        correct=accuracy.get("correct", 0),
        below_standard=bool(sheet["below_standard"]),
    )


def _line(scored: Mapping[str, Any]) -> Line:
    return scored["id"], Decimal(str(scored["points"])), Decimal(str(scored["max"]))
