"""When a ringing was picked up: a cut burst tells the moment, else it lies in the gap behind the last one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dsp.beat import LOST_S
from dsp.cadence import STRETCH
from dsp.detector import EDGE_ERROR_S, VOICE_ERROR_S
from dsp.ring_proof import lost_until
from dsp.segment import MISSING, Segment, Span
from dsp.tone_plan import TonePlan
from dsp.torn_bursts import Torn, halted
from dsp.trains import Train

CUT_EARLY_S, CUT_LATE_S = 0.022, 0.050
"""A pick-up that cut a burst is known to this: the packets before the cut may be lost, and what came of the tone after
them too short to be heard; or the packet that held the cut may be concealed by the one before it."""
STOP_ERROR_S = 0.012
"""The same where the line's noise goes on behind the burst: nothing was lost."""
SHORT_CUT_ERROR_S = 0.045
"""The same where little was left of the burst."""
_SHORT_S = 0.13
_HOLE_S = 0.21
"""A burst shorter by less than this may have lost ten packets at its end instead of being cut."""
_HEARD_S = 0.012
"""A burst shorter by more than this was cut, where nothing was lost."""
_SILENT_HEARD_S = 0.035
"""The same where no noise behind it shows that nothing was lost: a jitter buffer takes out or puts in 20 ms."""
_STEADY_ENDS_S = 0.030
"""Ends of bursts that agree to this were not moved by a jitter buffer."""
_SAME_S = 0.0015
"""Ends of bursts that agree to this are equal: edges are known to 1.5 ms at 20 dB."""
_CODED_S = 0.002
"""Coders move an edge by so much; what is cut so near to its end sounds whole."""
_ONSET_ERROR_S = 0.004
"""Three rings on one beat tell its onset to this."""
_SMEARED_S = 0.100
_HAIR_S = 0.0006
"""The pick-up comes before the burst that did not come."""
_WHOLE_PACKET_S, _BESIDE_S = 0.020, 0.004
_AFTER_HOLE_S = 0.060
"""So much of a burst behind a hole is heard."""
_PACKET_S, _PIECE_S = 0.006, 0.030
"""A burst ends with a lost packet where one is missing so soon behind it; of a burst that begins with lost packets so
much must arrive to be heard."""


@dataclass(frozen=True, slots=True)
class Call:
    """What the whole call tells a leg."""

    segments: tuple[Segment, ...]
    """By start."""
    sr: int
    """Samples a second."""
    plan: TonePlan
    """Whose tones."""
    end: int
    """Length of the audio."""
    early_until: int
    """Until this sample nobody had picked up, by signalling."""
    answered_at: int | None
    """The sample of the 200 OK."""
    buffer_s: float = 0.0
    """So much of a burst a jitter buffer may have put in or taken out."""

    @property
    def knows_losses(self) -> bool:
        """Whether the receiver said which packets never arrived: the others did."""
        return any(s.sound == MISSING for s in self.segments)


def pick_up_span(call: Call, train: Train, reply: Segment | None, limit: int) -> Span:
    """The span that surely holds the pick-up: not after the reply, nor after the burst that did not come."""
    latest = min(due(call, train), limit)
    if reply is not None:
        latest = min(latest, reply.start + VOICE_ERROR_S * call.sr)
    spans = [_span(call, train, reply, latest, hole) for hole in _holes(train.last)]
    earliest = min(early for early, _ in spans)
    last = train.last
    if isinstance(last, Torn) and last.hole and last.end - last.first_end - last.hole < _SHORT_S * call.sr:
        # The few samples behind the hole may be no tone at all.
        earliest = min(earliest, last.first_end - CUT_EARLY_S * call.sr)
    return Span(round(earliest), max(round(max(late for _, late in spans)), round(earliest)))


def _holes(burst: Segment) -> tuple[int, ...]:
    """For how many samples the sender may have halted in a burst."""
    hole = halted(burst)
    return (hole,) if not isinstance(burst, Torn) or burst.sure or not hole else (0, hole)


def _span(call: Call, train: Train, reply: Segment | None, latest: float, hole: int) -> tuple[float, float]:
    end, sr = train.last.end, call.sr
    if is_whole(call, train, hole):
        # The burst ran its full length: the pick-up came after it.
        return _whole_end(call, train, hole) + _HAIR_S * sr, latest
    gone = lost_until(call.segments, end, within=_PACKET_S * sr)
    if gone is None and _was_cut(call, train, hole):
        return _cut(call, train, reply, latest)
    if gone is not None and gone < _whole_end(call, train, hole) - _AFTER_HOLE_S * sr:
        return end - EDGE_ERROR_S * sr, min(latest, gone + CUT_LATE_S * sr)
    return end - EDGE_ERROR_S * sr, latest


def _cut(call: Call, train: Train, reply: Segment | None, latest: float) -> tuple[float, float]:
    """The moment a burst was cut."""
    end, sr = train.last.end, call.sr
    short = train.last.length <= _SHORT_S * sr
    early, late = (SHORT_CUT_ERROR_S,) * 2 if short else (CUT_EARLY_S, CUT_LATE_S)
    if not short and (train.last.stops or call.knows_losses):
        early = late = STOP_ERROR_S
    earliest = end - early * sr
    if reply is not None and reply.start <= end + CUT_LATE_S * sr:
        # Speaking at once, the voice may pass for the tone's last bit.
        earliest = max(min(earliest, reply.start - _SMEARED_S * sr), train.last.start)
    return earliest, min(latest, end + late * sr)


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


def _whole_end(call: Call, train: Train, hole: int) -> float:
    """Where the last burst ends if it was not cut, by those before it, else by the plan."""
    ends, start = _ends(call, train), train.last_start + hole
    if ends:
        return start + float(np.median(ends)) + train.lean
    return start + _nominal_end(call, len(train.rings[-1]) - 1)


def is_whole(call: Call, train: Train, hole: int | None = None) -> bool:
    """Whether the last burst surely ran its full length: it ends where at least two before it did, to a
    hair."""
    ends = _ends(call, train)
    if len(ends) < 2:
        return False
    apart = np.abs(np.array(ends) - float(np.median(ends)))
    same = apart[apart <= _SAME_S * call.sr]
    if len(same) < 2:
        return False
    error = min(4 * float(np.median(same)) + _SAME_S / 4 * call.sr, _SAME_S * call.sr)
    if train.last.stops:
        error = _CODED_S * call.sr
    holes = _holes(train.last) if hole is None else (hole,)
    return all(train.last.end >= _whole_end(call, train, h) - train.lean - error for h in holes)


def _was_cut(call: Call, train: Train, hole: int) -> bool:
    """Whether the last burst is surely shorter than a whole one, and not for want of its last packets."""
    lacks = _least_end(call, train, hole) - train.lean - train.last.end
    least = _least_lack_s(call, train)
    if not _ends(call, train):
        nominal = call.plan.cadence[min(len(train.rings[-1]), len(call.plan.cadence)) - 1][0]
        least += STRETCH * nominal
    return lacks > least * call.sr


def _least_lack_s(call: Call, train: Train) -> float:
    """A burst that lacks more was cut."""
    if not _nothing_lost(call, train):
        return max(_HOLE_S, _most_torn_s(call, train))
    return max(_HEARD_S if train.last.stops else _SILENT_HEARD_S, call.buffer_s)


def _least_end(call: Call, train: Train, hole: int) -> float:
    """Where a whole burst in the last one's place ends at the earliest: a jitter buffer stretches some."""
    told, ends = _whole_end(call, train, hole), _ends(call, train)
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
    packet = _WHOLE_PACKET_S * call.sr
    beside = (train.last.end + packet / 2) % packet - packet / 2
    return abs(beside) > _BESIDE_S * call.sr and not any(isinstance(burst, Torn) for burst in train.bursts)


def due(call: Call, train: Train) -> float:
    """Before this sample the pick-up was: the next burst would have begun; where that time never arrived, the one
    after."""
    ring, sr = train.rings[-1], call.sr
    at = train.last_start + train.period
    if len(ring) < len(call.plan.cadence):
        scale = train.period / (call.plan.period_s * sr)
        at = train.last_start + sum(sum(pair) for pair in call.plan.cadence[: len(ring)]) * sr * scale
    at += max(_holes(train.last))
    on = call.plan.cadence[0][0] * sr
    while at < call.end:
        gone = lost_until(call.segments, at, within=_PIECE_S * sr)
        if gone is None:
            break
        if gone < at + on - 2 * _PIECE_S * sr:
            return gone + _PIECE_S * sr
        at += train.period
    return at - _HAIR_S * sr


def latency_span(call: Call, train: Train, pick_up: Span) -> Span:
    """From ring onset to pick-up, a length in samples. Both ends of a gap are counted by the cadence from the onset:
    its error cancels."""
    told = train.on_beat >= 3 and not train.restarted
    error = (_ONSET_ERROR_S if told else EDGE_ERROR_S) * call.sr
    latest_onset = max(train.onset, train.rings[0][0].start) if call.buffer_s else train.onset
    earliest = pick_up.earliest - latest_onset - (0 if is_whole(call, train) else error)
    latest = pick_up.latest - train.onset + error + (0 if train.sure else LOST_S * call.sr)
    if train.sure and not train.restarted:
        latest = min(latest, due(call, train) - train.onset)
    earliest = max(round(earliest), 0)
    return Span(earliest, max(round(latest), earliest))
