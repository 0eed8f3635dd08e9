"""The next month, drawn in time while the programme runs; one that nobody drew in time is told of."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date

from harness.agency import Agency
from harness.programme.events import in_both
from harness.programme.folder import WatchedFolder
from harness.programme.month import draw_and_seal
from harness.programme.round_months import drawn_late, skipped, to_draw
from harness.programme.seal import seal_of
from harness.programme.telling import Telling
from harness.redialling import Clock
from harness.store import Store


class NextMonth:
    """Draws months when they are to be drawn, each with a new seed."""

    def __init__(self, seeds: Callable[[], str], *, clock: Clock, folder: WatchedFolder, telling: Telling) -> None:
        self._seeds, self._clock, self._folder, self._telling = seeds, clock, folder, telling
        self._skipped: set[str] = set()

    def draw(self, store: Store, agency: Agency) -> None:
        """Draw a month that is to be drawn now and nobody has drawn; tell of one that was not drawn in time."""
        now, settings, say = self._clock.now(), self._folder.known.settings, self._telling.say
        today = now.astimezone(agency.zone).date()
        drawn = {row["month"] for row in store.plans.months()}
        if self._folder.wrong is not None:
            return
        self._tell_skipped(drawn, today)
        month = to_draw(settings, drawn, today)
        if month is None:
            return
        plan = draw_and_seal(agency, month, store, seed=self._seeds(), now=now)
        say("month_drawn", detail={"month": month, "tests": len(plan.tests), "seal": seal_of(plan)})
        if drawn_late(settings, month, today):
            say("month_late", detail={"month": month, **in_both("programme.month_late", day=today)})
        for unmet in plan.unmet:
            say("unmet", detail={"month": month, "rule": unmet.rule, **unmet.what})

    def _tell_skipped(self, drawn: Collection[str], today: date) -> None:
        """Tell once of the months that are over and had rounds, and that nobody drew."""
        for month in skipped(self._folder.known.settings, drawn, today):
            if month not in self._skipped:
                self._skipped.add(month)
                self._telling.say("month_skipped", detail={"month": month, **in_both("programme.month_skipped")})
