"""The programme as it runs: draws the next month in time, dials what is due, and survives being stopped anywhere.

The table of the store is the truth. A test is taken there, then claimed in the ledger, then dialled: whatever stops
in between was not dialled, or is `unknown` and left to a person. Nothing is ever dialled twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.errors import AttemptUnknown, Refused, ThirdringError, WrongInput
from harness.ledger import UNKNOWN, Claim, claims, settle
from harness.left_call import keep_all_left, left_of, paths_of
from harness.planned_call import TestCall
from harness.programme.attempts import (
    after_crash,
    attempts_of,
    begins_of,
    due_of,
    measured_of,
    settled,
    tester_of,
    written,
)
from harness.programme.events import Event, in_both, sentences
from harness.programme.folder import Known, WatchedFolder
from harness.programme.month import draw_and_seal, kept_plan
from harness.programme.month_plan import MonthPlan, PlannedTest
from harness.programme.redraw import redraw
from harness.programme.round_months import drawn_late, skipped, to_draw
from harness.programme.round_over import OpenRounds
from harness.programme.seal import new_seed, seal_of
from harness.programme.times import first_attempt_minutes
from harness.redial import BUSY, VOID, Attempt
from harness.redialling import Clock, Earlier, attempt_of
from harness.store import Store, open_store
from harness.store import plans as state
from rubric.periods import period_of

GRACE = timedelta(minutes=10)
"""A test is dialled no later than this after its time; then the time was missed and is drawn anew."""
WAIT = timedelta(minutes=1)
"""After so long a test is tried again that found the line, the switchboard or the number in use by another test."""
_IN_USE = ("number_in_call", "switchboard_in_call", "line_full", "at_once")
IN_USE = frozenset((*(f"refused.{what}" for what in _IN_USE), "cluster.no_probe"))
FAULTS_IN_A_ROW = 2
"""So many attempts in a row that failed on our side are no accident: the line or the machine wants a person."""
MOST_REFUSALS = 3
"""So often the number gate may refuse a test before a person must look at it."""
Row = dict[str, Any]
Place = Callable[[Known, PlannedTest, Earlier], TestCall]


def attempted(test_id: str, drawn: int) -> str:
    """What a test's attempts are called in the ledger: a time drawn anew begins a new test under a new name."""
    return f"{test_id}.{drawn}"


def _claim(attempt_id: str, agency: Agency) -> Claim | None:
    return next((one for one in claims(agency) if one.attempt_id == attempt_id), None)


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
        landed: Callable[[object], None] = lambda _: None,
    ) -> None:
        """Read the agency's folder. Raises WrongInput where something in it is wrong.

        Args:
            folder: the agency's folder; what is changed in it counts once it stands still and is right.
            place: places one attempt and gives its call; it asks the number gate and claims in the ledger.
            clock: when it is.
            workers: where calls are placed.
            tell: told of everything that happens.
            seeds: gives the seed of a month that is drawn; nobody can guess it.
            landed: told, from any thread, that a call is over and that a look is worth while.
        """
        self.folder = WatchedFolder(folder)
        self._place, self._clock, self._tell = place, clock, tell
        self._workers, self._seeds, self._over = workers, seeds, landed
        self._flying: dict[str, tuple[Row, Earlier, Future[TestCall]]] = {}
        self._waits: dict[str, datetime] = {}
        self._plans: dict[str, MonthPlan] = {}
        self._skipped: set[str] = set()
        self._rounds = OpenRounds()
        self._trouble = ""
        self._faults = 0

    def begin(self) -> None:
        """Settle what was being dialled when the programme was stopped, and say where it stands."""
        self.recover()
        agency = self.folder.known.agency
        month = period_of(self._clock.now().astimezone(agency.zone).date(), "month")
        with open_store(agency.database) as store:
            states = [row["state"] for row in store.plans.tests(month)]
        over = sum(one not in state.WAITING for one in states)
        self._say("begun", detail={"month": month, "tests": len(states), "over": over})

    def end(self) -> None:
        """Say that it has ended in order."""
        self._say("ended")

    def tell_of(self, error: ThirdringError) -> None:
        """Say once what keeps a look from being finished; the next one may do."""
        if self._trouble != error.key:
            self._say("trouble", detail=sentences(error))
        self._trouble = error.key

    def recover(self) -> None:
        """Settle what was being dialled when the programme was stopped."""
        agency = self.folder.known.agency
        known = {claim.attempt_id: claim for claim in claims(agency)}
        with open_store(agency.database) as store:
            for row in store.plans.claimed():
                self._test(row, store)
                earlier, now = attempts_of(row), self._clock.now()
                name = attempted(row["test_id"], store.plans.drawings(row["test_id"]))
                claim = known.get(f"{name}-{len(earlier) + 1}")
                if claim is not None and claim.in_flight:
                    continue  # a tester has it, in another process that will note what came of it
                attempt = after_crash(claim, store, now=now, agency=agency, earlier=earlier)
                if attempt is None:
                    detail = {"attempts": written(earlier), "why": "not_dialled"}
                    self._note(row, state.AGAIN, store, due_at=datetime.fromisoformat(row["due_at"]), detail=detail)
                else:
                    more = None if claim is None else left_of(claim, agency, store, now=now)
                    self._settle(row, (*earlier, attempt), store, more)
            for marked in keep_all_left(agency, store, now=self._clock.now()):
                self._say("sound_left", detail={"call_id": marked["call_id"], "files": paths_of([marked])})

    def look(self, *, dial: bool = True) -> datetime | None:
        """Do everything that is due now; give when the next thing is due, None when nothing is planned.

        Without `dial` only what came of the calls that are up is noted.
        """
        agency = self._read_folder().agency
        with open_store(agency.database) as store:
            self._land(store, agency)
            if dial and self.folder.still:
                self._draw_next(store, agency)
                for row in store.plans.waiting(self._clock.now()):
                    self._attend(row, store, agency)
            ahead = store.plans.waiting(datetime.max.replace(tzinfo=self._clock.now().tzinfo))
            for told in self._rounds.ended((*ahead, *store.plans.claimed()), agency, store, now=self._clock.now()):
                self._say("vacant", detail=told)
        if self._trouble:
            self._trouble = ""
            self._say("trouble_over")
        return min(map(self._due, ahead), default=None)

    @property
    def flying(self) -> int:
        """Calls that are up, or over and not noted yet."""
        return len(self._flying)

    @property
    def in_the_air(self) -> bool:
        """Whether a call is up."""
        return any(not call.done() for _, _, call in self._flying.values())

    def _read_folder(self) -> Known:
        before = self.folder.wrong
        known = self.folder.look()
        if self.folder.wrong is not None and self.folder.wrong is not before:
            self._say("folder_wrong", detail=sentences(self.folder.wrong))
        elif before is not None and self.folder.wrong is None:
            self._say("folder_right")
        return known

    # --- months -------------------------------------------------------------------------------------

    def _draw_next(self, store: Store, agency: Agency) -> None:
        """Draw a month that is to be drawn now and nobody has drawn; tell of one that was not drawn in time."""
        now, settings = self._clock.now(), self.folder.known.settings
        today = now.astimezone(agency.zone).date()
        drawn = {row["month"] for row in store.plans.months()}
        if self.folder.wrong is not None:
            return
        self._tell_skipped(drawn, today)
        month = to_draw(settings, drawn, today)
        if month is None:
            return
        plan = draw_and_seal(agency, month, store, seed=self._seeds(), now=now)
        self._say("month_drawn", detail={"month": month, "tests": len(plan.tests), "seal": seal_of(plan)})
        if drawn_late(settings, month, today):
            self._say("month_late", detail={"month": month, **in_both("programme.month_late", day=today)})
        for unmet in plan.unmet:
            self._say("unmet", detail={"month": month, "rule": unmet.rule, **unmet.what})

    def _tell_skipped(self, drawn: Collection[str], today: date) -> None:
        """Tell once of the months that are over and had rounds, and that nobody drew."""
        for month in skipped(self.folder.known.settings, drawn, today):
            if month not in self._skipped:
                self._skipped.add(month)
                self._say("month_skipped", detail={"month": month, **in_both("programme.month_skipped")})

    def _test(self, row: Row, store: Store) -> PlannedTest:
        """A test as it was drawn; a month that was drawn never changes."""
        month = row["month"]
        if month not in self._plans:
            self._plans[month], _ = kept_plan(month, store)
        return next(one for one in self._plans[month].tests if one.id == row["test_id"])

    # --- tests --------------------------------------------------------------------------------------

    def _due(self, row: Row) -> datetime:
        due = begins_of(row, self._clock.now(), self.folder.known.agency.zone)
        return max(due, self._waits.get(row["test_id"], due))

    def _attend(self, row: Row, store: Store, agency: Agency) -> None:
        """Dial a waiting test that is due, or draw it anew when its time has passed."""
        now = self._clock.now()
        due = due_of(row, now)
        if now < self._due(row):
            return
        test = self._test(row, store)
        if now > due + GRACE or not (attempts_of(row) or self._may_begin(test, agency, now)):
            self._anew(row, store, agency, {"why": "missed", "due_at": row["due_at"]})
        elif self.flying < agency.settings.at_once:
            self._dial(row, test, store)

    def _may_begin(self, test: PlannedTest, agency: Agency, now: datetime) -> bool:
        """Whether a first attempt may be dialled now: it waited for a line, say, and lunch or closing has come near."""
        unit = next((one for one in agency.units if one.unit == test.unit), None)
        if unit is None:
            return True  # the number gate says what is wrong with it
        local = now.astimezone(agency.zone)
        margin_min = self.folder.known.settings.margin_min
        return local.hour * 60 + local.minute in first_attempt_minutes(agency.hours_of(unit), margin_min)

    def _dial(self, row: Row, test: PlannedTest, store: Store) -> None:
        test, earlier = replace(test, drawn=store.plans.drawings(test.id)), attempts_of(row)
        if store.plans.take(test.id, month=row["month"], attempts=written(earlier), now=self._clock.now()):
            self._say("dialling", row, {"attempt": len(earlier) + 1})
            call = self._workers.submit(self._place, self.folder.known, test, earlier)
            self._flying[test.id] = (row, earlier, call)
            call.add_done_callback(self._over)

    def _land(self, store: Store, agency: Agency) -> None:
        """Note what came of the calls that are over; what the database does not take is noted at the next look."""
        for name, (row, earlier, call) in list(self._flying.items()):
            if call.done():
                self._landed(row, earlier, call, store, agency)
                del self._flying[name]

    def _landed(self, row: Row, earlier: Earlier, call: Future[TestCall], store: Store, agency: Agency) -> None:
        more: Row = {}
        try:
            attempt, more = attempt_of(call.result(), ended_at=self._clock.now()), measured_of(call.result())
        except Refused as refusal:
            self._refused(row, earlier, store, agency, refusal)
            return
        except Exception as error:  # a fault of our side, or of this program itself: the programme goes on
            kept = self._kept_after_all(row, earlier, store, agency)
            unknown = isinstance(error, AttemptUnknown)
            attempt = kept or Attempt(ended_at=self._clock.now(), outcome=UNKNOWN if unknown else VOID, leg="unit")
            if attempt.outcome == UNKNOWN:
                more = sentences(error)
            elif kept is None:
                self._say("failed", row, sentences(error))
        self._settle(row, (*earlier, attempt), store, more)
        self._count_fault(row, attempt)

    def _kept_after_all(self, row: Row, earlier: Earlier, store: Store, agency: Agency) -> Attempt | None:
        """What a call was whose keeping failed, once it is kept, or unknown; None where nobody can have been rung.

        Raises EnvironmentFailed where it cannot be kept yet: it is still on the disk, and the next look tries again.
        """
        name = f"{attempted(row['test_id'], store.plans.drawings(row['test_id']))}-{len(earlier) + 1}"
        claim = _claim(name, agency)
        if claim is None:
            return None
        now, over = self._clock.now(), replace(claim, outcome=claim.outcome or UNKNOWN)
        attempt = after_crash(over, store, now=now, agency=agency, earlier=earlier)
        unsettled = _claim(name, agency)
        if attempt is not None and unsettled is not None and unsettled.in_flight:
            settle(agency, name, attempt.outcome)  # its process is this one, and it is over
        unknown = attempt is not None and attempt.outcome == UNKNOWN
        return attempt if unknown or store.plans.is_kept(name) else None

    def _settle(self, row: Row, attempts: tuple[Attempt, ...], store: Store, more: Row | None = None) -> None:
        """Note an attempt, and when the form says to dial again."""
        come_to = settled(attempts, self.folder.known.rules, more)
        self._note(row, come_to.what, store, due_at=come_to.due_at, detail=come_to.detail)

    def _count_fault(self, row: Row, last: Attempt) -> None:
        """Say once when our side fails again and again, and when it no longer does."""
        if last.outcome == VOID:
            self._faults += 1
            if self._faults == FAULTS_IN_A_ROW:
                self._say("our_fault", row, {"count": self._faults})
        elif last.outcome != UNKNOWN:
            if self._faults >= FAULTS_IN_A_ROW:
                self._say("our_fault_over", row)
            self._faults = 0

    def _refused(self, row: Row, earlier: Earlier, store: Store, agency: Agency, refusal: Refused) -> None:
        """The gate said no: a minute later, or another day, may do; after some refusals a person must look."""
        if refusal.key in IN_USE:
            self._wait(row, store, {"attempts": written(earlier), "why": "in_use", "key": refusal.key})
            return
        events = [e for e in store.plans.events(row["month"]) if e["test_id"] == row["test_id"]]
        before = sum(event["detail"].get("why") == "refused" for event in events)
        reason = {"why": "refused", "key": refusal.key}
        self._say("refused", row, reason | sentences(refusal))
        if before >= MOST_REFUSALS:
            self._note(row, state.UNKNOWN, store, detail=reason)
        else:
            self._anew(row, store, agency, reason)

    def _wait(self, row: Row, store: Store, detail: Row) -> None:
        now = self._clock.now()
        store.plans.note(row["test_id"], state.WAITS, month=row["month"], detail=detail, now=now)
        self._waits[row["test_id"]] = now + WAIT

    def _anew(self, row: Row, store: Store, agency: Agency, reason: Row) -> None:
        """Draw another time; an engaged line that was dialled again and again until closing stays engaged."""
        earlier = attempts_of(row)
        if earlier and earlier[-1].outcome == BUSY and not tester_of(row):  # a tester who stayed away dialled once
            self._note(row, state.DONE, store, detail=reason | {"attempts": written(earlier), "outcome": BUSY})
            return
        try:
            at = redraw(agency, row, store, reason=reason, now=self._clock.now())
        except WrongInput:  # the folder is wrong, which has been told: its time is drawn when that is mended
            self._wait(row, store, {"attempts": written(earlier), "why": "folder_wrong"})
            return
        self._say(state.CALLED_OFF if at is None else state.REDRAWN, row, reason)

    def _note(self, row: Row, what: str, store: Store, *, due_at: datetime | None = None, detail: Row) -> None:
        now = self._clock.now()
        store.plans.note(row["test_id"], what, month=row["month"], due_at=due_at, detail=detail, now=now)
        self._say(what, row, detail)

    def _say(self, what: str, row: Row | None = None, detail: Row | None = None) -> None:
        test = row["test_id"] if row else ""
        self._tell(Event(at=self._clock.now(), what=what, test=test, unit=self._unit(row), detail=detail))

    def _unit(self, row: Row | None) -> str:
        """What the unit of a test is called; empty for one that has left the directory."""
        plan = self._plans.get(row["month"]) if row else None
        name = next((one.unit for one in plan.tests if row and one.id == row["test_id"]), "") if plan else ""
        found = (one for one in self.folder.known.agency.units if one.unit == name)
        return next((one.name or one.unit for one in found), name)
