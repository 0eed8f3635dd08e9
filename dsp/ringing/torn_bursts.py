"""Bursts put together again that lost packets, or a sender that halted, tore apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dsp.ringing.lengths import STRETCH
from dsp.segment import RINGBACK, Segment
from dsp.tone_plan import TonePlan

HOLE_S = 0.09
"""No plan's silence is as short."""
_LONGEST_LOST_S = 0.21
"""Ten packets and what the edges lack."""
_EXACT = 0.03
_TIGHT_S = 0.01
_HALT = 0.25
"""A sender may halt inside a burst for so much of the plan's shortest silence: a busy machine's stall."""


@dataclass(frozen=True, slots=True)
class Torn(Segment):
    """A burst with a hole in it: packets were lost there, or the sender halted and what came after stands late."""

    hole: int = 0
    """Samples of silence inside it that a halting sender would have added; 0: packets were lost for certain."""
    sure: bool = True
    """Whether it was a halt for certain."""
    first_end: int = 0
    """Where its first piece ended."""
    rest_told: bool = True
    """What came behind the hole began out of quiet and was told by its tones; else it may be no tone at all."""

    @property
    def length(self) -> int:
        """Samples that sounded."""
        return self.end - self.start - self.hole


def halted(burst: Segment) -> int:
    """Samples for which the sender halted inside a burst."""
    return burst.hole if isinstance(burst, Torn) else 0


def joined(bursts: Sequence[Segment], *, sr: int, plan: TonePlan, lost: Sequence[Segment] = ()) -> list[Segment]:
    """Pieces of one burst put together: no plan's silence is as short as some lost packets, nor as a sender's halt; of
    one that is `lost` for certain a length is known only to the whole burst."""
    halt = max(HOLE_S, _HALT * min(off for _, off in plan.cadence)) * sr
    longest = (max(on for on, _ in plan.cadence) * (1 + STRETCH) + _EXACT) * sr
    whole: list[Segment] = []
    for burst in bursts:
        last = whole[-1] if whole else None
        gap = burst.start - last.end if last is not None else 0
        torn = last is not None and _is_lost(last, burst, lost, sr=sr) and last.length + gap + burst.length <= longest
        if last is not None and (torn or _are_whole(last, burst, sr=sr, plan=plan)):
            end = max(last.end, burst.end)
            whole[-1] = Torn(RINGBACK, last.start, end, stops=burst.stops, begins=last.begins, first_end=last.end)
        elif last is not None and (gap < HOLE_S * sr or (gap < halt and last.length + burst.length <= longest)):
            whole[-1] = _one_of(last, burst, max(gap, 0), sr=sr, plan=plan)
        else:
            whole.append(burst)
    return [_stretched(one, other, sr=sr, plan=plan) for one, other in pairwise(whole)] + whole[-1:]


def _is_lost(first: Segment, second: Segment, lost: Sequence[Segment], *, sr: int) -> bool:
    """Whether what stands between two pieces never arrived."""
    gap = second.start - first.end
    gone = sum(max(min(s.end, second.start) - max(s.start, first.end), 0) for s in lost)
    return 0 < gap <= _LONGEST_LOST_S * sr and gap - gone <= _TIGHT_S * sr


def _are_whole(first: Segment, second: Segment, *, sr: int, plan: TonePlan) -> bool:
    """Whether two pieces are as long, with the hole between them, as one of the plan's bursts: nothing else but lost
    packets leaves that."""
    hole, length = second.start - first.end, second.end - first.start
    return 0 < hole <= _LONGEST_LOST_S * sr and any(abs(length - on * sr) <= _TIGHT_S * sr for on, _ in plan.cadence)


def _stretched(burst: Segment, following: Segment, *, sr: int, plan: TonePlan) -> Segment:
    """A burst too long by just as much as the next one is late: the sender halted inside it, and was bridged."""
    if len(plan.cadence) > 1 or halted(burst):
        return burst
    excess = burst.length - plan.cadence[0][0] * sr
    late = following.start - burst.start - plan.period_s * sr
    if excess > _EXACT * sr and abs(late - excess) < _TIGHT_S * sr:
        return Torn(
            RINGBACK,
            burst.start,
            burst.end,
            stops=burst.stops,
            begins=burst.begins,
            told=burst.told,
            hole=round(excess),
        )
    return burst


def _one_of(first: Segment, second: Segment, gap: int, *, sr: int, plan: TonePlan) -> Torn:
    """Two pieces as one burst: packets were lost where that gives the plan's length, else the sender halted."""
    end = max(first.end, second.end)
    stops = second.stops if second.end >= first.end else first.stops
    whole = Torn(
        RINGBACK,
        first.start,
        end,
        stops=stops,
        begins=first.begins,
        hole=halted(first),
        first_end=first.end,
        rest_told=second.told,
    )
    lengths = [on * sr for on, _ in plan.cadence]
    lost, halt = (min(abs(whole.length - less - on) for on in lengths) for less in (0, gap))
    if not (gap >= HOLE_S * sr or halt < lost):
        return whole
    sure = whole.length > max(lengths) * (1 + STRETCH) + _EXACT * sr
    return replace(whole, hole=whole.hole + gap, sure=sure)
