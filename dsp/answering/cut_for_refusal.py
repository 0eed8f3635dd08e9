"""A ring that an exchange cut for a refusal: too short to be proven, or gone over into the refusal's first burst.

Where it may have rung the count is open, from none of them to one; that the line refused is known all the same."""

from __future__ import annotations

from dsp.answering.edges_known import HOLE_S, PACKET_S
from dsp.answering.heard_call import Call, between
from dsp.answering.leg import Leg
from dsp.answering.next_burst import brief_end, next_burst, reach
from dsp.answering.refusal import REFUSED, scale_of, tone_of
from dsp.detector import EDGE_ERROR_S
from dsp.ringing.train import Train
from dsp.segment import DTMF, MUSIC, RINGBACK, SPEECH, TONE, Segment, Span

_SOON_S = 1.0
"""No exchange sends a refusal so much later than the ring would have come that it cut."""
_NEAR_S = 0.01
"""Edges of a tone's bursts are known to this."""


def refused_leg(call: Call, refusal: Segment) -> Leg:
    """The leg of a refusal before which nothing is proven to have rung."""
    outcome, piece = REFUSED[refusal.sound], _piece_before(call, refusal)
    if piece is None:
        return Leg(None, 0, outcome, None, None, None, (refusal,))
    early, late = (EDGE_ERROR_S + HOLE_S) * call.sr, EDGE_ERROR_S * call.sr
    onset = Span(max(round(piece.start - early), 0), round(piece.start + late))
    evidence = (refusal,) if piece is refusal else (piece, refusal)
    return Leg(onset, 0, outcome, None, None, None, evidence, more_rings=1)


def rings_cut(call: Call, train: Train, refusal: Segment) -> int:
    """1 where a ring that was due may have been cut for a refusal, else 0: the refusal, or another sound, begins
    then."""
    at = next_burst(call, train)
    early = at - PACKET_S * call.sr
    if refusal.start < early or between(call, (TONE,), train.last.end, early):
        return 0  # it had begun to refuse
    begun = [s.start for s in between(call, (RINGBACK, TONE, SPEECH), train.last.end, refusal.start)]
    begun += [s.earliest for s in call.clues.unheard]
    # A refusal of other tones that begins just when a ring was due cut none.
    if abs(refusal.start - at) > _NEAR_S * call.sr or refusal.uneven or _sounds_alike(call, refusal):
        begun.append(refusal.start)
    return int(any(start in reach(call, at) for start in begun) or brief_end(call, train, at) is not None)


def _sounds_alike(call: Call, refusal: Segment) -> bool:
    tone = tone_of(call.plan, refusal)
    return tone is None or tone.frequencies_hz == call.plan.ringback.frequencies_hz


def _piece_before(call: Call, refusal: Segment) -> Segment | None:
    """What may be left of a ring before a refusal; it may be in the refusal's own first burst."""
    others = (s.end for s in call.segments if s.sound in (SPEECH, MUSIC, DTMF) and s.start < refusal.start)
    since = max(max(others, default=0), refusal.start - round((call.plan.period_s + _SOON_S) * call.sr))
    told = [s for s in between(call, (RINGBACK, TONE), since, refusal.start) if not _is_its_own(call, s, refusal)]
    unheard = (s for s in call.clues.unheard if since <= s.earliest < refusal.start)
    told += [Segment(RINGBACK, s.earliest, min(s.latest, refusal.start)) for s in unheard]
    return min(told, key=lambda s: s.start, default=refusal if refusal.uneven else None)


def _is_its_own(call: Call, piece: Segment, refusal: Segment) -> bool:
    """Whether a sound is one of a refusal's bursts: no longer than they are, and on their beat."""
    tone = tone_of(call.plan, refusal)
    if tone is None or piece.told:
        return False
    if call.recording.is_tone(piece, call.plan.ringback) is False:
        return True
    scale = scale_of(refusal, tone, sr=call.sr) * call.sr
    longest = max(on for on, _ in tone.cadence) * scale + _NEAR_S * call.sr
    on_beat = any(_keeps_time(piece, refusal, on * scale, off * scale, sr=call.sr) for on, off in tone.cadence)
    return piece.length <= longest and on_beat


def _keeps_time(piece: Segment, refusal: Segment, on: float, off: float, *, sr: int) -> bool:
    """Whether a piece begins a period before a refusal, or ends a pause before it, to a hair."""
    return min(abs(refusal.start - piece.start - on - off), abs(refusal.start - piece.end - off)) <= _NEAR_S * sr
