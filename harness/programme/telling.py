"""What a programme says while it runs; what lasts, it says once when it begins and once when it is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.errors import ThirdringError
from harness.ledger import UNKNOWN
from harness.programme.drawn_tests import DrawnTests
from harness.programme.events import Event, sentences
from harness.programme.folder import WatchedFolder
from harness.redial import VOID, Attempt
from harness.redialling import Clock

FAULTS_IN_A_ROW = 2
"""So many attempts in a row that failed on our side are no accident: the line or the machine wants a person."""
Row = dict[str, Any]


class Telling:
    """Tells of everything that happens, and what the unit is called that it happens to."""

    def __init__(
        self, tell: Callable[[Event], None], *, clock: Clock, folder: WatchedFolder, tests: DrawnTests
    ) -> None:
        self._tell, self._clock, self._folder, self._tests = tell, clock, folder, tests
        self._trouble = ""
        self._faults = 0

    def say(self, what: str, row: Row | None = None, detail: Row | None = None) -> None:
        """Tell of something, `row` being the test that it happens to."""
        test, unit = row["test_id"] if row else "", self._tests.unit(row, self._folder.known.agency)
        self._tell(Event(at=self._clock.now(), what=what, test=test, unit=unit, detail=detail))

    def trouble(self, error: ThirdringError) -> None:
        """Say once what keeps a look from being finished; the next one may do."""
        if self._trouble != error.key:
            self.say("trouble", detail=sentences(error))
        self._trouble = error.key

    def no_trouble(self) -> None:
        """Say once that a look was finished after one that was not."""
        if self._trouble:
            self._trouble = ""
            self.say("trouble_over")

    def count_fault(self, row: Row, last: Attempt) -> None:
        """Say once when our side fails again and again, and when it no longer does."""
        if last.outcome == VOID:
            self._faults += 1
            if self._faults == FAULTS_IN_A_ROW:
                self.say("our_fault", row, {"count": self._faults})
        elif last.outcome != UNKNOWN:
            if self._faults >= FAULTS_IN_A_ROW:
                self.say("our_fault_over", row)
            self._faults = 0
