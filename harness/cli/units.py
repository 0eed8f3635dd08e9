"""`thirdring units`: the directory in and out of spreadsheets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE
from harness.words import say


@click.group()
@asked_for
def units(asked: Asked) -> None:
    """名冊：列出、匯入、匯出。The directory: list it, import it, export it."""


@units.command("list")
@asked_for
def list_units(asked: Asked) -> int:
    """列出名冊。List the directory."""
    from harness.directory import COLUMNS, read_units

    found = read_units(asked.agency)
    rows = [{name: getattr(unit, name) for name in COLUMNS} for unit in found]
    if asked.as_json:
        print_json({"schema": "thirdring.units/1", "units": rows})
        return DONE
    used = [name for name in COLUMNS if any(row[name] for row in rows)]
    print_table(used, [[row[name] or None for name in used] for row in rows])
    return DONE


@units.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="只看會改什麼。Only show what would change.")
@asked_for
def import_(asked: Asked, file: Path, dry_run: bool) -> int:
    """從 ODS、XLSX 或 CSV 匯入名冊；有錯就不改。Import an ODS, XLSX or CSV; with a mistake in it nothing is changed."""
    from harness.directory_files import import_units

    found = import_units(file, asked.agency, dry_run=dry_run)
    if asked.as_json:
        print_json({"schema": "thirdring.units_import/1", "dry_run": dry_run, **asdict(found)})
        return DONE
    counts = {name: len(ids) for name, ids in asdict(found).items()}
    print_lines([say("directory.would_import" if dry_run else "directory.imported", **counts)])
    for mark, ids in (("+", found.added), ("-", found.removed), ("~", found.changed)):
        print_lines(f"  {mark} {name}" for name in ids)
    return DONE


@units.command()
@click.argument("file", type=click.Path(path_type=Path))
@asked_for
def export(asked: Asked, file: Path) -> int:
    """把名冊存成 ODS 或 CSV（含 BOM）。Write the directory as ODS, or as CSV with a byte-order mark."""
    from harness.directory import read_units
    from harness.directory_files import export_units

    export_units(read_units(asked.agency), file)
    return DONE
