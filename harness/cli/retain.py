"""`thirdring retain`: sound that has been kept long enough."""

from __future__ import annotations

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE, WrongInput
from harness.words import label, say


@click.command()
@click.option("--delete", is_flag=True, help="真的刪除並留下紀錄；不加只列出。Delete and log; without it only list.")
@click.option("--who", default="", metavar="NAME", help="誰刪的（--delete 時必填）。Who deletes (with --delete).")
@asked_for
def retain(asked: Asked, delete: bool, who: str) -> int:
    """列出或刪除保存期滿的錄音；異議、複核中的不刪，量表都留著。List or delete sound kept long enough; sheets stay."""
    from harness.agency import load_agency
    from harness.programme.retention import delete_sound, expired
    from harness.programme.settings import read_programme
    from harness.store import open_store

    if delete and not who.strip():
        raise WrongInput("programme.who_deletes")
    agency, now = load_agency(asked.agency), clocks.now()
    with open_store(agency.database) as store:
        due = expired(agency, store, read_programme(agency.folder), today=now.astimezone(agency.zone).date())
        for one in due if delete else ():
            delete_sound(one, store, who=who.strip(), now=now)
    rows = [(one.call_id, str(one.day), str(one.due), len(one.files)) for one in due]
    if asked.as_json:
        keys = ("call_id", "day", "due", "files")
        calls = [dict(zip(keys, row, strict=True)) for row in rows]
        print_json({"schema": "thirdring.retention/1", "deleted": delete, "calls": calls})
        return DONE
    print_lines([say("programme.deleted" if delete else "programme.would_delete", count=len(rows))])
    if rows:
        print_table([label(f"programme.column_{name}") for name in ("call", "day", "due", "files")], rows)
    return DONE
