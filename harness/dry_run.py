"""What a call to each unit of the directory would dial, and what the number gate says to it now; nothing is dialled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from harness.agency import Agency
from harness.errors import ThirdringError
from harness.number_gate.called_number import number_of
from harness.test_call import dial_permit, plan_call


@dataclass(frozen=True, kw_only=True)
class WouldDial:
    """A unit's call as it would be."""

    unit: str
    """The unit's id."""
    name: str
    """What it is called."""
    number: str = ""
    """What would be dialled; empty: nothing could be."""
    line: str = ""
    """On which line."""
    scenario: str = ""
    """What would be done in the call."""
    wrong: ThirdringError | None = None
    """What is wrong with the unit's row, its scenario or the form; None: nothing."""
    refused: ThirdringError | None = None
    """Why the gate would refuse it at this moment; None: it would not."""


def would_dial(agency: Agency, *, now: datetime, most: int, after: int = 0) -> Iterator[WouldDial]:
    """Give `most` units of the directory, after the first so many."""
    for unit in agency.units[after : after + most]:
        found = WouldDial(unit=unit.unit, name=unit.name or unit.unit)
        try:
            plan = plan_call(unit.unit, agency)
            number, line_id = number_of(unit, agency, plan.to)
        except ThirdringError as error:
            yield replace(found, wrong=error)
            continue
        found = replace(found, number=number, line=agency.line(line_id).id, scenario=plan.scenario.name)
        try:
            dial_permit(plan, agency, now=now)
        except ThirdringError as error:
            yield replace(found, refused=error)
        else:
            yield found
