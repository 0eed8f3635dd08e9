"""The directory in and out of the files that offices keep: ODS, XLSX or CSV."""

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
from harness.directory import COLUMNS, UNITS_FILE, Unit, read_units
from harness.directory_sheet import HEADINGS, Sheet, as_sent, read_directory
from harness.documents.csv_file import no_formula
from harness.errors import DirectoryError, EnvironmentFailed


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What an import would change."""

    added: tuple[str, ...]
    """Units that are new."""
    removed: tuple[str, ...]
    """Units that are not in the file any more."""
    changed: tuple[str, ...]
    """Units whose row says something else."""


def import_units(path: Path, folder: Path, *, name: str = "", dry_run: bool = False) -> Changes:
    """Make the directory of an agency's folder from a file; the one before is kept as `units.csv.before`.

    Raises DirectoryError with row and column as they are in that file, which was called `name`; then nothing was
    changed.
    """
    sheet = Sheet((), (), ())
    try:
        sheet = read_directory(path)
        return take_directory(as_csv(sheet.table), folder, dry_run=dry_run)
    except DirectoryError as error:
        raise as_sent(error, sheet, name=name or path.name) from None


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
