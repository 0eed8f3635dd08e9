"""Rounds that are over, whoever ended them: the programme, a tester, or a person who called a day off or decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from harness.agency import Agency
from harness.programme.month import kept_plan
from harness.programme.month_plan import MonthPlan
from harness.programme.vacant import vacant_of_round
from harness.store import Store

TOLD = "vacant_told"
"""The line of the log that says that a round's numbers were told, so that they are told once."""
MONTHS = 2
"""So many months back a round is looked at when the programme begins: it may have ended while nothing ran."""
PROGRAMME = "thirdring run"
Row = dict[str, Any]
Round = tuple[str, int]


class OpenRounds:
    """The rounds that have tests to be dialled, from one look at the table to the next."""

    def __init__(self) -> None:
        self._open: set[Round] | None = None
        self._plans: dict[str, MonthPlan] = {}

    def ended(self, rows: Iterable[Row], agency: Agency, store: Store, *, now: datetime) -> Iterator[Row]:
        """What to tell of each round that has ended since the last look and has numbers that do not exist.

        Args:
            rows: the tests that are still to be dialled, or are being dialled.
        """
        before = self._recent(store) if self._open is None else self._open
        still = {self._round(row, store) for row in rows}
        for month, number in sorted(before - still):
            told = vacant_of_round(agency, self._plan(month, store), number, store)
            if told and not _was_told(month, number, store):
                yield told  # a stop between here and the next line tells it once more, not never
                store.log.write(TOLD, who=PROGRAMME, detail={"month": month, "round": number}, now=now)
        self._open = still

    def _recent(self, store: Store) -> set[Round]:
        months = sorted(row["month"] for row in store.plans.months())[-MONTHS:]
        return {(month, test.round) for month in months for test in self._plan(month, store).tests}

    def _round(self, row: Row, store: Store) -> Round:
        tests = self._plan(row["month"], store).tests
        return row["month"], next(one.round for one in tests if one.id == row["test_id"])

    def _plan(self, month: str, store: Store) -> MonthPlan:
        """A month as it was drawn, which never changes."""
        if month not in self._plans:
            self._plans[month], _ = kept_plan(month, store)
        return self._plans[month]


def _was_told(month: str, number: int, store: Store) -> bool:
    return any(row["detail"] == {"month": month, "round": number} for row in store.log.named(TOLD))
