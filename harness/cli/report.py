"""`thirdring report`: the papers of a period."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.cli.report_options import where_to
from harness.cli.report_period import half, month, quarter, year
from harness.cli.report_sheet import blank, machine_half, sheet
from harness.cli.report_whole_year import all_of_year
from harness.errors import DONE
from harness.words import say


@click.group()
@asked_for
def report(asked: Asked) -> None:
    """製作一段期間的文書：ODT、ODS、CSV，裝了就有 PDF。The papers of a period.

    PERIOD：2026-11、2026-Q4、2026-H2、2026，或民國 115-11。In either calendar.
    文書為中文；加 --lang en 為英文。The papers are in Chinese; with --lang en in English.
    """


@report.command()
@where_to
@click.option("--overwrite", is_flag=True, help="覆寫已有的範本。Replace templates that are there.")
@asked_for
def templates(asked: Asked, folder: Path, overwrite: bool) -> int:
    """複製文書範本，供機關修改。Copy the templates of the papers, to be changed."""
    from harness.papers.write import copy_templates

    found = copy_templates(folder, overwrite=overwrite)
    if asked.as_json:
        print_json({"schema": "thirdring.templates/1", "files": [str(path) for path in found]})
    else:
        print_lines([say("report.templates_written", n=len(found), folder=folder)])
    return DONE


for _one in (month, quarter, half, year, all_of_year, sheet, blank, machine_half):
    report.add_command(_one)
