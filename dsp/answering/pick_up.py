"""When a ringing was picked up: a cut burst tells the moment, else it lies in the gap behind the last one."""

from __future__ import annotations

from dsp.answering.cut_by_a_hair import is_over
from dsp.answering.due_end import possible_holes, whole_end
from dsp.answering.edges_known import (
    AFTER_HOLE_S,
    BESIDE_LOST_S,
    CUT_EARLY_S,
    CUT_LATE_S,
    HAIR_S,
    HOLE_S,
    PACKET_S,
    SHORT_S,
)
from dsp.answering.heard_call import Call, between
from dsp.answering.late_start import late_start
from dsp.answering.lost_at_end import ends_a_packet, hidden_by_swing_s
from dsp.answering.next_burst import brief_end, due, next_burst
from dsp.answering.whole_burst import is_whole, was_cut
from dsp.detector import EDGE_ERROR_S, VOICE_ERROR_S
from dsp.ringing.beat import LOST_S
from dsp.ringing.ring_proof import lost_until
from dsp.ringing.torn_bursts import Torn
from dsp.ringing.train import Train
from dsp.segment import MISSING, MUSIC, RINGBACK, Segment, Span

LOST_LATE_S = 0.070
"""So much later a burst may have been cut that ends where a packet does: three were lost behind it, and what came of
the tone after them was too short to be heard."""
STOP_ERROR_S = 0.012
"""A cut is known to this where the line's noise goes on behind the burst: nothing was lost."""
IN_STEP_ERROR_S = (0.012, 0.008)
"""So much sooner and later than it is seen a burst was cut that keeps step until then: of 490 in made calls 2.1 and 4.1
ms, all beyond 2 ms behind coders; GSM may go on for 7 ms."""
SHORT_CUT_ERROR_S = 0.045
"""A cut is known to this where little was left of the burst."""
_KNOWN_S = 0.2
"""No cut is known worse."""
_SOONER_S = 0.030
"""No reply is heard so much before the line on which it comes: measured on 30,000 made calls, 16 ms."""
_MUSIC_SOONER_S = 0.1
"""Where music begins is known no better: it swells."""
_LATER_S = 0.004
"""No whole burst ends so much later than the others."""
_SMEARED_S, _BRIDGED_S, _SPOKEN_S = 0.100, 0.140, 0.350
"""So much of a voice may pass for a tone; so much with a hole before it; so much where the voice is known no sooner
than the tone is over."""


def pick_up_span(call: Call, train: Train, reply: Segment | None, limit: int) -> Span:
    """The span that surely holds the pick-up: not after the reply, nor after the burst that did not come."""
    most = limit if reply is None else min(limit, _most(call, train, reply))
    latest = min(due(call, train), most)
    spans = [_span(call, train, reply, latest, hole) for hole in possible_holes(train.last)]
    earliest = min(early for early, _ in spans)
    last = train.last
    if isinstance(last, Torn) and (_may_be_no_rest(last, sr=call.sr) or _is_too_long(train, sr=call.sr)):
        earliest = min(earliest, last.first_end - CUT_EARLY_S * call.sr)
    told = Span(round(earliest), max(round(max(late for _, late in spans)), round(earliest)))
    return _lifted(call, told, round(next_burst(call, train)), round(most))


def _most(call: Call, train: Train, reply: Segment) -> float:
    """Before this sample somebody had picked up, by their reply, which is heard hardly sooner than the line on which
    it comes; of a ring that was due and may have been cut it may be the rest."""
    at = next_burst(call, train)
    brief = brief_end(call, train, at) if reply.start >= at - VOICE_ERROR_S * call.sr else None
    cut = [brief + CUT_LATE_S * call.sr] if brief is not None and reply.start < brief else []
    early = _MUSIC_SOONER_S if reply.sound == MUSIC else VOICE_ERROR_S if call.buffer_s else _SOONER_S
    # What was put in for lost packets is nobody's voice.
    put_in = lost_until(call.segments, reply.start, within=BESIDE_LOST_S * call.sr)
    spoke = reply.start if put_in is None else round(put_in)
    # Nor is the ring's rest, behind a hole.
    hidden = spoke - train.last.end <= HOLE_S * call.sr
    spoke = call.recording.rest_until(train.last, spoke) if hidden else spoke
    return max([spoke + early * call.sr, *cut])


def _may_be_no_rest(burst: Torn, *, sr: int) -> bool:
    """Whether what sounds behind a sender's halt may be no tone at all: a few samples, or the note of who picked up."""
    brief = burst.end - burst.first_end - burst.hole < SHORT_S * sr
    return burst.hole > 0 and (brief or not burst.rest_told)


def _is_too_long(train: Train, *, by_s: float = LOST_S, sr: int) -> bool:
    """Whether the pieces of the last burst are longer together than all others: what comes behind the hole is none."""
    others = [burst.length for burst in train.bursts[:-1]]
    return len(others) > 1 and train.last.length > max(others) + by_s * sr


def _lifted(call: Call, told: Span, following: int, most: int) -> Span:
    """The same, narrowed to where the line's noise stepped, if it did within it. A burst that was cut at once may pass
    for the other noise, or not be heard: a step that reaches to where one was due may lie there."""
    # A cut is the pick-up's own mark; the telephone may be heard a while behind it.
    lifts = call.clues.lifts if told.latest - told.earliest > _KNOWN_S * call.sr else ()
    for lift in lifts:
        earliest = max(told.earliest, lift.earliest)
        if earliest <= told.latest and lift.latest >= call.signalling.nobody_until:
            until = max(told.latest, following + round(SHORT_S * call.sr))
            reaches = following - round(HAIR_S * call.sr) <= min(lift.latest, most)
            latest = min(until, most) if reaches else min(told.latest, lift.latest)
            if earliest <= latest:  # else the line changed behind who is known to have picked up by then
                return Span(earliest, latest)
    return told


def _span(call: Call, train: Train, reply: Segment | None, latest: float, hole: int) -> tuple[float, float]:
    end, sr = train.last.end, call.sr
    over = reply is not None and reply.start <= end + _SMEARED_S * sr and not train.last.stops
    if is_whole(call, train, hole) and not (over and _is_too_long(train, by_s=_LATER_S, sr=sr)):
        # The burst ran its full length: the pick-up came after it.
        whole = whole_end(call, train, hole)
        # A coder goes on with a burst that was cut until its frame is over, and one put in for a lost packet does.
        put_in = PACKET_S if end > whole - train.lean + _LATER_S * sr else -HAIR_S
        return whole - put_in * sr, latest
    early, late = _not_whole(call, train, reply, latest, hole)
    sure_end = None if train.last.stops else call.recording.sure_end(train.last)
    if sure_end is not None:
        early = max(min(early, sure_end - EDGE_ERROR_S * sr), train.last.start)
    if over and reply is not None:
        # The first sound of who spoke at once may pass for the rest of it, behind a hole.
        touches = reply.start <= end + PACKET_S * sr
        early = max(min(early, end - (_SPOKEN_S if touches else _BRIDGED_S) * sr), train.last.start)
    return early, late


def _not_whole(call: Call, train: Train, reply: Segment | None, latest: float, hole: int) -> tuple[float, float]:
    end, sr = train.last.end, call.sr
    beside = SHORT_CUT_ERROR_S if train.last.length <= SHORT_S * sr else BESIDE_LOST_S
    gone = lost_until(call.segments, end, within=beside * sr)
    if gone is None and was_cut(call, train, hole) and not _goes_on(call, train, hole):
        return _cut(call, train, reply, min(latest, whole_end(call, train, hole)))
    if gone is not None and was_cut(call, train, hole) and is_over(call, train, hole):
        rest = call.recording.rest_until(train.last, round(gone))
        return end - EDGE_ERROR_S * sr, min(latest, rest + STOP_ERROR_S * sr + train.lean)
    # Of a ring that may have lost its beginning as well the rest is over sooner.
    if gone is not None and gone < whole_end(call, train, hole) - late_start(call, train) - AFTER_HOLE_S * sr:
        rest = _rest_end(call, train)  # too little of the burst came behind the hole to be heard as one
        over = gone + AFTER_HOLE_S * sr if rest <= gone else rest + CUT_LATE_S * sr
        return end - EDGE_ERROR_S * sr, min(latest, over)
    # What was put in behind a burst that was cut makes it longer.
    put_in = PACKET_S if call.buffer_s else 0.0
    return end - (EDGE_ERROR_S + put_in) * sr, latest


def _goes_on(call: Call, train: Train, hole: int) -> bool:
    """Whether the last burst's tones are heard again behind packets that were lost, until it was over, or more were
    lost and nothing tells that it is over."""
    rest, over = _rest_end(call, train), whole_end(call, train, hole)
    if any(s.start > train.last.end for s in between(call, (RINGBACK,), train.last.start, over)):
        return True
    near = rest > train.last.end and abs(over - rest) <= HOLE_S * call.sr
    return near and not (is_over(call, train, hole) and call.recording.in_step(train.last))


def _cut(call: Call, train: Train, reply: Segment | None, latest: float) -> tuple[float, float]:
    """The moment a burst was cut."""
    end, sr = train.last.end, call.sr
    short = train.last.length <= SHORT_S * sr
    early, late = (SHORT_CUT_ERROR_S,) * 2 if short else (CUT_EARLY_S, CUT_LATE_S)
    if not short and _arrived(call, train.last):
        early, late = IN_STEP_ERROR_S
    elif not short and (train.last.stops or call.knows_losses):
        # Of one lost packet whom nobody told of, the one before it may have been put in behind the cut.
        early, late = STOP_ERROR_S if call.knows_losses else CUT_EARLY_S, STOP_ERROR_S
        if _ends_in_lost(call, end):
            early, late = CUT_EARLY_S, CUT_LATE_S
    elif not short and ends_a_packet(call, end):
        late = LOST_LATE_S
    earliest = end - early * sr
    if reply is not None and reply.start <= end + CUT_LATE_S * sr:
        # Speaking at once, the voice may pass for the tone's last bit.
        earliest = max(min(earliest, reply.start - _SMEARED_S * sr), train.last.start)
    # Of what came behind lost packets too little may be left to be heard as a burst; and bursts are seen too short.
    late += hidden_by_swing_s(call)
    return earliest, min(latest, max(end, _rest_end(call, train)) + late * sr + train.lean)


def _arrived(call: Call, burst: Segment) -> bool:
    """Whether a burst's last packets came, for it keeps step until it ends, and amid one, as far as anybody knows."""
    amid = not _ends_in_lost(call, burst.end) if call.knows_losses else not ends_a_packet(call, burst.end)
    return amid and not call.buffer_s and call.recording.in_step(burst)


def _rest_end(call: Call, train: Train) -> int:
    """Where the last burst's tones are last heard."""
    last = train.last
    if last.stops:
        return last.end
    near = between(call, (RINGBACK,), last.end - 1, last.end + round(PACKET_S * call.sr))
    rest = max([call.recording.rest_end(last), *(s.end for s in near)])
    return call.recording.rest_until(last, rest) if rest > last.end else rest


def _ends_in_lost(call: Call, end: int) -> bool:
    """Whether a burst is seen to end with a packet that was lost, and filled with the one before it."""
    return any(s.sound == MISSING and abs(s.end - end) <= BESIDE_LOST_S * call.sr for s in call.segments)
