"""Who gets a permit: the one place that decides, from all that the modules beside it forbid; nothing else makes one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from harness.errors import Refused
from harness.ledger import claims
from harness.number_gate.called_number import To, find_unit, number_of
from harness.number_gate.caps import DAY, refuse_over_caps
from harness.number_gate.desk_telephone import readings, refuse_in_test
from harness.number_gate.following import numbers_to_follow
from harness.number_gate.forbidden_numbers import forbidden, forbidden_as_sent
from harness.number_gate.line_address import is_ours, refuse_caller, refuse_crafted, servers_of
from harness.number_gate.office_hours import refuse_closed, refuse_unannounced
from harness.number_gate.permits import SEAL, Permit
from harness.number_gate.pressed_digits import keys_of
from harness.number_text import PLAIN_ADDRESS

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.tester_telephones import DeskTelephone


def permit(number_or_unit: str, agency: Agency, *, now: datetime, to: To = "unit", recording: bool = True) -> Permit:
    """Give leave to dial a unit (by id, number or extension), or raise Refused with the reason.

    `now` is aware of its zone. That the string is in the directory is checked before everything else.
    Ask and claim under `harness.ledger.one_at_a_time`: only then do the caps hold between processes.
    """
    if now.utcoffset() is None:
        raise ValueError("permit: `now` must be aware of its zone")
    unit = find_unit(number_or_unit, agency.units)
    if agency.settings.recordings_only:
        raise Refused("refused.recordings_only")
    number, line_id = number_of(unit, agency, to)
    line = agency.line(line_id)
    if not number:
        raise Refused("refused.no_number", unit=unit.unit)
    reason = forbidden(number) or forbidden_as_sent(number, line)
    if reason:
        raise Refused("refused.forbidden", number=number, reason=reason)
    refuse_crafted(number, line)
    refuse_caller(line)
    refuse_closed(unit, agency, now)
    if recording:
        refuse_unannounced(agency, now)
    day = [claim for claim in claims(agency, since=now - DAY) if claim.in_flight or claim.within(DAY, now)]
    refuse_over_caps(day, unit, number, line, agency, now, to)
    return Permit(
        unit=unit,
        to=to,
        number=number,
        uri=line.address(number),
        line_id=line.id,
        issued_at=now,
        follows=numbers_to_follow(day, number, line, agency, now),
        servers=servers_of(line),
        outside_prefix=line.outside_prefix,
        template=line.address("{number}"),
        keys=keys_of(agency, line),
        longest_s=agency.settings.caps.longest_call_s,
        seal=SEAL,
    )


def permit_telephone(
    telephone: DeskTelephone, agency: Agency, *, beside: Permit, now: datetime, channels: int = 1
) -> Permit:
    """Give leave to ring a tester's own telephone for a call that is permitted, or raise Refused with the reason.

    Only what agency.toml configures for a tester, or a process of this machine; never a number that nobody may dial,
    nor the one that the test is for, or that another test is on. It may lead nowhere, no key may be pressed in it, and
    it counts in no cap but its line's `max_calls`, of which `channels` must be free: it is no test of anybody. A
    redirected telephone is not followed. Ask and note the leg under `harness.ledger.one_at_a_time`.
    """
    if telephone not in agency.settings.telephones and not telephone.on_loopback:
        raise Refused("refused.telephone_unknown", tester=telephone.tester)
    line = agency.line(telephone.line or beside.line_id)
    number, uri = telephone.digits, telephone.address or line.address(telephone.digits)
    # An address is dialled as it stands: whatever line's exchange reads it, no prefix of one may hide what it dials.
    read = readings(telephone, agency)
    reason = next(filter(None, [forbidden_as_sent(one, line) or forbidden(one) for one in sorted(read)]), None)
    if reason:
        raise Refused("refused.forbidden", number=number, reason=reason)
    if read & {beside.number, beside.unit.digits, beside.unit.extension}:
        raise Refused("refused.telephone_tested", tester=telephone.tester, number=number, unit=beside.unit.unit)
    refuse_in_test(read, telephone, line, agency, now, channels)
    if telephone.number:
        refuse_crafted(number, line)
    elif not PLAIN_ADDRESS.fullmatch(uri) or is_ours(uri, agency):
        # What a server of ours makes of it nobody knows: there a telephone is a number on its line.
        raise Refused("refused.telephone_unknown", tester=telephone.tester)
    refuse_caller(line)
    return Permit(
        unit=beside.unit,
        to="tester",
        number=number or telephone.tester,
        uri=uri,
        line_id=line.id,
        issued_at=now,
        longest_s=beside.longest_s,
        seal=SEAL,
    )
