"""What is said of a call as a whole, while it lasts or later, and whether the unit rang the number that was left."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from harness import clocks
from harness.agency import Agency
from harness.assisted.state import MARKS, REMARKS
from harness.callback import CALLBACKS
from harness.errors import WrongInput
from harness.kept_sheet import unit_of_call
from harness.number_gate.forbidden_numbers import forbidden
from harness.number_text import digits_of
from harness.said import COURTESY
from harness.store import Store

LATER = timedelta(days=14)
"""Who rings back later than this answers another call."""

NUMBER_LEFT, CALLED_BACK = "number_left", "called_back"
PROPOSED = "proposed"
"""The row that keeps which questions a tester was shown: what they asked stands on the sheet."""


@dataclass(frozen=True, kw_only=True)
class RangBack:
    """A call that came to the number that was left."""

    at: datetime
    """When it came."""
    caller: str
    """Who called, as the far end says."""
    after: timedelta
    """How long after the test call."""
    answered: bool
    """Whether it was answered by us."""
    sure: bool = False
    """Whether it answers this call: the last test of that unit before it that left the number that was called."""
    by_switchboard: bool = False
    """Whether it showed the number of the unit's switchboard, behind which are others: nobody saw whose call it was."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        minutes = round(self.after.total_seconds() / 60, 1)
        return {
            "at": self.at.isoformat(),
            "caller": self.caller,
            "after_min": minutes,
            "answered": self.answered,
            "sure": self.sure,
            "by_switchboard": self.by_switchboard,
        }


def remark(
    call_id: str, what: str, *, who: str, store: Store, number: str = "", note: str = "", at: datetime | None = None
) -> None:
    """Keep a remark on a call; nothing that was said before is changed. `at` is when the unit called back.

    Raises WrongInput for what is no remark, a number that could not be called back, or a time that cannot be; NotFound
    for no such call.
    """
    if what not in REMARKS:
        raise WrongInput("assisted.no_remark", what=what, known=", ".join(REMARKS))
    digits = digits_of(number) if number else ""
    if number and (not digits or forbidden(digits)):
        raise WrongInput("assisted.number_left", number=number)
    if at is not None:
        _refuse_time(call_id, what, at, store)
    detail = {"number": digits, "note": note, "at": "" if at is None else at.isoformat(timespec="minutes")}
    store.call_marks.add(call_id, what, who=who, detail={name: value for name, value in detail.items() if value})


def keep_proposed(call_id: str, questions: Iterable[str], *, who: str, store: Store) -> None:
    """Keep which questions the live page had for a call's tester, in order; NotFound for no such call."""
    store.call_marks.add(call_id, PROPOSED, who=who, detail={"questions": list(questions)})


def proposed(call_id: str, store: Store) -> tuple[str, ...]:
    """The questions that a call's tester was shown, in order; none where nobody had the conversation."""
    rows = [row for row in store.call_marks.of(call_id) if row["what"] == PROPOSED]
    return tuple(str(one) for one in rows[-1]["detail"].get("questions", ())) if rows else ()


def time_of(text: str, zone: tzinfo) -> datetime | None:
    """A time as a page or a person writes it, `2026-11-20 14:05` or `2026-11-20T14:05`, in a zone; none for nothing.

    Raises WrongInput for what is no time.
    """
    try:
        found = datetime.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise WrongInput("assisted.no_time", text=text) from None
    return found if found is None or found.tzinfo else found.replace(tzinfo=zone)


def _refuse_time(call_id: str, what: str, at: datetime, store: Store) -> None:
    """Raise WrongInput for a time of anything but a call back, before the call or still to come."""
    if what != CALLED_BACK:
        raise WrongInput("assisted.time_of_what")
    if not datetime.fromisoformat(store.get_call(call_id)["started_at"]) <= at <= clocks.now():
        raise WrongInput("assisted.time_outside", at=f"{at:%Y-%m-%d %H:%M}")


def rang_back(call: dict[str, Any], agency: Agency, store: Store) -> tuple[RangBack, ...]:
    """The calls from a unit that came to the test number after a call to it, oldest first, as the log has them; with
    those that showed its switchboard's number, as a telephone behind one does where it has none of its own. Each is
    sure for the last test of the unit before it that left the number that it called, and for all others open."""
    unit, began = unit_of_call(call, agency), datetime.fromisoformat(call["started_at"])
    site = agency.site(unit.site)
    numbers, switchboard = {unit.digits, unit.extension} - {""}, digits_of(site.switchboard) if site else ""
    found, tests = [], _Tests(unit.unit, agency, store)
    for line in _lines(agency):
        at = datetime.fromisoformat(line["at"])
        caller, after = line["caller"], at - began
        theirs, shared = caller in numbers, bool(switchboard) and caller == switchboard
        if (theirs or shared) and timedelta(0) < after <= LATER:
            answered = line["status"] == 200
            of = {"at": at, "caller": caller, "after": after, "answered": answered}
            sure = theirs and tests.last_that_left(line, at) == call["call_id"]
            found.append(RangBack(**of, sure=sure, by_switchboard=shared and not theirs))
    return tuple(found)


class _Tests:
    """The tests of a unit, as somebody who calls back may answer them."""

    def __init__(self, unit: str, agency: Agency, store: Store) -> None:
        self._store, self._given = store, digits_of(agency.settings.call_back_number)
        self._calls = store.list_calls(unit=unit)  # the newest first
        self._left: dict[str, frozenset[str]] = {}

    def last_that_left(self, line: dict[str, Any], at: datetime) -> str:
        """The last test before a call back that left the number that was called; empty: none did."""
        called = {line.get("called", ""), self._given if line["status"] == 200 else ""} - {""}
        for call in self._calls:
            passed = at - datetime.fromisoformat(call["started_at"])
            if timedelta(0) < passed <= LATER and called & self._numbers(call["call_id"]):
                return str(call["call_id"])
        return ""

    def _numbers(self, call_id: str) -> frozenset[str]:
        """The numbers that were left in a call: by whoever spoke, or in our own sentence, which says the agency's."""
        if call_id not in self._left:
            rows = [row for row in self._store.call_marks.of(call_id) if row["what"] == NUMBER_LEFT]
            found = {row["detail"].get("number") or self._given for row in rows}
            acts = self._store.get_call(call_id)["record"].get("acts", ())
            if any(act["do"] == "said" and act["detail"] == COURTESY for act in acts):
                found.add(self._given)
            self._left[call_id] = frozenset(found - {""})
        return self._left[call_id]


def happened(call: dict[str, Any], agency: Agency, store: Store) -> dict[str, Any]:
    """Everything that people said of a call, in order, and the calls back: `thirdring.happened/1`."""
    rows = store.call_marks.of(call["call_id"])
    return {
        "schema": "thirdring.happened/1",
        "marks": [row for row in rows if row["what"] in MARKS],
        "remarks": [row for row in rows if row["what"] in REMARKS],
        "people": [row for row in rows if row["what"] not in (*MARKS, *REMARKS, PROPOSED)],
        "proposed": list(proposed(call["call_id"], store)),
        "rang_back": [one.to_dict() for one in rang_back(call, agency, store)],
    }


def _lines(agency: Agency) -> list[dict[str, Any]]:
    """The log of calls back; a line that a crash cut short is passed over."""
    try:
        text = (agency.folder / CALLBACKS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [one for one in found if isinstance(one, dict) and {"at", "caller", "status"} <= set(one)]
