"""One leg of a call measured: what rang, how often, when it was picked up, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor
from typing import Any

from dsp.detector import EDGE_ERROR_S
from dsp.legs import Leg
from dsp.segment import Span
from harness.interval import Interval, hull
from harness.live_ear import MUSIC_KNOWN_S, NOTE_S
from harness.record import CallRecord
from harness.softphone.signals import RELEASED, SipSignal
from harness.timeline import Timeline, answer_of, responses

HEARD, NOMINAL = "heard", "nominal"
SIGNALLED = "signalled"
WORD_ERROR_S = 0.1
"""The end of a word dies away: so well its place is known."""
SLACK_S = 1.6
"""A leg's ringing may begin this long before the leg before it was known to be answered: the ear is behind, and a
burst is known only when it is over."""
AFTER_ANSWER_S = 0.15
"""Ringback that begins later than this after a 200 is no tail of early media: the 200 was a gateway's."""
TALKED_PERIODS, WORD_S = 1.5, 0.5
"""Ringing pauses for one period: in a longer pause with words of such a length somebody had picked up."""
LOST_S = 0.045
"""A burst may lack so much at its start for two lost packets."""
SHORT_S = 0.08
"""A burst that was cut so soon is not heard any more when one of its packets is lost."""
RUN_ON_S = 0.3
"""A burst that ends so long behind a 200 was not cut by it."""
TAIL_S = 1.0
"""Ringback may run on so long behind a 200 until the far end's sound is switched over."""
RANG_S = 1.0
"""What rang at least so long before its 200 was picked up: no gateway that answers to play a tone."""
FILL = 1.5
"""Rings count only where ringback fills the wait: at most so many periods between the last burst and the pick-up."""

RINGING = 180
"""The one provisional response that says that a telephone rings (RFC 3261 §21.1.2): 183 may carry anything."""
BUSY_HERE = (486, 600)
OURS = (401, 402, 405, 406, 407, 408, 413, 414, 415, 416, 420, 421, 422, 423, 481, 482, 483, 488, 493, 494, 606)
"""Responses about our request, our account or our network: never the unit's zero."""
THEIRS = (404, 410, 480, 484, 485, 604)
"""Responses that say the number does not work: a candidate that a person confirms."""


@dataclass(frozen=True, kw_only=True)
class MeasuredLeg:
    """What was measured on one leg. Times are on the call's clock; None: it did not happen or cannot be known."""

    leg: str
    """ivr, operator or unit."""
    outcome: str
    """answered, busy, congestion, no_answer, rejected, fault_theirs, fault_ours, none."""
    ring_onset_s: Interval | None = None
    """First ringback burst heard, else the first 18x."""
    rings: tuple[int, int] | None = None
    """Fewest and most ringback periods that began before the pick-up, or before we gave up."""
    rings_source: str | None = None
    """`heard`, or `nominal` when only the time is known."""
    pick_up_s: Interval | None = None
    """When it was picked up."""
    pick_up_source: str | None = None
    """`signalled` by a 200, or `heard`."""
    answer_latency_s: Interval | None = None
    """接聽速度: ring onset → pick-up."""
    waited_s: Interval | None = None
    """Ring onset → our giving up, on a leg that nobody answered."""
    voice_onset_s: Interval | None = None
    """First voice after the pick-up."""
    greeting_latency_s: Interval | None = None
    """Pick-up → first voice."""
    transfer_delay_s: Interval | None = None
    """Digits pressed, or the last word before → ringback or music."""
    provisional: bool = False
    """The voice may be a recording: a person has to say 真人 or 錄音."""
    music: bool = False
    """Music came where ringback or a person was expected."""
    forwarded: bool = False
    """The cadence began anew, or a 181 came: possibly forwarded."""
    evidence: tuple[str, ...] = ()
    """What the numbers were drawn from, as `source:what@seconds`."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form; what is not known is null."""
        data = dict(vars(self))
        for name, value in data.items():
            if isinstance(value, Interval):
                data[name] = value.to_dict()
        data["rings"] = None if self.rings is None else {"earliest": self.rings[0], "latest": self.rings[1]}
        return {**data, "evidence": list(self.evidence)}


def measure_legs(timeline: Timeline) -> tuple[MeasuredLeg, ...]:
    """Measure the scenario's legs in order, as far as the call came."""
    windows = _windows(timeline.record)
    legs: list[MeasuredLeg] = []
    used: list[Leg] = []
    for index, (name, start, end) in enumerate(windows):
        heard = _heard_in(timeline, start, end, used)
        if heard is not None and index == 0 and len(windows) > 1 and _is_transfer(timeline, heard):
            heard = None
        used += [heard] if heard is not None else []
        legs.append(_first(timeline, name, heard) if index == 0 else _behind(timeline, name, heard, start))
    return tuple(legs)


def _windows(record: CallRecord) -> list[tuple[str, float, float]]:
    """Each leg that was waited for and the two instants between which its ringing can have begun."""
    waits = [(a.leg, a.at_s) for a in record.acts if a.do == "wait"] or [(record.legs[0], 0.0)]
    starts = [float("-inf"), *(_begins(record, at_s) for _, at_s in waits[1:])]
    ends = [*(_known_answered(record, leg) for leg, _ in waits[:-1]), float("inf")]
    return [(leg, start, end) for (leg, _), start, end in zip(waits, starts, ends, strict=True)]


def _known_answered(record: CallRecord, leg: str) -> float:
    return min((a.at_s for a in record.acts if a.do == "answered" and a.leg == leg), default=float("inf"))


def _is_transfer(timeline: Timeline, heard: Leg) -> bool:
    """Whether this rang behind somebody's words behind the 200: the next leg's telephone."""
    answer = answer_of(timeline.record)
    return answer is not None and _after(timeline, heard, answer) and not _untouched(timeline, heard, answer)


def _begins(record: CallRecord, wait_s: float) -> float:
    """A leg's ringing comes behind the digits that lead to it, or behind the answer of the leg before."""
    before = [a for a in record.acts if a.at_s <= wait_s]
    answered = [a.at_s - SLACK_S for a in before if a.do == "answered"]
    pressed = [a.at_s for a in before if a.do == "pressed"]
    return max(answered + pressed, default=wait_s)


def _heard_in(timeline: Timeline, start: float, end: float, used: list[Leg]) -> Leg | None:
    """The leg that the ear heard ring, or be refused, within a window."""
    rate = timeline.heard.sr
    for leg in timeline.heard.legs:
        began = leg.ring_onset.earliest if leg.ring_onset else leg.evidence[0].start if leg.evidence else 0
        if leg.outcome != "none" and leg not in used and start <= began / rate < end:
            return leg
    return None


# --- the first leg: signalling knows it, unless a gateway answered early --------------------------------


def _first(timeline: Timeline, name: str, heard: Leg | None) -> MeasuredLeg:
    answer = answer_of(timeline.record)
    if answer is None:
        return _unanswered(timeline, name, heard)
    if heard is None:
        return _unproven(timeline, name, answer) or _signalled(timeline, name, None, answer)
    if _rings_after(timeline, heard, answer):
        if _talked_over(timeline, heard) and not _rang_before(timeline, heard, answer):
            return MeasuredLeg(leg=name, outcome="answered", provisional=True, evidence=_sounds(timeline, heard))
        if _untouched(timeline, heard, answer):
            return _early_answered(timeline, name, heard, answer)
        # A person who transfers, or an announcement before the real ringing: only a person can tell.
        return replace(_signalled(timeline, name, _alone(timeline, heard, answer), answer), provisional=True)
    if heard.outcome in ("busy", "congestion") and _untouched(timeline, heard, answer):
        if _rang_before(timeline, heard, answer):
            # Hung up without a word, or refused after ringing: only a person can tell.
            return replace(_signalled(timeline, name, heard, answer), provisional=True)
        return MeasuredLeg(leg=name, outcome=heard.outcome, evidence=_sounds(timeline, heard))
    return _signalled(timeline, name, heard, answer)


def _unproven(timeline: Timeline, name: str, answer: SipSignal) -> MeasuredLeg | None:
    """A burst or two behind the 200, too torn to be measured: then nothing is known of the pick-up."""
    rate, segments = timeline.heard.sr, timeline.heard.segments
    since = (answer.latest_s + AFTER_ANSWER_S) * rate
    words = min((s.start for s in segments if s.sound in ("speech", "music") and s.start >= since), default=None)
    torn = [s for s in segments if s.sound == "ringback" and s.start >= since and (words is None or s.start < words)]
    if not torn:
        return None
    evidence = (f"sip:200@{answer.latest_s:.3f}", *(f"heard:ringback@{s.start / rate:.3f}" for s in torn))
    return MeasuredLeg(leg=name, outcome="answered", provisional=True, evidence=evidence)


def _early_answered(timeline: Timeline, name: str, heard: Leg, answer: SipSignal) -> MeasuredLeg:
    """A leg that rang on behind its 200: the ear tells the pick-up, unless that was the tail of what rang before."""
    leg = _from_ear(timeline, name, heard)
    late = _rang_before(timeline, heard, answer) and _rings_behind(timeline, heard, answer) < 2
    if leg.outcome == "no_answer" and late:
        # One burst behind a late 200 may be another tone of the far end's: only a person can tell.
        return replace(_signalled(timeline, name, heard, answer), provisional=True)
    onset, _ = _onset(timeline, heard)
    if onset is None or leg.ring_onset_s is None or leg.pick_up_s is None or leg.answer_latency_s is None:
        return leg
    tail = leg.pick_up_s.latest <= answer.latest_s + TAIL_S and _rang_before(timeline, heard, answer)
    if not tail and onset == leg.ring_onset_s:
        return leg
    pick_up = hull([leg.pick_up_s, Interval(answer.earliest_s, answer.latest_s)]) if tail else leg.pick_up_s
    latency = hull([leg.answer_latency_s, (pick_up - onset).at_least(0.0)])
    rings = _rings(timeline, heard, latency)
    if tail and rings is not None:
        rings = (min(rings[0], floor(latency.earliest / _period(timeline, heard)) + 1), rings[1])
    return replace(leg, ring_onset_s=onset, pick_up_s=pick_up, answer_latency_s=latency, rings=rings)


def _alone(timeline: Timeline, heard: Leg, answer: SipSignal) -> Leg | None:
    """What was heard without the ringing of another telephone behind the 200, which may keep the same beat."""
    rate, limit = timeline.heard.sr, (answer.latest_s + AFTER_ANSWER_S) * timeline.heard.sr
    own = tuple(s for s in heard.evidence if s.sound == "ringback" and s.start <= limit)
    if not own or len(own) == len(_bursts(timeline, heard)):
        return heard
    first, error = own[0].start, round(EDGE_ERROR_S * rate)
    period = timeline.heard.plan.period_s * rate
    onset = Span(max(first - error - round(LOST_S * rate), 0), first + error)
    return replace(heard, ring_onset=onset, rings=round((own[-1].start - first) // period) + 1, evidence=own)


def _bursts(timeline: Timeline, heard: Leg) -> list[float]:
    """Where its ringback bursts began."""
    return [s.start / timeline.heard.sr for s in heard.evidence if s.sound == "ringback"]


def _rings_after(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether it rang on behind the 200, which then was a gateway's and nobody's pick-up."""
    rate, answered = timeline.heard.sr, answer.latest_s
    last = [s for s in heard.evidence if s.sound == "ringback"][-1:]
    begun = any(s.start / rate > answered + AFTER_ANSWER_S for s in last)
    return begun or any(s.end / rate > answered + RUN_ON_S + timeline.excess_lag_s for s in last)


def _rings_behind(timeline: Timeline, heard: Leg, answer: SipSignal) -> int:
    return sum(burst > answer.latest_s + AFTER_ANSWER_S for burst in _bursts(timeline, heard))


def _rang_before(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether it had been ringing when the 200 came."""
    began = [*_bursts(timeline, heard)[:1], *(s.latest_s for s in responses(timeline.record) if s.status == RINGING)]
    return any(at_s < answer.latest_s - RANG_S for at_s in began)


def _talked_over(timeline: Timeline, heard: Leg) -> bool:
    """Whether a burst did not come and somebody spoke in its place: two telephones whose ringing keeps one beat."""
    rate, bursts = timeline.heard.sr, [s for s in heard.evidence if s.sound == "ringback"]
    longest = TALKED_PERIODS * timeline.heard.plan.period_s * rate
    gaps = [(one.end, other.start) for one, other in pairwise(bursts) if other.start - one.start > longest]
    words = [s for s in timeline.heard.segments if s.sound == "speech" and s.length > WORD_S * rate]
    return any(s.start < end and s.end > start for start, end in gaps for s in words)


def _untouched(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether nobody spoke and nothing played between the 200 and this: else it is a transfer's, or a farewell's."""
    answered = answer.latest_s * timeline.heard.sr
    begins = next((s.start for s in heard.evidence if s.start > answered), heard.evidence[0].start)
    between = (s for s in timeline.heard.segments if s.sound in ("speech", "music") and s.start >= answered)
    return not any(s.start < begins for s in between)


def _signalled(timeline: Timeline, name: str, heard: Leg | None, answer: SipSignal) -> MeasuredLeg:
    if _music_answers(timeline, answer):
        evidence = (*_sounds(timeline, heard), f"sip:200@{answer.latest_s:.3f}", "heard:music")
        return MeasuredLeg(leg=name, outcome="answered", provisional=True, music=True, evidence=evidence)
    before = heard if heard is not None and not _after(timeline, heard, answer) else None
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


def _after(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether what was heard began after the 200: another telephone's ringing, a farewell's busy tone."""
    return heard.evidence[0].start / timeline.heard.sr > answer.latest_s + AFTER_ANSWER_S


def _picked_up(timeline: Timeline, name: str, heard: Leg | None, answer: SipSignal) -> MeasuredLeg:
    onset, source = _onset(timeline, heard)
    pick_up = Interval(answer.earliest_s, answer.latest_s)
    latency = None if onset is None else (pick_up - onset).at_least(0.0)
    rings = None if latency is None else _rings(timeline, heard, latency)
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
        forwarded=_forwarded(timeline, heard),
        evidence=(*_sounds(timeline, heard), f"sip:200@{answer.latest_s:.3f}"),
    )


def _onset(timeline: Timeline, heard: Leg | None) -> tuple[Interval | None, str]:
    """Where the rules' clock starts: the first burst heard; else the 180; else somewhere behind the first 18x."""
    told = responses(timeline.record)
    rung = next((_at(s) for s in told if s.status == RINGING), None)
    if heard is not None and heard.ring_onset is not None:
        onset = timeline.on_the_wire(heard.ring_onset)
        # What was heard so long after the 180 may be the second telephone that rings.
        late = rung is not None and onset.latest - rung.latest > timeline.heard.plan.period_s
        return (hull([rung, onset]) if late and rung else onset), HEARD
    alerted = next((_at(s) for s in told if 180 <= s.status < 199), None)
    music = _music_rings(timeline)
    if music is not None:
        return (music if alerted is None else hull([alerted, music])), NOMINAL
    answer = next((_at(s) for s in told if 200 <= s.status < 300), None)
    if rung is not None or alerted is None or answer is None:
        return rung, NOMINAL
    return hull([alerted, answer]), NOMINAL


def _at(signal: SipSignal) -> Interval:
    return Interval(signal.earliest_s, signal.latest_s)


def _music_rings(timeline: Timeline) -> Interval | None:
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


def _rings(timeline: Timeline, heard: Leg | None, latency: Interval) -> tuple[int, int] | None:
    """Heard periods where ringback fills the wait; by the time alone where none was heard; else None."""
    period = timeline.heard.plan.period_s
    if heard is None or heard.ring_onset is None:
        if _music_rings(timeline) is not None:
            return None  # music counts seconds only
        return floor(latency.earliest / period) + 1, floor(latency.latest / period) + 1
    filled = latency.earliest <= (heard.rings - 1 + FILL) * period
    # A burst that the pick-up cut after some milliseconds is not heard: then the time says what may have begun.
    most = max(heard.rings, floor(latency.latest / _period(timeline, heard)) + 1)
    return (heard.rings, most) if filled else None


def _period(timeline: Timeline, heard: Leg) -> float:
    """The cadence as this line plays it, from the bursts heard; the plan's where only one was."""
    starts = [s.start / timeline.heard.sr for s in heard.evidence if s.sound == "ringback"]
    if heard.rings < 2:
        return timeline.heard.plan.period_s
    whole = heard.rings - 1
    per_ring = len(starts) / heard.rings
    first_of_last = starts[round(whole * per_ring)]
    return (first_of_last - starts[0]) / whole


def _voice(timeline: Timeline, pick_up: Interval) -> Interval | None:
    rate = timeline.heard.sr
    for leg in timeline.heard.legs:
        if leg.voice_onset is not None and leg.voice_onset.latest / rate >= pick_up.earliest:
            return timeline.on_the_wire(leg.voice_onset)
    return None


def _forwarded(timeline: Timeline, heard: Leg | None) -> bool:
    told = any(s.status == 181 for s in responses(timeline.record))
    return told or (heard is not None and heard.restarted)


def _unanswered(timeline: Timeline, name: str, heard: Leg | None) -> MeasuredLeg:
    final = next((s for s in responses(timeline.record) if s.status >= 300), None)
    onset, source = _onset(timeline, heard)
    gone = next((s for s in timeline.record.signals if s.kind == RELEASED), None)
    outcome = _refusal(timeline, name, heard, final, rang=onset is not None and _rang(timeline, heard))
    waited = None if onset is None or gone is None else (Interval(gone.earliest_s, gone.latest_s) - onset).at_least(0.0)
    rings = _rings(timeline, heard, waited) if waited and outcome == "no_answer" else None
    return MeasuredLeg(
        leg=name,
        outcome=outcome,
        ring_onset_s=onset,
        rings=rings,
        rings_source=source if rings else None,
        waited_s=waited,
        forwarded=_forwarded(timeline, heard),
        evidence=(*_sounds(timeline, heard), *(() if final is None else (f"sip:{final.status}@{final.latest_s:.3f}",))),
    )


def _rang(timeline: Timeline, heard: Leg | None) -> bool:
    """Whether something rang for certain: 183 alone may carry an announcement."""
    told = any(s.status == RINGING for s in responses(timeline.record))
    return told or (heard is not None and heard.ring_onset is not None) or _music_rings(timeline) is not None


def _waited_out(timeline: Timeline, name: str) -> bool:
    """Whether the scenario's whole wait was waited: only then did nobody answer."""
    return any(a.do == "gave_up" and a.leg == name and a.detail == "no_answer" for a in timeline.record.acts)


def _unheeded(timeline: Timeline, name: str) -> str:
    """What ringing without an answer is worth: nothing where we, our line or the far end cut it short."""
    if timeline.record.fault:
        return "fault_ours"
    if _waited_out(timeline, name):
        return "no_answer"
    gone = next((s for s in timeline.record.signals if s.kind == RELEASED), None)
    return "rejected" if gone is not None and gone.direction == "rx" else "fault_ours"


def _refusal(timeline: Timeline, name: str, heard: Leg | None, final: SipSignal | None, *, rang: bool) -> str:
    if timeline.record.fault:
        return "fault_ours"
    if heard is not None and heard.outcome in ("busy", "congestion"):
        return heard.outcome
    if rang and _waited_out(timeline, name):
        return "no_answer"
    if final is None:
        return "fault_ours"
    if final.status in BUSY_HERE:
        return "busy"
    if final.status in (408, 487) and rang:
        return "rejected"  # somebody ended the ringing before we gave up
    if final.status in THEIRS:
        return "fault_theirs"
    return "fault_ours" if final.status in OURS or 500 <= final.status < 600 else "rejected"


# --- a leg that only the ear can know -------------------------------------------------------------------


def _behind(timeline: Timeline, name: str, heard: Leg | None, start: float) -> MeasuredLeg:
    if heard is not None and _talked_over(timeline, heard):
        return MeasuredLeg(leg=name, outcome="answered", provisional=True, evidence=_sounds(timeline, heard))
    if heard is not None:
        return replace(_from_ear(timeline, name, heard), provisional=True)
    act = next((a for a in timeline.record.acts if a.leg == name and a.do in ("answered", "gave_up")), None)
    if act is not None and act.do == "answered":
        return MeasuredLeg(leg=name, outcome="answered", provisional=True, evidence=(f"act:answered@{act.at_s:.3f}",))
    fault = "fault_ours" if timeline.record.fault else "none"
    return MeasuredLeg(leg=name, outcome=fault, evidence=(f"act:wait@{start + SLACK_S:.3f}",))


def _from_ear(timeline: Timeline, name: str, heard: Leg) -> MeasuredLeg:
    onset = None if heard.ring_onset is None else timeline.on_the_wire(heard.ring_onset)
    pick_up = None if heard.pick_up is None else timeline.on_the_wire(heard.pick_up)
    voice = None if heard.voice_onset is None else timeline.on_the_wire(heard.voice_onset)
    answered = heard.outcome == "answered"
    latency = None if heard.answer_latency is None else timeline.between(heard.answer_latency)
    more_s = _hidden_ring(timeline, heard)
    if more_s and pick_up is not None and latency is not None:
        pick_up, latency = pick_up.widened(0.0, more_s), latency.widened(0.0, more_s)
    return MeasuredLeg(
        leg=name,
        outcome=_unheeded(timeline, name) if heard.outcome == "no_answer" else heard.outcome,
        ring_onset_s=onset,
        rings=(heard.rings, heard.rings + bool(more_s)) if onset is not None else None,
        rings_source=HEARD if onset is not None else None,
        pick_up_s=pick_up,
        pick_up_source=HEARD if pick_up is not None else None,
        answer_latency_s=latency,
        voice_onset_s=voice if answered else None,
        greeting_latency_s=None if not (answered and voice and pick_up) else (voice - pick_up).at_least(0.0),
        transfer_delay_s=_transfer_delay(timeline, onset),
        provisional=heard.provisional,
        music=heard.music,
        forwarded=heard.restarted,
        evidence=_sounds(timeline, heard),
    )


def _hidden_ring(timeline: Timeline, heard: Leg) -> float:
    """How much later the pick-up may have been where packets were lost just as the next ring was due: of a ring that
    was cut short at once nothing may be left to hear. Seconds; 0 where nothing was lost there."""
    rate, bursts = timeline.heard.sr, _bursts(timeline, heard)
    if heard.pick_up is None or not bursts:
        return 0.0
    limit, voice = heard.pick_up.latest / rate, heard.voice_onset
    due = abs(limit - bursts[-1] - _period(timeline, heard)) < LOST_S
    lost = [s.end / rate for s in timeline.heard.segments if s.sound == "missing" and s.start / rate < limit + SHORT_S]
    behind = max((end for end in lost if end > limit - LOST_S), default=None)
    if not due or behind is None:
        return 0.0
    latest = behind + LOST_S if voice is None else min(behind + LOST_S, voice.latest / rate)
    return max(0.0, latest - limit)


def _transfer_delay(timeline: Timeline, onset: Interval | None) -> Interval | None:
    if onset is None:
        return None
    rate = timeline.heard.sr
    words = [s.end for s in timeline.heard.segments if s.sound == "speech" and s.end / rate < onset.latest]
    spoken = [timeline.on_the_wire(Span(end, end)).widened(WORD_ERROR_S, WORD_ERROR_S) for end in words]
    pressed = [_at(s) for s in timeline.record.signals if s.kind == "digit" and s.latest_s < onset.latest]
    last = max(spoken + pressed, key=lambda i: i.latest, default=None)
    return None if last is None else (onset - last).at_least(0.0)


def _sounds(timeline: Timeline, heard: Leg | None) -> tuple[str, ...]:
    if heard is None:
        return ()
    return tuple(f"heard:{s.sound}@{s.start / timeline.heard.sr:.3f}" for s in heard.evidence)
