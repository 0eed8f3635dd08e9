"""What aggregation needs of a sheet: one small row a call, so that a hundred thousand fit in memory.

A row is kept beside its sheet (`row_to_dict`): reading it back costs a tenth of reading the sheet again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from rubric.sheet import SCHEMA


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """A scored item or a complete part. Equal lines are one object (`line`), so counting them is cheap."""

    id: str
    """The item or part."""
    points: Decimal
    """What it earned."""
    max: Decimal
    """What it could have earned."""


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
    parts: tuple[Line, ...]
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
        parts=_lines(part for part in sheet["parts"] if part["complete"]),
        items=_lines(sheet["items"]),
        asked=accuracy.get("asked", 0),
        correct=accuracy.get("correct", 0),
        below_standard=bool(sheet["below_standard"]),
    )


@cache
def line(name: str, points: str, most: str) -> Line:
    """The one `Line` of these values."""
    return Line(name, Decimal(points), Decimal(most))


def row_to_dict(row: Row) -> dict[str, Any]:
    """A row as small JSON."""
    told = {name: getattr(row, name) for name in Row.__slots__}
    lines = {name: [[one.id, str(one.points), str(one.max)] for one in told[name]] for name in ("parts", "items")}
    total = None if row.total is None else str(row.total)
    return told | lines | {"day": row.day.isoformat(), "total": total}


def row_from_dict(told: Mapping[str, Any]) -> Row:
    """The row of its small JSON."""
    total = None if told["total"] is None else Decimal(told["total"])
    lines = {name: tuple(line(*one) for one in told[name]) for name in ("parts", "items")}
    return Row(**{**told, **lines, "day": date.fromisoformat(told["day"]), "total": total})


def _lines(scored: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    known = (one for one in scored if one["points"] is not None)
    return tuple(line(one["id"], str(one["points"]), str(one["max"])) for one in known)
