"""A test whose time has passed, or whose day was called off, is drawn anew inside the rules, and that is kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from harness.agency import Agency
from harness.errors import WrongInput
from harness.programme.inputs import Inputs
from harness.programme.lot_anew import Log, time_anew
from harness.programme.month import inputs_of, kept_plan
from harness.programme.seal import digest
from harness.programme.written import written
from harness.store import Store
from harness.store.plans import CALLED_OFF, REDRAWN, WAITING

DAY_OFF = "day_off"
"""Why a test is drawn anew whose day was called off."""
Row = dict[str, Any]


def call_off(agency: Agency, day: date, store: Store, *, reason: str, now: datetime) -> tuple[list[str], list[str]]:
    """Call a day off: its waiting tests are drawn anew for other days of their month, or dropped where none is left.

    Returns the ids of the tests that were moved, and of those that were dropped. WrongInput without a reason: then
    nothing was changed.
    """
    reason = reason.strip()
    if not reason:
        raise WrongInput("plan.no_reason")
    month = f"{day:%Y-%m}"
    kept_plan(month, store)
    due = [row for row in store.plans.tests(month) if row["state"] in WAITING and _day(row, agency) == day]
    moved: list[str] = []
    dropped: list[str] = []
    for row in due:
        found = redraw(agency, row, store, reason={"why": DAY_OFF, "said": reason}, now=now, but={day})
        (moved if found else dropped).append(row["test_id"])
    return moved, dropped


def redraw(
    agency: Agency, row: Row, store: Store, *, reason: Row, now: datetime, but: set[date] | None = None
) -> datetime | None:
    """Draw one test's time anew, after now and inside every rule; None, and the test is dropped, where there is none.

    Args:
        row: the test as the store gives it.
        reason: why, kept with it, and with the hash of what the folder says, so that the lot can be verified.
        but: days that it may not fall on.
    """
    month, now = row["month"], now.replace(microsecond=0)  # as the log keeps it
    plan, _ = kept_plan(month, store)
    inputs = inputs_of(agency, month, store)
    test = next(one for one in plan.tests if one.id == row["test_id"])
    at = time_anew(inputs, plan, test, Log(agency, month, store), now=now, but=but or ())
    what = CALLED_OFF if at is None else REDRAWN
    detail = reason | {"inputs": said_of(inputs)}
    store.plans.note(test.id, what, month=month, due_at=at, detail=detail, now=now)
    return at


def said_of(inputs: Inputs) -> str:
    """SHA-256 of what the folder says of a month: directory, hours, programme and calendar, without the history."""
    return digest(written(inputs) | {"past": None})


def _day(row: Row, agency: Agency) -> date:
    return datetime.fromisoformat(row["due_at"]).astimezone(agency.zone).date()
