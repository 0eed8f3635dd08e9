"""`thirdring confirm`."""

from __future__ import annotations

import click

from harness.cli.kept import shown
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import BELOW_STANDARD, DONE
from harness.words import label, say


@click.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option(
    "--whose",
    type=click.Choice(["theirs", "ours"]),
    required=True,
    help="對方的故障，或不是（作廢）。Their fault, or not: then the attempt is void.",
)
@click.option("--reason", default="", metavar="TEXT", help="怎麼知道的。How you know.")
@click.option("--who", required=True, metavar="NAME", help="是誰。Who says so.")
@asked_for
def confirm(asked: Asked, call_id: str, whose: str, reason: str, who: str) -> int:
    """由人確認「對方故障（待確認）」，另立一張量表。Say whether a candidate was their fault: a new sheet."""
    from harness.agency import load_agency
    from harness.confirming import confirm_fault
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        done = confirm_fault(call_id, whose, who=who, reason=reason, agency=agency, store=store)
    if asked.as_json:
        told = {"call_id": call_id, "whose": whose, "version": done.version, "who": who, "sheet": done.sheet}
        print_json({"schema": "thirdring.confirmed/1", **told})
    else:
        values = {"call_id": call_id, "version": done.version, "total": shown(done.sheet["total"])}
        print_lines([say("ending.confirmed", **values, whose=label(f"ending.said_{whose}"))])
    return BELOW_STANDARD if done.sheet["below_standard"] else DONE
