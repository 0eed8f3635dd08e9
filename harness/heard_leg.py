"""A leg whose pick-up only the ear can know: behind a menu, a transfer, or a gateway that answers early."""

from __future__ import annotations

from dataclasses import replace
from math import floor

from dsp.answering.legs import Leg
from dsp.segment import MISSING, MUSIC, SPEECH, Span
from harness.hidden_ring import another_ring, hidden_ring_s, without_torn_word
from harness.interval import Interval, hull
from harness.live_ear import MUSIC_NAMED_S
from harness.measured_leg import HEARD, MeasuredLeg
from harness.ringing import evidence_of, restarted, ring_period, talked_over, when
from harness.timeline import Timeline
from harness.unanswered_leg import unheeded

WORD_ERROR_S = 0.1
"""The end of a word dies away: so well its place is known."""
OVER_INTO_S = 1.0
"""Words that pause for less before music have run over into it."""


def leg_behind(timeline: Timeline, name: str, heard: Leg | None) -> MeasuredLeg:
    """Measure a leg behind a menu or a person; whose voice it is stays provisional."""
    if heard is not None and talked_over(timeline, heard):
        return MeasuredLeg(leg=name, outcome="answered", provisional=True, evidence=evidence_of(timeline, heard))
    if heard is not None and (heard.music or _music_again(timeline, heard)):
        # Whoever put the call through took it back, or a queue has it: nobody knows whether anybody picked up.
        return MeasuredLeg(
            leg=name, outcome=heard.outcome, provisional=True, music=True, evidence=evidence_of(timeline, heard)
        )
    if heard is not None:
        return replace(_begun_in_music(timeline, leg_from_ear(timeline, name, heard)), provisional=True)
    act = next((a for a in timeline.record.acts if a.leg == name and a.do in ("answered", "gave_up")), None)
    if act is not None and act.do == "answered":
        return MeasuredLeg(
            leg=name,
            outcome="answered",
            provisional=True,
            music=_played_until(timeline, name, act.at_s),
            evidence=(f"act:answered@{act.at_s:.3f}",),
        )
    fault = "fault_ours" if timeline.record.fault else "none"
    waits = tuple(f"act:wait@{a.at_s:.3f}" for a in timeline.record.acts if a.leg == name and a.do == "wait")
    return MeasuredLeg(leg=name, outcome=fault, evidence=waits)


def _music_again(timeline: Timeline, heard: Leg) -> bool:
    """Whether it rang behind music, and what passed for words behind the ringing runs over into music: its singing,
    or the music's first notes behind a hole."""
    onset, voice = heard.ring_onset, heard.voice_onset
    if onset is None or voice is None or _music_before(timeline, timeline.on_the_wire(onset)) is None:
        return False
    end = voice.latest
    for sound in sorted(timeline.heard.segments, key=lambda s: s.start):
        if sound.start >= voice.earliest and sound.start <= end + OVER_INTO_S * timeline.heard.sr:
            if sound.sound == MUSIC:
                return True
            end = max(end, sound.end) if sound.sound in (SPEECH, MISSING) else end
    return False


def _played_until(timeline: Timeline, name: str, answered_s: float) -> bool:
    """Whether music played while this leg was waited for."""
    rate, acts = timeline.heard.sr, timeline.record.acts
    since_s = next((a.at_s for a in acts if a.do == "wait" and a.leg == name), 0.0)
    music = [s for s in timeline.heard.segments if s.sound == MUSIC]
    return any(s.end > since_s * rate and s.start < answered_s * rate for s in music)


def _begun_in_music(timeline: Timeline, leg: MeasuredLeg) -> MeasuredLeg:
    """The same leg, its onset back to where music began that played until the ringing was heard.

    An operator who puts through announces the call, and the caller hears music while the telephone rings already.
    """
    onset, latency, rings = leg.ring_onset_s, leg.answer_latency_s, leg.rings
    music = None if onset is None else _music_before(timeline, onset)
    if onset is None or music is None:
        return leg
    more_s = onset.latest - music.earliest
    more_rings = floor(more_s / timeline.heard.plan.period_s) + 1
    return replace(
        leg,
        ring_onset_s=hull([music, onset]),
        answer_latency_s=None if latency is None else latency.widened(0.0, more_s),
        rings=None if rings is None else (rings[0], rings[1] + more_rings),
        transfer_delay_s=_transfer_delay(timeline, music),
        music=True,
    )


def _music_before(timeline: Timeline, onset: Interval) -> Interval | None:
    """When the music began behind which the first burst came; None without any, or where somebody spoke between."""
    rate = timeline.heard.sr
    before = [s for s in timeline.heard.segments if s.sound in (SPEECH, MUSIC) and s.start < onset.latest * rate]
    words = max((s.end for s in before if s.sound == SPEECH), default=0)
    music = min((s.start for s in before if s.sound == MUSIC and s.end > words), default=None)
    if music is None:
        return None
    # Its first notes have no name.
    first = max(words, music - round(MUSIC_NAMED_S * rate))
    return timeline.on_the_wire(Span(first, music))


def leg_from_ear(timeline: Timeline, name: str, heard: Leg) -> MeasuredLeg:
    """Measure a leg from its sound alone."""
    heard = without_torn_word(timeline, heard)
    onset = None if heard.ring_onset is None else timeline.on_the_wire(heard.ring_onset)
    pick_up = None if heard.pick_up is None else timeline.on_the_wire(heard.pick_up)
    voice = None if heard.voice_onset is None else timeline.on_the_wire(heard.voice_onset)
    answered = heard.outcome == "answered"
    latency = None if heard.answer_latency is None else timeline.between(heard.answer_latency)
    more_s = hidden_ring_s(timeline, heard)
    if more_s and pick_up is not None and latency is not None:
        pick_up, latency = pick_up.widened(0.0, more_s), latency.widened(0.0, more_s)
    return MeasuredLeg(
        leg=name,
        outcome=unheeded(timeline, name) if heard.outcome == "no_answer" else heard.outcome,
        ring_onset_s=onset,
        rings=None
        if onset is None
        else (heard.rings, _most_rings(timeline, heard, latency) if more_s else heard.most_rings),
        rings_source=HEARD if onset is not None else None,
        pick_up_s=pick_up,
        pick_up_source=HEARD if pick_up is not None else None,
        answer_latency_s=latency,
        voice_onset_s=voice if answered else None,
        greeting_latency_s=None if not (answered and voice and pick_up) else (voice - pick_up).at_least(0.0),
        transfer_delay_s=_transfer_delay(timeline, onset),
        provisional=heard.provisional,
        music=heard.music,
        forwarded=restarted(timeline, heard),
        evidence=evidence_of(timeline, heard),
    )


def _most_rings(timeline: Timeline, heard: Leg, latency: Interval | None) -> int:
    """So many rings may have begun where the pick-up may have been later than the ear has it."""
    if not another_ring(timeline, heard):
        return heard.most_rings
    by_time = 0 if latency is None else floor(latency.latest / ring_period(timeline, heard)) + 1
    return max(heard.rings + 1, heard.most_rings, by_time)


def _transfer_delay(timeline: Timeline, onset: Interval | None) -> Interval | None:
    if onset is None:
        return None
    rate = timeline.heard.sr
    words = [s.end for s in timeline.heard.segments if s.sound == "speech" and s.end / rate < onset.latest]
    spoken = [timeline.on_the_wire(Span(end, end)).widened(WORD_ERROR_S, WORD_ERROR_S) for end in words]
    pressed = [when(s) for s in timeline.record.signals if s.kind == "digit" and s.latest_s < onset.latest]
    last = max(spoken + pressed, key=lambda i: i.latest, default=None)
    return None if last is None else (onset - last).at_least(0.0)
