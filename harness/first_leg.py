"""The first leg of a call: the signalling knows its pick-up, unless a gateway answered early."""

from __future__ import annotations

from dataclasses import replace
from math import floor

from dsp.answering.legs import Leg
from dsp.segment import Segment
from harness.deaf import no_sound_came
from harness.ending_cause import VOID
from harness.heard_leg import leg_from_ear
from harness.interval import Interval, hull
from harness.live_ear import MUSIC_KNOWN_S, NOTE_S
from harness.measured_leg import SIGNALLED, MeasuredLeg
from harness.ringing import (
    AFTER_ANSWER_S,
    RANG_S,
    RINGING,
    began_after,
    evidence_of,
    rang_before,
    ring_count,
    ring_onset,
    ring_period,
    rings_after,
    rings_behind,
    rung_alone,
    talked_over,
    untouched,
    was_forwarded,
)
from harness.softphone.signals import SipSignal
from harness.timeline import Timeline, answer_of, responses
from harness.unanswered_leg import unanswered_leg

LOUD_S = 0.3
"""Shorter sounds behind a 200 are a handset's."""
TAIL_S = 1.0
"""Ringback may run on so long behind a 200 until the far end's sound is switched over."""


def first_leg(timeline: Timeline, name: str, heard: Leg | None) -> MeasuredLeg:
    """Measure the leg that was dialled."""
    answer = answer_of(timeline.record)
    if answer is None:
        return unanswered_leg(timeline, name, heard)
    if no_sound_came(timeline):
        return MeasuredLeg(leg=name, outcome=VOID, evidence=(f"sip:200@{answer.latest_s:.3f}", "heard:nothing"))
    if heard is None:
        return _unproven(timeline, name, answer) or _signalled(timeline, name, None, answer)
    if rings_after(timeline, heard, answer):
        if talked_over(timeline, heard) and not rang_before(timeline, heard, answer):
            return MeasuredLeg(leg=name, outcome="answered", provisional=True, evidence=evidence_of(timeline, heard))
        if untouched(timeline, heard, answer):
            return _early_answered(timeline, name, heard, answer)
        # A person who transfers, or an announcement before the real ringing: only a person can tell.
        return replace(_signalled(timeline, name, rung_alone(timeline, heard, answer), answer), provisional=True)
    if heard.outcome in ("busy", "congestion") and untouched(timeline, heard, answer):
        if rang_before(timeline, heard, answer):
            # Hung up without a word, or refused after ringing: only a person can tell.
            return replace(_signalled(timeline, name, heard, answer), provisional=True)
        return MeasuredLeg(leg=name, outcome=heard.outcome, evidence=evidence_of(timeline, heard))
    return _signalled(timeline, name, heard, answer)


def _unproven(timeline: Timeline, name: str, answer: SipSignal) -> MeasuredLeg | None:
    """A burst or two behind the 200, too torn to be measured: then nothing is known of the pick-up."""
    rate, segments = timeline.heard.sr, timeline.heard.segments
    since = (answer.latest_s + AFTER_ANSWER_S) * rate
    words = min((s.start for s in segments if s.sound in ("speech", "music") and s.start >= since), default=None)
    rung = [s for s in segments if s.sound == "ringback"] + _loud_behind_a_gateway(timeline, answer)
    if words is None and (timeline.halts or timeline.record.missing):
        rung += [s for s in segments if s.sound == "tone"]  # a busy tone, perhaps, that nobody spoke behind
    torn = [s for s in rung if s.start >= since and (words is None or s.start < words)]
    if not torn:
        return None
    evidence = (f"sip:200@{answer.latest_s:.3f}", *(f"heard:{s.sound}@{s.start / rate:.3f}" for s in torn))
    return MeasuredLeg(leg=name, outcome="answered", provisional=True, evidence=evidence)


def _loud_behind_a_gateway(timeline: Timeline, answer: SipSignal) -> list[Segment]:
    """What sounded without a name behind a 200 that came at once: the ringing that a gateway plays, perhaps."""
    told = [s.latest_s for s in responses(timeline.record) if s.status == RINGING]
    at_once = not any(at_s < answer.latest_s - RANG_S for at_s in told)
    if not at_once or _music_answers(timeline, answer):
        return []
    return [s for s in timeline.unnamed if s.length > LOUD_S * timeline.heard.sr]


def _early_answered(timeline: Timeline, name: str, heard: Leg, answer: SipSignal) -> MeasuredLeg:
    """A leg that rang on behind its 200: the ear tells the pick-up, unless that was the tail of what rang before."""
    leg = leg_from_ear(timeline, name, heard)
    late = rang_before(timeline, heard, answer) and rings_behind(timeline, heard, answer) < 2
    if leg.outcome == "no_answer" and late:
        # One burst behind a late 200 may be another tone of the far end's: only a person can tell.
        return replace(_signalled(timeline, name, heard, answer), provisional=True)
    onset, _ = ring_onset(timeline, heard)
    if onset is None or leg.ring_onset_s is None or leg.pick_up_s is None or leg.answer_latency_s is None:
        return leg
    tail = leg.pick_up_s.latest <= answer.latest_s + TAIL_S and rang_before(timeline, heard, answer)
    if not tail and onset == leg.ring_onset_s:
        return leg
    pick_up = hull([leg.pick_up_s, Interval(answer.earliest_s, answer.latest_s)]) if tail else leg.pick_up_s
    latency = hull([leg.answer_latency_s, (pick_up - onset).at_least(0.0)])
    rings = ring_count(timeline, heard, latency)
    if tail and rings is not None:
        rings = (min(rings[0], floor(latency.earliest / ring_period(timeline, heard)) + 1), rings[1])
    return replace(leg, ring_onset_s=onset, pick_up_s=pick_up, answer_latency_s=latency, rings=rings)


def _signalled(timeline: Timeline, name: str, heard: Leg | None, answer: SipSignal) -> MeasuredLeg:
    if _music_answers(timeline, answer):
        evidence = (*evidence_of(timeline, heard), f"sip:200@{answer.latest_s:.3f}", "heard:music")
        return MeasuredLeg(leg=name, outcome="answered", provisional=True, music=True, evidence=evidence)
    before = heard if heard is not None and not began_after(timeline, heard, answer) else None
    return _picked_up(timeline, name, before, answer)


def _music_answers(timeline: Timeline, answer: SipSignal) -> bool:
    """Colour ringback or queue music behind a 200: a machine answered, whoever comes later."""
    answered = answer.latest_s * timeline.heard.sr
    sounds = [s for s in timeline.heard.segments if s.sound in ("speech", "music") and s.end > answered]
    first = min(sounds, key=lambda s: s.start, default=None)
    music = next((s for s in sounds if s.sound == "music"), None)
    if first is None or music is None:
        return False
    # Its first notes can pass for half a word before it is known as music.
    brief = first.length < NOTE_S * timeline.heard.sr
    return first is music or (brief and music.start - first.end < MUSIC_KNOWN_S * timeline.heard.sr)


def _picked_up(timeline: Timeline, name: str, heard: Leg | None, answer: SipSignal) -> MeasuredLeg:
    onset, source = ring_onset(timeline, heard)
    pick_up = Interval(answer.earliest_s, answer.latest_s)
    latency = None if onset is None else (pick_up - onset).at_least(0.0)
    rings = None if latency is None else ring_count(timeline, heard, latency)
    voice = _voice(timeline, pick_up)
    return MeasuredLeg(
        leg=name,
        outcome="answered",
        ring_onset_s=onset,
        rings=rings,
        rings_source=source if rings else None,
        pick_up_s=pick_up,
        pick_up_source=SIGNALLED,
        answer_latency_s=latency,
        voice_onset_s=voice,
        greeting_latency_s=None if voice is None else (voice - pick_up).at_least(0.0),
        forwarded=was_forwarded(timeline, heard),
        evidence=(*evidence_of(timeline, heard), f"sip:200@{answer.latest_s:.3f}"),
    )


def _voice(timeline: Timeline, pick_up: Interval) -> Interval | None:
    rate = timeline.heard.sr
    rung = [s.start for s in timeline.heard.segments if s.sound == "ringback" and s.start > pick_up.latest * rate]
    voices = [v for leg in timeline.heard.legs if (v := leg.voice_onset) and v.latest / rate >= pick_up.earliest]
    first = min(voices, key=lambda v: v.latest, default=None)
    # A voice behind more ringing is that of whoever it was put through to.
    return None if first is None or (rung and rung[0] < first.latest) else timeline.on_the_wire(first)
