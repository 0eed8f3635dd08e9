"""When a ringing began, and how long it rang until it was picked up."""

from __future__ import annotations

from dsp.answering.due_end import planned_end, possible_holes
from dsp.answering.edges_known import AFTER_HOLE_S, BESIDE_LOST_S, HAIR_S, HOLE_S, PACKET_S
from dsp.answering.heard_call import Call
from dsp.answering.next_burst import due
from dsp.answering.whole_burst import is_whole, was_cut
from dsp.detector import EDGE_ERROR_S
from dsp.ringing.beat import EARLY_S, LOST_S, hidden_start
from dsp.ringing.one_ringing import TOLD
from dsp.ringing.ring_proof import lost_since
from dsp.ringing.train import Train
from dsp.segment import RINGBACK, Segment, Span

_ONSET_ERROR_S = 0.004
"""Three rings on one beat tell its onset to this."""
_PLANNED_S = 0.002
"""The onset and the end of a whole ring are known to this together."""


def onset_span(call: Call, train: Train) -> Span:
    """Where the ringing began."""
    error, lost = EDGE_ERROR_S * call.sr, lost_at_onset(call, train)
    earliest = min(train.onset - lost, _onset_by_plan(call, train))
    return Span(max(round(earliest - error), 0), round(max(latest_onset(call, train), 0) + error))


def _onset_by_plan(call: Call, train: Train) -> float:
    """The onset that the earliest of the rings tells by the plan's own period, where no three tell theirs: packets make
    a ring late, never early, by a few, or by as much as the first one lacks."""
    period = call.plan.period_s * call.sr
    if train.on_beat >= TOLD or train.restarted:
        return float(train.onset)
    lacks = call.plan.cadence[0][0] * call.sr - train.rings[0][0].length
    late = max(LOST_S * call.sr, min(lacks + 2 * EARLY_S * call.sr, HOLE_S * call.sr))
    steps = [(start, round((start - train.onset) / period)) for start in (ring[0].start for ring in train.rings)]
    told = [start - step * period for start, step in steps]
    return min((at for at in told if 0 <= train.onset - at <= late), default=float(train.onset))


def lost_at_onset(call: Call, train: Train) -> float:
    """So many samples before the onset the ringing may have begun: its first packets may be lost, where only one burst
    tells, or a jitter buffer may have moved what the others tell and the first one is not whole; or its first burst."""
    lacks = call.plan.cadence[0][0] * call.sr - train.rings[0][0].length
    moved = call.buffer_s and lacks > 2 * EARLY_S * call.sr
    # Of the first of two rings, or of one alone, a hole in the packets may have taken more.
    few = len(train.rings) <= 2 and not train.sure
    alone = few and lacks <= HOLE_S * call.sr
    # A recording of elsewhere may begin amid the ring, of which a hole took what came before that burst.
    own = call.signalling.answered_at is not None or call.signalling.nobody_until > 0
    amid = few and not own and train.rings[0][0].start <= lacks + LOST_S * call.sr
    wanted = call.plan.cadence[0][0] * train.period / call.plan.period_s
    lost = max(LOST_S * call.sr, lacks if alone or amid else 0.0, hidden_start(train.rings, wanted, sr=call.sr))
    return max(train.unheard + (lost if moved or not train.sure else 0.0), _known_lost(call, train))


def _known_lost(call: Call, train: Train) -> float:
    """So many samples before the first burst its packets never came, as the receiver says, or a hole in the line;
    three rings on one beat tell when it began all the same."""
    if train.on_beat >= TOLD:
        return 0.0
    first = train.rings[0][0]
    since = lost_since(call.segments, first.start, within=BESIDE_LOST_S * call.sr)
    if since is not None:
        # Of the packets before those too little may be left to be heard, and of the last one even to be told.
        before = Segment(RINGBACK, max(round(since - PACKET_S * call.sr), 0), round(since))
        rang = before.length > 0 and call.recording.is_tone(before, call.plan.ringback)
        return max(train.onset - since + (AFTER_HOLE_S if rang else PACKET_S) * call.sr, 0.0)
    hole = call.recording.hole_start(first)
    return 0.0 if hole is None else max(train.onset - float(hole), 0.0)


def latest_onset(call: Call, train: Train) -> int:
    """Before this sample the ringing began, but for the error of an edge."""
    # A jitter buffer may have moved the later bursts, by which the onset was told, against the first one; and without
    # two on the beat it is the plan's, from which the line's may differ.
    # So may who is put through to the sound amid the first ring have been let ring only then.
    first = train.rings[0][0]
    lacks = max(ring[0].length for ring in train.rings) - first.length if train.on_beat < TOLD else 0
    joined = max(lacks, first.start - train.onset) > HOLE_S * call.sr
    few = train.on_beat < min(len(train.rings), TOLD) and train.period != call.plan.period_s * call.sr
    moved = call.buffer_s or train.on_beat < 2 or few or joined
    return max(train.onset, train.rings[0][0].start) if moved else train.onset


def latency_span(call: Call, train: Train, pick_up: Span) -> Span:
    """From ring onset to pick-up, a length in samples. Both ends of a gap are counted by the cadence from the onset:
    its error cancels."""
    told = train.on_beat >= TOLD and not train.restarted
    error = (_ONSET_ERROR_S if told else EDGE_ERROR_S) * call.sr
    earliest = _earliest(call, train, pick_up, error)
    lost = lost_at_onset(call, train)
    latest = pick_up.latest - train.onset + error + lost
    until = due(call, train)
    if not lost and not train.restarted and pick_up.latest <= until + 1:  # a whole sample
        latest = min(latest, until - train.onset)
    planned = planned_end(call, train)
    if planned is not None and _was_cut(call, train) and pick_up.latest <= train.onset + planned + _PLANNED_S * call.sr:
        latest = min(latest, planned - HAIR_S * call.sr)  # what was cut would have gone on
    earliest = max(round(earliest), 0)
    return Span(earliest, max(round(latest), earliest))


def _earliest(call: Call, train: Train, pick_up: Span, error: float) -> float:
    """From where the last ring was over, which is the plan's number where it is within the error of two edges of it."""
    heard = pick_up.earliest - latest_onset(call, train)
    if not is_whole(call, train):
        return heard - error
    planned = planned_end(call, train)
    if planned is not None and 0 < planned + HAIR_S * call.sr - heard <= _PLANNED_S * call.sr:
        return planned + HAIR_S * call.sr
    return heard


def _was_cut(call: Call, train: Train) -> bool:
    return all(was_cut(call, train, hole) for hole in possible_holes(train.last))
