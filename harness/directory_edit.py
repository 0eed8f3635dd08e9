"""Changes one row of the directory: a unit is added, changed or ended; columns and all other rows stay as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.directory import COLUMNS, UNITS_FILE
from harness.directory_files import Changes, as_csv, import_units, take_directory
from harness.errors import DirectoryError, NotFound, WrongInput
from harness.store import Store
from harness.toml_file import digest_of, read_text

ADDED, CHANGED, ENDED, IMPORTED = "unit_added", "unit_changed", "unit_ended", "units_imported"
"""What the log calls it."""
Row = list[str]


def change_unit(
    folder: Path,
    unit: str | None,
    values: Mapping[str, str] | None,
    *,
    store: Store,
    who: str,
    now: datetime | None = None,
) -> None:
    """Change a unit's row to `values` (by column); None as the unit adds one, None as the values ends it.

    The whole directory is checked as an import is, the one before is kept, and who changed what goes into the log.
    Raises DirectoryError with row and column, NotFound for a unit that is not there; nothing is changed then.
    """
    with store.writing():
        header, rows = _read(folder / UNITS_FILE)
        at = None if unit is None else _row_of(unit, header, rows)
        before = {} if at is None else _as_values(header, rows[at])
        if values is None and at is not None:
            del rows[at]
        elif values is not None:
            header = [*header, *(name for name in COLUMNS if values.get(name) and name not in header)]
            made = _as_row(header, before | dict(values))
            rows = [*rows, made] if at is None else [made if n == at else row for n, row in enumerate(rows)]
        changes = _changes(before, dict(values or {}), ended=values is None)
        if not changes:
            return
        text = as_csv([header, *rows])
        take_directory(text, folder)
        what = ENDED if values is None else ADDED if unit is None else CHANGED
        named = unit if unit is not None else (values or {}).get("unit", "")
        detail = {"unit": named, "file": UNITS_FILE, "changes": changes, "digest": digest_of(text)}
        store.log.write(what, who=who, detail=detail, now=now)


def import_logged(
    path: Path, folder: Path, *, name: str, store: Store, who: str, now: datetime | None = None
) -> Changes:
    """Take a directory over from a file that was called `name`; what it changed goes into the log. Errors as above."""
    with store.writing():
        found = import_units(path, folder, name=name)
        digest = digest_of(read_text(folder / UNITS_FILE))
        detail = {"file": UNITS_FILE, "from_file": name, **asdict(found), "digest": digest}
        store.log.write(IMPORTED, who=who, detail=detail, now=now)
    return found


def _read(path: Path) -> tuple[Row, list[Row]]:
    text = read_text(path, fault=DirectoryError) if path.exists() else ""
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if any(cell.strip() for cell in row)]
    if not rows:
        return ["unit", "name", "number", "extension"], []
    return [cell.strip().lower() for cell in rows[0]], rows[1:]


def _row_of(unit: str, header: Row, rows: list[Row]) -> int:
    column = header.index("unit")
    for number, row in enumerate(rows):
        if len(row) > column and row[column].strip() == unit:
            return number
    raise NotFound("writer.no_unit", unit=unit)


def _as_values(header: Row, row: Row) -> dict[str, str]:
    return {name: cell.strip() for name, cell in zip(header, row, strict=False)}


def _as_row(header: Row, values: Mapping[str, str]) -> Row:
    for name, value in values.items():
        if "\n" in value or "\r" in value:
            raise WrongInput("writer.one_line", column=name)
    return [values.get(name, "") for name in header]


def _changes(before: dict[str, str], values: dict[str, str], *, ended: bool) -> list[dict[str, Any]]:
    after = {} if ended else before | values
    return [
        {"place": name, "from": before.get(name) or None, "to": after.get(name) or None}
        for name in COLUMNS
        if before.get(name, "") != after.get(name, "")
    ]
