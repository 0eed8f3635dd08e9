"""One leg of a call measured: what rang, how often, when it was picked up, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor
from typing import Any

from dsp.legs import Leg
from harness.interval import Interval
from harness.record import CallRecord
from harness.softphone.signals import RELEASED, SipSignal
from harness.timeline import Timeline, answer_of, responses

HEARD, NOMINAL = "heard", "nominal"
SIGNALLED = "signalled"
SLACK_S = 1.0
"""A leg's ringing may begin this long before the scenario waits for it: the ear is up to 0.5 s behind, and a
voice is over only after its pause."""
AFTER_ANSWER_S = 0.15
"""Ringback that begins later than this after a 200 is no tail of early media: the 200 was a gateway's."""
FILL = 1.5
"""Rings count only where ringback fills the wait: at most so many periods between the last burst and the pick-up."""

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
    starts = _windows(timeline.record)
    legs: list[MeasuredLeg] = []
    for index, (name, start) in enumerate(starts):
        end = starts[index + 1][1] if index + 1 < len(starts) else float("inf")
        heard = _heard_in(timeline, start, end)
        legs.append(_first(timeline, name, heard) if index == 0 else _behind(timeline, name, heard, start))
    return tuple(legs)


def _windows(record: CallRecord) -> list[tuple[str, float]]:
    """Each leg that was waited for and the earliest instant at which its ringing can have begun."""
    waits = [(a.leg, a.at_s) for a in record.acts if a.do == "wait"]
    first = waits[:1] or [(record.legs[0], 0.0)]
    return [(first[0][0], float("-inf")), *((leg, at_s - SLACK_S) for leg, at_s in waits[1:])]


def _heard_in(timeline: Timeline, start: float, end: float) -> Leg | None:
    """The leg that the ear heard ring, or be refused, within a window."""
    rate = timeline.heard.sr
    for leg in timeline.heard.legs:
        began = leg.ring_onset.earliest if leg.ring_onset else leg.evidence[0].start if leg.evidence else 0
        if leg.outcome != "none" and start <= began / rate < end:
            return leg
    return None


# --- the first leg: signalling knows it, unless a gateway answered early --------------------------------


def _first(timeline: Timeline, name: str, heard: Leg | None) -> MeasuredLeg:
    answer = answer_of(timeline.record)
    if answer is not None and heard is not None and _rings_after(timeline, heard, answer):
        return _from_ear(timeline, name, heard)
    if answer is None:
        return _unanswered(timeline, name, heard)
    if heard is not None and heard.outcome in ("busy", "congestion") and _untouched(timeline, heard, answer):
        return MeasuredLeg(leg=name, outcome=heard.outcome, evidence=_sounds(timeline, heard))
    return _signalled(timeline, name, heard, answer)


def _rings_after(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether it rang on behind the 200, which then was a gateway's and nobody's pick-up."""
    bursts = [s.start / timeline.heard.sr for s in heard.evidence if s.sound == "ringback"]
    late = bool(bursts) and bursts[-1] > answer.latest_s + AFTER_ANSWER_S
    return late and _untouched(timeline, heard, answer)


def _untouched(timeline: Timeline, heard: Leg, answer: SipSignal) -> bool:
    """Whether nobody spoke and nothing played between the 200 and this: else it is a transfer's, or a farewell's."""
    begins = heard.evidence[0].start
    answered = answer.latest_s * timeline.heard.sr
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
    return first is not None and first.sound == "music"


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
    """Where the rules' clock starts: the first burst heard, else the first 18x."""
    if heard is not None and heard.ring_onset is not None:
        return timeline.on_the_wire(heard.ring_onset), HEARD
    alerted = next((s for s in responses(timeline.record) if 180 <= s.status < 200), None)
    return (None, NOMINAL) if alerted is None else (Interval(alerted.earliest_s, alerted.latest_s), NOMINAL)


def _rings(timeline: Timeline, heard: Leg | None, latency: Interval) -> tuple[int, int] | None:
    """Heard periods where ringback fills the wait; by the time alone where none was heard; else None."""
    period = timeline.heard.plan.period_s
    if heard is None or heard.ring_onset is None:
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
    outcome = _refusal(timeline, heard, final, rang=onset is not None)
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


def _refusal(timeline: Timeline, heard: Leg | None, final: SipSignal | None, *, rang: bool) -> str:
    if timeline.record.fault:
        return "fault_ours"
    if heard is not None and heard.outcome in ("busy", "congestion"):
        return heard.outcome
    if final is None or final.status == 487:  # 487 answers our own CANCEL
        return "no_answer" if rang else "fault_ours"
    if final.status in BUSY_HERE:
        return "busy"
    if final.status in (408, 480) and rang:
        return "no_answer"
    if final.status in THEIRS:
        return "fault_theirs"
    return "fault_ours" if final.status in OURS or 500 <= final.status < 600 else "rejected"


# --- a leg that only the ear can know -------------------------------------------------------------------


def _behind(timeline: Timeline, name: str, heard: Leg | None, start: float) -> MeasuredLeg:
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
    return MeasuredLeg(
        leg=name,
        outcome=heard.outcome,
        ring_onset_s=onset,
        rings=(heard.rings, heard.rings) if onset is not None else None,
        rings_source=HEARD if onset is not None else None,
        pick_up_s=pick_up,
        pick_up_source=HEARD if pick_up is not None else None,
        answer_latency_s=None if heard.answer_latency is None else timeline.between(heard.answer_latency),
        voice_onset_s=voice if answered else None,
        greeting_latency_s=None if not (answered and voice and pick_up) else (voice - pick_up).at_least(0.0),
        transfer_delay_s=_transfer_delay(timeline, onset),
        provisional=heard.provisional,
        music=heard.music,
        forwarded=heard.restarted,
        evidence=_sounds(timeline, heard),
    )


def _transfer_delay(timeline: Timeline, onset: Interval | None) -> Interval | None:
    if onset is None:
        return None
    rate = timeline.heard.sr
    words = [s.end / rate for s in timeline.heard.segments if s.sound == "speech" and s.end / rate < onset.latest]
    pressed = [s.latest_s for s in timeline.record.signals if s.kind == "digit" and s.latest_s < onset.latest]
    last = max(words + pressed, default=None)
    return None if last is None else (onset - Interval(last, last)).at_least(0.0)


def _sounds(timeline: Timeline, heard: Leg | None) -> tuple[str, ...]:
    if heard is None:
        return ()
    return tuple(f"heard:{s.sound}@{s.start / timeline.heard.sr:.3f}" for s in heard.evidence)
