"""How one ringing went: answered, refused, or neither; and what a person has to say of it."""

from __future__ import annotations

from dataclasses import replace

from dsp.answering.cut_for_refusal import rings_cut
from dsp.answering.doubtful_leg import is_talked_over, keeps_another_beat, may_hide_ring
from dsp.answering.due_end import possible_holes
from dsp.answering.faint_reply import is_faint, louder
from dsp.answering.heard_call import Call, between
from dsp.answering.last_burst import begun_with, either, may_be_reply, without_last
from dsp.answering.latency import latency_span, onset_span
from dsp.answering.leg import ANSWERED, NO_ANSWER, Leg, around, opened, voice_span
from dsp.answering.next_burst import due, more_rings, next_burst, rings_unheard
from dsp.answering.pick_up import pick_up_span
from dsp.answering.refusal import REFUSED, begun_at, is_burst
from dsp.answering.reply import first_voice, machine_before, machine_reply, ringing_stopped
from dsp.answering.whole_burst import was_cut
from dsp.detector import EDGE_ERROR_S
from dsp.ringing.beat import EARLY_S, LOST_S
from dsp.ringing.ring_proof import is_whole as is_whole_ring
from dsp.ringing.train import Train
from dsp.segment import DTMF, MUSIC, TONE, Segment, Span

_WORD_S = 0.12
"""A sound without a name that lasts so long may be a word."""
_MOMENT_S = 0.1
"""So little of a ring is told from a vowel by nothing but its time."""
_SIGN_S = 0.2
"""A special information tone's parts last 0.33 s (ITU-T E.180)."""
_STOPPED_S = 0.3
"""Of a ring that was due so much would have been heard, whatever packets were lost."""
_AT_ONCE_S = 0.5
"""An exchange that cuts a ring for a refusal sends it no later."""
_SIGNAL_S = 0.030
"""A recording lags the signalling by 14 to 36 ms."""


def ringing_leg(call: Call, train: Train, limit: int, *, behind: bool) -> Leg:
    """One ringing's leg; `behind`: somebody had been heard before it."""
    voice = first_voice(call, train, limit)
    after = train.last.end - round(EDGE_ERROR_S * call.sr)
    refusal = next(iter(between(call, tuple(REFUSED), after, limit)), None)
    tunes = between(call, (MUSIC,), after, limit)
    music = next((s for s in tunes if refusal is None or not is_burst(call, s, refusal)), None)
    onset = onset_span(call, train)
    machine = machine_reply(call, train, limit)
    if refusal and not any(
        s and s.start < refusal.start for s in (voice, music, machine_before(call, train, machine, refusal))
    ):
        outcome = REFUSED[refusal.sound]
        evidence = (*train.bursts, refusal)
        refused = Leg(onset, train.count, outcome, None, None, None, evidence, restarted=train.restarted)
        refused = replace(refused, more_rings=rings_cut(call, train, refusal))
        return opened(refused) if _picked_up_before(call, train, begun_at(call, refusal, after)) else refused
    reply = min((s for s in (voice, music, machine) if s), key=lambda s: s.start, default=None)
    signalled = _signalled(call, train, limit)
    if reply is None and signalled is None and not _may_be_answered(call, train, after, limit):
        unsure = ringing_stopped(call, train, limit, within_s=_STOPPED_S) or _unnamed_since(call, after, limit, _WORD_S)
        unsure |= _stopped_early(call, train, limit) or bool(between(call, (TONE, DTMF), after, limit))
        told = Leg(onset, train.count, NO_ANSWER, None, None, None, train.bursts, unsure, restarted=train.restarted)
        told = replace(told, more_rings=rings_unheard(call, train))
        told = _without_moment(call, train, told)
        return opened(told) if behind and _may_be_signal(call, train) else told
    leg = Leg(
        ring_onset=onset,
        rings=train.count,
        outcome=ANSWERED,
        pick_up=signalled,
        voice_onset=voice_span(call, voice),
        answer_latency=None if signalled is None else latency_span(call, train, signalled),
        evidence=(*train.bursts, *((reply,) if reply else ())),
        provisional=signalled is None and (behind or reply is not voice or _toned(call, train, voice)),
        music=reply is not None and reply in (music, machine),
        restarted=train.restarted,
    )
    if signalled and keeps_another_beat(call, train):
        return replace(leg, rings=len(train.rings), more_rings=max(train.count - len(train.rings), 0))
    if signalled:
        return leg
    if may_hide_ring(call, train, reply) or (behind and reply is None and _may_be_signal(call, train)):
        return opened(leg)
    told = _picked_up(call, train, *_in_front(call, train, leg, reply), limit)
    return _with_louder(call, train, told, reply, limit) if reply and is_faint(call, train, reply) else told


def _without_moment(call: Call, train: Train, told: Leg) -> Leg:
    """A leg whose last ring, of several, is but a moment that did not begin on the beat: it may as well be the first
    sound of who picked up."""
    late = train.last.start - train.last_start > 4 * EARLY_S * call.sr
    moment = train.last.length < _MOMENT_S * call.sr and len(train.rings[-1]) == 1 and len(train.rings) > 1
    return replace(told, rings=told.rings - 1, more_rings=told.more_rings + 1) if moment and late else told


def _with_louder(call: Call, train: Train, told: Leg, reply: Segment, limit: int) -> Leg:
    """A leg whose reply is hardly heard: nobody need have picked up before the first voice that is no fainter."""
    later = louder(call, train, reply, limit)
    doubted = replace(told, voice_onset=None if later is None else voice_span(call, later), provisional=True)
    return either(doubted, _picked_up(call, train, doubted, later, limit))


def _toned(call: Call, train: Train, voice: Segment | None) -> bool:
    """Whether a tone is heard between the last ring and who speaks, or nobody does: packets may have left so much of a
    special information tone, which an announcement follows."""
    since, until = train.last.end, voice.start if voice is not None else train.last.end + 1
    tones = between(call, (TONE,), since, until)
    return voice is None or any(s.length >= _SIGN_S * call.sr for s in tones)


def _in_front(call: Call, train: Train, leg: Leg, reply: Segment | None) -> tuple[Leg, Segment | None]:
    """A leg and who replied; nobody for certain, where somebody talks in the background all along."""
    if reply is None or reply.start >= next_burst(call, train) or not is_talked_over(call, train):
        return leg, reply
    return replace(leg, voice_onset=None, provisional=True), None


def _picked_up(call: Call, train: Train, leg: Leg, reply: Segment | None, limit: int) -> Leg:
    """A leg with when it was picked up by what was heard; with and without a last burst that may be the reply's."""
    pick_up = pick_up_span(call, train, reply, limit)
    told = replace(
        leg,
        rings=train.count,
        pick_up=pick_up,
        answer_latency=latency_span(call, train, pick_up),
        more_rings=more_rings(call, train, pick_up),
    )
    if reply is None or not may_be_reply(call, train, reply):
        return told
    return either(told, _picked_up(call, without_last(train), leg, begun_with(train.last, reply), limit))


def _picked_up_before(call: Call, train: Train, refused: int) -> bool:
    """Whether somebody had picked up and was not heard before a refusal: it comes before the next ring, and only with
    it an exchange cuts one. Where a 200 came behind the first ring the signalling tells more than the cut."""
    if call.signalling.answered_at is not None and call.signalling.answered_at > train.onset:
        return ringing_stopped(call, train, refused)
    cut = was_cut(call, train, max(possible_holes(train.last))) and refused - train.last.end > _AT_ONCE_S * call.sr
    return cut or ringing_stopped(call, train, refused, within_s=_STOPPED_S)


def _stopped_early(call: Call, train: Train, limit: int) -> bool:
    """Whether the last ring was cut, or lacks more than two packets of the others' length, and the line went on."""
    usual = max((ring[0].length for ring in train.rings[:-1]), default=0)
    lacks = len(train.rings[-1]) == 1 and usual - train.last.length > LOST_S * call.sr
    cut = lacks or was_cut(call, train, max(possible_holes(train.last)))
    return limit - train.last.end > _AT_ONCE_S * call.sr and cut


def _may_be_signal(call: Call, train: Train) -> bool:
    """Whether all that rang behind who had picked up is one burst that is no whole one, or of one tone: a machine's
    signal behind its greeting is, as well."""
    last = train.last
    return len(train.bursts) == 1 and not (last.told and is_whole_ring(last, sr=call.sr, plan=call.plan))


def _may_be_answered(call: Call, train: Train, after: int, limit: int) -> bool:
    """Whether the ringing stopped and a sound without a name came: somebody's, most likely; a person has to say."""
    return ringing_stopped(call, train, limit) and _unnamed_since(call, after, limit, 0.0)


def _unnamed_since(call: Call, after: int, limit: int, least_s: float) -> bool:
    since = max(after, call.signalling.nobody_until)
    sounds = (
        s for s in (*call.clues.unnamed, *(call.clues.like_rings if least_s else ())) if since <= s.earliest < limit
    )
    return any(sound.latest - sound.earliest >= least_s * call.sr for sound in sounds)


def _signalled(call: Call, train: Train, limit: int) -> Span | None:
    """The 200 OK, where it fits what was heard: the ringing ended with it."""
    at = call.signalling.answered_at
    slack = 0.15 * call.sr
    if at is None or not train.last.end - slack <= at <= min(due(call, train) + slack, limit):
        return None
    return around(at, _SIGNAL_S * call.sr)
