"""The calls of this process, for whoever shows them: those that are up, and the last that were."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness import clocks
from harness.agency import Agency
from harness.assisted.live_call import LiveCall
from harness.assisted.state import Asked
from harness.number_gate.called_number import number_of
from harness.planned_call import Plan
from harness.questions import last_asked, propose, read_questions
from harness.store import open_store
from harness.test_call import new_call_id

KEPT = 50
"""So many calls that are over are still shown: a page that was slow sees how its call ended."""


class LiveCalls:
    """A shelf of live calls; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: OrderedDict[str, LiveCall] = OrderedDict()

    def begin(
        self, *, plan: Plan, agency: Agency, tester: str = "", muted: bool = True, call_id: str | None = None
    ) -> LiveCall:
        """Make a live call of a plan, and give it its id; with a tester, with the questions to ask."""
        number, _ = number_of(plan.unit, agency, plan.to)
        live = LiveCall(
            call_id=call_id or new_call_id(clocks.now()),
            tester=tester,
            plan=plan,
            number=number,
            questions=questions_for(plan.unit.unit, agency) if tester else (),
            muted=muted,
        )
        with self._lock:
            self._calls[live.call_id] = live
            for old in [one for one, call in self._calls.items() if call.over][:-KEPT]:
                del self._calls[old]
        return live

    def up(self) -> tuple[LiveCall, ...]:
        """Every call that is not over, the oldest first."""
        with self._lock:
            return tuple(call for call in self._calls.values() if not call.over)

    def find(self, call_id: str) -> LiveCall | None:
        """A call by its id, that of any of its attempts; None: this process does not know it."""
        with self._lock:
            return next((call for call in self._calls.values() if call_id in call.call_ids), None)


CALLS = LiveCalls()
"""The calls of this process."""


@contextmanager
def shown(plan: Plan, agency: Agency, *, call_id: str | None = None, **_: Any) -> Iterator[LiveCall]:
    """Show an automated call while it lasts; whatever it ends by, it is over then."""
    live = CALLS.begin(plan=plan, agency=agency, call_id=call_id)
    with live.until_over():
        yield live


def questions_for(unit: str, agency: Agency) -> tuple[Asked, ...]:
    """The questions that a unit is asked next, with their model answers; none where the agency keeps none."""
    found = read_questions(agency.folder, units=[one.unit for one in agency.units])
    if not found:
        return ()
    with open_store(agency.database) as store:
        asked = last_asked(unit, store)
    today = clocks.now().astimezone(agency.zone).date()
    chosen = propose(unit, found, today=today, asked=asked)
    return tuple(Asked(question=one.question, answer=one.answer, source=one.source) for one in chosen)
