"""How much sooner than it is seen the last burst of a ringing may have begun."""

from __future__ import annotations

from dsp.answering.edges_known import BESIDE_LOST_S, HOLE_S, PACKET_S
from dsp.answering.heard_call import Call
from dsp.ringing.beat import LOST_S
from dsp.ringing.one_ringing import TOLD
from dsp.ringing.ring_proof import lost_since
from dsp.ringing.train import Train

_LENGTH_KNOWN = 0.002
"""Share of it to which a burst's length is known that begins and stops in the line's noise."""


def late_start(call: Call, train: Train) -> float:
    """So many samples sooner than seen the last burst may have begun: its first packets may be lost, where no beat of
    three rings tells when it began."""
    if train.on_beat >= TOLD:
        return 0.0
    start = train.last.start
    if not call.knows_losses:
        return max(LOST_S * call.sr, min(_late_for_length(call, train), HOLE_S * call.sr))
    since = lost_since(call.segments, start, within=BESIDE_LOST_S * call.sr)
    # What came before a lost packet may be too little to be heard.
    return 0.0 if since is None else start - since + PACKET_S * call.sr


def _late_for_length(call: Call, train: Train) -> float:
    """So many samples the second of two rings begins later than the first one's length has the cadence run, if it ends
    when it has."""
    if len(train.rings) != 2 or train.last is not train.rings[1][0]:
        return 0.0
    first, last = train.rings[0][0], train.last
    period = first.length / call.plan.cadence[0][0] * call.plan.period_s
    in_time = abs(last.end - first.end - period) <= _LENGTH_KNOWN * period
    return max(last.start - first.start - period, 0.0) if first.begins and first.stops and in_time else 0.0


def hidden_start(call: Call, train: Train) -> float:
    """So many samples of the last burst a coder may hide that takes a packet to follow a tone, where no beat of three
    rings and no plan's period tells that it began on time."""
    on_time = train.on_beat >= TOLD or train.period == call.plan.period_s * call.sr
    return 0.0 if on_time else PACKET_S * call.sr
