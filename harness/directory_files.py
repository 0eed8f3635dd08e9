"""The directory in and out of the files that offices keep: ODS, XLSX or CSV.

A telephone number is text. A spreadsheet that took one for a figure has lost its leading zero for good: it is
refused with its row and column, not mended by guessing.
"""

from __future__ import annotations

import csv
import io
import os
import stat
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.agency import AGENCY_FILE, fitting, read_settings
from harness.directory import COLUMNS, UNITS_FILE, Unit, read_units, together
from harness.documents.csv_file import as_meant, no_formula
from harness.errors import DirectoryError, EnvironmentFailed, ThirdringError
from harness.spreadsheets import read_sheets
from harness.toml_file import read_table_text

SHEETS = (".ods", ".xlsx", ".xls")
HEADINGS = {
    "單位代號": "unit",
    "單位名稱": "name",
    "電話": "number",
    "分機": "extension",
    "辦公處所": "site",
    "線路": "line",
    "情境": "scenario",
    "可測時段": "hours",
    "線別": "kind",
    "組別": "group",
    "人員": "person",
    "代理人": "deputy",
    "業務": "duties",
    "備註": "note",
}
"""What the columns are called in Chinese."""
_KINDS = {"一線": "first", "二線": "second"}
Cells = list[str]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What an import would change."""

    added: tuple[str, ...]
    """Units that are new."""
    removed: tuple[str, ...]
    """Units that are not in the file any more."""
    changed: tuple[str, ...]
    """Units whose row says something else."""


def import_units(path: Path, folder: Path, *, dry_run: bool = False) -> Changes:
    """Make the directory of an agency's folder from a file; the one before is kept as `units.csv.before`.

    Raises DirectoryError with row and column; then nothing was changed.
    """
    return take_directory(as_csv(read_table(path)), folder, dry_run=dry_run)


def take_directory(text: str, folder: Path, *, dry_run: bool = False) -> Changes:
    """Make the directory of an agency's folder from the text of a units.csv, as `import_units` does."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        (Path(made) / UNITS_FILE).write_text(text, encoding="utf-8")
        units = read_units(Path(made))
    if (folder / AGENCY_FILE).is_file():  # a line or a site that agency.toml does not have would stop everything
        fitting(units, read_settings(folder))
    found = _changes(_before(folder), units)
    if not dry_run:
        replace_kept(folder / UNITS_FILE, text)
    return found


def _before(folder: Path) -> tuple[Unit, ...]:
    """The directory that is there; one that is wrong counts as none, because the import is what mends it."""
    try:
        return read_units(folder)
    except DirectoryError:
        return ()


def read_table(path: Path) -> list[Cells]:
    """The first sheet of a spreadsheet, or a CSV, as rows of text with the columns' own names."""
    rows = _sheet(path) if path.suffix.lower() in SHEETS else _csv(path)
    if not rows:
        raise DirectoryError("directory.empty", file=path.name)
    header = [HEADINGS.get(cell.strip(), cell.strip().lower()) for cell in rows[0]]
    while header and not header[-1]:
        header.pop()
    kind = header.index("kind") if "kind" in header else None
    body = [row[: len(header)] if not any(row[len(header) :]) else row for row in rows[1:]]
    return [header, *([_KINDS.get(c, c) if n == kind else c for n, c in enumerate(row)] for row in body)]


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows as units.csv has them."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def export_units(units: Sequence[Unit], path: Path) -> None:
    """Write the directory as ODS, XLSX, or CSV with a byte-order mark; every cell is text, none a formula.

    Raises DirectoryError for a file of another kind.
    """
    chinese = {name: heading for heading, name in HEADINGS.items()}
    rows = [[chinese[name] for name in COLUMNS], *([getattr(unit, name) for name in COLUMNS] for unit in units)]
    if path.suffix.lower() == ".ods":
        from harness.documents.spreadsheet import write_ods

        write_ods(path, {"名冊": rows})
        return
    if path.suffix.lower() == ".xlsx":
        from harness.documents.xlsx import write_xlsx

        write_xlsx(path, "名冊", rows)
        return
    if path.suffix.lower() != ".csv":
        raise DirectoryError("directory.out_kind", file=path.name)
    _write(path, "\ufeff" + as_csv([[no_formula(cell) for cell in row] for row in rows]))


def _csv(path: Path) -> list[Cells]:
    try:
        table = csv.reader(io.StringIO(read_table_text(path, fault=DirectoryError), newline=""), strict=True)
        return [[as_meant(cell) for cell in row] for row in table if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DirectoryError("directory.not_csv", row="?", reason=str(error)) from None


def _sheet(path: Path) -> list[Cells]:
    try:
        rows = next(iter(read_sheets(path).values()), [])
    except ValueError as error:
        raise DirectoryError("directory.not_sheet", file=path.name, reason=str(error)) from None
    names = [HEADINGS.get(str(cell).strip(), str(cell).strip().lower()) for cell in rows[0]] if rows else []
    figures = list[ThirdringError]()
    read = [
        [_text(cell, names, row, n, figures) for n, cell in enumerate(cells)] for row, cells in enumerate(rows, start=1)
    ]
    if figures:
        raise together(figures)
    return [cells for cells in read if any(cell.strip() for cell in cells)]


def _text(cell: object, names: Sequence[str], row: int, position: int, figures: list[ThirdringError]) -> str:
    """A cell as text. A figure is no number to dial: its leading zeros are gone."""
    if not isinstance(cell, int | float) or isinstance(cell, bool):
        return str(cell).strip()
    name = names[position] if position < len(names) else ""
    whole = f"{cell:.0f}" if float(cell).is_integer() else str(cell)
    if name == "number" or (name == "extension" and not float(cell).is_integer()):
        figures.append(DirectoryError("directory.figure", row=row, column=name, value=whole))
    return whole


def _changes(before: Sequence[Unit], after: Sequence[Unit]) -> Changes:
    old, new = ({unit.unit: [getattr(unit, name) for name in COLUMNS] for unit in units} for units in (before, after))
    return Changes(
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        changed=tuple(name for name in new if name in old and new[name] != old[name]),
    )


def replace_kept(path: Path, text: str) -> None:
    """Put a new file in place of the old one, which is kept beside it; a stop leaves either the one or the other."""
    if path.exists():
        _write(path.with_name(f"{path.name}.before"), path.read_text(encoding="utf-8-sig"))
    _write(path, text)


def settle(folder: Path) -> None:
    """Have a folder's entries on the disk: a file that was renamed is only then there after the power fails."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with new.open("w", encoding="utf-8", newline="") as file:
            if path.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        settle(path.parent)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise EnvironmentFailed("file.unwritable", file=path.name, reason=error.strerror or "?") from None
