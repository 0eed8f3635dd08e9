"""What a test has come to, noted in the store's table: done, to be dialled again, drawn anew, or left to a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from harness.agency import Agency
from harness.errors import Refused, WrongInput
from harness.programme.attempts import attempts_of, settled, tester_of, written
from harness.programme.events import sentences
from harness.programme.folder import WatchedFolder
from harness.programme.redraw import redraw
from harness.programme.telling import Telling
from harness.redial import BUSY, Attempt
from harness.redialling import Clock, Earlier
from harness.store import Store
from harness.store import plans as state

WAIT = timedelta(minutes=1)
"""After so long a test is tried again that found the line, the switchboard or the number in use by another test."""
_IN_USE = ("number_in_call", "switchboard_in_call", "line_full", "at_once")
IN_USE = frozenset((*(f"refused.{what}" for what in _IN_USE), "cluster.no_probe"))
MOST_REFUSALS = 3
"""So often the number gate may refuse a test before a person must look at it."""
Row = dict[str, Any]


class Noting:
    """Notes what becomes of tests, and tells of it."""

    def __init__(self, *, clock: Clock, folder: WatchedFolder, telling: Telling) -> None:
        self._clock, self._folder, self._telling = clock, folder, telling
        self._waits: dict[str, datetime] = {}

    def waits_until(self, row: Row, due: datetime) -> datetime:
        """When a test that is due then may be tried: later where it has just found something in use."""
        return max(due, self._waits.get(row["test_id"], due))

    def settle(self, row: Row, attempts: tuple[Attempt, ...], store: Store, more: Row | None = None) -> None:
        """Note an attempt, and when the form says to dial again."""
        come_to = settled(attempts, self._folder.known.rules, more)
        self.note(row, come_to.what, store, due_at=come_to.due_at, detail=come_to.detail)

    def refused(self, row: Row, earlier: Earlier, store: Store, agency: Agency, refusal: Refused) -> None:
        """The gate said no: a minute later, or another day, may do; after some refusals a person must look."""
        if refusal.key in IN_USE:
            self._wait(row, store, {"attempts": written(earlier), "why": "in_use", "key": refusal.key})
            return
        events = [e for e in store.plans.events(row["month"]) if e["test_id"] == row["test_id"]]
        before = sum(event["detail"].get("why") == "refused" for event in events)
        reason = {"why": "refused", "key": refusal.key}
        self._telling.say("refused", row, reason | sentences(refusal))
        if before >= MOST_REFUSALS:
            self.note(row, state.UNKNOWN, store, detail=reason)
        else:
            self.anew(row, store, agency, reason)

    def anew(self, row: Row, store: Store, agency: Agency, reason: Row) -> None:
        """Draw another time; an engaged line that was dialled again and again until closing stays engaged."""
        earlier = attempts_of(row)
        if earlier and earlier[-1].outcome == BUSY and not tester_of(row):  # a tester who stayed away dialled once
            self.note(row, state.DONE, store, detail=reason | {"attempts": written(earlier), "outcome": BUSY})
            return
        try:
            at = redraw(agency, row, store, reason=reason, now=self._clock.now())
        except WrongInput:  # the folder is wrong, which has been told: its time is drawn when that is mended
            self._wait(row, store, {"attempts": written(earlier), "why": "folder_wrong"})
            return
        self._telling.say(state.CALLED_OFF if at is None else state.REDRAWN, row, reason)

    def note(self, row: Row, what: str, store: Store, *, due_at: datetime | None = None, detail: Row) -> None:
        """Note a test's new state in the table, and tell of it."""
        now = self._clock.now()
        store.plans.note(row["test_id"], what, month=row["month"], due_at=due_at, detail=detail, now=now)
        self._telling.say(what, row, detail)

    def _wait(self, row: Row, store: Store, detail: Row) -> None:
        now = self._clock.now()
        store.plans.note(row["test_id"], state.WAITS, month=row["month"], detail=detail, now=now)
        self._waits[row["test_id"]] = now + WAIT
