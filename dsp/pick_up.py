"""When a ringing was picked up: a cut burst tells the moment, else it lies in the gap behind the last one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from dsp.beat import EARLY_S, LOST_S
from dsp.cadence import STRETCH
from dsp.detector import EDGE_ERROR_S, VOICE_ERROR_S
from dsp.one_ringing import PIECE_S, TOLD
from dsp.quantile import middle
from dsp.ring_proof import lost_since, lost_until
from dsp.segment import MISSING, MUSIC, RINGBACK, Segment, Span
from dsp.tone_plan import Tone, TonePlan
from dsp.torn_bursts import Torn, halted
from dsp.trains import Train

CUT_EARLY_S, CUT_LATE_S = 0.022, 0.050
"""A pick-up that cut a burst is known to this: the packets before the cut may be lost, and what came of the tone after
them too short to be heard; or the packet that held the cut may be concealed by the one before it."""
LOST_LATE_S = 0.070
"""So much later a burst may have been cut that ends where a packet does: three were lost behind it, and what came of
the tone after them was too short to be heard."""
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
_SMEARED_S, _BRIDGED_S, _SPOKEN_S = 0.100, 0.140, 0.350
"""So much of a voice may pass for a tone; so much with a hole before it; so much where the voice is known no sooner
than the tone is over."""
_HAIR_S = 0.0006
"""The pick-up comes before the burst that did not come."""
_WHOLE_PACKET_S, _BESIDE_S = 0.020, 0.004
_AFTER_HOLE_S = 0.130
"""So much of a burst behind a hole is heard on any line."""
_PACKET_S, _PIECE_S = 0.006, 0.030
"""A burst ends with a lost packet where one is missing so soon behind it; a burst that is due may begin with lost
packets where one is missing so soon behind its start."""


Brief = Callable[[int, Segment], int | None]
IsTone = Callable[[Segment, Tone], bool]
End = Callable[[Segment], int]


def nothing_brief(_at: int, _before: Segment) -> int | None:
    """Of a call whose samples are not at hand."""
    return None


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
    lifts: tuple[Span, ...] = ()
    """When the noise stepped as where a handset is lifted."""
    unnamed: tuple[Span, ...] = ()
    """Sounds that nobody could name."""
    brief: Brief = nothing_brief
    """Where a ring ends that begins at a sample as the burst `before` did, and was cut at once; None: there is none."""
    doubtful: tuple[Segment, ...] = ()
    """What may have been a ring that was cut, or a voice."""
    is_tone: IsTone | None = None
    """Whether a segment is mostly a signal of the exchange; None: the samples are not at hand."""
    rest_end: End | None = None
    """Where a burst's tones are last heard behind packets that were lost; None: the samples are not at hand."""
    sure_end: End | None = None
    """Up to where a burst is surely its tones; None: the samples are not at hand."""

    @property
    def knows_losses(self) -> bool:
        """Whether the receiver said which packets never arrived: the others did."""
        return any(s.sound == MISSING for s in self.segments)


def pick_up_span(call: Call, train: Train, reply: Segment | None, limit: int) -> Span:
    """The span that surely holds the pick-up: not after the reply, nor after the burst that did not come."""
    most = limit if reply is None else min(limit, _most(call, train, reply))
    latest = min(due(call, train), most)
    spans = [_span(call, train, reply, latest, hole) for hole in _holes(train.last)]
    earliest = min(early for early, _ in spans)
    last = train.last
    if isinstance(last, Torn) and _may_be_no_rest(last, sr=call.sr):
        earliest = min(earliest, last.first_end - CUT_EARLY_S * call.sr)
    told = Span(round(earliest), max(round(max(late for _, late in spans)), round(earliest)))
    return _lifted(call, told, round(_next_burst(call, train)), round(most))


def _most(call: Call, train: Train, reply: Segment) -> float:
    """Before this sample somebody had picked up, by their reply; of a ring that was due and may have been cut it may be
    the rest."""
    at = _next_burst(call, train)
    brief = _brief_end(call, train, at) if reply.start >= at - VOICE_ERROR_S * call.sr else None
    cut = [brief + CUT_LATE_S * call.sr] if brief is not None and reply.start < brief else []
    return max([reply.start + VOICE_ERROR_S * call.sr, *cut])


def _may_be_no_rest(burst: Torn, *, sr: int) -> bool:
    """Whether what sounds behind a sender's halt may be no tone at all: a few samples, or the note of who picked up."""
    brief = burst.end - burst.first_end - burst.hole < _SHORT_S * sr
    return burst.hole > 0 and (brief or not burst.rest_told)


def _lifted(call: Call, told: Span, following: int, most: int) -> Span:
    """The same, narrowed to where the line's noise stepped, if it did within it. A burst that was cut at once may pass
    for the other noise, or not be heard: a step that reaches to where one was due may lie there."""
    for lift in call.lifts:
        earliest = max(told.earliest, lift.earliest)
        if earliest <= told.latest and lift.latest >= call.early_until:
            until = max(told.latest, following + round(_SHORT_S * call.sr))
            reaches = following - round(_HAIR_S * call.sr) <= min(lift.latest, most)
            return Span(earliest, min(until, most) if reaches else min(told.latest, lift.latest))
    return told


def _holes(burst: Segment) -> tuple[int, ...]:
    """For how many samples the sender may have halted in a burst."""
    hole = halted(burst)
    return (hole,) if not isinstance(burst, Torn) or burst.sure or not hole else (0, hole)


def _span(call: Call, train: Train, reply: Segment | None, latest: float, hole: int) -> tuple[float, float]:
    end, sr = train.last.end, call.sr
    if is_whole(call, train, hole):
        # The burst ran its full length: the pick-up came after it.
        return _whole_end(call, train, hole) + _HAIR_S * sr, latest
    early, late = _not_whole(call, train, reply, latest, hole)
    if call.sure_end is not None and not train.last.stops:
        early = max(min(early, call.sure_end(train.last) - EDGE_ERROR_S * sr), train.last.start)
    if reply is not None and reply.start <= end + _SMEARED_S * sr and not train.last.stops:
        # The first sound of who spoke at once may pass for the rest of it, behind a hole.
        touches = reply.start <= end + _WHOLE_PACKET_S * sr
        early = max(min(early, end - (_SPOKEN_S if touches else _BRIDGED_S) * sr), train.last.start)
    return early, late


def _not_whole(call: Call, train: Train, reply: Segment | None, latest: float, hole: int) -> tuple[float, float]:
    end, sr = train.last.end, call.sr
    gone = lost_until(call.segments, end, within=_PACKET_S * sr)
    if gone is None and _was_cut(call, train, hole):
        return _cut(call, train, reply, latest)
    if gone is not None and gone < _whole_end(call, train, hole) - _AFTER_HOLE_S * sr:
        return end - EDGE_ERROR_S * sr, min(latest, gone + CUT_LATE_S * sr)
    # What was put in behind a burst that was cut makes it longer.
    put_in = _WHOLE_PACKET_S if call.buffer_s else 0.0
    return end - (EDGE_ERROR_S + put_in) * sr, latest


def _cut(call: Call, train: Train, reply: Segment | None, latest: float) -> tuple[float, float]:
    """The moment a burst was cut."""
    end, sr = train.last.end, call.sr
    short = train.last.length <= _SHORT_S * sr
    early, late = (SHORT_CUT_ERROR_S,) * 2 if short else (CUT_EARLY_S, CUT_LATE_S)
    if not short and (train.last.stops or call.knows_losses):
        early = late = STOP_ERROR_S
        if _ends_in_lost(call, end):
            early, late = CUT_EARLY_S, CUT_LATE_S
    elif not short and _ends_a_packet(call, end):
        late = LOST_LATE_S
    earliest = end - early * sr
    if reply is not None and reply.start <= end + CUT_LATE_S * sr:
        # Speaking at once, the voice may pass for the tone's last bit.
        earliest = max(min(earliest, reply.start - _SMEARED_S * sr), train.last.start)
    # Of what came behind lost packets too little may be left to be heard as a burst.
    rest = end if call.rest_end is None or train.last.stops else call.rest_end(train.last)
    return earliest, min(latest, max(end, rest) + late * sr)


def _ends_in_lost(call: Call, end: int) -> bool:
    """Whether a burst is seen to end with a packet that was lost, and filled with the one before it."""
    return any(s.sound == MISSING and abs(s.end - end) <= _PACKET_S * call.sr for s in call.segments)


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
    error = min(4 * middle(same) + _SAME_S / 4 * call.sr, _SAME_S * call.sr)
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
        if _like_its_brother(call, train):
            return False
    return lacks > least * call.sr + _late_start(call, train)


def _like_its_brother(call: Call, train: Train) -> bool:
    """Whether the last burst is as long as the one before it in the first ring, by what the plan has of both: where the
    whole cadence runs fast, none is there to tell by that a ring was not cut."""
    *before, last = train.rings[-1]
    if not before:
        return False
    (own, other) = (call.plan.cadence[place][0] for place in (len(before), len(before) - 1))
    return last.length >= before[-1].length * own / other - _SILENT_HEARD_S * call.sr


def _late_start(call: Call, train: Train) -> float:
    """So many samples sooner than seen the last burst may have begun: its first packets may be lost, where no beat of
    three rings tells when it began."""
    if train.on_beat >= TOLD:
        return 0.0
    start = train.last.start
    if not call.knows_losses:
        return LOST_S * call.sr
    lost = [s for s in call.segments if s.sound == MISSING and s.start < start <= s.end + _PACKET_S * call.sr]
    # What came before a lost packet may be too little to be heard.
    return max((start - s.start + _WHOLE_PACKET_S * call.sr for s in lost), default=0.0)


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
    return not (_ends_a_packet(call, train.last.end) or any(isinstance(burst, Torn) for burst in train.bursts))


def _ends_a_packet(call: Call, end: int) -> bool:
    """Whether a sample is where a packet may end: they are 20 ms apart."""
    packet = _WHOLE_PACKET_S * call.sr
    beside = (end + packet / 2) % packet - packet / 2
    return abs(beside) <= _BESIDE_S * call.sr


def due(call: Call, train: Train) -> float:
    """Before this sample the pick-up was: the next burst would have begun; where that time never arrived, the one
    after."""
    sr, at = call.sr, _next_burst(call, train)
    on = call.plan.cadence[0][0] * sr
    while at < call.end:
        gone = lost_until(call.segments, at, within=_PIECE_S * sr)
        brief = _brief_end(call, train, at if gone is None else gone)
        if brief is not None:
            torn = lost_until(call.segments, brief, within=_PACKET_S * sr)
            return brief + CUT_LATE_S * sr if torn is None else min(torn + _AFTER_HOLE_S * sr, at + on)
        if gone is None:
            return at - _HAIR_S * sr
        if gone < at + on - 2 * _PIECE_S * sr:
            return min(gone + _AFTER_HOLE_S * sr, at + on)
        at += train.period
    return at - _HAIR_S * sr


def _brief_end(call: Call, train: Train, at: float) -> int | None:
    """Where what sounded like a ring's beginning ends, where one was due: it may as well be a voice's, or music that
    begins with the ring, or that a line made of it."""
    reach = range(round(at - _WHOLE_PACKET_S * call.sr), round(at + _SHORT_S * call.sr))
    heard = [s for s in call.segments if s.sound == RINGBACK and s.length < PIECE_S * call.sr]
    told = next((s.end for s in (*call.doubtful, *heard) if s.start in reach and s.start > train.last.end), None)
    if told is None:
        whole = round(at + call.plan.cadence[0][0] * call.sr)
        told = next((min(s.end, whole) for s in call.segments if s.sound == MUSIC and s.start in reach), None)
    return call.brief(round(at), train.last) if told is None else told


def _next_burst(call: Call, train: Train) -> float:
    """Where the burst behind the last one begins, of the same ring or the next."""
    ring, sr = train.rings[-1], call.sr
    if len(ring) == len(call.plan.cadence):
        return _next_ring(train)
    scale = train.period / (call.plan.period_s * sr)
    at = train.last_start + sum(sum(pair) for pair in call.plan.cadence[: len(ring)]) * sr * scale
    return at + max(_holes(train.last))


def _next_ring(train: Train) -> float:
    """Where the ring behind the last one begins."""
    return train.last_start + train.period + max(_holes(train.last))


def more_rings(call: Call, train: Train, pick_up: Span) -> int:
    """So many rings may have begun behind the last one that was heard, before the pick-up."""
    soonest = _next_ring(train) - _sooner(call, train)
    return max(ceil((pick_up.latest - soonest) / train.period), 0)


def _sooner(call: Call, train: Train) -> float:
    """So many samples sooner than counted the next ring may have begun: where no three rings keep a beat, by as much as
    the last one began late, for want of its first packets; twice that where it is counted from the one before it."""
    if train.on_beat >= TOLD or len(train.rings) < 2:
        return 0.0
    lacks = max(ring[0].length for ring in train.rings) - train.rings[-1][0].length
    late = min(_late_start(call, train), max(float(lacks), 0.0))
    return 2 * late if late > EARLY_S * call.sr else 0.0


def lost_at_onset(call: Call, train: Train) -> float:
    """So many samples before the onset the ringing may have begun: its first packets may be lost, where only one burst
    tells, or a jitter buffer may have moved what the others tell and the first one is not whole; or its first burst."""
    lacks = call.plan.cadence[0][0] * call.sr - train.rings[0][0].length
    moved = call.buffer_s and lacks > 2 * EARLY_S * call.sr
    # Of a lone burst out of quiet a hole in the packets may have taken more.
    alone = len(train.bursts) == 1 and not train.sure and lacks <= _HOLE_S * call.sr
    lost = max(LOST_S * call.sr, lacks if alone else 0.0)
    return max(train.unheard + (lost if moved or not train.sure else 0.0), _known_lost(call, train))


def _known_lost(call: Call, train: Train) -> float:
    """So many samples before the first burst its packets never came, as the receiver says; three rings on one beat tell
    when it began all the same."""
    since = lost_since(call.segments, train.rings[0][0].start, within=_PACKET_S * call.sr)
    return 0.0 if since is None or train.on_beat >= TOLD else max(train.onset - since, 0.0)


def latest_onset(call: Call, train: Train) -> int:
    """Before this sample the ringing began, but for the error of an edge."""
    # A jitter buffer may have moved the later bursts, by which the onset was told, against the first one; and without
    # two on the beat it is the plan's, from which the line's may differ.
    moved = call.buffer_s or train.on_beat < 2
    return max(train.onset, train.rings[0][0].start) if moved else train.onset


def latency_span(call: Call, train: Train, pick_up: Span) -> Span:
    """From ring onset to pick-up, a length in samples. Both ends of a gap are counted by the cadence from the onset:
    its error cancels."""
    told = train.on_beat >= TOLD and not train.restarted
    error = (_ONSET_ERROR_S if told else EDGE_ERROR_S) * call.sr
    earliest = pick_up.earliest - latest_onset(call, train) - (0 if is_whole(call, train) else error)
    lost = lost_at_onset(call, train)
    latest = pick_up.latest - train.onset + error + lost
    until = due(call, train)
    if not lost and not train.restarted and pick_up.latest <= until:
        latest = min(latest, until - train.onset)
    earliest = max(round(earliest), 0)
    return Span(earliest, max(round(latest), earliest))
