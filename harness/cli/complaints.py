"""`thirdring complaints`: complaints of telephones as somebody counted them, by unit, month and source."""

from __future__ import annotations

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.cli.programme import read_month
from harness.errors import DONE, WrongInput
from harness.words import label, say


@click.group()
@asked_for
def complaints(asked: Asked) -> None:
    """遭投訴電話件數：登記、列出。Complaints of telephones: type a number in, list them."""


@complaints.command()
@click.argument("unit", metavar="UNIT|*")
@click.argument("month", callback=read_month)
@click.argument("count", type=click.IntRange(0, 100_000))
@click.option("--source", required=True, metavar="TEXT", help="從哪裡來：首長信箱、1999、單位自報。Where they came in.")
@click.option("--who", required=True, metavar="NAME", help="誰登記。Who types it in.")
@click.option("--note", default="", metavar="TEXT", help="說明，例如更正的原因。A note, why it is corrected say.")
@asked_for
def add(asked: Asked, unit: str, month: str, count: int, source: str, who: str, note: str) -> int:
    """登記一個單位一個月的件數；再登記就是更正，前一筆留著。COUNT complaints of UNIT in MONTH; * is the whole agency.

    同一單位、月份、來源再登記一次即為更正，以最後一筆為準。Typed in again it is a correction; the last one counts.
    """
    from harness.agency import load_agency
    from harness.complaints import ALL, counted
    from harness.number_gate.called_number import find_unit
    from harness.store import open_store

    agency = load_agency(asked.agency)
    name = ALL if unit == ALL else find_unit(unit, agency.units).unit
    if not source.strip() or not who.strip():
        raise WrongInput("complaints.blank")
    with open_store(agency.database) as store:
        store.complaints.add(
            unit=name,
            month=month,
            source=source.strip(),
            count=count,
            note=note.strip(),
            who=who.strip(),
            now=clocks.now(),
        )
        months = counted(store, month, month)
    if asked.as_json:
        told = {"unit": name, "month": month, "source": source.strip(), "count": count, "who": who.strip()}
        print_json({"schema": "thirdring.complaint/1", **told, "month_total": months[month]})
    else:
        told = {"unit": name, "month": month, "source": source.strip(), "count": count}
        print_lines([say("complaints.kept", **told, total=months[month])])
    return DONE


@complaints.command("list")
@click.argument("first", callback=read_month, metavar="MONTH")
@click.argument("last", callback=read_month, metavar="[MONTH]", required=False)
@click.option("--entries", is_flag=True, help="連更正前的每一筆。Every entry, corrected ones too.")
@asked_for
def list_complaints(asked: Asked, first: str, last: str | None, entries: bool) -> int:
    """列出各單位各月的件數。List the numbers from one month to another."""
    from harness.agency import load_agency
    from harness.complaints import counted
    from harness.store import open_store

    agency = load_agency(asked.agency)
    until = last or first
    with open_store(agency.database) as store:
        rows = store.complaints.entries(first, until) if entries else store.complaints.counted(first, until)
        months = counted(store, first, until)
    if asked.as_json:
        print_json({"schema": "thirdring.complaints/1", "months": months, "complaints": rows})
        return DONE
    names = ("month", "unit", "source", "count", "who", "note")
    print_table([label(f"complaints.column_{name}") for name in names], [[row[n] for n in names] for row in rows])
    print_lines(say("complaints.total", month=month, total=total) for month, total in months.items())
    return DONE
