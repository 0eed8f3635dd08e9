"""Nobody tests the own unit, by whichever way: neither as its tester nor by taking its call over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import Refused
from harness.programme.settings import read_programme

if TYPE_CHECKING:
    from harness.agency import Agency


def refuse_own_unit(who: str, unit: str, agency: Agency) -> None:
    """Raise Refused where programme.toml says that somebody is of a unit (by id)."""
    if unit in [one.unit for one in read_programme(agency.folder).testers if one.name == who]:
        raise Refused("assisted.own_unit", tester=who, unit=unit)
