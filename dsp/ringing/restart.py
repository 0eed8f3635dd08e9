"""Where a ringing began anew though nobody had picked up: rings keep a beat from there on, not with those before."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dsp.compiled.quantile import middle
from dsp.ringing.beat import Ring
from dsp.tone_plan import TonePlan

_OFF_S, _OFF = 0.25, 0.05
"""No lost packets move a ring so far, nor by such a share of the period."""
_EXACT = 0.005
_TELL = 3
"""So many steps from ring to ring tell the period; of fewer one must be the plan's own."""


def last_restart(group: Sequence[Ring], *, sr: int, plan: TonePlan) -> int:
    """Which ring of a ringing began it anew the last time; 0: none did.

    Args:
        group: the bursts of each ring, in order.
        sr: samples a second.
        plan: whose tones ring.
    """
    usual = _usual([b[0].start - a[0].start for a, b in pairwise(group)], plan.period_s * sr)
    if usual is None:
        return 0
    steps = [_steps(a, b, usual, plan=plan) for a, b in pairwise(group)]
    return next((at for at in range(len(steps), 0, -1) if _is_off(steps[at - 1], usual, sr=sr)), 0)


def _steps(one: Ring, other: Ring, period: float, *, plan: TonePlan) -> list[float]:
    """How far apart two rings may have begun, by their starts and by the ends of their first bursts: packets lost of a
    burst, or a whole burst of several, move one of them."""
    lost = [[part * period for part in lost_of_period(ring, plan)] for ring in (one, other)]
    apart = (other[0].start - one[0].start, other[0].end - one[0].end)
    return [by + before - later for by in apart for before in lost[0] for later in lost[1]]


def _usual(steps: Sequence[float], nominal: float) -> float | None:
    """The period that the steps tell, in samples; None: too few of them, and none is the plan's."""
    each = [step / max(round(step / nominal), 1) for step in steps]
    if any(abs(one / nominal - 1) <= _EXACT for one in each):
        return nominal
    return middle(each) if len(each) >= _TELL else None


def lost_of_period(ring: Ring, plan: TonePlan) -> list[float]:
    """How much of a period may have passed before a ring's first burst that was heard."""
    lacks = len(plan.cadence) - len(ring)
    return [sum(on + off for on, off in plan.cadence[:count]) / plan.period_s for count in range(lacks + 1)]


def _is_off(steps: Sequence[float], usual: float, *, sr: int) -> bool:
    """Whether by no count two rings are whole periods apart."""
    least = max(_OFF_S * sr, _OFF * usual)
    return all(abs(step - max(round(step / usual), 1) * usual) > least for step in steps)
