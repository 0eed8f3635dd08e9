"""The programme as it runs: draws the next month in time, dials what is due, and survives being stopped anywhere.

The table of the store is the truth. A test is taken there, then claimed in the ledger, then dialled: whatever stops
in between was not dialled, or is `unknown` and left to a person. Nothing is ever dialled twice.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.errors import ThirdringError
from harness.ledger import claims
from harness.left_call import keep_all_left, left_of, paths_of
from harness.programme.attempts import after_crash, attempted, attempts_of, begins_of, due_of, written
from harness.programme.drawn_tests import DrawnTests
from harness.programme.events import Event, sentences
from harness.programme.flights import Flights, Place
from harness.programme.folder import Known, WatchedFolder
from harness.programme.month_plan import PlannedTest
from harness.programme.next_month import NextMonth
from harness.programme.noting import Noting
from harness.programme.round_over import OpenRounds
from harness.programme.seal import new_seed
from harness.programme.telling import Telling
from harness.programme.times import first_attempt_minutes
from harness.redialling import Clock
from harness.store import Store, open_store
from harness.store import plans as state
from rubric.periods import period_of

GRACE = timedelta(minutes=10)
"""A test is dialled no later than this after its time; then the time was missed and is drawn anew."""
Row = dict[str, Any]


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
        self.folder, self._clock, self._tests = WatchedFolder(folder), clock, DrawnTests()
        self._telling = Telling(tell, clock=clock, folder=self.folder, tests=self._tests)
        self._months = NextMonth(seeds, clock=clock, folder=self.folder, telling=self._telling)
        self._noting = Noting(clock=clock, folder=self.folder, telling=self._telling)
        self._flights = Flights(
            place,
            workers=workers,
            landed=landed,
            clock=clock,
            folder=self.folder,
            telling=self._telling,
            noting=self._noting,
        )
        self._rounds = OpenRounds()

    def begin(self) -> None:
        """Settle what was being dialled when the programme was stopped, and say where it stands."""
        self.recover()
        agency = self.folder.known.agency
        month = period_of(self._clock.now().astimezone(agency.zone).date(), "month")
        with open_store(agency.database) as store:
            states = [row["state"] for row in store.plans.tests(month)]
        over = sum(one not in state.WAITING for one in states)
        self._telling.say("begun", detail={"month": month, "tests": len(states), "over": over})

    def end(self) -> None:
        """Say that it has ended in order."""
        self._telling.say("ended")

    def tell_of(self, error: ThirdringError) -> None:
        """Say once what keeps a look from being finished; the next one may do."""
        self._telling.trouble(error)

    def recover(self) -> None:
        """Settle what was being dialled when the programme was stopped."""
        agency = self.folder.known.agency
        known = {claim.attempt_id: claim for claim in claims(agency)}
        with open_store(agency.database) as store:
            for row in store.plans.claimed():
                self._tests.test(row, store)
                earlier, now = attempts_of(row), self._clock.now()
                name = attempted(row["test_id"], store.plans.drawings(row["test_id"]))
                claim = known.get(f"{name}-{len(earlier) + 1}")
                if claim is not None and claim.in_flight:
                    continue  # a tester has it, in another process that will note what came of it
                attempt = after_crash(claim, store, now=now, agency=agency, earlier=earlier)
                if attempt is None:
                    due_at, detail = datetime.fromisoformat(row["due_at"]), {"attempts": written(earlier)}
                    self._noting.note(row, state.AGAIN, store, due_at=due_at, detail=detail | {"why": "not_dialled"})
                else:
                    more = None if claim is None else left_of(claim, agency, store, now=now)
                    self._noting.settle(row, (*earlier, attempt), store, more)
            for marked in keep_all_left(agency, store, now=self._clock.now()):
                self._telling.say("sound_left", detail={"call_id": marked["call_id"], "files": paths_of([marked])})

    def look(self, *, dial: bool = True) -> datetime | None:
        """Do everything that is due now; give when the next thing is due, None when nothing is planned.

        Without `dial` only what came of the calls that are up is noted.
        """
        agency = self._read_folder().agency
        with open_store(agency.database) as store:
            self._flights.land(store, agency)
            if dial and self.folder.still:
                self._months.draw(store, agency)
                for row in store.plans.waiting(self._clock.now()):
                    self._attend(row, store, agency)
            ahead = store.plans.waiting(datetime.max.replace(tzinfo=self._clock.now().tzinfo))
            for told in self._rounds.ended((*ahead, *store.plans.claimed()), agency, store, now=self._clock.now()):
                self._telling.say("vacant", detail=told)
        self._telling.no_trouble()
        return min(map(self._due, ahead), default=None)

    @property
    def flying(self) -> int:
        """Calls that are up, or over and not noted yet."""
        return len(self._flights)

    @property
    def in_the_air(self) -> bool:
        """Whether a call is up."""
        return self._flights.in_the_air

    def _read_folder(self) -> Known:
        before = self.folder.wrong
        known = self.folder.look()
        if self.folder.wrong is not None and self.folder.wrong is not before:
            self._telling.say("folder_wrong", detail=sentences(self.folder.wrong))
        elif before is not None and self.folder.wrong is None:
            self._telling.say("folder_right")
        return known

    def _due(self, row: Row) -> datetime:
        due = begins_of(row, self._clock.now(), self.folder.known.agency.zone)
        return self._noting.waits_until(row, due)

    def _attend(self, row: Row, store: Store, agency: Agency) -> None:
        """Dial a waiting test that is due, or draw it anew when its time has passed."""
        now = self._clock.now()
        due = due_of(row, now)
        if now < self._due(row):
            return
        test = self._tests.test(row, store)
        if now > due + GRACE or not (attempts_of(row) or self._may_begin(test, agency, now)):
            self._noting.anew(row, store, agency, {"why": "missed", "due_at": row["due_at"]})
        elif self.flying < agency.settings.at_once:
            self._flights.dial(row, test, store)

    def _may_begin(self, test: PlannedTest, agency: Agency, now: datetime) -> bool:
        """Whether a first attempt may be dialled now: it waited for a line, say, and lunch or closing has come near."""
        unit = next((one for one in agency.units if one.unit == test.unit), None)
        if unit is None:
            return True  # the number gate says what is wrong with it
        local = now.astimezone(agency.zone)
        margin_min = self.folder.known.settings.margin_min
        return local.hour * 60 + local.minute in first_attempt_minutes(agency.hours_of(unit), margin_min)
