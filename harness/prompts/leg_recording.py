"""What known recordings make of a call's legs: who they leave behind them, and what may still be measured.

A leg is never better for a recording: its outcome becomes what the kind says, or it stays with a person to say who
spoke; a number that the recording makes doubtful is taken away, never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment, Span
from harness.interval import Interval
from harness.measured_leg import HEARD, SIGNALLED, MeasuredLeg
from harness.prompts.kinds import ANSWERING, KINDS, OTHER, Kind
from harness.prompts.live import PromptFound
from harness.timeline import Timeline

IVR = "ivr"
SAME_SPEECH_S = 1.0
"""Words that follow each other within this are one speaker's, so one known word tells who speaks them all."""
WORD_S = 0.25
"""A shorter voice behind a recording is no somebody."""
TAIL_S = 0.5
"""A recording may end so much later than it did when it was marked."""
RING_S = 0.2
"""A leg begins so shortly before its ringing."""
NOTE_S, MUSIC_KNOWN_S = 0.6, 1.5
"""Music's first note can pass for half a word, until it is known as music."""


@dataclass(frozen=True, kw_only=True)
class LegRecording:
    """A known recording on a leg."""

    leg: str
    """The leg."""
    name: str
    """The mark that tells."""
    kind: str
    """What kind of recording it is."""
    begin_s: float
    """Where in the recorded call its words begin."""
    end_s: float
    """And end."""
    final: bool
    """Nobody came behind it."""
    rang: bool
    """It rang behind it."""

    @property
    def row(self) -> Kind:
        """What follows from its kind."""
        return KINDS[self.kind]

    @property
    def by_design(self) -> bool:
        """A voice menu is a recording and meant to be one."""
        return self.leg == IVR and self.kind in (*ANSWERING, OTHER)

    @property
    def nobody(self) -> bool:
        """Whether nobody answered but the recording."""
        return self.final and not self.by_design and not self.row.seconds_only


def recordings_on_legs(
    timeline: Timeline, legs: Sequence[MeasuredLeg], finds: Sequence[PromptFound]
) -> tuple[LegRecording, ...]:
    """Give the last known recording of each leg; a leg without one is not among them."""
    heard = sorted(finds, key=lambda one: one.begin_s)
    groups = [(_words_around(timeline, one), one) for one in heard]
    told = []
    for leg, (start, end) in zip(legs, _zones(timeline, legs), strict=False):
        own = [(words, one) for words, one in groups if start <= words[1] and words[0] < end and words[1] < end + 1.0]
        if own:
            told.append(_last(timeline, leg.leg, own, end))
    return tuple(told)


def judged_leg(timeline: Timeline, leg: MeasuredLeg, one: LegRecording) -> MeasuredLeg:
    """Give a leg as it stands with a known recording on it."""
    if one.by_design:
        return leg
    leg = replace(leg, recording=one.kind, evidence=(*leg.evidence, f"prompt:{one.name}@{one.begin_s:.3f}"))
    if one.nobody:
        return _nobody(timeline, leg, one)
    if one.row.announces and one.rang:
        return leg  # what rang behind it is this leg's own, and was measured as such
    return _behind(timeline, leg, one)


def _nobody(timeline: Timeline, leg: MeasuredLeg, one: LegRecording) -> MeasuredLeg:
    """A leg on which nobody but the recording spoke."""
    outcome = one.row.outcome or ("answered" if leg.pick_up_s or leg.outcome == "answered" else leg.outcome)
    onset = leg.ring_onset_s
    began = timeline.on_the_wire(_span(timeline, one.begin_s))
    waited = None if onset is None else leg.answer_latency_s or (began - onset).at_least(0.0)
    rings = _rings_before(timeline, one) if outcome == "no_answer" and not one.row.seconds_only else None
    return replace(
        leg,
        outcome=outcome,
        answerer="recording",
        rings=rings,
        rings_source=HEARD if rings else None,
        waited_s=waited if outcome == "no_answer" else None,
        answer_latency_s=None,
        pick_up_s=None,
        pick_up_source=None,
        voice_onset_s=None,
        greeting_latency_s=None,
        provisional=False,
        forwarded=leg.forwarded or one.row.forwards,
    )


def _behind(timeline: Timeline, leg: MeasuredLeg, one: LegRecording) -> MeasuredLeg:
    """A leg on which somebody spoke behind the recording: who, a person has to say."""
    leg = replace(leg, provisional=True, forwarded=leg.forwarded or one.row.forwards, rings=None, rings_source=None)
    if leg.outcome not in ("answered", "none") or (leg.outcome == "none" and one.final):
        return leg
    pick_up = leg.pick_up_s
    if pick_up is not None and leg.pick_up_source == SIGNALLED and pick_up.earliest > one.end_s - SAME_SPEECH_S:
        return leg  # the 200 came behind the recording: the seconds are the caller's own wait
    bare = replace(
        leg,
        outcome="answered",
        pick_up_s=None,
        pick_up_source=None,
        answer_latency_s=None,
        greeting_latency_s=None,
        voice_onset_s=None,
    )
    return _queued(timeline, bare, one) if one.row.seconds_only and not one.rang else bare


def _queued(timeline: Timeline, leg: MeasuredLeg, one: LegRecording) -> MeasuredLeg:
    """In a queue the seconds count, from its music or its first words to the voice behind it."""
    rate, segments = timeline.heard.sr, timeline.heard.segments
    since = max(one.begin_s - _LOOK_BACK_S, _queue_from(timeline))
    begun = [s for s in segments if s.sound in (MUSIC, SPEECH) and s.start / rate >= since]
    voice = next((s for s in _voices(timeline) if s.start / rate > one.end_s), None)
    first = min((s.start for s in begun), default=None)
    if voice is None or first is None:
        return leg
    before = [s.end for s in segments if s.sound in (MUSIC, SPEECH) and s.end <= voice.start]
    music = min((s.start for s in begun if s.sound == MUSIC and s.start >= first), default=first)
    # 澎湖縣 counts from the music's start; whether the words before it count as well no rule says: both are held.
    onset = timeline.on_the_wire(Span(first, max(first, min(music, voice.start)))).widened(0.1, 0.1)
    spoke = timeline.on_the_wire(Span(voice.start, voice.start)).widened(0.06, 0.06)
    ended = timeline.on_the_wire(Span(max(before), max(before))).widened(0.3, 0.0) if before else spoke
    pick_up = Interval(min(ended.earliest, spoke.latest), spoke.latest)
    return replace(
        leg,
        music=True,
        ring_onset_s=onset,
        pick_up_s=pick_up,
        pick_up_source=HEARD,
        voice_onset_s=spoke,
        answer_latency_s=(pick_up - onset).at_least(0.0),
    )


_LOOK_BACK_S = 60.0
"""A queue's music may play so long before its first words."""


def _queue_from(timeline: Timeline) -> float:
    """A queue begins behind the answer and behind the last key."""
    answered = [s.latest_s for s in timeline.record.signals if s.status == 200 and s.method == "INVITE"]
    pressed = [a.at_s for a in timeline.record.acts if a.do == "pressed"]
    return max([*answered[:1], *pressed], default=0.0)


def _last(
    timeline: Timeline, leg: str, own: Sequence[tuple[tuple[float, float], PromptFound]], end_s: float
) -> LegRecording:
    """The recording that decides: the last; but closed hours or a voicemail say more than a menu behind them."""
    insisting = [one for one in own if KINDS[one[1].kind].insists]
    (begin, end), last = (insisting or own)[-1]
    rate, segments = timeline.heard.sr, timeline.heard.segments
    rang = any(s.sound == RINGBACK and end < s.start / rate < end_s for s in segments)
    music = any(s.sound == MUSIC and end < s.start / rate < end_s for s in segments)
    words = [s for s in _voices(timeline) if s.start / rate < end_s]
    spoke = any(s.end / rate > max(s.start / rate, end) + WORD_S for s in words)
    insists = KINDS[last.kind].insists and not music
    return LegRecording(
        leg=leg,
        name=last.name,
        kind=last.kind,
        begin_s=begin,
        end_s=end,
        final=not rang and (insists or not spoke),
        rang=rang,
    )


def _zones(timeline: Timeline, legs: Sequence[MeasuredLeg]) -> list[tuple[float, float]]:
    """Each leg's part of the recording: from the keys that led to it, else from where it was waited for."""
    acts = timeline.record.acts
    starts = []
    for index, leg in enumerate(legs):
        wait = next((a.at_s for a in acts if a.do == "wait" and a.leg == leg.leg), 0.0)
        keys = [a.at_s for a in acts if a.do == "pressed" and a.at_s <= wait]
        other = [a.at_s for a in acts if a.do == "wait" and a.at_s < wait]
        led = [at_s for at_s in keys if at_s > max(other, default=0.0)]
        rang = [leg.ring_onset_s.earliest - RING_S] if leg.ring_onset_s is not None else []
        starts.append(0.0 if index == 0 else max(led, default=min([wait, *rang])))
    return list(pairwise([*starts, float("inf")]))


def _words_around(timeline: Timeline, found: PromptFound) -> tuple[float, float]:
    """All that a known recording says, as long as it said when it was marked: (begin, end) in the recording."""
    rate = timeline.heard.sr
    begin, end = found.begin_s, found.end_s
    said = [(s.start / rate, s.end / rate) for s in timeline.heard.segments if s.sound == SPEECH]
    limit = float("inf") if found.until_s is None else max(found.until_s + TAIL_S, end)
    for start, until in sorted(said):
        if start <= min(end + SAME_SPEECH_S, limit) and until > end:
            end = min(until, limit)
    for start, until in sorted(said, reverse=True):
        if until >= begin - SAME_SPEECH_S and start < begin:
            begin = start
    return begin, end


def _voices(timeline: Timeline) -> list[Segment]:
    """Speech long enough for a word, without music's first notes."""
    rate, segments = timeline.heard.sr, timeline.heard.segments
    music = [s for s in segments if s.sound == MUSIC]

    def is_note(voice: Segment) -> bool:
        brief = voice.length < NOTE_S * rate
        return brief and any(-0.05 * rate <= m.start - voice.end < MUSIC_KNOWN_S * rate for m in music)

    return [s for s in segments if s.sound == SPEECH and s.length >= WORD_S * rate and not is_note(s)]


def _rings_before(timeline: Timeline, one: LegRecording) -> tuple[int, int] | None:
    """The rings heard before a recording; None where something else stood between them and it."""
    rate = timeline.heard.sr
    own = [leg for leg in timeline.heard.legs if leg.ring_onset is not None]
    if len(own) != 1 or any(s.sound == RINGBACK and s.start / rate > one.begin_s for s in own[0].evidence):
        return None
    music = any(s.sound == MUSIC and s.start / rate < one.begin_s for s in timeline.heard.segments)
    return None if music or own[0].restarted else (own[0].rings, own[0].most_rings)


def _span(timeline: Timeline, at_s: float) -> Span:
    at = round(at_s * timeline.heard.sr)
    return Span(at, at)
