"""The calls that a programme has placed: taken in the table, dialled by a worker, and noted once they are over."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

from harness.agency import Agency
from harness.errors import AttemptUnknown, Refused
from harness.ledger import UNKNOWN, Claim, claims, settle
from harness.planned_call import TestCall
from harness.programme.attempts import after_crash, attempted, attempts_of, measured_of, written
from harness.programme.events import sentences
from harness.programme.folder import Known, WatchedFolder
from harness.programme.month_plan import PlannedTest
from harness.programme.noting import Noting
from harness.programme.telling import Telling
from harness.redial import VOID, Attempt
from harness.redialling import Clock, Earlier, attempt_of
from harness.store import Store

Row = dict[str, Any]
Place = Callable[[Known, PlannedTest, Earlier], TestCall]


class Flights:
    """Calls that are up, or over and not noted yet."""

    def __init__(
        self,
        place: Place,
        *,
        workers: Executor,
        landed: Callable[[object], None],
        clock: Clock,
        folder: WatchedFolder,
        telling: Telling,
        noting: Noting,
    ) -> None:
        self._place, self._workers, self._over = place, workers, landed
        self._clock, self._folder, self._telling, self._noting = clock, folder, telling, noting
        self._flying: dict[str, tuple[Row, Earlier, Future[TestCall]]] = {}

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def in_the_air(self) -> bool:
        """Whether a call is up."""
        return any(not call.done() for _, _, call in self._flying.values())

    def dial(self, row: Row, test: PlannedTest, store: Store) -> None:
        """Place a test's next attempt, unless somebody else has taken the test."""
        test, earlier = replace(test, drawn=store.plans.drawings(test.id)), attempts_of(row)
        if store.plans.take(test.id, month=row["month"], attempts=written(earlier), now=self._clock.now()):
            self._telling.say("dialling", row, {"attempt": len(earlier) + 1})
            call = self._workers.submit(self._place, self._folder.known, test, earlier)
            self._flying[test.id] = (row, earlier, call)
            call.add_done_callback(self._over)

    def land(self, store: Store, agency: Agency) -> None:
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
            self._noting.refused(row, earlier, store, agency, refusal)
            return
        except Exception as error:  # a fault of our side, or of this program itself: the programme goes on
            kept = self._kept_after_all(row, earlier, store, agency)
            unknown = isinstance(error, AttemptUnknown)
            attempt = kept or Attempt(ended_at=self._clock.now(), outcome=UNKNOWN if unknown else VOID, leg="unit")
            if attempt.outcome == UNKNOWN:
                more = sentences(error)
            elif kept is None:
                self._telling.say("failed", row, sentences(error))
        self._noting.settle(row, (*earlier, attempt), store, more)
        self._telling.count_fault(row, attempt)

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


def _claim(attempt_id: str, agency: Agency) -> Claim | None:
    return next((one for one in claims(agency) if one.attempt_id == attempt_id), None)
