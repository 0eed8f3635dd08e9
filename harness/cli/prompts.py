"""`thirdring prompt mark`, `list` and `suggest`."""

from __future__ import annotations

import click

from harness.cli.noted import note_change
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE
from harness.prompts.kinds import KINDS
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
    default="end",
    show_default=True,
    help="operator 報完總機代號；end 播完；menu 選單開始。The operator's key is said; the end; the menu begins.",
)
@click.option(
    "--kind",
    type=click.Choice(sorted(KINDS)),
    help="是哪一種錄音（預設：operator、menu 是選單，其餘 other）。What recording it is (default: a menu, else other).",
)
@click.option("--site", metavar="SITE", help="哪個處所（預設：那通電話的；檔案：每個）。Which site's switchboard.")
@click.option("--replace", is_flag=True, help="換掉同名的。Replace the mark of that name.")
@asked_for
def mark(
    asked: Asked, target: str, at_s: float, name: str, what: str, kind: str | None, site: str | None, replace: bool
) -> int:
    """在一段錄音裡標出一個時間點。Mark an instant of a recorded prompt."""
    from harness.prompts.marking import mark_prompt
    from harness.recording import sha256

    made, file = mark_prompt(
        target, agency_folder=asked.agency, at_s=at_s, name=name, what=what, kind=kind, site=site, replace=replace
    )
    note_change(asked.agency, "prompt_marked", command="prompt mark", name=made.name, at_s=at_s, sha256=sha256(file))
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
        columns = [label(f"ear.mark_{one}") for one in ("column_name", "column_what", "column_site", "column_from")]
        rows = [[m.name, m.what, m.site or "*", f"{m.marked_in} @ {m.at_s:.2f} s", m.kind] for m in marks]
        print_table([*columns, label("recording.kind")], rows)
    else:
        print_lines([say("ear.no_marks")])
    return DONE


@prompt.command()
@click.option(
    "--limit", type=click.IntRange(2, 10000), default=1000, show_default=True, help="最新的幾通。The newest calls."
)
@asked_for
def suggest(asked: Asked, limit: int) -> int:
    """找出兩通以上一字不差、還沒標記的聲音：多半是錄音。Find what was heard to the word in two calls: recordings."""
    from harness.agency import load_agency
    from harness.prompts.suggest import suggest as look
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        found, calls = look(agency, store, limit=limit)
    if asked.as_json:
        print_json({"schema": "thirdring.repeats/1", "calls": calls, "repeats": [one.to_dict() for one in found]})
        return DONE
    if not found:
        print_lines([say("recording.no_repeats", calls=calls)])
    for one in found:
        where = ", ".join(f"{place.call_id} @ {place.at_s:.1f} s" for place in one.heard[:5])
        first, values = one.heard[0], {"calls": len(one.heard), "where": where, "seconds": f"{one.seconds:.1f}"}
        at = f"{first.at_s + one.seconds:.1f}"
        print_lines([say("recording.repeated", call_id=first.call_id, at=at, **values)])
    return DONE
