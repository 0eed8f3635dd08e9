"""Whether the last burst of a ringing ran its full length, was cut, or lost its last packets."""

from __future__ import annotations

import numpy as np

from dsp.answering.edges_known import BESIDE_LOST_S, HOLE_S, PACKET_S
from dsp.answering.heard_call import Call
from dsp.compiled.quantile import middle
from dsp.ringing.beat import EARLY_S, LOST_S
from dsp.ringing.lengths import STRETCH
from dsp.ringing.one_ringing import TOLD
from dsp.ringing.ring_proof import lost_since
from dsp.ringing.torn_bursts import Torn, halted
from dsp.ringing.train import Train
from dsp.segment import Segment

_HEARD_S = 0.012
"""A burst shorter by more than this was cut, where nothing was lost."""
_SILENT_HEARD_S = 0.035
"""The same where no noise behind it shows that nothing was lost: a jitter buffer takes out or puts in 20 ms."""
_BUFFER_S = 0.028
"""So much a jitter buffer of whom nobody told may have taken out of a burst at once."""
_STEADY_ENDS_S = 0.030
"""Ends of bursts that agree to this were not moved by a jitter buffer."""
_SAME_S = 0.0015
"""Ends of bursts that agree to this are equal: edges are known to 1.5 ms at 20 dB."""
_CODED_S = 0.002
"""Coders move an edge by so much; what is cut so near to its end sounds whole."""
_SWAYS_S = 0.004
"""An exchange's bursts are as long as one another to this, as they are heard."""
_UNKNOWN_S = 0.008
"""As much more the last may lack of whose exchange fewer than two are known."""
_LOST_S = 0.015
"""What a burst lacks for want of a packet is no less."""
_LENGTH_KNOWN = 0.002
"""Share of it to which a burst's length is known that begins and stops in the line's noise."""
_BESIDE_S = 0.004
"""So near to a multiple of 20 ms an end is a packet's."""


def possible_holes(burst: Segment) -> tuple[int, ...]:
    """For how many samples the sender may have halted in a burst."""
    hole = halted(burst)
    return (hole,) if not isinstance(burst, Torn) or burst.sure or not hole else (0, hole)


def _ends(call: Call, train: Train) -> list[float]:
    """Samples from a ring's start to where the burst in the last one's place is seen to end, of the rings before it,
    and by the plan where the ringing keeps the plan's period."""
    place = len(train.rings[-1]) - 1
    before = zip(train.starts[:-1], train.rings[:-1], strict=True)
    told = [(start, ring[place]) for start, ring in before if len(ring) > place and not isinstance(ring[place], Torn)]
    ends = [float(burst.end - start) for start, burst in told]
    if ends and train.period == call.plan.period_s * call.sr:
        ends.append(_nominal_end(call, place) - train.lean)
    return ends


def _nominal_end(call: Call, place: int) -> float:
    pairs = call.plan.cadence
    place = min(place, len(pairs) - 1)
    return (sum(on + off for on, off in pairs[:place]) + pairs[place][0]) * call.sr


def whole_end(call: Call, train: Train, hole: int) -> float:
    """Where the last burst ends if it was not cut, by those before it, else by the plan."""
    ends, start = _ends(call, train), train.last_start + hole
    if ends:
        return start + middle(ends) + train.lean
    return start + _nominal_end(call, len(train.rings[-1]) - 1)


def is_whole(call: Call, train: Train, hole: int | None = None) -> bool:
    """Whether the last burst surely ran its full length: it ends where at least two before it did, to a
    hair."""
    ends = _ends(call, train)
    if len(ends) < 2:
        return False
    usual = middle(ends)
    same = [apart for end in ends if (apart := abs(end - usual)) <= _SAME_S * call.sr]
    if len(same) < 2:
        return False
    error = (_CODED_S if train.last.stops and len(ends) > 2 else _SAME_S) * call.sr  # one ring tells it less well
    holes = possible_holes(train.last) if hole is None else (hole,)
    return all(train.last.end >= whole_end(call, train, h) - train.lean - error for h in holes)


def was_cut(call: Call, train: Train, hole: int) -> bool:
    """Whether the last burst is surely shorter than a whole one, and not for want of its last packets."""
    if _is_as_long(call, train) or _ends_in_time(call, train) or _ends_keep_beat(call, train):
        return False
    lacks = _least_end(call, train, hole) - train.lean - train.last.end
    least = _least_lack_s(call, train) + hidden_by_swing_s(call)
    if not _ends(call, train):
        nominal = call.plan.cadence[min(len(train.rings[-1]), len(call.plan.cadence)) - 1][0]
        least += STRETCH * nominal
        if _like_its_brother(call, train):
            return False
    return lacks > least * call.sr + max(late_start(call, train), _hidden_start(call, train))


def hidden_by_swing_s(call: Call) -> float:
    """Seconds that a ringback that swings is silent in between: it may have gone on for so long unheard."""
    swing_hz = call.plan.ringback.modulation_hz
    return 0.5 / swing_hz if swing_hz else 0.0


def _is_as_long(call: Call, train: Train) -> bool:
    """Whether the last burst, both of whose edges are seen, is as long as most in its place: it began a moment soon."""
    place, last = len(train.rings[-1]) - 1, train.last
    others = [ring[place].length for ring in train.rings[:-1] if len(ring) > place]
    seen = last.begins and last.stops and not isinstance(last, Torn)
    return seen and len(others) > 1 and abs(last.length - middle(others)) <= _SWAYS_S * call.sr


def _ends_in_time(call: Call, train: Train) -> bool:
    """Whether the last burst, whose beginning was lost, ends where two others on the beat do."""
    place, last = len(train.rings[-1]) - 1, train.last
    ends = [ring[place].end for ring in train.rings[:-1] if len(ring) > place]
    apart = [(last.end - end) / train.period for end in ends]
    near = [by for by in apart if abs(by - round(by)) * train.period <= _HEARD_S * call.sr]
    late = last.start - train.last_start > LOST_S * call.sr or place > 0
    return late and train.on_beat >= TOLD and len(near) > 1


def _ends_keep_beat(call: Call, train: Train) -> bool:
    """Whether the last burst ends on the beat that the ends before it tell, in a place of each ring: where it is
    shorter all the same, its beginning was lost."""
    place = len(train.rings[-1]) - 1
    told = [
        (round((start - train.last_start) / train.period), ring[place].end)
        for start, ring in zip(train.starts, train.rings, strict=True)
        if len(ring) > place
    ]
    if len(told) < TOLD or train.restarted:
        return False
    steps, ends = np.array(told[:-1], dtype=float).T
    period, last = np.polyfit(steps, ends, 1)
    on_beat = float(np.abs(ends - last - steps * period).max())
    slack = (_HEARD_S if len(told) > TOLD else 2 * EARLY_S) * call.sr
    apart = abs(abs(period) - train.period)  # the beats of both edges are no further apart than packets move one
    return bool(on_beat <= slack and -slack <= train.last.end - last <= LOST_S * call.sr and apart <= LOST_S * call.sr)


def _hidden_start(call: Call, train: Train) -> float:
    """So many samples of the last burst a coder may hide that takes a packet to follow a tone, where no beat of three
    rings and no plan's period tells that it began on time."""
    on_time = train.on_beat >= TOLD or train.period == call.plan.period_s * call.sr
    return 0.0 if on_time else PACKET_S * call.sr


def _like_its_brother(call: Call, train: Train) -> bool:
    """Whether the last burst is as long as the one before it in the first ring, by what the plan has of both: where the
    whole cadence runs fast, none is there to tell by that a ring was not cut."""
    *before, last = train.rings[-1]
    if not before:
        return False
    (own, other) = (call.plan.cadence[place][0] for place in (len(before), len(before) - 1))
    return last.length >= before[-1].length * own / other - _SILENT_HEARD_S * call.sr


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


def _least_lack_s(call: Call, train: Train) -> float:
    """A burst that lacks more was cut."""
    if not _nothing_lost(call, train):
        return max(HOLE_S, _most_torn_s(call, train))
    heard = (_HEARD_S if train.last.stops else _SILENT_HEARD_S) + _sways_s(call, train)
    return max(heard, call.buffer_s, 0.0 if call.knows_losses else _BUFFER_S)


def _sways_s(call: Call, train: Train) -> float:
    """So many seconds an exchange's bursts before the last one, both of whose edges are seen, differ among themselves,
    beyond what edges are known to: as much shorter a whole one may be."""
    lengths = [b.length for b in (ring[0] for ring in train.rings[:-1]) if b.begins and b.stops]
    apart = (max(lengths, default=0) - min(lengths, default=0)) / call.sr
    return max(2 * apart if apart > _SWAYS_S else 0.0, 0.0 if len(lengths) > 1 else _UNKNOWN_S)


def _least_end(call: Call, train: Train, hole: int) -> float:
    """Where a whole burst in the last one's place ends at the earliest: a jitter buffer stretches some."""
    told, ends = whole_end(call, train, hole), _ends(call, train)
    apart = max(ends, default=0.0) - min(ends, default=0.0)
    if not call.buffer_s or not ends or (len(ends) > 2 and apart <= _STEADY_ENDS_S * call.sr):
        return told
    shortest = min(*ends, _nominal_end(call, len(train.rings[-1]) - 1) - train.lean)
    return min(told, train.last_start + hole + shortest + train.lean)


def _most_torn_s(call: Call, train: Train) -> float:
    """Seconds that the plan's end is behind where the shortest ring before the last one ended: a network that took so
    much of a ring that nobody cut may take as much of the last."""
    place = len(train.rings[-1]) - 1
    before = zip(train.starts[:-1], train.rings[:-1], strict=True)
    ends = [ring[place].end - start for start, ring in before if len(ring) > place]
    return max((_nominal_end(call, place) - end for end in ends), default=0.0) / call.sr


def _nothing_lost(call: Call, train: Train) -> bool:
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
    least = _LOST_S * call.sr
    return sum(max(lengths, default=0) - length >= least for length in lengths) >= 2


def ends_a_packet(call: Call, end: int) -> bool:
    """Whether a sample is where a packet may end: they are 20 ms apart."""
    packet = PACKET_S * call.sr
    beside = (end + packet / 2) % packet - packet / 2
    return abs(beside) <= _BESIDE_S * call.sr
