"""When the next burst of ringback should begin, by the rings heard before it and the plan's cadence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from dsp.bursts.burst import Burst
from dsp.ringing.lengths import SLACK_S, STRETCH, fits
from dsp.tone_plan import TonePlan
from dsp.tone_sets import SR

_LATE_S = 0.045
"""Two packets."""
_LATEST_S = 0.11
"""Five."""
_ROUNDED = 0.01
_EDGE = round(0.012 * SR)
_LEAST_REST = round(0.04 * SR)
"""Less left of a burst behind a hole is not looked for."""
_TORN_S, _HALT = 0.09, 0.25
"""Pieces of one burst stand no further apart, or no further than this share of the plan's shortest silence."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a burst should begin."""

    start: int
    """Not before this sample."""
    slack: int
    """But up to so many samples later."""


class RingsDue:
    """The last rings of a call, or what may have been rings, and when the next one is due."""

    def __init__(self, plan: TonePlan, ring_set: int) -> None:
        self._set = ring_set
        self._steps = tuple(on + off for on, off in plan.cadence)
        self._ons = tuple(on for on, _ in plan.cadence)
        self._least_off = min(off for _, off in plan.cadence)
        self._rings: list[Burst] = []
        self.dues: tuple[Due, ...] = ()
        """When the next burst should begin: after a gap inside a ring, and after one between rings."""

    def __contains__(self, burst: Burst) -> bool:
        return burst in self._rings

    def forget(self, bursts: Iterable[Burst]) -> None:
        """These were no rings, but a refusal's; what was due by them stays so until the next ring."""
        starts = {burst.start for burst in bursts}
        self._rings = [ring for ring in self._rings if ring.start not in starts]

    def is_due(self, burst: Burst) -> bool:
        """Whether the cadence wanted a burst there: one cut to a few milliseconds is believed only then."""
        if not self._rings or burst.tone_set != self._set:
            return False
        slack = 0.04 * SR if len(self._rings) > 1 else STRETCH * min(self._steps) * SR
        return any(due.start - slack <= burst.start <= due.start + due.slack + slack for due in self.dues)

    def expect_after(self, burst: Burst) -> None:
        """The next ring is due by a burst that may have been one."""
        last = self._rings[-1] if self._rings else None
        if last is not None and self._is_rest(last, burst):
            self._rings[-1] = replace(last, end=burst.end, stops=burst.stops, broken=burst.broken)
        else:
            self._rings = [*self._rings[-3:], burst]
        self.dues = () if self._was_cut(self._rings[-1]) else (*self._rest_due(self._rings[-1]), *self._next_due())

    def _next_due(self) -> tuple[Due, ...]:
        last = self._rings[-1]
        if len(self._rings) == 1:
            return tuple(self._first_due(step) for step in self._steps)
        dues = [round(last.start + step * self._scale * SR) for step in self._steps]
        early = [self._earliest(dues[0], self._steps[0] * self._scale * SR)] if len(dues) == 1 else dues
        return tuple(Due(at - _EDGE, due - at + 2 * _EDGE) for at, due in zip(early, dues, strict=True))

    def _first_due(self, step: float) -> Due:
        """After one burst: its length tells the cadence's, or packets were lost of it and the plan does."""
        last = self._rings[-1]
        lacks = (last.end - last.start) / SR < self._ons[0] * (1 - _ROUNDED)
        scales = (self._scale, 1.0) if lacks else (self._scale,)
        early = _LATE_S * SR if lacks else 0
        start = round(last.start + step * min(scales) * SR - early) - 2 * _EDGE
        return Due(start, round(last.start + step * max(scales) * SR) + 2 * _EDGE - start)

    def _earliest(self, due: int, period: float) -> int:
        """The same moment as the rings before tell it: a lost packet makes a burst begin late, never early.

        Lost at the second ring's start it makes the plan's own period look longer."""
        periods = (period, self._steps[0] * SR)
        told = (ring.start + round((due - ring.start) / p) * p for ring in self._rings for p in periods)
        return round(min((at for at in told if due - _LATEST_S * SR <= at), default=due))

    @property
    def _scale(self) -> float:
        """How much slower than the plan's the cadence runs: by the bursts' distances, else by one burst's length."""
        if len(self._rings) > 1:
            steps = [(b.start - a.start) / SR for a, b in pairwise(self._rings)]
            ratios = sorted(step / wanted for step in steps for wanted in self._steps if fits(step, wanted))
            if ratios:
                nearest = min(ratios, key=lambda r: abs(r - 1))
                return 1.0 if abs(nearest - 1) < 0.0005 else ratios[len(ratios) // 2]
        on = (self._rings[-1].end - self._rings[-1].start) / SR
        ratio = next((on / wanted for wanted in self._ons if fits(on, wanted)), 1.0)
        return ratio if abs(ratio - 1) > _ROUNDED else 1.0

    def _rest_due(self, burst: Burst) -> tuple[Due, ...]:
        """Where the rest of a burst may be heard, behind packets that were lost before it was over."""
        lacks = round(burst.start + max(self._ons) * self._scale * SR) - burst.end
        if not burst.broken or lacks < _LEAST_REST:
            return ()
        return (Due(burst.end + _EDGE, lacks - _LEAST_REST),)

    def _is_rest(self, last: Burst, burst: Burst) -> bool:
        """Whether a burst is the rest of the one before it, behind a hole."""
        gap, length = (burst.start - last.end) / SR, (burst.end - last.start) / SR
        return gap < max(_TORN_S, _HALT * self._least_off) and length <= max(self._ons) * (1 + STRETCH) + SLACK_S

    def _was_cut(self, burst: Burst) -> bool:
        """Whether a burst was surely cut short: then somebody picked up, and no other is due."""
        seconds = (burst.end - burst.start) / SR
        return burst.stops and burst.proven and not any(fits(seconds, on) for on in self._ons)
