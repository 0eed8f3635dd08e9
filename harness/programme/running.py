"""The programme as it runs: draws the next month in time, dials what is due, and survives being stopped anywhere.

The table of the store is the truth. A test is taken there, then claimed in the ledger, then dialled: whatever stops
in between was not dialled, or is `unknown` and left to a person. Nothing is ever dialled twice.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.agency import Agency, load_agency
from harness.errors import Refused
from harness.ledger import UNKNOWN, claims
from harness.planned_call import TestCall
from harness.programme.attempts import after_crash, attempts_of, written
from harness.programme.events import Event
from harness.programme.month import draw_and_seal, kept_plan
from harness.programme.month_plan import PlannedTest
from harness.programme.redraw import redraw
from harness.programme.seal import new_seed, seal_of
from harness.programme.settings import read_programme
from harness.redial import BUSY, VOID, Attempt, next_attempt, rules_of
from harness.redialling import Clock, Earlier, attempt_of
from harness.scoring import usable_form
from harness.store import Store, open_store
from harness.store import plans as state
from rubric.periods import period_of

GRACE = timedelta(minutes=10)
"""A test is dialled no later than this after its time; then the time was missed and is drawn anew."""
WAIT = timedelta(minutes=1)
"""After so long a test is tried again that found the line, the switchboard or the number in use by another test."""
IN_USE = frozenset(f"refused.{what}" for what in ("number_in_call", "switchboard_in_call", "line_full", "at_once"))
MOST_REFUSALS = 3
"""So often the number gate may refuse a test before a person must look at it."""
Row = dict[str, Any]
Place = Callable[[Agency, PlannedTest, Earlier], TestCall]


def attempted(test_id: str, drawn: int) -> str:
    """What a test's attempts are called in the ledger: a time drawn anew begins a new test under a new name."""
    return f"{test_id}.{drawn}"


class Programme:
    """An agency's programme, run by one process. Every method is called from one thread."""

    def __init__(
        self,
        folder: Path,
        *,
        place: Place,
        clock: Clock,
        workers: Executor,
        tell: Callable[[Event], None] = lambda _: None,
        seeds: Callable[[], str] = new_seed,
    ) -> None:
        """
        Args:
            folder: the agency's folder; it is read anew at every look, so that changes count at once.
            place: places one attempt and gives its call; it asks the number gate and claims in the ledger.
            clock: when it is.
            workers: where calls are placed.
            tell: told of everything that happens.
            seeds: gives the seed of a month that is drawn; nobody can guess it.
        """
        self._folder, self._place, self._clock, self._tell = folder, place, clock, tell
        self._workers, self._seeds = workers, seeds
        self._flying: dict[str, tuple[Row, Earlier, Future[TestCall]]] = {}
        self._waits: dict[str, datetime] = {}

    def recover(self) -> None:
        """Settle what was being dialled when the programme was stopped."""
        agency = load_agency(self._folder)
        known = {claim.attempt_id: claim for claim in claims(agency)}
        with open_store(agency.database) as store:
            for row in store.plans.claimed():
                earlier, now = attempts_of(row), self._clock.now()
                name = attempted(row["test_id"], store.plans.drawings(row["test_id"]))
                claim = known.get(f"{name}-{len(earlier) + 1}")
                attempt = after_crash(claim, store, now=now)
                if attempt is None:
                    detail = {"attempts": written(earlier), "why": "not_dialled"}
                    self._note(row, state.AGAIN, store, due_at=datetime.fromisoformat(row["due_at"]), detail=detail)
                else:
                    self._settle(row, (*earlier, attempt), store, agency)

    def look(self, *, dial: bool = True) -> datetime | None:
        """Do everything that is due now; give when the next thing is due, None when nothing is planned.

        Without `dial` only what came of the calls that are up is noted.
        """
        agency = load_agency(self._folder)
        with open_store(agency.database) as store:
            self._land(store, agency)
            if dial:
                self._draw_next(store, agency)
                for row in store.plans.waiting(self._clock.now()):
                    self._attend(row, store, agency)
            ahead = store.plans.waiting(datetime.max.replace(tzinfo=self._clock.now().tzinfo))
        return datetime.fromisoformat(ahead[0]["due_at"]) if ahead else None

    @property
    def flying(self) -> int:
        """Calls that are up."""
        return len(self._flying)

    # --- months -------------------------------------------------------------------------------------

    def _draw_next(self, store: Store, agency: Agency) -> None:
        """Draw this month where nobody has; from the agency's day on, the next one."""
        now, settings = self._clock.now(), read_programme(agency.folder)
        today = now.astimezone(agency.zone).date()
        begins = today.replace(day=1)
        if today.day >= settings.draw_day:
            begins = (begins + timedelta(days=32)).replace(day=1)
        month = period_of(begins, "month")
        if any(row["month"] == month for row in store.plans.months()):
            return
        plan = draw_and_seal(agency, month, store, seed=self._seeds(), now=now)
        self._say("month_drawn", detail={"month": month, "tests": len(plan.tests), "seal": seal_of(plan)})
        for unmet in plan.unmet:
            self._say("unmet", detail={"month": month, "rule": unmet.rule, **unmet.what})

    # --- tests --------------------------------------------------------------------------------------

    def _attend(self, row: Row, store: Store, agency: Agency) -> None:
        """Dial a waiting test that is due, or draw it anew when its time has passed."""
        now, due = self._clock.now(), datetime.fromisoformat(row["due_at"])
        if now < self._waits.get(row["test_id"], now):
            return
        if now > due + GRACE:
            self._anew(row, store, agency, {"why": "missed", "due_at": row["due_at"]})
        elif self.flying < agency.settings.at_once:
            self._dial(row, store, agency)

    def _dial(self, row: Row, store: Store, agency: Agency) -> None:
        plan, _ = kept_plan(row["month"], store)
        test = next(one for one in plan.tests if one.id == row["test_id"])
        test, earlier = replace(test, drawn=store.plans.drawings(test.id)), attempts_of(row)
        if store.plans.take(test.id, month=row["month"], attempts=written(earlier), now=self._clock.now()):
            self._say("dialling", test.id, {"attempt": len(earlier) + 1})
            self._flying[test.id] = (row, earlier, self._workers.submit(self._place, agency, test, earlier))

    def _land(self, store: Store, agency: Agency) -> None:
        """Note what came of the calls that are over."""
        over = [name for name, (_, _, call) in self._flying.items() if call.done()]
        for name in over:
            row, earlier, call = self._flying.pop(name)
            self._landed(row, earlier, call, store, agency)

    def _landed(self, row: Row, earlier: Earlier, call: Future[TestCall], store: Store, agency: Agency) -> None:
        try:
            attempt = attempt_of(call.result(), ended_at=self._clock.now())
        except Refused as refusal:
            self._refused(row, earlier, store, agency, refusal)
            return
        except Exception as error:  # a fault of our side, or of this program itself: the programme goes on
            attempt = Attempt(ended_at=self._clock.now(), outcome=VOID, leg="unit")
            self._say("failed", row["test_id"], {"key": getattr(error, "key", f"{type(error).__name__}: {error}")})
        self._settle(row, (*earlier, attempt), store, agency)

    def _settle(self, row: Row, attempts: tuple[Attempt, ...], store: Store, agency: Agency) -> None:
        """Note an attempt, and when the form says to dial again."""
        last, detail = attempts[-1], {"attempts": written(attempts), "outcome": attempts[-1].outcome}
        if last.outcome == UNKNOWN:
            self._note(row, state.UNKNOWN, store, detail=detail)
            return
        again = next_attempt(attempts, rules_of(usable_form(agency.settings.form, agency.folder)))
        if again is not None:
            self._note(row, state.AGAIN, store, due_at=again.at, detail=detail | {"why": again.why})
        elif last.outcome == VOID:
            self._note(row, state.UNKNOWN, store, detail=detail | {"why": "void"})
        else:
            self._note(row, state.DONE, store, detail=detail)

    def _refused(self, row: Row, earlier: Earlier, store: Store, agency: Agency, refusal: Refused) -> None:
        """The gate said no: a minute later, or another day, may do; after some refusals a person must look."""
        if refusal.key in IN_USE:
            detail = {"attempts": written(earlier), "why": "in_use", "key": refusal.key}
            now = self._clock.now()
            store.plans.note(row["test_id"], state.WAITS, month=row["month"], detail=detail, now=now)
            self._waits[row["test_id"]] = now + WAIT
            return
        events = [e for e in store.plans.events(row["month"]) if e["test_id"] == row["test_id"]]
        before = sum(event["detail"].get("why") == "refused" for event in events)
        reason = {"why": "refused", "key": refusal.key}
        self._say("refused", row["test_id"], reason)
        if before >= MOST_REFUSALS:
            self._note(row, state.UNKNOWN, store, detail=reason)
        else:
            self._anew(row, store, agency, reason)

    def _anew(self, row: Row, store: Store, agency: Agency, reason: Row) -> None:
        """Draw another time; an engaged line that was dialled again and again until closing stays engaged."""
        earlier = attempts_of(row)
        if earlier and earlier[-1].outcome == BUSY:
            self._note(row, state.DONE, store, detail=reason | {"attempts": written(earlier), "outcome": BUSY})
            return
        at = redraw(agency, row, store, reason=reason, now=self._clock.now())
        self._say(state.CALLED_OFF if at is None else state.REDRAWN, row["test_id"], reason)

    def _note(self, row: Row, what: str, store: Store, *, due_at: datetime | None = None, detail: Row) -> None:
        now = self._clock.now()
        store.plans.note(row["test_id"], what, month=row["month"], due_at=due_at, detail=detail, now=now)
        self._say(what, row["test_id"], detail)

    def _say(self, what: str, test: str = "", detail: Row | None = None) -> None:
        self._tell(Event(at=self._clock.now(), what=what, test=test, detail=detail))
