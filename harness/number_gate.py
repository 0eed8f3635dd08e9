"""The number gate: the one place that may permit a telephone to be rung. No configuration switches it off.

A number is dialled only with a `Permit`, and only `permit` makes one: for a number of the agency's own
directory that is no emergency, service, premium or international number, in office hours, within the caps,
and recorded only when the staff were told. The telephone redeems it, once. Where the far end leads a call
(`follow`) and what is pressed inside it (`permit_digits`) is judged here too. Everything else is Refused
(exit status 4). It is one file so that it can be read as one: that is worth more than a short file.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field, fields
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, Protocol

from harness.desk_legs import DeskLeg, legs_up
from harness.errors import Refused
from harness.hours import DAYS, days_said
from harness.ledger import Claim, claims
from harness.number_text import PLAIN_ADDRESS, Target, digits_of, place_of, target_of

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.directory import Unit
    from harness.lines import LineSettings
    from harness.tester_telephones import DeskTelephone

To = Literal["unit", "switchboard"]
Reason = dict[str, str]

_OUTSIDE_LINES = ("0", "9")  # what a PBX commonly wants before a number outside, whatever is configured

# 1xx of the public network: emergency (110, 112, 113, 117, 118, 119, 165) and the blocks of service numbers
# 10x, 11x, 12x and 16x around them (operators, directory, repairs, time, weather, traffic); 188 a carrier's.
_SERVICE = re.compile(r"1[0126]\d|188|19\d\d")
_EMERGENCY = re.compile(r"11[023789]|165|19\d\d")
_LOCAL = re.compile(r"^0(?:836|826|37|49|82|89|[2-8])(?=[2-9])([0-9]{5,8})$")  # area code, then the number
_LONGEST_IN_CALL = 6  # digits of an extension; a longer string inside a call would be a number outside
_OWN_URI = re.compile(r"sips?:[0-9]{1,22}@[^@;?]+(;transport=(udp|tcp|tls)|;user=phone)*")
_MENU_KEYS = 2  # digits of a menu's choice; whatever is longer must be an extension of the directory
_LOCAL_DIGITS = 6  # of the shortest numbers outside (area codes 037, 082, 089), unless the directory tells of others
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
_SEAL = object()
_SECRET = secrets.token_bytes(32)  # of this process: a permit of another one, or of a file, proves nothing here
_REDEEMED: set[str] = set()
PERMIT_LASTS_S = 120.0
"""A permit that was not dialled for so long tells nothing any more of hours and caps; a telephone starts in 15 s."""

_REASONS: dict[str, Reason] = {
    "service": {"zh": "緊急或特種服務號碼", "en": "an emergency or service number"},
    "international": {"zh": "國際電話（00x、01x）", "en": "an international call (00x, 01x)"},
    "premium": {"zh": "付費語音（020x）", "en": "a premium number (020x)"},
    "code": {"zh": "以 * 或 # 組成的功能碼", "en": "a star or hash code"},
    "outside": {"zh": "通話中不能再撥外線", "en": "a number outside, dialled inside a call"},
    "not_extension": {
        "zh": "通話中只能按一兩碼的選單鍵，或名冊裡的分機",
        "en": "only menu keys of one or two digits and extensions of the directory may be pressed",
    },
    "second_extension": {"zh": "一通電話只能按一個分機", "en": "a second extension within one call"},
}


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What may be pressed inside a call, beside a menu's keys."""

    extensions: frozenset[str] = frozenset()
    """Extensions of the directory."""
    prefixes: tuple[str, ...] = _OUTSIDE_LINES
    """What may lead to a line outside."""
    local_digits: int = _LOCAL_DIGITS
    """Digits of the shortest number outside that has no area code."""


_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NO_EXTENSION = Keys()


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Leave to dial one number once. Made by `permit` and by nothing else."""

    unit: Unit
    """The unit that is called."""
    to: To | Literal["tester"]
    """Whose number it is: the unit's own, its site's switchboard, or a tester's own telephone (`permit_telephone`)."""
    number: str
    """The number, digits only, without an outside-line prefix; of a tester's SIP address its name."""
    uri: str
    """The SIP URI to invite."""
    line_id: str
    """The line to call on."""
    issued_at: datetime
    """When the gate said yes."""
    follows: tuple[str, ...] = ()
    """Numbers and extensions, digits only, to which a redirection or a transfer of this call may lead."""
    servers: tuple[str, ...] = ()
    """Hosts of the line's own server: elsewhere the same digits are another telephone."""
    outside_prefix: str = ""
    """What the line's PBX wants before a number outside."""
    template: str = ""
    """SIP URI on the line, `{number}` standing for what its server gets."""
    keys: Keys = _NO_EXTENSION
    """What may be pressed inside the call."""
    longest_s: float = 300.0
    """The call is ended after so many seconds."""
    issued_s: float = 0.0
    """When the gate said yes, on the monotonic clock, which nobody sets back."""
    nonce: str = ""
    """Unlike every other permit's."""
    proof: str = field(default="", repr=False, compare=False)
    """What only the gate of this process can make of all the other fields."""
    seal: InitVar[object]
    """Shows that the gate makes it; not kept, so that a copy with another number is no permit."""

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a Permit is made by harness.number_gate.permit only")
        object.__setattr__(self, "nonce", secrets.token_hex(16))
        object.__setattr__(self, "issued_s", time.monotonic())
        object.__setattr__(self, "proof", _proof(self))

    def __repr__(self) -> str:
        return f"Permit({self.unit.unit}, {self.number}, {self.uri})"


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
    _refuse_crafted(number, line)
    _refuse_caller(line)
    _refuse_closed(unit, agency, now)
    if recording:
        _refuse_unannounced(agency, now)
    day = [claim for claim in claims(agency, since=now - DAY) if claim.in_flight or claim.within(DAY, now)]
    _refuse_over_caps(day, unit, number, line, agency, now, to)
    return Permit(
        unit=unit,
        to=to,
        number=number,
        uri=line.address(number),
        line_id=line.id,
        issued_at=now,
        follows=_follows(day, number, line, agency, now),
        servers=_servers(line),
        outside_prefix=line.outside_prefix,
        template=line.address("{number}"),
        keys=keys_of(agency, line),
        longest_s=agency.settings.caps.longest_call_s,
        seal=_SEAL,
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
    _refuse_in_test(read, telephone, line, agency, now, channels)
    if telephone.number:
        _refuse_crafted(number, line)
    elif not PLAIN_ADDRESS.fullmatch(uri) or _is_ours(uri, agency):
        # What a server of ours makes of it nobody knows: there a telephone is a number on its line.
        raise Refused("refused.telephone_unknown", tester=telephone.tester)
    _refuse_caller(line)
    return Permit(
        unit=beside.unit,
        to="tester",
        number=number or telephone.tester,
        uri=uri,
        line_id=line.id,
        issued_at=now,
        longest_s=beside.longest_s,
        seal=_SEAL,
    )


def readings(telephone: DeskTelephone, agency: Agency) -> frozenset[str]:
    """Every number, digits only, that a tester's telephone may be: as it stands, and without each line's prefix."""
    number = telephone.digits
    return frozenset({number, *(number.removeprefix(one.outside_prefix) for one in agency.settings.lines)} - {""})


def redeem(leave: Permit) -> str:
    """Give the SIP URI of a permit, once; Refused for one that the gate did not make, or is used or old.

    Every telephone asks this before its INVITE: a copy, a changed or an unpickled permit dials nothing.
    """
    if type(leave) is not Permit or not hmac.compare_digest(leave.proof, _proof(leave)):
        raise Refused("refused.permit_forged")
    if leave.nonce in _REDEEMED:
        raise Refused("refused.permit_used", number=leave.number)
    if not 0 <= time.monotonic() - leave.issued_s <= PERMIT_LASTS_S:
        raise Refused("refused.permit_old", number=leave.number, seconds=f"{PERMIT_LASTS_S:g}")
    _REDEEMED.add(leave.nonce)
    return leave.uri


def _proof(leave: Permit) -> str:
    said = "\0".join(_said(getattr(leave, one.name)) for one in fields(Permit) if one.name != "proof")
    return hmac.new(_SECRET, said.encode(), sha256).hexdigest()


def _said(value: object) -> str:
    """One text for one value: a set tells its members in another order when it was copied."""
    if isinstance(value, Keys):
        return "\0".join(_said(getattr(value, one.name)) for one in fields(Keys))
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _new_process() -> None:
    global _SECRET
    _SECRET = secrets.token_bytes(32)  # a permit that was redeemed there must not be redeemed here again


os.register_at_fork(after_in_child=_new_process)


def follow(uri: str, leave: Leads, *, came_from: str = "") -> str:
    """Give the URI to invite where a 3xx Contact or a Refer-To of a permitted call leads, or raise Refused.

    The URI that came is only read, never dialled: its number goes to the line's own server, with nothing of
    what else stood in it but a `Replaces` (attended transfer, RFC 3891). Its host must be that server, or
    `came_from`, the address that the message itself came from: elsewhere the digits are another telephone.
    """
    target = target_of(uri)
    if target is None or target.extension or not target.digits:
        raise Refused("refused.follow_unreadable", uri=_shown(uri))
    if target.host and target.host not in (*leave.servers, came_from.lower()):
        raise Refused("refused.follow_server", uri=_shown(uri), servers=", ".join(leave.servers))
    number = _followed(target.digits, leave)
    if number is None or forbidden(number):
        raise Refused("refused.follow_number", uri=_shown(uri), number=target.digits)
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
        raise Refused("refused.follow_unreadable", uri=_shown(uri))
    return f"?{target.headers}"


def _shown(uri: str) -> str:
    """A foreign text for a sentence: nothing in it may look like another line."""
    return "".join(one if one.isprintable() else "?" for one in uri[:120])


def _servers(line: LineSettings) -> tuple[str, ...]:
    target = target_of(line.address("1"))
    return () if target is None else (target.host,)


def _is_ours(uri: str, agency: Agency) -> bool:
    """Whether an address is at a line's own server or proxy, however spelt; on this machine a port tells them apart."""
    told = [one for line in agency.settings.lines for one in (line.address("1"), line.proxy) if one]
    places, (host, port) = {place_of(one) for one in told}, place_of(uri)
    return (host, port) in places or (host not in _LOOPBACK and host in {there for there, _ in places})


def _follows(day: Sequence[Claim], number: str, line: LineSettings, agency: Agency, now: datetime) -> tuple[str, ...]:
    """Whom the gate would permit now on this line, but for the number itself and for who is in a call or at a cap."""
    cap = agency.settings.caps.calls_per_number_per_day
    counts = Counter(one for claim in day for one in {claim.number, *claim.led_to})
    busy = {claim.number for claim in day if claim.in_flight} | {one for one, n in counts.items() if n >= cap}
    busy |= {one for leg in legs_up(agency) for one in leg.numbers}
    local = now.astimezone(agency.zone)
    worked, found = _is_worked(agency, local.date()), set[str]()  # the calendar is read once, not once a unit
    for unit in agency.units:
        numbers = {unit.digits, unit.extension if agency.line(unit.line).id == line.id else ""} - {""}
        if worked and not numbers & busy and agency.hours_of(unit).hold(local):
            found |= numbers
    found |= {digits_of(site.switchboard) for site in agency.settings.sites} - busy
    allowed = (one for one in found - {"", number} if not (forbidden(one) or forbidden_as_sent(one, line)))
    return tuple(sorted(allowed))


def permit_digits(digits: str, *, before: tuple[str, ...] = (), keys: Keys = _NO_EXTENSION) -> str:
    """Give leave to press digits inside a call, or raise Refused; `before` is what was pressed in it already.

    A menu's key is one or two digits, whatever is longer must be an extension of the directory, one in a call.
    What was pressed one after the other is read together from each press on, for an exchange that waits for a
    number collects it in pieces: 1, 1, 0 is 110; 9, 2700, 1234 is a telephone outside.
    """
    presses = [press.removesuffix("#") for press in (*before, digits)]
    reason = _reason_against(presses, keys)
    if reason:
        raise Refused("refused.digits", digits=digits, reason=reason)
    return digits


def keys_of(agency: Agency, line: LineSettings) -> Keys:
    """Give what may be pressed inside a call to an agency."""
    numbers = [unit.digits for unit in agency.units] + [digits_of(site.switchboard) for site in agency.settings.sites]
    # An exchange dials numbers of its own area without their area code.
    local = [len(found[0]) for number in numbers for found in [_LOCAL.findall(number)] if found]
    return Keys(
        extensions=frozenset(unit.extension for unit in agency.units if unit.extension),
        prefixes=tuple(dict.fromkeys((*_OUTSIDE_LINES, *filter(None, (line.outside_prefix,))))),
        local_digits=min(local, default=_LOCAL_DIGITS),
    )


def _reason_against(presses: list[str], keys: Keys) -> Reason | None:
    last = presses[-1]
    if not all(re.fullmatch(r"[0-9]+", press) for press in presses):
        return _REASONS["code"]
    reason = forbidden(last)
    if reason or len(last) > _LONGEST_IN_CALL:
        return reason or _REASONS["outside"]
    if len(last) > _MENU_KEYS and last not in keys.extensions:
        return _REASONS["not_extension"]
    if len({press for press in presses if len(press) > _MENU_KEYS}) > 1:
        return _REASONS["second_extension"]
    # An exchange takes a menu's keys one by one: a number may begin with any of them.
    pieces = [piece for press in presses for piece in (press if len(press) <= _MENU_KEYS else [press])]
    together = ("".join(pieces[first:]) for first in range(len(pieces) - 1))
    found = (_amounts_to(digits, len(last), keys, menu=len(last) <= _MENU_KEYS) for digits in together)
    return next((one for one in found if one), None)


def _amounts_to(together: str, pressed: int, keys: Keys, *, menu: bool) -> Reason | None:
    """Judge the digits of several presses read together, as they stand and behind what leads outside."""
    for prefix in ("", *(one for one in keys.prefixes if together.startswith(one))):
        digits = together.removeprefix(prefix)
        # A menu's keys may complete an emergency number halfway; an extension's digits belong together.
        whole = range(len(digits) - pressed + 1, len(digits) + 1) if menu else (len(digits),)
        if any(_EMERGENCY.fullmatch(digits[:n]) for n in whole):
            return _REASONS["service"]
        # Nobody's number outside begins with 1; one that begins with 0 has nine digits and more.
        longest = _LONGEST_IN_CALL if digits.startswith("0") else keys.local_digits - 1
        longest = longest if prefix else max(longest, _LONGEST_IN_CALL)
        if len(digits) > longest and not digits.startswith("1"):
            return _REASONS["outside"]
    return None


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


def refuse_forbidden_text(text: str) -> None:
    """Refuse a forbidden number before any file is read, however broken the agency's folder is."""
    digits = digits_of(text)
    reason = forbidden(digits) if digits else None
    if reason:
        raise Refused("refused.forbidden", number=text.strip(), reason=reason)


def forbidden(digits: str) -> Reason | None:
    """Tell why a number (digits only) may never be dialled; None when nothing speaks against it.

    It is looked at as it stands, and again without an outside-line prefix.
    """
    for prefix in ("", *_OUTSIDE_LINES):
        if digits.startswith(prefix):
            rest = digits.removeprefix(prefix)
            reason = _forbidden_whole(rest)
            # An exchange that dials while it reads takes 9110 for done, whatever comes behind.
            if reason or (prefix and _EMERGENCY.match(rest)):
                return reason or _REASONS["service"]
    return None


def forbidden_as_sent(number: str, line: LineSettings) -> Reason | None:
    """Tell why a number may not leave on a line with the prefix that the line puts before it."""
    # The prefix 0 before 02… reads like 00x, so that as sent only the service numbers are looked for; an
    # exchange that dials while it reads takes 110 for done, whatever comes behind.
    sent = line.dialled(number)
    if _SERVICE.fullmatch(sent) or (sent != number and _EMERGENCY.match(sent)):
        return _REASONS["service"]
    return forbidden(number.removeprefix(line.outside_prefix))


def _forbidden_whole(digits: str) -> Reason | None:
    # No number outside begins with 1 but the short ones: a longer string is one of these with more behind it.
    if _SERVICE.fullmatch(digits) or (len(digits) > _LONGEST_IN_CALL and digits.startswith("1")):
        return _REASONS["service"]
    if len(digits) >= 3 and digits.startswith(("00", "01")):
        return _REASONS["international"]
    return _REASONS["premium"] if digits.startswith("020") else None


def _refuse_crafted(number: str, line: LineSettings) -> None:
    """Refuse a line whose template makes another address of the number than the number at its server."""
    uri = line.address(number)
    target = target_of(uri)
    if target is None or not _OWN_URI.fullmatch(uri) or target.digits != line.dialled(number):
        raise Refused("refused.template", line=line.id, uri=_shown(uri))


def _refuse_caller(line: LineSettings) -> None:
    """Refuse to call as somebody else: no emergency or service number, nothing hidden in the address.

    The numbers that a line owns are its `caller_ids`; all are of one server.
    """
    own = target_of(line.from_uri)
    for uri in (line.from_uri, *line.caller_ids):
        target = target_of(uri)
        plain = target is not None and not target.headers and not target.extension and "%" not in uri
        if not plain or target is None or own is None or target.host != own.host or forbidden(target.digits or "5"):
            raise Refused("refused.caller", line=line.id, uri=_shown(uri))


def number_of(unit: Unit, agency: Agency, to: To) -> tuple[str, str]:
    """Give the digits that a call to a unit needs, none where it has no number, and its line; no leave to dial them."""
    if to == "unit":
        return unit.digits or unit.extension, unit.line
    site = agency.site(unit.site)
    number = digits_of(site.switchboard) if site else ""
    if site is None or not number:
        raise Refused("refused.no_switchboard", unit=unit.unit)
    return number, site.line or unit.line


def _is_open(unit: Unit, agency: Agency, now: datetime) -> bool:
    local = now.astimezone(agency.zone)
    return _is_worked(agency, local.date()) and agency.hours_of(unit).hold(local)


def _is_worked(agency: Agency, day: date) -> bool:
    """Whether the office is open that day: nobody is measured by a telephone that rings on a public holiday."""
    from harness.programme.workdays import office_days

    hours = agency.settings.hours
    if hours.holidays:
        return DAYS[day.weekday()] in hours.days
    return office_days(agency.folder, hours.days).is_worked(day)


def _refuse_closed(unit: Unit, agency: Agency, now: datetime) -> None:
    if not _is_open(unit, agency, now):
        local = now.astimezone(agency.zone)
        if DAYS[local.weekday()] in agency.settings.hours.days and not _is_worked(agency, local.date()):
            raise Refused("refused.holiday", unit=unit.unit, day=f"{local:%Y-%m-%d}")
        days = agency.settings.hours.days
        when = {lang: f"{said} {agency.hours_of(unit)}" for lang, said in days_said(days).items()}
        moment = {lang: f"{said} {local:%H:%M}" for lang, said in days_said((DAYS[local.weekday()],)).items()}
        raise Refused("refused.closed", unit=unit.unit, hours=when, now=moment)


def _refuse_unannounced(agency: Agency, now: datetime) -> None:
    notice = agency.settings.recording_notice_date
    if notice is None:
        raise Refused("refused.no_notice")
    if notice > now.astimezone(agency.zone).date():
        raise Refused("refused.notice_later", date=notice.isoformat())


def _refuse_over_caps(
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
    _refuse_cap("refused.at_once", up, agency.settings.at_once)
    most = line.max_calls or agency.settings.at_once
    on_line = [claim for claim in up if claim.line == line.id]
    channels = [leg for leg in legs if leg.line == line.id] if line.max_calls else []
    _refuse_cap("refused.line_full", [*on_line, *channels], most, line=line.id)
    _refuse_cap("refused.per_hour", [claim for claim in day if claim.within(HOUR, now)], caps.calls_per_hour)
    _refuse_cap("refused.per_day", day, caps.calls_per_day)
    same = [claim for claim in day if claim.rang(number)]
    _refuse_cap("refused.per_number", same, caps.calls_per_number_per_day)


def _site(unit: Unit, agency: Agency) -> str:
    site = agency.site(unit.site)
    return site.id if site else ""


def _refuse_in_test(
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
        _refuse_cap("refused.line_full", [*taken, *taken_too], line.max_calls - channels + 1, line=line.id)


def _refuse_cap(key: str, counted: Sequence[Claim | DeskLeg], cap: int, **values: Any) -> None:
    if len(counted) >= cap:
        raise Refused(key, count=len(counted), cap=cap, **values)
