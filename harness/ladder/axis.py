"""The time axis of a ladder's picture: seconds run downwards, stretched where much happens at once.

The axis is monotone, so that what stands lower came later, and whole seconds are marked where they lie on it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

TALLEST_PX, LEAST_PX, MOST_PX = 1500.0, 5.0, 34.0
"""A second is 5 to 34 px high, so that a call of some minutes stays within about 1500 px."""
TICK_PX = 46.0
"""Marked seconds are at least so far apart."""
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600)


@dataclass(frozen=True)
class Mark:
    """Something that wants a place on the axis."""

    at_s: float
    """When."""
    rooms_px: tuple[tuple[str, float], ...]
    """Columns in which it stands, and how much room it wants below itself in each: there nothing may overlap it."""


@dataclass(frozen=True)
class Axis:
    """Seconds → pixels, piecewise linear."""

    times_s: tuple[float, ...]
    """Rising; several things at one instant stand one below the other."""
    ys_px: tuple[float, ...]
    """Rising with them."""
    places_px: tuple[float, ...]
    """Where each mark came to stand, in the order in which the marks were given."""
    scale_px: float
    """Pixels a second where nothing crowds."""

    def y(self, at_s: float) -> float:
        """Where a moment lies."""
        index = bisect_right(self.times_s, at_s)
        if index == 0:
            return self.ys_px[0] + (at_s - self.times_s[0]) * self.scale_px
        if index == len(self.times_s):
            return self.ys_px[-1] + (at_s - self.times_s[-1]) * self.scale_px
        before, after = self.times_s[index - 1], self.times_s[index]
        part = (at_s - before) / (after - before)
        return self.ys_px[index - 1] + part * (self.ys_px[index] - self.ys_px[index - 1])

    def ticks(self, last_s: float) -> tuple[float, ...]:
        """Whole seconds to mark, as many as have room."""
        step = next((s for s in STEPS_S if s * self.scale_px >= TICK_PX), STEPS_S[-1])
        return tuple(float(second) for second in range(0, int(last_s) + 1, step))


def lay_out(marks: Sequence[Mark], *, top_px: float, last_s: float) -> Axis:
    """Give every mark its place: no two of a column overlap, and time never runs upwards."""
    first_s = min([one.at_s for one in marks], default=0.0)
    scale = min(max(TALLEST_PX / max(last_s - first_s, 1e-9), LEAST_PX), MOST_PX)
    order = sorted(range(len(marks)), key=lambda index: marks[index].at_s)
    free: dict[str, float] = {}
    at_s, at_px = first_s, top_px
    places = [top_px] * len(marks)
    knots = [(first_s, top_px)]
    for index in order:
        mark = marks[index]
        taken = max([free.get(column, top_px) for column, _ in mark.rooms_px])
        at_px = max(at_px + (mark.at_s - at_s) * scale, taken)
        at_s, places[index] = mark.at_s, at_px
        free |= {column: at_px + room for column, room in mark.rooms_px}
        knots.append((at_s, at_px))
    return Axis(tuple(at for at, _ in knots), tuple(y for _, y in knots), tuple(places), scale)
