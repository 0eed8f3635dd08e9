"""What any ear must leave open: the narrowest interval that a call's sound allows, whatever hears it."""

from __future__ import annotations

from dsp.tone_plan import TonePlan
from dsp.truth.truth_set import TruthCall
from harness.interval import Interval

HAIR_S = 0.0005
"""A burst that ran its full length was not cut at its very end, and one that did not begin was not due yet."""


def narrowest_latency_s(call: TruthCall, plan: TonePlan) -> Interval | None:
    """Ring onset → pick-up as well as a perfect ear can know it, seconds; None where nobody picked up.

    A pick-up inside a burst cuts it: a number. One in the gap lies anywhere between the burst's end and the first
    of voice, music and next burst.
    """
    truth = call.truth
    if truth.pick_up is None or truth.ring_onset is None:
        return None
    latency_s = (truth.pick_up - truth.ring_onset) / call.sr
    starts, ends = _bursts(latency_s, plan, call.condition.stretch)
    cut = any(start <= latency_s < end for start, end in zip(starts, ends, strict=True))
    if cut:
        return Interval(latency_s, latency_s)
    reply_s = float("inf") if truth.reply is None else (truth.reply - truth.ring_onset) / call.sr
    earliest = max(end for end in ends if end <= latency_s) + HAIR_S
    latest = min(reply_s, *(start - HAIR_S for start in starts if start > latency_s))
    return Interval(earliest, max(earliest, latest))


def _bursts(until_s: float, plan: TonePlan, stretch: float) -> tuple[list[float], list[float]]:
    """Starts and ends of every burst up to the period after an instant, from the ring onset on."""
    starts: list[float] = []
    ends: list[float] = []
    at = 0.0
    while not starts or starts[-1] <= until_s:
        for on, off in plan.cadence:
            starts.append(at * stretch)
            ends.append((at + on) * stretch)
            at += on + off
    return starts, ends
