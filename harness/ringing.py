"""What a leg's ringing tells beside the signalling: where it began, how often it rang, whose it was."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import floor

from dsp.answering.legs import Leg
from dsp.detector import EDGE_ERROR_S
from dsp.segment import MISSING, Span
from harness.interval import Interval, hull
from harness.measured_leg import HEARD, NOMINAL
from harness.moved_ringing import STEADY_S
from harness.softphone.signals import RTP_STARTED, SipSignal
from harness.timeline import Timeline, answer_of, responses
from harness.unnamed_sound import may_have_begun

AFTER_ANSWER_S = 0.15
"""Ringback that begins later than this after a 200 is no tail of early media: the 200 was a gateway's."""
TALKED_PERIODS, WORD_S = 1.5, 0.5
"""Ringing pauses for one period: in a longer pause with words of such a length somebody had picked up."""
LOST_S = 0.045
"""A burst may lack so much at its start for two lost packets."""
RUN_ON_S = 0.3
"""A burst that ends so long behind a 200 was not cut by it."""
RANG_S = 1.0
"""What rang at least so long before its 200 was picked up: no gateway that answers to play a tone."""
FILL = 1.5
"""Rings count only where ringback fills the wait: at most so many periods between the last burst and the pick-up."""
STREAM_UP_S = 0.15
"""A stream is up so soon behind the description that it is made of, on a busy machine."""
TORN_S = 0.1
"""A burst that begins so near to missing sound may have begun before."""
ON_BEAT_S = 0.05
"""Bursts so near to where the cadence has them are one telephone's, though the first of a ring was torn away."""
RINGING = 180
"""The one provisional response that says that a telephone rings (RFC 3261 §21.1.2): 183 may carry anything."""


def ring_onset(timeline: Timeline, heard: Leg | None) -> tuple[Interval | None, str]:
    """Where the rules' clock starts: the first burst heard; else the 180; else somewhere behind the first 18x."""
    told = responses(timeline.record)
    rung = next((when(s) for s in told if s.status == RINGING), None)
    if heard is not None and heard.ring_onset is not None:
        onset = timeline.on_the_wire(heard.ring_onset)
        # What was heard so long after the 180 may be the second telephone that rings.
        late = rung is not None and onset.latest - rung.latest > timeline.heard.plan.period_s
        onset = _begun_unheard(timeline, heard, onset)
        return (hull([rung, onset]) if late and rung else onset), HEARD
    alerted = next((when(s) for s in told if 180 <= s.status < 199), None)
    music = music_rings(timeline)
    if music is not None:
        return (music if alerted is None else hull([alerted, music])), NOMINAL
    answer = next((when(s) for s in told if 200 <= s.status < 300), None)
    if rung is not None or alerted is None or answer is None:
        return rung, NOMINAL
    return hull([alerted, answer]), NOMINAL


def _begun_unheard(timeline: Timeline, heard: Leg, onset: Interval) -> Interval:
    """The onset, back to where a burst may have been that was lost or torn beyond knowing."""
    since_s = _sounds_since_s(timeline)
    since = round(max(since_s, 0.0) * timeline.heard.sr)
    begun = may_have_begun(heard, timeline.heard, timeline.unnamed, since=since)
    if begun is None:
        return onset
    earlier = timeline.on_the_wire(begun)
    return hull([onset, Interval(max(earlier.earliest, since_s), earlier.latest)])


def _sounds_since_s(timeline: Timeline) -> float:
    """The first instant at which something of the far end's may have sounded."""
    told = min((s.earliest_s for s in responses(timeline.record) if 180 <= s.status < 300), default=0.0)
    first = next((s.earliest_s for s in timeline.record.signals if s.kind == RTP_STARTED), told)
    # Packets that come with the first description may have come before it, when nobody took them.
    return first - LOST_S if first - told > STREAM_UP_S else told


def music_rings(timeline: Timeline) -> Interval | None:
    """Where music before the answer began, as colour ringback or a queue plays it; its first notes may pass for
    tones, so that it may have begun with the first of them."""
    rate, answer = timeline.heard.sr, answer_of(timeline.record)
    before = float("inf") if answer is None else answer.latest_s * rate
    sounds = [s for s in timeline.heard.segments if s.start < before]
    music = next((s for s in sounds if s.sound == "music"), None)
    if music is None:
        return None
    first = min(s.start for s in sounds if s.sound in ("music", "tone", "dtmf"))
    return timeline.on_the_wire(Span(first, music.start))


def ring_count(timeline: Timeline, heard: Leg | None, latency: Interval) -> tuple[int, int] | None:
    """Heard periods where ringback fills the wait; by the time alone where none was heard; else None."""
    period = timeline.heard.plan.period_s
    if heard is None or heard.ring_onset is None:
        if music_rings(timeline) is not None:
            return None  # music counts seconds only
        return floor(latency.earliest / period) + 1, floor(latency.latest / period) + 1
    filled = latency.earliest <= (heard.rings - 1 + FILL) * period
    # A burst that the pick-up cut after some milliseconds is not heard: then the time says what may have begun.
    most = max(heard.most_rings, floor(latency.latest / ring_period(timeline, heard)) + 1)
    return (heard.rings, most) if filled else None


def ring_period(timeline: Timeline, heard: Leg) -> float:
    """The cadence as this line plays it, from the bursts heard; the plan's where only one was."""
    starts = [s.start / timeline.heard.sr for s in heard.evidence if s.sound == "ringback"]
    if heard.rings < 2:
        return timeline.heard.plan.period_s
    whole = heard.rings - 1
    per_ring = len(starts) / heard.rings
    first_of_last = starts[round(whole * per_ring)]
    return (first_of_last - starts[0]) / whole


def bursts_s(timeline: Timeline, heard: Leg) -> list[float]:
    """Where its ringback bursts began."""
    return [s.start / timeline.heard.sr for s in heard.evidence if s.sound == "ringback"]


def rings_after(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether it rang on behind the 200, which then was a gateway's and nobody's pick-up."""
    rate, answered = timeline.heard.sr, answer.latest_s
    last = [s for s in heard.evidence if s.sound == "ringback"][-1:]
    begun = any(s.start / rate > answered + AFTER_ANSWER_S for s in last)
    return begun or any(s.end / rate > answered + RUN_ON_S + timeline.excess_lag_s for s in last)


def rings_behind(timeline: Timeline, heard: Leg, answer: SipSignal) -> int:
    """Bursts behind the 200."""
    return sum(burst > answer.latest_s + AFTER_ANSWER_S for burst in bursts_s(timeline, heard))


def rang_before(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether it had been ringing when the 200 came."""
    began = [*bursts_s(timeline, heard)[:1], *(s.latest_s for s in responses(timeline.record) if s.status == RINGING)]
    return any(at_s < answer.latest_s - RANG_S for at_s in began)


def began_after(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether what was heard began after the 200: another telephone's ringing, a farewell's busy tone."""
    return heard.evidence[0].start / timeline.heard.sr > answer.latest_s + AFTER_ANSWER_S


def talked_over(timeline: Timeline, heard: Leg) -> bool:
    """Whether a burst did not come and somebody spoke in its place: two telephones whose ringing keeps one beat."""
    rate, bursts = timeline.heard.sr, [s for s in heard.evidence if s.sound == "ringback"]
    longest = TALKED_PERIODS * timeline.heard.plan.period_s * rate
    gaps = [(one.end, other.start) for one, other in pairwise(bursts) if other.start - one.start > longest]
    words = [s for s in timeline.heard.segments if s.sound == "speech" and s.length > WORD_S * rate]
    return any(s.start < end and s.end > start for start, end in gaps for s in words)


def untouched(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether nobody spoke and nothing played between the 200 and this: else it is a transfer's, or a farewell's."""
    answered = answer.latest_s * timeline.heard.sr
    begins = next((s.start for s in heard.evidence if s.start > answered), heard.evidence[0].start)
    between = (s for s in timeline.heard.segments if s.sound in ("speech", "music") and s.start >= answered)
    return not any(s.start < begins for s in between)


def rung_alone(timeline: Timeline, heard: Leg, answer: SipSignal) -> Leg | None:
    """What was heard without the ringing of another telephone behind the 200, which may keep the same beat."""
    rate, limit = timeline.heard.sr, (answer.latest_s + AFTER_ANSWER_S) * timeline.heard.sr
    own = tuple(s for s in heard.evidence if s.sound == "ringback" and s.start <= limit)
    if not own or len(own) == len(bursts_s(timeline, heard)):
        return heard
    first, error = own[0].start, round(EDGE_ERROR_S * rate)
    period = timeline.heard.plan.period_s * rate
    onset = Span(max(first - error - round(LOST_S * rate), 0), first + error)
    return replace(heard, ring_onset=onset, rings=floor((own[-1].start - first) / period + 0.1) + 1, evidence=own)


def was_forwarded(timeline: Timeline, heard: Leg | None) -> bool:
    """Whether a 181 came or the cadence began anew: possibly another telephone."""
    return any(s.status == 181 for s in responses(timeline.record)) or restarted(timeline, heard)


def restarted(timeline: Timeline, heard: Leg | None) -> bool:
    """Whether the cadence began anew at the far end: a jitter buffer that grew and shrank moves bursts as well."""
    if heard is None or not heard.restarted:
        return False
    if timeline.excess_lag_s < STEADY_S:
        return _off_beat_s(timeline, bursts_s(timeline, heard)) > ON_BEAT_S
    return _off_beat_s(timeline, _whole_s(timeline, heard)) > timeline.excess_lag_s + STEADY_S


def _whole_s(timeline: Timeline, heard: Leg) -> list[float]:
    """Where those bursts began whose beginning is not torn."""
    rate, lost = timeline.heard.sr, [s for s in timeline.heard.segments if s.sound == MISSING]
    return [at for at in bursts_s(timeline, heard) if not any(_touches(s.start / rate, s.end / rate, at) for s in lost)]


def _off_beat_s(timeline: Timeline, whole: list[float]) -> float:
    """How far at most two bursts that follow upon each other are off the cadence."""
    cadence = timeline.heard.plan.cadence
    ends = [sum(on + off for on, off in cadence[:n]) for n in range(1, len(cadence) + 1)]
    steps = [end - begin for begin in (0.0, *ends[:-1]) for end in ends if end > begin] + [ends[-1]]
    return max(
        (min(_apart(later - one, step, ends[-1]) for step in steps) for one, later in pairwise(whole)), default=0.0
    )


def _touches(start_s: float, end_s: float, at_s: float) -> bool:
    return start_s - TORN_S < at_s < end_s + TORN_S


def _apart(seconds: float, step_s: float, period_s: float) -> float:
    """From a distance to the nearest that the cadence has: a step of it, and any number of periods."""
    return abs((seconds - step_s + period_s / 2) % period_s - period_s / 2)


def evidence_of(timeline: Timeline, heard: Leg | None) -> tuple[str, ...]:
    """The sounds of a leg as `heard:sound@seconds`."""
    if heard is None:
        return ()
    return tuple(f"heard:{s.sound}@{s.start / timeline.heard.sr:.3f}" for s in heard.evidence)


def when(signal: SipSignal) -> Interval:
    """Between which two instants it happened."""
    return Interval(signal.earliest_s, signal.latest_s)
