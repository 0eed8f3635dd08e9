"""`thirdring import-call`: recordings from elsewhere become calls of the agency."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE
from harness.words import label, say

if TYPE_CHECKING:
    from harness.planned_call import TestCall


@click.command("import-call")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE|DIR…")
@click.option("--unit", default="", metavar="UNIT", help="打給哪一個單位。The unit that was called.")
@click.option("--started", default="", metavar="2026-11-20T10:05", help="通話開始的日期時間。When the call began.")
@click.option(
    "--far",
    type=click.Choice(["left", "right", "mixed"]),
    help="受測單位在哪一聲道；混音用 mixed。The tested unit's channel, or mixed.",
)
@click.option(
    "--names",
    "pattern",
    default="",
    metavar="PATTERN",
    help="檔名格式，例如 {YYYY}{MM}{DD}-{hh}{mm}{ss}_{number}。How the recorder names its files.",
)
@click.option("--scenario", default="", metavar="NAME", help="依哪一個情境測的。The scenario gone by.")
@click.option("--from-dialling", is_flag=True, help="錄音從撥號就開始。They begin with the dialling.")
@click.option("--skip-known", is_flag=True, help="略過匯入過的檔案。Leave out files imported before.")
@click.option("--dry-run", is_flag=True, help="只檢查，不匯入。Only look through.")
@click.option("--who", default="", metavar="NAME", help="誰匯入，記入紀錄。Who imports, for the log.")
@asked_for
def import_call(
    asked: Asked,
    paths: Sequence[Path],
    unit: str,
    started: str,
    far: str | None,
    pattern: str,
    scenario: str,
    from_dialling: bool,
    skip_known: bool,
    dry_run: bool,
    who: str,
) -> int:
    """匯入別處錄的測試通話（WAV、FLAC、MP3、M4A、整個資料夾）；有一檔不對就全部不匯入。

    Import test calls recorded elsewhere; one wrong file and nothing is imported.
    """
    from harness.agency import load_agency
    from harness.imported.keep import import_files
    from harness.imported.read import Told, files_of
    from harness.store import open_store

    agency, files = load_agency(asked.agency), files_of(paths)
    told = Told(
        unit=unit, started=started, pattern=pattern, far=far or "", scenario=scenario, from_dialling=from_dialling
    )
    with open_store(agency.database) as store:
        kept = import_files(
            files, told, agency, store, who=who or "?", now=clocks.now(), skip_known=skip_known, dry_run=dry_run
        )
    _show(asked, kept, skipped=len(files) - len(kept), dry_run=dry_run)
    return DONE


def _show(asked: Asked, kept: Sequence[TestCall], *, skipped: int, dry_run: bool) -> None:
    calls = [_told(test) for test in kept]
    if asked.as_json:
        told = {"dry_run": dry_run, "skipped": skipped, "calls": calls}
        print_json({"schema": "thirdring.import_call/1", **told})
        return
    print_lines([say("imported.would" if dry_run else "imported.done", count=len(calls))])
    print_lines([say("imported.skipped", count=skipped)] if skipped else [])
    columns = ("call", "unit", "when")
    headings = [*(label(f"programme.column_{one}") for one in columns), label("column.outcome"), label("column.rings")]
    print_table(headings, [[one[name] for name in ("call_id", "unit", "at", "outcome", "rings")] for one in calls])
    for key in dict.fromkeys(key for one in calls for key in one["problems"]):
        print_lines(["", say(key)])


def _told(test: TestCall) -> dict[str, Any]:
    from harness.kept_call import call_row

    row = call_row(test, {"path": "", "sha256": ""})
    latency = [row["answer_latency_earliest_s"], row["answer_latency_latest_s"]]
    told = {name: row[name] for name in ("call_id", "unit", "outcome", "rings")} | {"at": row["started_at"]}
    problems = list(test.measured.problems)
    return told | {"answer_latency_s": latency, "problems": problems, "open_items": len(test.sheet.open)}
