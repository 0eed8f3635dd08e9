"""What a person has to say: something sounded, and what it was is not proven."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dsp.answering.another_plan import keeps_another_plan
from dsp.answering.edges_known import HOLE_S
from dsp.answering.heard_call import Call, between
from dsp.answering.leg import NONE, Leg, voice_span
from dsp.answering.refusal import REFUSED
from dsp.answering.rung_beside import WORD_S, may_have_rung_before
from dsp.compiled.quantile import middle
from dsp.ringing.beat import EARLY_S, LOST_S, off_period
from dsp.ringing.one_ringing import REPLIES
from dsp.ringing.other_signals import without_refusals
from dsp.ringing.ring_proof import EXACT, TOLD_S, is_exact, is_joined
from dsp.ringing.torn_bursts import Torn
from dsp.ringing.train import Train
from dsp.segment import DTMF, MUSIC, RINGBACK, SPEECH, TONE, Segment, Span

_LEAST_TONES_S = 0.5
"""Tones behind the ringing that last so long, or are several, are a machine's answer, or music's notes."""

_NEAR = 0.06
"""Rings that are whole periods apart, to this share of one, keep a beat."""
_CUT_S = 0.25
"""Two tones at once out of quiet, over at once, whoever spoke right up to them."""
_PARTED_S = 2.5
"""A refusal goes on behind so long a hole."""
_BESIDE_MUSIC_S = 1.6
"""Music's pauses are no longer."""


def unknown_call(call: Call) -> tuple[Leg, ...]:
    """A call in which nothing rang for certain and nobody spoke for as long as a prompt: a word, a burst that proves
    nothing, a tone that is no exchange's, or a sound without a name."""
    strange = [s for s in call.segments if s.sound in (TONE, DTMF, RINGBACK)]
    lasting = sum(s.length for s in strange) > _LEAST_TONES_S * call.sr
    heard = tuple(s for s in call.segments if s.sound in (SPEECH, MUSIC) or (lasting and s in strange))
    if not (heard or call.clues.unnamed or call.clues.unheard):
        return ()
    voice = next((s for s in heard if s.sound == SPEECH), None)
    return (Leg(None, 0, NONE, None, voice_span(call, voice), None, heard, provisional=True),)


def is_doubtful(call: Call, train: Train) -> bool:
    """Whether only a person can say how a ringing went."""
    asked = (is_interrupted, may_be_put_through, may_hold_note, may_have_rung_before, keeps_another_plan, may_be_joined)
    signalled = call.signalling.answered_at is not None and call.signalling.answered_at > train.last.start
    two = keeps_another_beat(call, train) or breaks_beat(call, train) or was_cut_amid(call, train)
    return any(one(call, train) for one in asked) or (not signalled and two)


def may_be_joined(call: Call, train: Train) -> bool:
    """Whether the only burst may be the rest of a ring amid which the caller was put through to the sound: the next one
    begins a pause behind it."""
    if len(train.bursts) > 1 or between(call, REPLIES, 0, train.last.start):
        return False
    return call.recording.rings_at(train.last.end + round(call.plan.cadence[-1][1] * call.sr))


def may_be_put_through(call: Call, train: Train) -> bool:
    """Whether a ringing began anew and somebody may have picked up between, whose word nobody heard: they put through.
    Where the signalling tells that nobody had answered, the call was forwarded."""
    return train.restarted and call.signalling.nobody_until <= train.last.start


def keeps_another_beat(call: Call, train: Train) -> bool:
    """Whether no two rings come one period of the plan apart: then it is another exchange's cadence, and the rings
    between were never sent. Of two the period must be the plan's own, or the burst as much too long or short."""
    steps = [round((b[0].start - a[0].start) / train.period) for a, b in pairwise(train.rings)]
    if train.restarted or not steps or min(steps) == 1:
        return False
    off = train.period / (call.plan.period_s * call.sr)
    longest = max(ring[0].length for ring in train.rings) / (call.plan.cadence[0][0] * call.sr)
    return len(steps) > 1 or min(abs(off - 1), abs(off - longest)) > 2 * EXACT


def breaks_beat(call: Call, train: Train) -> bool:
    """Whether no whole ring before a pause of two periods and more keeps the beat of one behind it: packets make none
    late, and whoever picked up in between may have put through to another telephone."""
    longest = max(ring[0].length for ring in train.rings)
    bursts = [ring[0] for ring in train.rings]
    whole = [b.start for b in bursts if b.begins and longest - b.length <= 2 * EARLY_S * call.sr]
    slack = max(4 * EARLY_S, call.buffer_s) * call.sr
    pauses = [b.start for a, b in pairwise(bursts) if round((b.start - a.start) / train.period) > 1]
    for over in pauses if not train.restarted else ():
        before, behind = [at for at in whole if at < over], [at for at in whole if at >= over]
        apart = (abs(off_period(b - a, train.period)) for a in reversed(before) for b in behind)
        if before and behind and all(by > slack for by in apart):
            return True
    return False


def was_cut_amid(call: Call, train: Train) -> bool:
    """Whether a ring before the last one lacks more of its end than packets take: somebody picked up, whose word nobody
    heard, and the next telephone keeps the beat by chance."""
    longest = max((ring[0].length for ring in train.rings[:-1]), default=0)
    told = [
        (ring[0], start)
        for ring, start in zip(train.rings[:-1], train.starts[:-1], strict=True)
        if len(ring) == 1 and ring[0].told and ring[0].begins and not isinstance(ring[0], Torn)
    ]
    slack = max(LOST_S, call.buffer_s) * call.sr
    return any(longest - ring.length > HOLE_S * call.sr and abs(ring.start - start) <= slack for ring, start in told)


def is_interrupted(call: Call, train: Train) -> bool:
    """Whether a voice or music as long as a word is heard in one pause of a ringing: who picked up put through, and the
    next telephone keeps the first one's beat by chance; or an announcement. Who talks in the background does so in
    other pauses, too."""
    return _talked_in(call, train) == 1


def is_talked_over(call: Call, train: Train) -> bool:
    """Whether somebody talks in the background of a ringing, in several of its pauses: who is heard behind its last
    ring may be the same one."""
    return _talked_in(call, train) > 1


def _talked_in(call: Call, train: Train) -> int:
    """In how many of a ringing's pauses a voice or music as long as a word is heard."""
    pauses = [(a[-1].end, b[0].start) for a, b in pairwise(train.rings)]
    pauses += [(b.first_end, b.first_end + b.hole) for b in train.bursts if isinstance(b, Torn) and b.hole]
    heard = [s for s in call.segments if s.sound in (SPEECH, MUSIC) and s.end > call.signalling.nobody_until]
    return sum(any(_lasts(s, *pause) > WORD_S * call.sr for s in heard) for pause in pauses)


def may_hide_ring(call: Call, train: Train, reply: Segment | None) -> bool:
    """Whether a machine's tone begins where a ring was due and lasts longer than one: a hum of a ring's own pitch may
    hide that it was one, and those behind it."""
    if reply is None or reply.sound != TONE or reply.length < train.last.length:
        return False
    steps = (reply.start - train.last_start) / train.period
    late = (steps - round(steps)) * train.period
    return round(steps) >= 1 and -2 * EARLY_S * call.sr <= late <= LOST_S * call.sr


def _lasts(heard: Segment, since: int, until: int) -> int:
    return min(heard.end, until) - max(heard.start, since)


def may_hold_note(call: Call, train: Train) -> bool:
    """Whether one of the bursts that make a ringing may be a note of music: only one ring tells that the ringing began
    anew, off the others' beat; or there is but one burst, no longer than a note, beside music."""
    if train.restarted:
        return _is_one_unlike(train)
    (first, *others), near = train.bursts, float(_BESIDE_MUSIC_S * call.sr)
    if others or is_exact(first, sr=call.sr, plan=call.plan, share=EXACT):
        return False
    if not first.told and between(call, REPLIES, 0, first.start):
        near = float(call.end)  # one tone alone behind who picked up proves less still
    music = (s for s in call.segments if s.sound == MUSIC)
    return any(s.start - first.end <= near and first.start - s.end <= near for s in music)


def _is_one_unlike(train: Train) -> bool:
    """Whether a ring off the others' beat is not as long as they are."""
    runs = [[train.rings[0]]]
    for one, other in pairwise(train.rings):
        steps = (other[0].start - one[0].start) / train.period
        if abs(steps - round(steps)) <= _NEAR and round(steps):
            runs[-1].append(other)
        else:
            runs.append([other])
    usual = middle([ring[0].length for run in runs if len(run) > 1 for ring in run] or [0])
    return any(len(run) == 1 and abs(run[0][0].length - usual) > EXACT * usual for run in runs)


def doubtful_legs(call: Call, trains: Sequence[Train]) -> list[Leg]:
    """What may have rung behind whoever picked up, and is not proven: another telephone, or a note."""
    if not trains:
        return []
    over = trains[-1].last.end
    behind = without_refusals(between(call, (RINGBACK,), over, call.end), call.segments, sr=call.sr, plan=call.plan)
    told = [s for s in behind if _may_be_ring(call, s)]
    told += [Segment(TONE, s.earliest, s.latest) for s in call.clues.unheard if s.earliest > over and _is_free(call, s)]
    spoken = any(s.start < one.start for one in told for s in between(call, REPLIES, over, call.end))
    evidence = tuple(sorted(told, key=lambda s: s.start))
    return [Leg(None, 0, NONE, None, None, None, evidence, provisional=True)] if spoken else []


def _is_free(call: Call, sound: Span) -> bool:
    """Whether no refusal follows that it may be the first burst of."""
    return not between(call, tuple(REFUSED), sound.earliest, sound.latest + _PARTED_S * call.sr)


def _may_be_ring(call: Call, burst: Segment) -> bool:
    told = burst.length >= TOLD_S * call.sr or burst in call.clues.exchange.kin
    told |= burst.begins and burst.told and burst.stops and burst.length >= _CUT_S * call.sr
    alone = burst.begins and (burst.told or is_exact(burst, sr=call.sr, plan=call.plan))
    return told or (alone and not is_joined(burst, call.segments, (SPEECH, MUSIC), sr=call.sr))
