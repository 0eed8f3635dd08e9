"""Which unit of the directory a person means, and the number and line that a call to it needs; no leave to dial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from harness.errors import Refused
from harness.number_gate.forbidden_numbers import refuse_forbidden_text
from harness.number_text import digits_of

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.directory import Unit

To = Literal["unit", "switchboard"]


def find_unit(text: str, units: tuple[Unit, ...]) -> Unit:
    """Give the unit that a person means by id, number or extension; Refused when it is none of these."""
    wanted = text.strip()
    digits = digits_of(wanted)
    for matches in (
        [unit for unit in units if unit.unit == wanted],
        [unit for unit in units if digits and unit.digits == digits],
        [unit for unit in units if digits and unit.extension == digits],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise Refused("refused.not_one", text=wanted, units=", ".join(unit.unit for unit in matches))
    refuse_forbidden_text(wanted)
    raise Refused("refused.not_in_directory", text=wanted)


def number_of(unit: Unit, agency: Agency, to: To) -> tuple[str, str]:
    """Give the digits that a call to a unit needs, none where it has no number, and its line; no leave to dial them."""
    if to == "unit":
        return unit.digits or unit.extension, unit.line
    site = agency.site(unit.site)
    number = digits_of(site.switchboard) if site else ""
    if site is None or not number:
        raise Refused("refused.no_switchboard", unit=unit.unit)
    return number, site.line or unit.line
