"""Whether the last burst of a ringing ran its full length, was cut, or lost its last packets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsp.answering.edges_known import BESIDE_LOST_S, HOLE_S, PACKET_S
from dsp.answering.heard_call import Call
from dsp.compiled.quantile import middle
from dsp.ringing.beat import EARLY_S, LOST_S
from dsp.ringing.lengths import STRETCH
from dsp.ringing.one_ringing import TOLD
from dsp.ringing.ring_proof import lost_since, lost_until
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
_IN_STEP_HEARD_S, _STEADY_S = 0.006, 0.001
"""A burst that begins on time and keeps step all along, shorter by more than this, was cut, where those before it are
as long as one another to a hair."""
_SEAMLESS_S = 0.003
"""So near to a whole turn of all tones a jitter buffer takes out sound without a trace."""
_LENGTH_KNOWN = 0.002
"""Share of it to which a burst's length is known that begins and stops in the line's noise."""
_BESIDE_S = 0.002
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
        return start + _usual(call, train, ends) + train.lean
    return start + _nominal_end(call, len(train.rings[-1]) - 1)


def _usual(call: Call, train: Train, ends: Sequence[float]) -> float:
    """The end of most, or the plan's where a ring bears it out: lost packets make a ring shorter, none longer."""
    borne_out = _as_planned(call, train, ends)
    return middle([*borne_out, ends[-1]] if borne_out else ends)


def _as_planned(call: Call, train: Train, ends: Sequence[float]) -> list[float]:
    """Those of the rings' ends that are the plan's, where three of them or of their onsets keep its period."""
    by_plan = train.period == call.plan.period_s * call.sr
    same = [end for end in ends[:-1] if by_plan and abs(end - ends[-1]) <= _SAME_S * call.sr]
    return same if max(train.on_beat, len(same)) >= TOLD else []


def planned_end(call: Call, train: Train) -> float | None:
    """Samples from a ringing's onset to where its last burst ends by the plan; None: it keeps no beat of the plan's."""
    period = call.plan.period_s * call.sr
    if train.restarted or not _as_planned(call, train, _ends(call, train)):
        return None
    return round((train.last_start - train.onset) / period) * period + _nominal_end(call, len(train.rings[-1]) - 1)


def is_whole(call: Call, train: Train, hole: int | None = None) -> bool:
    """Whether the last burst surely ran its full length: it ends where at least two before it did, to a hair, or its
    tones are heard until then behind packets that were lost."""
    ends = _ends(call, train)
    if len(ends) < 2:
        return False
    usual = _usual(call, train, ends)
    same = [apart for end in ends if (apart := abs(end - usual)) <= _SAME_S * call.sr]
    if len(same) < 2:
        return False
    error = (_CODED_S if train.last.stops and len(ends) > 2 else _SAME_S) * call.sr  # one ring tells it less well
    holes = possible_holes(train.last) if hole is None else (hole,)
    return all(_reaches(call, train, whole_end(call, train, h), error) for h in holes)


def _reaches(call: Call, train: Train, whole: float, error: float) -> bool:
    """Whether the last burst is seen to run to where it was due to be over, but for an error, or heard there again."""
    return train.last.end >= whole - train.lean - error or call.recording.ends_at(train.last, round(whole))


def was_cut(call: Call, train: Train, hole: int) -> bool:
    """Whether the last burst is surely shorter than a whole one, and not for want of its last packets."""
    lacks = _least_end(call, train, hole) - train.lean - train.last.end
    over = is_over(call, train, hole)
    if (over or _nothing_lost(call, train)) and _lacks_in_step(call, train, lacks / call.sr, over=over):
        return True
    if _is_as_long(call, train) or _ends_in_time(call, train) or _ends_keep_beat(call, train):
        return False
    least = _least_lack_s(call, train) + hidden_by_swing_s(call)
    if not _ends(call, train):
        nominal = call.plan.cadence[min(len(train.rings[-1]), len(call.plan.cadence)) - 1][0]
        least += STRETCH * nominal
        if _like_its_brother(call, train):
            return False
    return lacks > least * call.sr + max(late_start(call, train), _hidden_start(call, train))


def is_over(call: Call, train: Train, hole: int) -> bool:
    """Whether the last burst is not heard any more where a whole one would be, though the packets there came."""
    whole, segments = round(whole_end(call, train, hole)), call.segments
    if call.knows_losses and lost_since(segments, whole, within=BESIDE_LOST_S * call.sr) is not None:
        return False
    return call.recording.over_before(train.last, whole, call.knows_losses)


def _lacks_in_step(call: Call, train: Train, lacks_s: float, *, over: bool) -> bool:
    """Whether the last burst, which lacks so many seconds, was cut by a hair: it began on time, most before it are of
    one length, and the receiver says, or its tones show, that no packets took as much."""
    ends = _ends(call, train)
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
    whole = [end for end in ends if abs(end - middle(ends)) <= _LOST_S * call.sr]
    return (max(whole, default=0.0) - min(whole, default=0.0)) / call.sr


def _steady(call: Call, moments: Sequence[float]) -> bool:
    """Whether three or more agree to a hair with most."""
    return sum(abs(at - middle(moments)) <= _STEADY_S * call.sr for at in moments) >= TOLD


def _may_be_seamless(call: Call, lacks_s: float) -> bool:
    """Whether so much may be taken out of a plan's tones and leave no trace: all of them turn as often as whole."""
    tones_hz = call.plan.ringback.frequencies_hz
    beat_hz = max(tones_hz) - min(tones_hz)
    return not beat_hz or abs(lacks_s - round(lacks_s * beat_hz) / beat_hz) <= _SEAMLESS_S


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
    beyond what edges are known to: as much shorter a whole one may be. Those that end in time on a beat of three lost
    their first packets instead."""
    seen = [
        (ring[0].length, ring[0].end - start)
        for start, ring in zip(train.starts[:-1], train.rings[:-1], strict=True)
        if ring[0].begins and ring[0].stops
    ]
    spreads = [(max(values) - min(values)) / call.sr for values in zip(*seen, strict=True)] or [0.0]
    apart = min(spreads) if train.on_beat >= TOLD else spreads[0]
    return max(2 * apart if apart > _SWAYS_S else 0.0, 0.0 if len(seen) > 1 else _UNKNOWN_S)


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
