"""The tests of the months that were drawn, as they were drawn: read once, for a month that was drawn never changes."""

from __future__ import annotations

from typing import Any

from harness.agency import Agency
from harness.programme.month import kept_plan
from harness.programme.month_plan import MonthPlan, PlannedTest
from harness.store import Store

Row = dict[str, Any]


class DrawnTests:
    """Finds the test that a row of the table is about."""

    def __init__(self) -> None:
        self._plans: dict[str, MonthPlan] = {}

    def test(self, row: Row, store: Store) -> PlannedTest:
        """A test as it was drawn; a month that was drawn never changes."""
        month = row["month"]
        if month not in self._plans:
            self._plans[month], _ = kept_plan(month, store)
        return next(one for one in self._plans[month].tests if one.id == row["test_id"])

    def unit(self, row: Row | None, agency: Agency) -> str:
        """What the unit of a test is called; empty for one that has left the directory."""
        plan = self._plans.get(row["month"]) if row else None
        name = next((one.unit for one in plan.tests if row and one.id == row["test_id"]), "") if plan else ""
        found = (one for one in agency.units if one.unit == name)
        return next((one.name or one.unit for one in found), name)
