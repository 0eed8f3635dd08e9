"""A number that is known only to lie between two others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, order=True)
class Interval:
    """A time or a duration in seconds that lies between two bounds, both included."""

    earliest: float
    """It is not less than this."""
    latest: float
    """It is not more than this."""

    def __post_init__(self) -> None:
        if self.latest < self.earliest:
            raise ValueError(f"an interval cannot end before it begins: {self.earliest} > {self.latest}")

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.earliest <= value <= self.latest

    def __sub__(self, earlier: Interval) -> Interval:
        """The time from some instant in `earlier` to some instant in this one."""
        return Interval(self.earliest - earlier.latest, self.latest - earlier.earliest)

    @property
    def middle(self) -> float:
        """Halfway: what to show where one number must stand."""
        return (self.earliest + self.latest) / 2

    @property
    def width(self) -> float:
        """How much is not known."""
        return self.latest - self.earliest

    def widened(self, before: float, after: float) -> Interval:
        """The same, known less well."""
        return Interval(self.earliest - before, self.latest + after)

    def at_least(self, floor: float) -> Interval:
        """The part from `floor` on: a duration is never negative."""
        return Interval(max(self.earliest, floor), max(self.latest, floor))

    def meet(self, other: Self) -> Interval | None:
        """What both say; None when they contradict each other."""
        earliest, latest = max(self.earliest, other.earliest), min(self.latest, other.latest)
        return Interval(earliest, latest) if earliest <= latest else None

    def to_dict(self) -> dict[str, float]:
        """JSON form, to a tenth of a millisecond."""
        return {"earliest": round(self.earliest, 4), "latest": round(self.latest, 4)}


def hull(intervals: Iterable[Interval]) -> Interval:
    """The smallest interval that holds them all."""
    found = list(intervals)
    return Interval(min(i.earliest for i in found), max(i.latest for i in found))
