"""What a call recorder writes into the names of its files, read by a pattern that the agency gives, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from harness.errors import WrongInput
from harness.words import say

FIELDS = {
    "YYYY": r"\d{4}",
    "ROC": r"\d{2,3}",
    "MM": r"\d{2}",
    "DD": r"\d{2}",
    "hh": r"\d{2}",
    "mm": r"\d{2}",
    "ss": r"\d{2}",
    "number": r"[0-9A-Za-z+#()-]+?",
    "any": r".*?",
}
_MOMENT = {"YYYY", "ROC", "MM", "DD", "hh", "mm"}
MOST_ANY = 3
"""A regular expression with many of these tries every way to part a name among them, and holds up the process."""
ROC_YEARS = 1911


@dataclass(frozen=True)
class Named:
    """What a file's name tells."""

    started: datetime | None
    """When the call began, in the agency's zone; None: the pattern has no date."""
    number: str
    """Number, extension or unit; empty: the pattern has none."""


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern such as `{YYYY}{MM}{DD}-{hh}{mm}{ss}_{number}`, without the suffix of the file.

    Raises:
        WrongInput: a field that there is not, or half a date.
    """
    parts, used, at = [], list[str](), 0
    for found in re.finditer(r"\{(\w*)\}", pattern):
        name = found[1]
        if name not in FIELDS:
            raise _bad(pattern, say("imported.pattern_field", field="{" + name + "}"))
        if name in used and name != "any":
            raise _bad(pattern, say("imported.pattern_twice", field="{" + name + "}"))
        used.append(name)
        if used.count("any") > MOST_ANY:
            raise _bad(pattern, say("imported.pattern_any", field="{any}", most=MOST_ANY))
        parts += [
            re.escape(pattern[at : found.start()]),
            FIELDS[name] if name == "any" else f"(?P<{name}>{FIELDS[name]})",
        ]
        at = found.end()
    dated = _MOMENT & set(used)
    whole = {"MM", "DD", "hh", "mm"} <= dated and len(dated & {"YYYY", "ROC"}) == 1
    if dated and not whole:
        raise _bad(pattern, say("imported.pattern_day"))
    return re.compile("".join([*parts, re.escape(pattern[at:])]))


def read_name(file: str, pattern: str, zone: ZoneInfo) -> Named:
    """What the name of a file tells; WrongInput where it does not fit."""
    found = compiled(pattern).fullmatch(file.rpartition(".")[0] or file)
    if found is None:
        raise WrongInput("imported.no_match", file=file, pattern=pattern)
    told = found.groupdict()
    return Named(_moment(told, file, zone), told.get("number") or "")


def _moment(told: dict[str, str], file: str, zone: ZoneInfo) -> datetime | None:
    if "MM" not in told:
        return None
    year = int(told["YYYY"]) if "YYYY" in told else int(told["ROC"]) + ROC_YEARS
    month, day, hour, minute = (int(told[name]) for name in ("MM", "DD", "hh", "mm"))
    try:
        return datetime(year, month, day, hour, minute, int(told.get("ss") or 0), tzinfo=zone)
    except ValueError:
        raise WrongInput("imported.bad_day", file=file) from None


def _bad(pattern: str, reason: str) -> WrongInput:
    known = " ".join("{" + name + "}" for name in FIELDS)
    return WrongInput("imported.bad_pattern", pattern=pattern, reason=reason, known=known)
