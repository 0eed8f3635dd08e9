"""Where the far end may lead a call (3xx, REFER): to whom the gate would permit now, at the line's own server."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from harness.desk_legs import legs_up
from harness.errors import Refused
from harness.ledger import Claim
from harness.number_gate.forbidden_numbers import forbidden, forbidden_as_sent
from harness.number_gate.line_address import shown
from harness.number_gate.office_hours import is_worked
from harness.number_gate.permits import Permit
from harness.number_text import Target, digits_of, target_of

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.lines import LineSettings


class Leads(Protocol):
    """What a permit says about where its call may be led; the telephone's process has a copy of it."""

    @property
    def follows(self) -> tuple[str, ...]: ...
    @property
    def servers(self) -> tuple[str, ...]: ...
    @property
    def outside_prefix(self) -> str: ...
    @property
    def template(self) -> str: ...


def follow(uri: str, leave: Leads, *, came_from: str = "") -> str:
    """Give the URI to invite where a 3xx Contact or a Refer-To of a permitted call leads, or raise Refused.

    The URI that came is only read, never dialled: its number goes to the line's own server, with nothing of
    what else stood in it but a `Replaces` (attended transfer, RFC 3891). Its host must be that server, or
    `came_from`, the address that the message itself came from: elsewhere the digits are another telephone.
    """
    target = target_of(uri)
    if target is None or target.extension or not target.digits:
        raise Refused("refused.follow_unreadable", uri=shown(uri))
    if target.host and target.host not in (*leave.servers, came_from.lower()):
        raise Refused("refused.follow_server", uri=shown(uri), servers=", ".join(leave.servers))
    number = _followed(target.digits, leave)
    if number is None or forbidden(number):
        raise Refused("refused.follow_number", uri=shown(uri), number=target.digits)
    sent = leave.outside_prefix + number if number.startswith("0") else number
    return leave.template.format(number=sent) + _replaces(target, uri)


def may_follow(uri: str, leave: Permit, *, came_from: str = "") -> bool:
    """Tell whether a redirection or a transfer of a permitted call may be followed; see `follow`."""
    try:
        follow(uri, leave, came_from=came_from)
    except Refused:
        return False
    return True


def _followed(digits: str, leave: Leads) -> str | None:
    """The number of `follows` that the far end means, written with or without the line's own prefix."""
    if digits in leave.follows:
        return digits
    outside = digits.removeprefix(leave.outside_prefix)
    return outside if outside.startswith("0") and outside in leave.follows else None


def _replaces(target: Target, uri: str) -> str:
    if not target.headers:
        return ""
    if not re.fullmatch(r"(?i)replaces=[A-Za-z0-9%.!~*'()_=;@:-]{1,300}", target.headers) or re.search(
        r"(?i)%0[0-9a-f]|%7f", target.headers
    ):
        raise Refused("refused.follow_unreadable", uri=shown(uri))
    return f"?{target.headers}"


def numbers_to_follow(
    day: Sequence[Claim], number: str, line: LineSettings, agency: Agency, now: datetime
) -> tuple[str, ...]:
    """Whom the gate would permit now on this line, but for the number itself and for who is in a call or at a cap."""
    cap = agency.settings.caps.calls_per_number_per_day
    counts = Counter(one for claim in day for one in {claim.number, *claim.led_to})
    busy = {claim.number for claim in day if claim.in_flight} | {one for one, n in counts.items() if n >= cap}
    busy |= {one for leg in legs_up(agency) for one in leg.numbers}
    local = now.astimezone(agency.zone)
    worked, found = is_worked(agency, local.date()), set[str]()  # the calendar is read once, not once a unit
    for unit in agency.units:
        numbers = {unit.digits, unit.extension if agency.line(unit.line).id == line.id else ""} - {""}
        if worked and not numbers & busy and agency.hours_of(unit).hold(local):
            found |= numbers
    found |= {digits_of(site.switchboard) for site in agency.settings.sites} - busy
    allowed = (one for one in found - {"", number} if not (forbidden(one) or forbidden_as_sent(one, line)))
    return tuple(sorted(allowed))
