"""Whether the last burst of a ringing that lacks little was cut: by the step its tones keep, and by what is heard where
it would have gone on."""

from __future__ import annotations

from collections.abc import Sequence

from dsp.answering.due_end import ends_before, whole_end
from dsp.answering.edges_known import BESIDE_LOST_S, PACKET_S
from dsp.answering.heard_call import Call
from dsp.answering.lost_at_end import LACKS_S
from dsp.compiled.quantile import middle
from dsp.ringing.one_ringing import TOLD
from dsp.ringing.ring_proof import lost_since, lost_until
from dsp.ringing.torn_bursts import Torn
from dsp.ringing.train import Train

_IN_STEP_HEARD_S, _STEADY_S = 0.006, 0.001
"""A burst that begins on time and keeps step all along, shorter by more than this, was cut, where those before it are
as long as one another to a hair."""
_SEAMLESS_S, _MOST_TAKEN_S = 0.003, 0.06
"""So near to a whole beat of two tones a jitter buffer may take out sound without a trace, and of one tone any time; no
more than so much at once."""


def is_over(call: Call, train: Train, hole: int) -> bool:
    """Whether the last burst is not heard any more where a whole one would be, though the packets there came."""
    loud_until = round(whole_end(call, train, hole) - 2 * train.lean)  # it fades by then
    lost = lost_since(call.segments, loud_until, within=PACKET_S * call.sr) is not None
    if call.plan.ringback.modulation_hz or (call.knows_losses and lost):
        return False
    return call.recording.over_before(train.last, loud_until, call.knows_losses)


def lacks_in_step(call: Call, train: Train, lacks_s: float, *, over: bool) -> bool:
    """Whether the last burst, which lacks so many seconds of where most before it ended, was cut: the receiver lost no
    packet at its end, or is known to have heard the line behind it (`over`); or where nobody tells what was lost, it
    began on time and keeps step until it ends."""
    ends = ends_before(call, train)
    if call.buffer_s or isinstance(train.last, Torn) or lacks_s <= _IN_STEP_HEARD_S + 2 * _apart_s(call, ends):
        return False
    apart = [ring[0].start - start for start, ring in zip(train.starts, train.rings, strict=True)]
    if not (_steady(call, ends) and _steady(call, apart)):
        return False
    if call.knows_losses:
        return over or lost_until(call.segments, train.last.end, within=BESIDE_LOST_S * call.sr) is None
    on_time = abs(apart[-1] - middle(apart)) <= _STEADY_S * call.sr
    return on_time and not _may_be_seamless(call, lacks_s) and call.recording.in_step(train.last)


def _apart_s(call: Call, ends: Sequence[float]) -> float:
    """How many seconds rings' ends are apart, but for those that lost packets: a coder may move one as far."""
    whole = [end for end in ends if abs(end - middle(ends)) <= LACKS_S * call.sr]
    return (max(whole, default=0.0) - min(whole, default=0.0)) / call.sr


def _steady(call: Call, moments: Sequence[float]) -> bool:
    """Whether three or more agree to a hair with most."""
    return sum(abs(at - middle(moments)) <= _STEADY_S * call.sr for at in moments) >= TOLD


def _may_be_seamless(call: Call, lacks_s: float) -> bool:
    """Whether so much may be taken out of a plan's tones and leave no trace: whole beats of two, anything of one."""
    tones_hz = call.plan.ringback.frequencies_hz
    beat_hz = max(tones_hz) - min(tones_hz)
    if lacks_s > _MOST_TAKEN_S:
        return False
    return not beat_hz or abs(lacks_s - round(lacks_s * beat_hz) / beat_hz) <= _SEAMLESS_S
