"""`thirdring rehear`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.cluster import by_cluster, cluster_of
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE
from harness.words import chosen, label, say

if TYPE_CHECKING:
    from harness.changes import Change
    from harness.rehearing import Rehearing


@click.command()
@click.argument("call_id", metavar="CALL_ID", required=False)
@click.option("--all", "every", is_flag=True, help="每一通。Every call.")
@by_cluster
@asked_for
def rehear(asked: Asked, call_id: str | None, every: bool, cluster: str | None, tls: Path | None) -> int:
    """用現在的耳朵重聽存下來的通話，列出會變的數字與分數。Hear kept calls again; list what would change, and why."""
    from harness import rehearing
    from harness.agency import load_agency
    from harness.store import open_store

    if every == (call_id is not None) or (cluster and not every):
        raise click.UsageError(say("ear.rehear_which"))
    agency, ears = load_agency(asked.agency), cluster_of(cluster, tls)
    with open_store(agency.database) as store:
        if call_id is not None:
            heard = [rehearing.rehear(call_id, agency, store)]
        elif ears is not None:
            from harness.cluster.rehearing import rehear_all_there

            heard = rehear_all_there(agency, store, ears)
        else:
            heard = rehearing.rehear_all(agency, store)
    counts = {status: sum(one.status == status for one in heard) for status in rehearing.STATUSES}
    if asked.as_json:
        told = {"schema": rehearing.SCHEMA, "ear": rehearing.ear_of_today(), **counts}
        print_json({**told, "calls": [one.to_dict() for one in heard]})
    else:
        _show(heard, counts)
    return DONE


def _show(heard: list[Rehearing], counts: dict[str, int]) -> None:
    rows = [row for one in heard for row in _rows(one)]
    if rows:
        names = ("call", "what", "before", "after", "why")
        print_table([label(f"ear.rehear_{one}") for one in names], rows)
        print_lines([""])
    print_lines(one.problem.sentence() for one in heard if one.problem is not None)
    told = say("ear.rehear_counts", **counts) if counts["changed"] else say("ear.rehear_same", **counts)
    print_lines([told])


def _rows(one: Rehearing) -> Iterable[list[object]]:
    yield from (_row(one.call_id, change, change.what) for change in one.numbers)
    points = label("ear.rehear_points")
    yield from (_row(one.call_id, change, f"{points} {change.what}") for change in one.points)


def _row(call_id: str, change: Change, what: str) -> list[object]:
    why = chosen(change.why["zh"], change.why["en"])
    return [call_id, what, _value(change.before), _value(change.after), why]


def _value(value: Any) -> str | None:
    if isinstance(value, dict) and set(value) == {"earliest", "latest"}:
        low, high = value["earliest"], value["latest"]
        return f"{low}" if low == high else f"{low:g}–{high:g}"
    return None if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
