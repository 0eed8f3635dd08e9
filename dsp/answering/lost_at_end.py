"""How much of a whole burst lost packets, a jitter buffer and the line may take at its end."""

from __future__ import annotations

from dsp.answering.due_end import nominal_end
from dsp.answering.edges_known import HOLE_S, PACKET_S
from dsp.answering.heard_call import Call
from dsp.ringing.one_ringing import TOLD
from dsp.ringing.torn_bursts import Torn
from dsp.ringing.train import Train

HEARD_S = 0.012
"""A burst shorter by more than this was cut, where nothing was lost."""
SILENT_HEARD_S = 0.035
"""The same where no noise behind it shows that nothing was lost: a jitter buffer takes out or puts in 20 ms."""
_BUFFER_S = 0.028
"""So much a jitter buffer of whom nobody told may have taken out of a burst at once."""
SWAYS_S = 0.004
"""An exchange's bursts are as long as one another to this, as they are heard."""
_UNKNOWN_S = 0.008
"""As much more the last may lack of whose exchange fewer than two are known."""
LACKS_S = 0.015
"""What a burst lacks for want of a packet is no less."""
_BESIDE_S = 0.004
"""So near to a multiple of 20 ms an end is a packet's."""


def nothing_lost(call: Call, train: Train) -> bool:
    """Whether no packet was lost at the end of the last burst: by what is heard behind it, by what the receiver says,
    or as packets' ends are 20 ms apart, and no other burst has a hole."""
    if train.last.stops or call.knows_losses:
        return True
    if not call.buffer_s and call.recording.goes_on(train.last):
        return True
    torn = any(isinstance(burst, Torn) for burst in train.bursts) or _have_lost(call, train)
    return not (torn or ends_a_packet(call, train.last.end))


def _have_lost(call: Call, train: Train) -> bool:
    """Whether two rings before the last one have lost packets at an edge: they lack as much of the longest."""
    lengths = [ring[0].length for ring in train.rings[:-1]]
    least = LACKS_S * call.sr
    return sum(max(lengths, default=0) - length >= least for length in lengths) >= 2


def ends_a_packet(call: Call, end: int) -> bool:
    """Whether a sample is where a packet may end: they are 20 ms apart."""
    packet = PACKET_S * call.sr
    beside = (end + packet / 2) % packet - packet / 2
    return abs(beside) <= _BESIDE_S * call.sr


def least_lack_s(call: Call, train: Train) -> float:
    """A burst that lacks more was cut."""
    if not nothing_lost(call, train):
        return max(HOLE_S, _most_torn_s(call, train))
    heard = (HEARD_S if train.last.stops else SILENT_HEARD_S) + _sways_s(call, train)
    return max(heard, call.buffer_s, 0.0 if call.knows_losses else _BUFFER_S)


def _sways_s(call: Call, train: Train) -> float:
    """So many seconds an exchange's bursts before the last one, both of whose edges are seen, differ among themselves,
    beyond what edges are known to: as much shorter a whole one may be. Those that end in time on a beat of three lost
    their first packets instead."""
    seen = [
        (ring[0].length, ring[0].end - start)
        for start, ring in zip(train.starts[:-1], train.rings[:-1], strict=True)
        if ring[0].begins and ring[0].stops
    ]
    spreads = [(max(values) - min(values)) / call.sr for values in zip(*seen, strict=True)] or [0.0]
    apart = min(spreads) if train.on_beat >= TOLD else spreads[0]
    return max(2 * apart if apart > SWAYS_S else 0.0, 0.0 if len(seen) > 1 else _UNKNOWN_S)


def _most_torn_s(call: Call, train: Train) -> float:
    """Seconds that the plan's end is behind where the shortest ring before the last one ended: a network that took so
    much of a ring that nobody cut may take as much of the last."""
    place = len(train.rings[-1]) - 1
    before = zip(train.starts[:-1], train.rings[:-1], strict=True)
    ends = [ring[place].end - start for start, ring in before if len(ring) > place]
    return max((nominal_end(call, place) - end for end in ends), default=0.0) / call.sr


def hidden_by_swing_s(call: Call) -> float:
    """Seconds that a ringback that swings is silent in between: it may have gone on for so long unheard."""
    swing_hz = call.plan.ringback.modulation_hz
    return 0.5 / swing_hz if swing_hz else 0.0
