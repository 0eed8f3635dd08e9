"""`thirdring units`: the directory in and out of spreadsheets."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.cli.programme import read_month
from harness.errors import DONE
from harness.words import chosen, label, say

if TYPE_CHECKING:
    from harness.directory_files import Changes


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
    found = _imported(asked, file, dry_run=dry_run)
    if asked.as_json:
        print_json({"schema": "thirdring.units_import/1", "dry_run": dry_run, **asdict(found)})
        return DONE
    counts = {name: len(ids) for name, ids in asdict(found).items()}
    print_lines([say("directory.would_import" if dry_run else "directory.imported", **counts)])
    for mark, ids in (("+", found.added), ("-", found.removed), ("~", found.changed)):
        print_lines(f"  {mark} {name}" for name in ids)
    return DONE


def _imported(asked: Asked, file: Path, *, dry_run: bool) -> Changes:
    """Take it over in the name of whoever sits at the terminal."""
    from harness.agency import AGENCY_FILE
    from harness.directory_edit import import_logged
    from harness.directory_files import import_units
    from harness.store import open_store

    if dry_run or not (asked.agency / AGENCY_FILE).is_file():
        return import_units(file, asked.agency, dry_run=dry_run)
    with open_store(asked.agency / "thirdring.db") as store:
        return import_logged(file, asked.agency, name=file.name, store=store, who=f"{getpass.getuser()} (thirdring)")


@units.command()
@click.argument("file", type=click.Path(path_type=Path))
@asked_for
def export(asked: Asked, file: Path) -> int:
    """把名冊存成 ODS、XLSX 或 CSV（含 BOM）。Write the directory as ODS, XLSX, or CSV with a byte-order mark."""
    from harness.directory import read_units
    from harness.directory_files import export_units

    found = read_units(asked.agency)
    export_units(found, file)
    if asked.as_json:
        print_json({"schema": "thirdring.units_export/1", "file": str(file), "units": len(found)})
    else:
        print_lines([say("directory.exported", n=len(found), file=file)])
    return DONE


@units.command()
@click.argument("month", callback=read_month, required=False, metavar="[MONTH]")
@click.option("--round", "number", type=click.IntRange(1, 20), help="只看第幾次測試。Only this round of the month.")
@asked_for
def vacant(asked: Asked, month: str | None, number: int | None) -> int:
    """測試中發現已不存在的號碼（空號），附依據。Numbers that a round found not to exist, with the evidence."""
    from harness.agency import load_agency
    from harness.documents.roc import roc_minute
    from harness.programme.vacant import days_tested, vacant_numbers
    from harness.store import open_store

    agency = load_agency(asked.agency)
    named = month or f"{clocks.now().astimezone(agency.zone):%Y-%m}"
    with open_store(agency.database) as store:
        first, last = days_tested(named, number, store)
        found = vacant_numbers(agency, store, first=first, last=last)
    if asked.as_json:
        told = {"month": named, "round": number, "first": str(first), "last": str(last)}
        print_json({"schema": "thirdring.vacant/1", **told, "vacant": [one.to_dict() for one in found]})
        return DONE
    print_lines([say("vacant.some" if found else "vacant.none", first=first, last=last, count=len(found))])
    if found:
        names = [label(f"programme.column_{name}") for name in ("unit", "when", "state", "call")]
        names[1:1] = [label(f"vacant.column_{name}") for name in ("number", "row", "evidence", "times")]
        rows = [(one.unit, one.dialled, one.row, chosen(one.said("zh"), one.said("en")), one.times) for one in found]
        ends = [
            (roc_minute(one.at), label(f"vacant.{'mended' if one.mended else 'open'}"), one.call_id) for one in found
        ]
        print_table(names, [(*row, *end) for row, end in zip(rows, ends, strict=True)])
    return DONE
