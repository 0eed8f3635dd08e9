"""What may be pressed inside a call: a menu's keys and one extension, which together never dial a number outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import Refused
from harness.number_gate.forbidden_numbers import EMERGENCY, LONGEST_IN_CALL, OUTSIDE_LINES, REASONS, Reason, forbidden
from harness.number_text import digits_of

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.lines import LineSettings

_LOCAL = re.compile(r"^0(?:836|826|37|49|82|89|[2-8])(?=[2-9])([0-9]{5,8})$")  # area code, then the number
_MENU_KEYS = 2  # digits of a menu's choice; whatever is longer must be an extension of the directory
_LOCAL_DIGITS = 6  # of the shortest numbers outside (area codes 037, 082, 089), unless the directory tells of others
_REASONS: dict[str, Reason] = {
    "service": REASONS["service"],
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
    prefixes: tuple[str, ...] = OUTSIDE_LINES
    """What may lead to a line outside."""
    local_digits: int = _LOCAL_DIGITS
    """Digits of the shortest number outside that has no area code."""


NO_EXTENSION = Keys()


def permit_digits(digits: str, *, before: tuple[str, ...] = (), keys: Keys = NO_EXTENSION) -> str:
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
        prefixes=tuple(dict.fromkeys((*OUTSIDE_LINES, *filter(None, (line.outside_prefix,))))),
        local_digits=min(local, default=_LOCAL_DIGITS),
    )


def _reason_against(presses: list[str], keys: Keys) -> Reason | None:
    last = presses[-1]
    if not all(re.fullmatch(r"[0-9]+", press) for press in presses):
        return _REASONS["code"]
    reason = forbidden(last)
    if reason or len(last) > LONGEST_IN_CALL:
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
        if any(EMERGENCY.fullmatch(digits[:n]) for n in whole):
            return _REASONS["service"]
        # Nobody's number outside begins with 1; one that begins with 0 has nine digits and more.
        longest = LONGEST_IN_CALL if digits.startswith("0") else keys.local_digits - 1
        longest = longest if prefix else max(longest, LONGEST_IN_CALL)
        if len(digits) > longest and not digits.startswith("1"):
            return _REASONS["outside"]
    return None
