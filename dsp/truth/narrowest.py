"""What any ear must leave open: the narrowest interval that the sound of a call allows, whatever hears it.

Two pick-ups that leave the same sound behind cannot be told apart. So the interval holds every moment at which somebody
might have picked up as well: up to the next ring that would have been heard, back to the last that was. A perfect ear
knows the cadence and which packets it lost; what was in them it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsp.tone_plan import TonePlan
from dsp.truth.truth_scenes import ring_starts
from dsp.truth.truth_set import TruthCall

Stretch = tuple[float, float]
"""(start, end) in seconds from the ring onset."""

HAIR_S = 0.0005
"""A burst that ran its full length was not cut at its very end, and one that did not begin was not due yet."""


def narrowest_latency_s(call: TruthCall, plan: TonePlan, *, no_loss: bool = False) -> Stretch | None:
    """Ring onset → pick-up as well as a perfect ear can know it; None where nobody picked up.

    A pick-up inside a burst cuts it: a number, unless the packets around it were lost. One in the gap lies anywhere
    between the burst's end and the first of voice, music and next burst. `no_loss`: as if every packet had come.
    """
    truth = call.truth
    if truth.pick_up is None or truth.ring_onset is None:
        return None
    onset, gone = truth.ring_onset, () if no_loss else call.lost
    lost = [((start - onset) / call.sr, (end - onset) / call.sr) for start, end in gone]
    latency = (truth.pick_up - truth.ring_onset) / call.sr
    rung = _heard_parts(_bursts(latency, plan, call.condition.stretch), lost)
    earliest = max((min(end, latency) for start, end in rung if start < latency), default=0.0)
    latest = min((max(start, latency) for start, end in rung if end > latency), default=float("inf"))
    if earliest == latest:
        return latency, latency
    reply = float("inf") if truth.reply is None else _first_heard((truth.reply - truth.ring_onset) / call.sr, lost)
    earliest += HAIR_S
    return earliest, max(earliest, min(latest - HAIR_S, reply))


def _bursts(until: float, plan: TonePlan, stretch: float) -> list[Stretch]:
    """Every burst from the ring onset to two periods behind an instant, had nobody picked up."""
    period = plan.period_s * stretch
    periods = int(until / period) + 3
    return [(n * period + start, n * period + end) for n in range(periods) for start, end in ring_starts(plan, stretch)]


def _heard_parts(bursts: Sequence[Stretch], lost: Sequence[Stretch]) -> list[Stretch]:
    """The parts of bursts that no lost packet took."""
    parts = list(bursts)
    for gone, back in lost:
        parts = [
            part
            for start, end in parts
            for part in ((start, min(end, gone)), (max(start, back), end))
            if part[1] - part[0] > HAIR_S
        ]
    return parts


def _first_heard(at: float, lost: Sequence[Stretch]) -> float:
    """The first instant from `at` on of which a packet came."""
    for gone, back in sorted(lost):
        if gone <= at < back:
            at = back
    return at
