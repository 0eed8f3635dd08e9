"""`thirdring external`: blank sheets for another agency's testers, and their filled ones as a series of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE, WrongInput
from harness.words import label, say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.external.read import Filled

ODS = click.Path(path_type=Path, dir_okay=False)


@click.group()
@asked_for
def external(asked: Asked) -> None:
    """外部測試：給他機關的空白量表、匯入填好的。The external series: blank sheets out, filled ones in."""


@external.command()
@click.argument("file", type=ODS, metavar="FILE.ods")
@click.option("--unit", "units", multiple=True, metavar="UNIT", help="一頁一個單位，可寫多次。A page for this unit.")
@click.option("--pages", type=click.IntRange(1, 100), default=5, show_default=True, help="空白頁數。Blank pages.")
@click.option("--form", metavar="NAME", help="哪一份量表（預設：agency.toml 的）。Which form (default: the agency's).")
@click.option("--overwrite", is_flag=True, help="覆寫已有的檔案。Replace a file that is there.")
@asked_for
def blank(asked: Asked, file: Path, units: Sequence[str], pages: int, form: str | None, overwrite: bool) -> int:
    """給他機關填的空白量表，ODS，一頁一通。Blank sheets for another agency, a page a call."""
    from harness.agency import load_agency
    from harness.external.blank import make_blank

    agency = load_agency(asked.agency)
    if file.exists() and not overwrite:
        raise WrongInput("external.exists", file=file)
    chosen, names = make_blank(file, agency, units=units, pages=pages, form=form or "")
    if asked.as_json:
        told = {"file": str(file), "form": chosen.id, "version": chosen.version, "pages": names}
        print_json({"schema": "thirdring.external_blank/1", **told})
    else:
        print_lines([say("external.made", file=file, pages=len(names))])
    return DONE


@external.command("import")
@click.argument("files", type=ODS, nargs=-1, required=True, metavar="FILE.ods…")
@click.option("--dry-run", is_flag=True, help="只檢查，不匯入。Only look through.")
@click.option("--who", default="", metavar="NAME", help="誰匯入，記入紀錄。Who imports, for the log.")
@asked_for
def import_(asked: Asked, files: Sequence[Path], dry_run: bool, who: str) -> int:
    """匯入填好的量表；有一格不對就全部不匯入。Import filled sheets; one wrong cell and nothing is imported."""
    from harness.agency import load_agency
    from harness.external.keep import call_id_of, keep_filled, read_filled
    from harness.store import open_store

    agency, now = load_agency(asked.agency), clocks.now()
    with open_store(agency.database) as store:
        found = read_filled(files, agency, store, now=now)
        if not dry_run:
            keep_filled(found, agency, store, files=files, who=who or "?", now=now)
    calls = [{"call_id": call_id_of(one), **_told(one)} for one, _ in found]
    if asked.as_json:
        print_json({"schema": "thirdring.external_import/1", "dry_run": dry_run, "calls": calls})
        return DONE
    print_lines([say("external.would_import" if dry_run else "external.imported", count=len(calls))])
    _table(calls)
    return DONE


@external.command("list")
@asked_for
def list_external(asked: Asked) -> int:
    """列出外部測試。List the calls of the external series."""
    from harness.agency import load_agency
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        rows = [row for row in store.list_calls(limit=2**62) if row["series"] == "external"]
        calls = [_kept(row, store.sheets(row["call_id"])[-1], agency) for row in rows]
    if asked.as_json:
        print_json({"schema": "thirdring.external/1", "calls": calls})
    elif calls:
        _table(calls)
    else:
        print_lines([say("external.none")])
    return DONE


def _told(one: Filled) -> dict[str, Any]:
    from harness.documents.roc import roc_minute
    from rubric.sheet import json_number

    told = {"file": one.page.file, "page": one.page.name, "unit": one.unit, "at": one.at.isoformat()}
    return told | {
        "when": roc_minute(one.at),
        "who": f"{one.came_from} {one.tester}",
        "total": json_number(one.sheet.total),
    }


def _kept(row: dict[str, Any], sheet: dict[str, Any], agency: Agency) -> dict[str, Any]:
    from harness.documents.roc import roc_minute

    at = datetime.fromisoformat(row["started_at"])
    told = {"call_id": row["call_id"], "unit": row["unit"], "at": row["started_at"], "when": roc_minute(at)}
    return told | {"who": sheet["who"], "total": sheet["sheet"]["total"]}


def _table(calls: Sequence[dict[str, Any]]) -> None:
    headings = [label(f"programme.column_{name}") for name in ("call", "unit", "when", "tester", "total")]
    names = ("call_id", "unit", "when", "who", "total")
    print_table(headings, [[one[name] for name in names] for one in calls])
