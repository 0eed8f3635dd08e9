"""Whether a sealed month was kept to: what became of each test, named where it was not dialled in its own minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from harness.agency import Agency
from harness.programme.inputs import Inputs
from harness.programme.lot_anew import Log, time_anew
from harness.programme.month import inputs_of, kept_plan
from harness.programme.month_plan import MonthPlan, PlannedTest
from harness.programme.redraw import DAY_OFF, said_of
from harness.programme.written import inputs_from
from harness.store import Store
from harness.store.plans import AGAIN, CALLED_OFF, CLAIMED, DRAWN, REDRAWN, WAITING
from rubric.periods import days_of

EARLY = timedelta(minutes=1)
"""So much sooner a test may be dialled than it is due: the table knows its times to the second."""
IN_TIME = timedelta(minutes=15)
"""A test is dialled within ten minutes of its time, or was missed; the rest is for a line that was in use."""
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A test that was not dialled when it was drawn for."""

    test: str
    """The test."""
    unit: str
    """Its unit."""
    planned: str
    """When it was drawn for."""
    dialled: str | None
    """When it was dialled first, or where an attempt was out of its time, when that was; None: it was not."""
    state: str
    """What it has come to."""
    why: tuple[str, ...]
    """Why, each time its time was drawn anew: missed, refused, day_off, unit; empty: nothing says so."""
    by_lot: bool | None
    """Whether each new day and minute is the one that its seed gives from what was known then, and a dropped test had
    none left; None: that cannot be told, for the folder said something else then than at the draw and today."""
    in_time: bool
    """Whether it was dialled when its lots say, and dialled again when the form has it dialled again."""
    reasoned: bool
    """Whether each reason can be one: a day called off has words, and a time that was missed had come."""

    @property
    def explained(self) -> bool:
        """Whether the log says why, the new time was drawn by lot, and it was dialled at that time."""
        return self.reasoned and self.by_lot is True and self.in_time


@dataclass(frozen=True, kw_only=True)
class KeptTo:
    """What became of a month."""

    moved: tuple[Moved, ...]
    """Tests that were moved or dropped, in order of the time they were drawn for."""
    beside: tuple[str, ...]
    """Calls of the month that no plan asked for: placed by hand."""

    @property
    def unexplained(self) -> tuple[Moved, ...]:
        """Those of which nothing says why."""
        return tuple(one for one in self.moved if not one.explained)

    def to_dict(self) -> Row:
        """JSON form."""
        told = [asdict(one) | {"explained": one.explained} for one in self.moved]
        return {"moved": told, "beside": list(self.beside)}


def kept_to(agency: Agency, month: str, store: Store, *, now: datetime) -> KeptTo:
    """Name every test that was not dialled in its minute, with what the log says of it, and calls beside the plan."""
    plan, _ = kept_plan(month, store)
    events: dict[str, list[Row]] = {test.id: [] for test in plan.tests}
    for event in store.plans.events(month):
        events.setdefault(event["test_id"], []).append(event)
    lots = _Lots(agency, plan, store)
    found = (_moved(test, events[test.id], lots, now) for test in plan.tests)
    return KeptTo(moved=tuple(one for one in found if one), beside=tuple(_beside(plan, agency, store)))


class _Lots:
    """Draws the lots again by which times were drawn anew."""

    def __init__(self, agency: Agency, plan: MonthPlan, store: Store) -> None:
        kept = store.plans.inputs(plan.month)
        known: list[Callable[[], Inputs]] = [] if kept is None else [cache(lambda: inputs_from(kept))]
        today: Callable[[], Inputs] = cache(lambda: inputs_of(agency, plan.month, store))
        self._known = [*known, today]
        self._log = cache(lambda: Log(agency, plan.month, store))
        self._plan = plan

    def by_lot(self, test: PlannedTest, event: Row, due: datetime) -> bool | None:
        """Whether a new time is the seed's, or a dropped test had none: from the folder of the draw, or of today."""
        said = event["detail"].get("inputs")
        found = [one() for one in self._known]
        fitting = [one for one in found if said in (None, said_of(one))]
        if not fitting:
            return None
        wanted = None if event["due_at"] is None else datetime.fromisoformat(event["due_at"])
        but = {due.astimezone(found[0].zone).date()} if event["detail"].get("why") == DAY_OFF else set()
        noted = datetime.fromisoformat(event["at"])
        drawn = (
            time_anew(one, self._plan, test, self._log(), now=noted, but=but, before=event["id"]) for one in fitting
        )
        return any(one == wanted for one in drawn)


def _moved(test: PlannedTest, events: Sequence[Row], lots: _Lots, now: datetime) -> Moved | None:
    claims = [datetime.fromisoformat(one["at"]) for one in events if one["what"] == CLAIMED]
    redrawn = [(one, due) for one, due in _with_due(test, events) if one["what"] in (REDRAWN, CALLED_OFF)]
    wrong = _out_of_time(test, events)
    late = _late(events, now)
    if not redrawn and not late and wrong is None:
        return None
    by_lot = [lots.by_lot(test, one, due) for one, due in redrawn]
    dialled = wrong or next(iter(claims), None)
    return Moved(
        test=test.id,
        unit=test.unit,
        planned=test.at.isoformat(timespec="minutes"),
        dialled=None if dialled is None else dialled.astimezone(test.at.tzinfo).isoformat(timespec="minutes"),
        state=events[-1]["what"] if events else "",
        why=tuple(_why(one) for one, _ in redrawn),
        by_lot=False if False in by_lot else None if None in by_lot else True,
        in_time=wrong is None and not late,
        reasoned=bool(redrawn) and all(_reasoned(one, due) for one, due in redrawn),
    )


def _with_due(test: PlannedTest, events: Sequence[Row]) -> list[tuple[Row, datetime]]:
    """Each event of a test with the time that it was due at until then."""
    due, found = test.at, []
    for one in events:
        found.append((one, due))
        due = due if one["due_at"] is None else datetime.fromisoformat(one["due_at"])
    return found


def _out_of_time(test: PlannedTest, events: Sequence[Row]) -> datetime | None:
    """The first attempt that was dialled at another time than the lots say, or not when the form has it dialled again.

    When that is no lot decides: the day counts, in which a tester dials again when it suits, and a clock is set.
    """
    again = False
    for one, due in _with_due(test, events):
        at = datetime.fromisoformat(one["at"])
        if one["what"] == CLAIMED:
            same_day = at.astimezone(test.at.tzinfo).date() == due.astimezone(test.at.tzinfo).date()
            if at < due - EARLY or not (same_day if again else at <= due + IN_TIME):
                return at
        elif one["what"] in (AGAIN, REDRAWN):
            again = one["what"] == AGAIN and bool(one["detail"].get("attempts"))
    return None


def _late(events: Sequence[Row], now: datetime) -> bool:
    """Whether its time has passed, and it was never dialled though nobody drew another."""
    whats = [one["what"] for one in events]
    since = max((n for n, what in enumerate(whats) if what in (DRAWN, REDRAWN)), default=0)
    if CLAIMED in whats[since:] or not whats or whats[-1] not in WAITING:
        return False
    due = next(datetime.fromisoformat(one["due_at"]) for one in reversed(events) if one["due_at"] is not None)
    return now > due + IN_TIME


def _why(event: Row) -> str:
    said = event["detail"].get("said")
    return str(event["detail"].get("why", "?")) + (f"：{said}" if said else "")


def _reasoned(event: Row, due: datetime) -> bool:
    why = event["detail"].get("why")
    if why == DAY_OFF:
        return bool(str(event["detail"].get("said", "")).strip())
    return bool(why) and (why != "missed" or datetime.fromisoformat(event["at"]) >= due.replace(microsecond=0))


def _beside(plan: MonthPlan, agency: Agency, store: Store) -> list[str]:
    first, last = days_of(plan.month)
    planned = {test.id for test in plan.tests}
    found = []
    for row in store.call_list.of_series("internal", since=first):
        day = agency.day_of(row["started_at"])
        if first <= day <= last and not _of_the_plan(row["call_id"], planned, store):
            found.append(row["call_id"])
    return found[::-1]


def _of_the_plan(call_id: str, planned: set[str], store: Store) -> bool:
    """An attempt of the programme is called by its test, the drawing and its number: 2026-12-1-tax.1-2."""
    names = (row["attempt_id"].rpartition("-")[0].rpartition(".")[0] for row in store.attempts_of(call_id))
    return any(name in planned for name in names)
