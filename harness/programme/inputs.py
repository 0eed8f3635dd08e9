"""Everything that a drawn month depends on besides its seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from harness.directory import Unit
from harness.hours import Hours
from harness.programme.settings import ProgrammeSettings
from harness.programme.workdays import Workdays


@dataclass(frozen=True, kw_only=True)
class Past:
    """What earlier months have to do with this one."""

    tested: Mapping[str, Sequence[date]] = field(default_factory=dict)
    """Unit → days on which it was tested or is going to be."""
    called: Mapping[str, Sequence[date]] = field(default_factory=dict)
    """Number → days on which it was called."""
    burden: Mapping[str, int] = field(default_factory=dict)
    """Tester → tests so far in the year."""
    retests: Mapping[str, date] = field(default_factory=dict)
    """Unit whose improvement waits for a re-test (複查) → the day by which it has to have answered."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Everything a draw depends on, besides its seed."""

    month: str
    """`2026-12`."""
    units: tuple[Unit, ...]
    """The directory, in its own order."""
    settings: ProgrammeSettings
    """programme.toml."""
    workdays: Workdays
    """The days of testing."""
    zone: ZoneInfo
    """Where the agency is."""
    hours_of: Callable[[Unit], Hours]
    """When a unit may be rung."""
    number_of: Callable[[Unit], str]
    """The number that its test dials: its own, or its switchboard's."""
    per_day: int
    """Calls a day at the most."""
    past: Past = Past()
    """Earlier months."""
