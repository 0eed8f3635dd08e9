"""Where the last burst of a ringing is over if it runs its full length, by the rings before it and by the plan."""

from __future__ import annotations

from collections.abc import Sequence

from dsp.answering.heard_call import Call
from dsp.compiled.quantile import middle
from dsp.ringing.one_ringing import TOLD
from dsp.ringing.torn_bursts import Torn, halted
from dsp.ringing.train import Train
from dsp.segment import Segment

_STEADY_ENDS_S = 0.030
"""Ends of bursts that agree to this were not moved by a jitter buffer."""
SAME_S = 0.0015
"""Ends of bursts that agree to this are equal: edges are known to 1.5 ms at 20 dB."""


def possible_holes(burst: Segment) -> tuple[int, ...]:
    """For how many samples the sender may have halted in a burst."""
    hole = halted(burst)
    return (hole,) if not isinstance(burst, Torn) or burst.sure or not hole else (0, hole)


def ends_before(call: Call, train: Train) -> list[float]:
    """Samples from a ring's start to where the burst in the last one's place is seen to end, of the rings before it,
    and by the plan where the ringing keeps the plan's period."""
    place = len(train.rings[-1]) - 1
    before = zip(train.starts[:-1], train.rings[:-1], strict=True)
    told = [(start, ring[place]) for start, ring in before if len(ring) > place and not isinstance(ring[place], Torn)]
    ends = [float(burst.end - start) for start, burst in told]
    if ends and train.period == call.plan.period_s * call.sr:
        ends.append(nominal_end(call, place) - train.lean)
    return ends


def nominal_end(call: Call, place: int) -> float:
    """Samples from a ring's start to where the burst in a place of it ends by the plan."""
    pairs = call.plan.cadence
    place = min(place, len(pairs) - 1)
    return (sum(on + off for on, off in pairs[:place]) + pairs[place][0]) * call.sr


def whole_end(call: Call, train: Train, hole: int) -> float:
    """Where the last burst ends if it was not cut, by those before it, else by the plan."""
    ends, start = ends_before(call, train), train.last_start + hole
    if ends:
        return start + _usual(call, train, ends) + train.lean
    return start + nominal_end(call, len(train.rings[-1]) - 1)


def _usual(call: Call, train: Train, ends: Sequence[float]) -> float:
    """The end of most, or the plan's where a ring bears it out: lost packets make a ring shorter, none longer."""
    borne_out = _as_planned(call, train, ends)
    return middle([*borne_out, ends[-1]] if borne_out else ends)


def _as_planned(call: Call, train: Train, ends: Sequence[float]) -> list[float]:
    """Those of the rings' ends that are the plan's, where three of them or of their onsets keep its period."""
    by_plan = train.period == call.plan.period_s * call.sr
    same = [end for end in ends[:-1] if by_plan and abs(end - ends[-1]) <= SAME_S * call.sr]
    return same if max(train.on_beat, len(same)) >= TOLD else []


def planned_end(call: Call, train: Train) -> float | None:
    """Samples from a ringing's onset to where its last burst ends by the plan; None: it keeps no beat of the plan's."""
    period = call.plan.period_s * call.sr
    if train.restarted or not _as_planned(call, train, ends_before(call, train)):
        return None
    return round((train.last_start - train.onset) / period) * period + nominal_end(call, len(train.rings[-1]) - 1)


def least_end(call: Call, train: Train, hole: int) -> float:
    """Where a whole burst in the last one's place ends at the earliest: a jitter buffer stretches some."""
    told, ends = whole_end(call, train, hole), ends_before(call, train)
    apart = max(ends, default=0.0) - min(ends, default=0.0)
    if not call.buffer_s or not ends or (len(ends) > 2 and apart <= _STEADY_ENDS_S * call.sr):
        return told
    shortest = min(*ends, nominal_end(call, len(train.rings[-1]) - 1) - train.lean)
    return min(told, train.last_start + hole + shortest + train.lean)
