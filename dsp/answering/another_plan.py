"""Whether what rang keeps another plan than the one that is listened for: a private exchange's, most likely."""

from __future__ import annotations

from itertools import combinations

from dsp.answering.heard_call import Call
from dsp.ringing.ring_proof import TOLD_S, is_whole
from dsp.ringing.torn_bursts import Torn
from dsp.ringing.train import Train

_SAME_S = 0.015
"""Holes that lost packets left lie nowhere twice so exactly."""


def keeps_another_plan(call: Call, train: Train) -> bool:
    """Whether every ring pauses at the same place, or the only one pauses, where the plan's does not; or, of a plan of
    two tones at once, none of the bursts was told by them nor is as long as the plan's."""
    return _pause_alike(call, train) or _are_others(call, train)


def _pause_alike(call: Call, train: Train) -> bool:
    places = [burst.first_end - burst.start for burst in train.bursts if isinstance(burst, Torn) and burst.first_end]
    alone = len(train.rings) == 1 and bool(places) and not call.knows_losses
    return alone or any(abs(a - b) <= _SAME_S * call.sr for a, b in combinations(places, 2))


def _are_others(call: Call, train: Train) -> bool:
    if len(call.plan.ringback.frequencies_hz) < 2 or any(burst.told for burst in train.bursts):
        return False
    long = [burst for burst in train.bursts if burst.length >= TOLD_S * call.sr]
    return bool(long) and not any(is_whole(burst, sr=call.sr, plan=call.plan) for burst in long)
