"""`thirdring remark`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from harness.assisted.state import REMARKS
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import DONE
from harness.words import label, say

if TYPE_CHECKING:
    from harness.agency import Agency


@click.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option(
    "--what",
    type=click.Choice(REMARKS),
    help="放棄、轉錯單位、拒絕協助、留了回電號碼、對方回電了；不給就只列出。What happened; none: only list.",
)
@click.option("--number", default="", metavar="NUMBER", help="留下的回電號碼。The number that was left.")
@click.option("--at", default="", metavar="TIME", help="單位幾點回電，如 2026-11-20 14:05。When it called back.")
@click.option("--note", default="", metavar="TEXT", help="說明。More about it.")
@click.option("--who", default="", metavar="NAME", help="是誰說的。Who says so.")
@asked_for
def remark(asked: Asked, call_id: str, what: str | None, number: str, at: str, note: str, who: str) -> int:
    """記下一通電話發生的事，以及單位後來有沒有回電。Say what happened in a call; tell whether the unit rang back."""
    from harness.agency import load_agency
    from harness.assisted.remarks import happened, time_of
    from harness.assisted.remarks import remark as keep
    from harness.errors import WrongInput
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        if what is not None:
            if not who:
                raise WrongInput("assisted.who")
            keep(call_id, what, who=who, store=store, number=number, note=note, at=time_of(at, agency.zone))
        told = happened(store.get_call(call_id), agency, store)
    if asked.as_json:
        print_json(told)
    else:
        print_lines(list(lines_of(told, agency)) or [say("assisted.nothing_said")])
    return DONE


def lines_of(told: dict[str, Any], agency: Agency) -> list[str]:
    """What people said of a call, a line each."""
    lines = []
    for row in (*told["marks"], *told["remarks"]):
        at = "" if row["at_s"] is None else f"{row['at_s']:7.2f} s  "
        more = "  ".join(row["detail"].get(name, "") for name in ("number", "at", "note")).strip()
        what = label(f"mark.{row['what']}")
        lines.append(f"{at}{what}  {row['who']}  {more}".rstrip())
    for one in told["rang_back"]:
        local = datetime.fromisoformat(one["at"]).astimezone(agency.zone)
        when = {"at": f"{local:%Y-%m-%d %H:%M}", "caller": one["caller"], "minutes": one["after_min"]}
        sure = "assisted.rang_back" if one["sure"] else "assisted.rang_back_maybe"
        lines.append(say("assisted.rang_back_switchboard" if one["by_switchboard"] else sure, **when))
    return lines
