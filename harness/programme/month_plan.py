"""A drawn month: which unit is called when and by whom, as it is sealed and kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from harness.words import LANGUAGES, say


@dataclass(frozen=True, kw_only=True, order=True)
class PlannedTest:
    """One test of the month."""

    at: datetime
    """When it is due, aware of the agency's zone."""
    id: str
    """Its name: month, round and unit; it stays when the time is drawn anew."""
    round: int
    """Which round of the month, from 1."""
    unit: str
    """The unit, by its id."""
    tester: str = ""
    """Who listens to it; empty: nobody is allotted."""
    drawn: int = 1
    """How many times its time was drawn: 1, more after windows that were missed."""
    retest: bool = False
    """Whether it is the re-test (複查) that an improvement waits for."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON says it."""
        return asdict(self) | {"at": self.at.isoformat(timespec="minutes")}


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """A wish of the programme that could not be drawn, and what would meet it."""

    rule: str
    """Which: units_per_round, every_unit, no_window, retest, tester."""
    what: dict[str, str]
    """What is missing and what would help, in both languages."""


def unmet_rule(rule: str, key: str, /, **values: object) -> Unmet:
    """An unmet rule in the catalogue's words."""
    return Unmet(rule=rule, what={lang: say(key, lang, **values) for lang in LANGUAGES})


@dataclass(frozen=True, kw_only=True)
class MonthPlan:
    """A month as it was drawn."""

    month: str
    """`2026-12`."""
    seed: str
    """What the lots were drawn with; secret until the month is over."""
    drawn_at: datetime
    """When."""
    inputs: str
    """SHA-256 of everything else the draw depends on: directory, hours, programme, calendar, history."""
    tests: tuple[PlannedTest, ...]
    """The tests in order of time."""
    unmet: tuple[Unmet, ...] = ()
    """What the programme asks for and this month cannot give."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "schema": "thirdring.month_plan/1",
            "month": self.month,
            "seed": self.seed,
            "drawn_at": self.drawn_at.isoformat(timespec="seconds"),
            "inputs": self.inputs,
            "tests": [test.to_dict() for test in self.tests],
            "unmet": [asdict(one) for one in self.unmet],
        }


def plan_from_dict(data: dict[str, Any]) -> MonthPlan:
    """The plan that `to_dict` wrote. Raises KeyError, TypeError or ValueError when it is none."""
    tests = [PlannedTest(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in data["tests"]]
    return MonthPlan(
        month=data["month"],
        seed=data["seed"],
        drawn_at=datetime.fromisoformat(data["drawn_at"]),
        inputs=data["inputs"],
        tests=tuple(tests),
        unmet=tuple(Unmet(**one) for one in data["unmet"]),
    )
