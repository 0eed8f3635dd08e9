"""Calls that no paper says anything of yet: whoever was tested may still object to the result, or does.

The notice to staff promises it: until the time for objection has passed, a result goes into no paper. One call of one
unit is one person's result, under whatever heading it is printed; so these calls are in no mean, table or chart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from harness.agency import Agency
from harness.documents.roc import short_day, told_day
from harness.papers.row_of_words import row_of
from harness.store import Store
from harness.words import say


@dataclass(frozen=True, kw_only=True)
class Held:
    """One call that is held back."""

    call_id: str
    """The call."""
    day: date
    """When it was made."""
    unit: str
    """Whom it was made to."""
    until: date | None
    """Last day on which the person tested may object; None: nobody knows it yet, or it depends on who settles it."""
    unsigned: bool
    """Its sheet is not finished or not signed: the time for objection has not begun."""
    disputed: bool
    """An objection or a second opinion is open, whatever the day: nobody knows until when."""


def held_back(
    since: date, *, agency: Agency, store: Store, objection_days: int, today: date, unit: str = ""
) -> dict[str, Held]:
    """The calls from a day on, of all units or of one, that are held back today, by their ids."""
    pending, days = store.reviews.pending(), timedelta(days=objection_days)
    found = {}
    for row in store.improvements.lean(str(since), unit=unit):
        until = agency.day_of(row["known_at"]) + days
        disputed = row["call_id"] in pending
        unsigned = not (row["finished"] or disputed)
        if not row["void"] and (disputed or unsigned or today <= until):
            told = {"call_id": row["call_id"], "day": date.fromisoformat(row["day"]), "unit": row["unit"]}
            last = None if disputed or unsigned else until
            found[row["call_id"]] = Held(**told, until=last, unsigned=unsigned, disputed=disputed)
    return found


def last_day(held: Iterable[Held]) -> date | None:
    """The last day on which any of them may be objected to, as far as it is known."""
    return max((one.until for one in held if one.until is not None), default=None)


def told_until(one: Held, lang: str) -> str:
    """Until when one may be objected to, for a table's cell."""
    if one.until is not None:
        return short_day(one.until, lang)
    return say("held.open" if one.disputed else "held.unsigned", lang)


def said_on_sheet(call_id: str, *, agency: Agency, store: Store, objection_days: int, today: date, lang: str) -> str:
    """Until when a call's result may be objected to, as a sentence for its sheet; empty: it is final, or no result."""
    call = store.get_call(call_id)
    told: dict[str, Any] = {"objection_days": objection_days, "today": today, "unit": call["unit"]}
    one = held_back(agency.day_of(call["started_at"]), agency=agency, store=store, **told).get(call_id)
    if one is None:
        return ""
    if one.until is not None:
        return say("held.sheet", lang, until=told_day(one.until, lang))
    return say("held.sheet_disputed" if one.disputed else "held.sheet_unsigned", lang)


def said_of(held: Sequence[Held], before: int, lang: str) -> str:
    """How many calls of a period are held back and until when, as a sentence for its papers; empty: none is.

    Args:
        held: those of the period.
        before: how many of the months before, which its trend shows.
        lang: the paper's language.
    """
    if not held:
        return say("held.before_alone", lang, n=before) if before else ""
    told = say("held.left_out", lang, calls=counted(held, lang))
    return told + (say("held.before", lang, n=before) if before else "")


def counted(held: Sequence[Held], lang: str) -> str:
    """How many there are, and until when where anybody knows; empty: none."""
    return row_of(_counted(held, lang), lang)


def _counted(held: Sequence[Held], lang: str) -> Iterator[str]:
    last = last_day(held)
    if last is not None:
        yield say("held.in_time", lang, n=sum(one.until is not None for one in held), until=told_day(last, lang))
    for key, n in (("unsigned", sum(one.unsigned for one in held)), ("disputed", sum(one.disputed for one in held))):
        if n:
            yield say(f"held.{key}_calls", lang, n=n)
