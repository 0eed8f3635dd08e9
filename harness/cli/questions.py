"""`thirdring questions`: what may be asked, and what to ask a unit next."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.errors import DONE
from harness.words import say


@click.command()
@click.argument("unit", required=False)
@asked_for
def questions(asked: Asked, unit: str | None) -> int:
    """題庫；寫單位就提議下一通要問的兩題。The questions; with UNIT the two to ask it next, and their answers."""
    from harness.agency import load_agency
    from harness.number_gate import find_unit
    from harness.questions import PROPOSED, last_asked, propose, read_questions
    from harness.store import open_store

    agency, now = load_agency(asked.agency), datetime.now(UTC)
    found = read_questions(agency.folder, units=[one.unit for one in agency.units])
    if unit is not None:
        name = find_unit(unit, agency.units).unit
        with open_store(agency.database) as store:
            before = last_asked(name, store)
        found = propose(name, found, today=now.astimezone(agency.zone).date(), asked=before)
        if len(found) < PROPOSED:
            tell(say("questions.few", unit=name, count=len(found), least=PROPOSED))
    if asked.as_json:
        rows = [asdict(one) | {"valid_to": one.valid_to and str(one.valid_to)} for one in found]
        print_json({"schema": "thirdring.questions/1", "questions": rows})
        return DONE
    for one in found:
        print_lines(
            [f"{one.unit}  {one.question}", f"    → {one.answer}", *([f"    {one.source}"] if one.source else [])]
        )
    return DONE
