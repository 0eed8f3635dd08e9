"""units.csv: the agency's own telephone directory, the only numbers that may ever be called."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from harness.errors import DirectoryError, ThirdringError
from harness.hours import read_hours
from harness.number_gate.forbidden_numbers import forbidden
from harness.number_text import digits_of
from harness.toml_file import read_text

UNITS_FILE = "units.csv"
KINDS = ("first", "second")
_ID = re.compile(r"^[A-Za-z0-9\u4e00-\u9fff][\w.-]*$")


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One row of units.csv. Numbers are text and stay as the agency wrote them."""

    unit: str
    """Id of the unit, unlike every other and unlike every number."""
    name: str = ""
    """What it is called."""
    number: str = ""
    """Its own number, as written; may be empty when it is reached by the switchboard only."""
    extension: str = ""
    """Its extension (分機), digits."""
    site: str = ""
    """Building; empty: the first of agency.toml."""
    line: str = ""
    """Line to call on; empty: the first of agency.toml."""
    scenario: str = ""
    """Scenario; empty: extension-direct."""
    hours: str = ""
    """Spans in which it may be rung; empty: the agency's."""
    kind: str = ""
    """`first` or `second` line of service."""
    group: str = ""
    """Units compared with one another (甲組、乙組); empty: all alike."""
    person: str = ""
    """Who answers there."""
    deputy: str = ""
    """Who answers instead (代理人)."""
    duties: str = ""
    """What it does for the public (業務), for the questions that are asked."""
    note: str = ""
    """Anything; not used."""
    row: int = 0
    """Line of the file that it stands in."""

    @property
    def digits(self) -> str:
        """Its number in digits only."""
        return digits_of(self.number)


COLUMNS = tuple(field.name for field in fields(Unit) if field.name != "row")


def read_units(folder: Path) -> tuple[Unit, ...]:
    """Read units.csv of an agency folder; no file is an empty directory, to which nothing can be dialled."""
    path = folder / UNITS_FILE
    if not path.exists():
        return ()
    table = csv.reader(io.StringIO(read_text(path, fault=DirectoryError), newline=""), strict=True)
    try:
        rows = [(table.line_num, row) for row in table if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DirectoryError("directory.not_csv", row=table.line_num, reason=str(error)) from None
    if not rows:
        return ()
    header = _header(rows[0][1])
    units, wrong = [], list[ThirdringError]()
    for row, cells in rows[1:]:
        unit, faults = _unit(header, cells, row)
        units.append(unit)
        wrong += faults
    wrong += _duplicates(units)
    if wrong:
        raise together(wrong)
    return tuple(units)


def together(wrong: Sequence[ThirdringError]) -> ThirdringError:
    """One error that says them all, each with its row and column."""
    return wrong[0] if len(wrong) == 1 else DirectoryError(wrong[0].key, problems=tuple(wrong))


def _header(cells: list[str]) -> tuple[str, ...]:
    names = tuple(cell.strip().lower() for cell in cells)
    for position, name in enumerate(names, start=1):
        if name not in COLUMNS:
            meant = difflib.get_close_matches(name, COLUMNS, n=1)
            values: dict[str, Any] = {"column": name, "position": position, "allowed": ", ".join(COLUMNS)}
            if meant:
                raise DirectoryError("directory.unknown_column_meant", meant=meant[0], **values)
            raise DirectoryError("directory.unknown_column", **values)
        if names.count(name) > 1:
            raise DirectoryError("directory.column_twice", column=name)
    if "unit" not in names:
        raise DirectoryError("directory.no_column", column="unit")
    return names


def _unit(header: tuple[str, ...], cells: list[str], row: int) -> tuple[Unit, list[ThirdringError]]:
    values = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    unit = Unit(row=row, **values)
    if len(cells) > len(header):
        return unit, [DirectoryError("directory.too_many_cells", row=row, cells=len(cells), columns=len(header))]
    return unit, list(_faults(unit))


def _faults(unit: Unit) -> Iterator[ThirdringError]:
    def wrong(key: str, column: str, /, **values: Any) -> ThirdringError:
        return DirectoryError(key, row=unit.row, column=column, value=getattr(unit, column), **values)

    if not _ID.match(unit.unit):
        yield wrong("directory.id", "unit")
    if unit.number and not unit.digits:
        yield wrong("directory.number", "number")
    if unit.extension and not re.fullmatch(r"[0-9]{1,6}", unit.extension):
        yield wrong("directory.extension", "extension")
    for column, digits in (("number", unit.digits), ("extension", unit.extension)):
        reason = forbidden(digits) if digits else None
        if reason:
            yield wrong("directory.forbidden", column, reason=reason)
    if not unit.number and not unit.extension:
        yield wrong("directory.nothing_to_dial", "number")
    if unit.kind and unit.kind not in KINDS:
        yield wrong("directory.not_allowed", "kind")
    try:
        read_hours(unit.hours or "00:00-24:00")
    except ValueError:
        yield wrong("directory.hours", "hours")


def _duplicates(units: Sequence[Unit]) -> Iterator[ThirdringError]:
    """Two rows of one id, of one number, or of one extension in a site are a mistake that somebody made."""
    seen: dict[tuple[str, ...], Unit] = {}
    for unit in units:
        keys: list[tuple[str, ...]] = [("unit", unit.unit)]
        keys += [("number", unit.digits)] if unit.number else []
        keys += [("extension", unit.extension, unit.site)] if unit.extension else []
        for key in keys:
            if key in seen:
                first = seen[key].row
                yield DirectoryError("directory.twice", row=unit.row, column=key[0], value=key[1], first=first)
            seen[key] = unit
