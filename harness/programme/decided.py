"""A test that is unknown, after a crash say, is a person's to decide: given up, or a call that was made stands for it.

Whatever is decided, it is dialled no more. A decision is one more event of the test, with who and why, and a line of
the log; both are entries of the chain of evidence, and neither is ever changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.agency import Agency
from harness.errors import NotFound, Refused, WrongInput
from harness.programme.month import kept_plan
from harness.programme.month_plan import PlannedTest
from harness.store import Store
from harness.store.plans import DONE, DROPPED, UNKNOWN
from harness.words import LANGUAGES, label
from rubric.periods import days_of

INTERNAL, VOID = "internal", "fault_ours"
DECIDED = "decided"
"""What such an event says of why."""
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Open:
    """A test that waits for a decision."""

    test: PlannedTest
    """The test as it was drawn."""
    month: str
    """Its month."""
    since: datetime
    """When it became unknown."""
    detail: Row
    """What is known of its attempts, and why it is unknown."""
    calls: tuple[Row, ...]
    """Calls that could stand for it, newest first: call_id and started_at."""

    def to_dict(self) -> Row:
        """JSON form."""
        told = {"test": self.test.id, "month": self.month, "unit": self.test.unit, "since": self.since.isoformat()}
        return told | {"calls": [one["call_id"] for one in self.calls], "why": self.detail.get("why", "")}


def undecided(agency: Agency, store: Store, *, month: str = "") -> tuple[Open, ...]:
    """The tests that wait for a decision, of one month or of all, in order of the time they were due."""
    rows = [row for row in store.plans.unknown() if month in ("", row["month"])]
    return tuple(_open(row, agency, store) for row in rows)


def decide(
    test_id: str, *, agency: Agency, store: Store, who: str, reason: str, call_id: str = "", now: datetime
) -> Open:
    """Give a test up, or with `call_id` have a call stand for it; give the test as it was.

    Raises NotFound without such a test or call, WrongInput without who or why and for a call that cannot stand for
    it, Refused where there is nothing to decide; then nothing was kept.
    """
    who, reason = who.strip(), reason.strip()
    if not who or not reason:
        raise WrongInput("decided.who_and_why")
    with store.writing():
        row = store.plans.now(test_id)
        if row is None:
            raise NotFound("decided.no_test", test=test_id)
        if row["state"] != UNKNOWN:
            state = {lang: label(f"programme.state_{row['state']}", lang) for lang in LANGUAGES}
            raise Refused("decided.nothing_open", test=test_id, state=state)
        found = _open(row, agency, store)
        detail = {"why": DECIDED, "who": who, "said": reason}
        if call_id:
            detail |= {"call_id": call_id, "outcome": _stands(call_id, found, store)}
        what = DONE if call_id else DROPPED
        store.plans.note(test_id, what, month=row["month"], detail=detail, now=now)
        told = {"test": test_id, "month": row["month"], "as": what, "reason": reason}
        store.log.write("test_decided", who=who, call_id=call_id or None, detail=told, now=now)
    return found


def decisions(month: str, store: Store) -> tuple[Row, ...]:
    """What people decided of a month's tests: test_id, what, at, and in `detail` who, said and the call."""
    return tuple(one for one in store.plans.events(month) if one["detail"].get("why") == DECIDED)


def _open(row: Row, agency: Agency, store: Store) -> Open:
    plan, _ = kept_plan(row["month"], store)
    test = next(one for one in plan.tests if one.id == row["test_id"])
    since = datetime.fromisoformat(row["at"]).astimezone(agency.zone)
    calls = tuple(_calls(test, row["month"], {one.id for one in plan.tests}, agency, store))
    return Open(test=test, month=row["month"], since=since, detail=row["detail"], calls=calls)


def _calls(test: PlannedTest, month: str, tests: set[str], agency: Agency, store: Store) -> list[Row]:
    """Our own calls to the unit in the month that no other test has for its result."""
    first, last = days_of(month)
    taken = {one["detail"].get("call_id") for one in store.plans.events(month) if one["test_id"] != test.id}
    found = []
    for row in store.call_list.of_series(INTERNAL, since=first):
        day = agency.day_of(row["started_at"])
        right = row["unit"] == test.unit and row["outcome"] != VOID and first <= day <= last
        if right and row["call_id"] not in taken and not _of_another(row["call_id"], test.id, tests, store):
            found.append({"call_id": row["call_id"], "started_at": row["started_at"], "outcome": row["outcome"]})
    return found


def _of_another(call_id: str, test_id: str, tests: set[str], store: Store) -> bool:
    """Whether a call is an attempt of another planned test."""
    names = {row["attempt_id"].rpartition("-")[0].rpartition(".")[0] for row in store.attempts_of(call_id)}
    return bool(names & (tests - {test_id}))


def _stands(call_id: str, found: Open, store: Store) -> str:
    """The outcome of the call that stands for a test. NotFound without such a call, WrongInput where it cannot."""
    call = next((one for one in found.calls if one["call_id"] == call_id), None)
    if call is None:
        store.get_call(call_id)
        raise WrongInput("decided.wrong_call", call_id=call_id, unit=found.test.unit, month=found.month)
    return str(call["outcome"])
