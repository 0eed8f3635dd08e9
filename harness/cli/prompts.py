"""`thirdring prompt mark` and `list`."""

from __future__ import annotations

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE
from harness.words import label, say


@click.group()
@asked_for
def prompt(asked: Asked) -> None:
    """語音錄音裡的標記：標一次，以後每通都找得到。Marks in recorded prompts, found again in every later call."""


@prompt.command()
@click.argument("target", metavar="CALL_ID|FILE")
@click.option("--at", "at_s", type=float, required=True, metavar="SECONDS", help="在錄音的第幾秒。Where, in seconds.")
@click.option("--name", required=True, metavar="NAME", help="標記的名稱。What to call the mark.")
@click.option(
    "--what",
    type=click.Choice(["operator", "end", "menu"]),
    required=True,
    help="operator 報完總機代號；end 播完；menu 選單開始。The operator's key is said; the end; the menu begins.",
)
@click.option("--site", metavar="SITE", help="哪個處所（預設：那通電話的；檔案：每個）。Which site's switchboard.")
@click.option("--replace", is_flag=True, help="換掉同名的。Replace the mark of that name.")
@asked_for
def mark(asked: Asked, target: str, at_s: float, name: str, what: str, site: str | None, replace: bool) -> int:
    """在一段錄音裡標出一個時間點。Mark an instant of a recorded prompt."""
    from harness.prompts.marking import mark_prompt

    made, file = mark_prompt(
        target, agency_folder=asked.agency, at_s=at_s, name=name, what=what, site=site, replace=replace
    )
    if asked.as_json:
        print_json({**made.to_dict(), "file": str(file)})
    else:
        print_lines([say("ear.marked", name=made.name, file=file)])
    return DONE


@prompt.command("list")
@asked_for
def list_marks(asked: Asked) -> int:
    """列出標記。List the marks."""
    from harness.prompts.marks import load_marks

    marks = load_marks(asked.agency)
    if asked.as_json:
        print_json({"schema": "thirdring.prompt_marks/1", "marks": [one.to_dict() for one in marks]})
    elif marks:
        headings = [label(f"ear.mark_{one}") for one in ("column_name", "column_what", "column_site", "column_from")]
        print_table(headings, [[m.name, m.what, m.site or "*", f"{m.marked_in} @ {m.at_s:.2f} s"] for m in marks])
    else:
        print_lines([say("ear.no_marks")])
    return DONE
