"""A tester's own telephone: every number that it may be, and whether a test is on it now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from harness.desk_legs import legs_up
from harness.errors import Refused
from harness.ledger import claims
from harness.number_gate.caps import DAY, refuse_cap

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.lines import LineSettings
    from harness.tester_telephones import DeskTelephone


def readings(telephone: DeskTelephone, agency: Agency) -> frozenset[str]:
    """Every number, digits only, that a tester's telephone may be: as it stands, and without each line's prefix."""
    number = telephone.digits
    return frozenset({number, *(number.removeprefix(one.outside_prefix) for one in agency.settings.lines)} - {""})


def refuse_in_test(
    read: frozenset[str], telephone: DeskTelephone, line: LineSettings, agency: Agency, now: datetime, channels: int
) -> None:
    """Refuse to ring a telephone that a test is on, or would find engaged, and a line that has no channel for it."""
    up = [claim for claim in claims(agency, since=now - DAY) if claim.in_flight]
    units = {claim.unit for claim in up}
    tested = {one for unit in agency.units if unit.unit in units for one in (unit.digits, unit.extension)}
    tested |= {one for claim in up for one in (claim.number, *claim.led_to)}
    if read & tested:
        number = "、".join(sorted(read & tested))
        raise Refused("refused.telephone_in_test", tester=telephone.tester, number=number)
    if telephone.number and line.max_calls is not None:
        taken = [claim for claim in up if claim.line == line.id]
        taken_too = [leg for leg in legs_up(agency) if leg.line == line.id]
        refuse_cap("refused.line_full", [*taken, *taken_too], line.max_calls - channels + 1, line=line.id)
