"""Calls that another process of the agency has up, `thirdring call` at a terminal say, as the ledger knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.ledger import Claim, claims
from harness.number_text import digits_of
from harness.web.visit import Visit

LATELY = timedelta(hours=2)
"""No call is longer than half an hour, whatever a clock was set to meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """One of them."""

    unit: str
    """The unit that is called, by its name."""
    line: str
    """The line that it is on; empty: not known."""
    since: datetime
    """When it was dialled, UTC."""


def in_flight(visit: Visit) -> tuple[Claim, ...]:
    """Every call that may be up, whoever began it."""
    return tuple(one for one in claims(visit.agency, since=visit.now - LATELY) if one.in_flight)


def calls_elsewhere(visit: Visit) -> tuple[Elsewhere, ...]:
    """Calls in flight that this process knows nothing of. No number is called twice at a time: it tells them apart."""
    own = {digits_of(one.state().number) for one in visit.site.calls.up()}
    names = {one.unit: one.name or one.unit for one in visit.agency.units}
    return tuple(
        Elsewhere(unit=names.get(one.unit, one.unit), line=one.line, since=one.claimed_at)
        for one in in_flight(visit)
        if one.number not in own
    )
