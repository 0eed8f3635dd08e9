"""How often a call may be placed: so many at once, an hour, a day, to one number; none to who is in a call by us."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from harness.desk_legs import DeskLeg, legs_up
from harness.errors import Refused
from harness.ledger import Claim
from harness.number_gate.called_number import To

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.directory import Unit
    from harness.lines import LineSettings

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


def refuse_over_caps(
    day: Sequence[Claim], unit: Unit, number: str, line: LineSettings, agency: Agency, now: datetime, to: To
) -> None:
    caps = agency.settings.caps
    up = [claim for claim in day if claim.in_flight]
    # Two calls at once to one number, or to one switchboard's operator, would each make the other busy.
    # So would a tester whose own telephone that is, and who talks on it in another test.
    legs, theirs = legs_up(agency), {number, unit.digits, unit.extension} - {""}
    if any(claim.number == number for claim in up) or any(theirs & leg.numbers for leg in legs):
        raise Refused("refused.number_in_call", number=number)
    if to == "switchboard" and any(claim.switchboard == _site(unit, agency) for claim in up):
        raise Refused("refused.switchboard_in_call", site=_site(unit, agency))
    refuse_cap("refused.at_once", up, agency.settings.at_once)
    most = line.max_calls or agency.settings.at_once
    on_line = [claim for claim in up if claim.line == line.id]
    channels = [leg for leg in legs if leg.line == line.id] if line.max_calls else []
    refuse_cap("refused.line_full", [*on_line, *channels], most, line=line.id)
    refuse_cap("refused.per_hour", [claim for claim in day if claim.within(HOUR, now)], caps.calls_per_hour)
    refuse_cap("refused.per_day", day, caps.calls_per_day)
    same = [claim for claim in day if claim.rang(number)]
    refuse_cap("refused.per_number", same, caps.calls_per_number_per_day)


def _site(unit: Unit, agency: Agency) -> str:
    site = agency.site(unit.site)
    return site.id if site else ""


def refuse_cap(key: str, counted: Sequence[Claim | DeskLeg], cap: int, **values: Any) -> None:
    if len(counted) >= cap:
        raise Refused(key, count=len(counted), cap=cap, **values)
