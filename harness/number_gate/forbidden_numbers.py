"""Which numbers nobody may ever dial, whatever the directory says: emergency, service, premium, international."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.errors import Refused
from harness.number_text import digits_of

if TYPE_CHECKING:
    from harness.lines import LineSettings

Reason = dict[str, str]

OUTSIDE_LINES = ("0", "9")  # what a PBX commonly wants before a number outside, whatever is configured

# 1xx of the public network: emergency (110, 112, 113, 117, 118, 119, 165) and the blocks of service numbers
# 10x, 11x, 12x and 16x around them (operators, directory, repairs, time, weather, traffic); 188 a carrier's.
_SERVICE = re.compile(r"1[0126]\d|188|19\d\d")
EMERGENCY = re.compile(r"11[023789]|165|19\d\d")
LONGEST_IN_CALL = 6  # digits of an extension; a longer string inside a call would be a number outside
REASONS: dict[str, Reason] = {
    "service": {"zh": "緊急或特種服務號碼", "en": "an emergency or service number"},
    "international": {"zh": "國際電話（00x、01x）", "en": "an international call (00x, 01x)"},
    "premium": {"zh": "付費語音（020x）", "en": "a premium number (020x)"},
}


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
    for prefix in ("", *OUTSIDE_LINES):
        if digits.startswith(prefix):
            rest = digits.removeprefix(prefix)
            reason = _forbidden_whole(rest)
            # An exchange that dials while it reads takes 9110 for done, whatever comes behind.
            if reason or (prefix and EMERGENCY.match(rest)):
                return reason or REASONS["service"]
    return None


def forbidden_as_sent(number: str, line: LineSettings) -> Reason | None:
    """Tell why a number may not leave on a line with the prefix that the line puts before it."""
    # The prefix 0 before 02… reads like 00x, so that as sent only the service numbers are looked for; an
    # exchange that dials while it reads takes 110 for done, whatever comes behind.
    sent = line.dialled(number)
    if _SERVICE.fullmatch(sent) or (sent != number and EMERGENCY.match(sent)):
        return REASONS["service"]
    return forbidden(number.removeprefix(line.outside_prefix))


def _forbidden_whole(digits: str) -> Reason | None:
    # No number outside begins with 1 but the short ones: a longer string is one of these with more behind it.
    if _SERVICE.fullmatch(digits) or (len(digits) > LONGEST_IN_CALL and digits.startswith("1")):
        return REASONS["service"]
    if len(digits) >= 3 and digits.startswith(("00", "01")):
        return REASONS["international"]
    return REASONS["premium"] if digits.startswith("020") else None
