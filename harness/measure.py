"""Seconds and counts of a call, each an interval with its evidence; a pure function of the timeline.

Signalled where the signalling can know (RFC 6076, RFC 3261), heard where it cannot: behind a menu, an
operator's transfer, or a gateway that answers early.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dsp.segment import BUSY, CONGESTION, MUSIC, RINGBACK, SPEECH
from harness.imported_legs import imported_problems
from harness.interval import Interval
from harness.legs_in_order import measure_legs
from harness.measured_leg import MeasuredLeg
from harness.softphone.signals import RELEASED, REQUEST, SipSignal
from harness.timeline import Timeline, answer_of, responses

SCHEMA = "thirdring.measurement/1"
WAITED_S = 5.0
"""Who hung up first is valid only when our side stayed so long after the last word (附表3 二(二)2)."""
CLOCK_LIMIT_S = 0.060
"""A recording that differs more from the time it ran has lost sound: its heard times are widened and marked."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured on one call."""

    outcome: str
    """How the last leg that was tried ended, or the first that kept the call from going on."""
    legs: tuple[MeasuredLeg, ...]
    """Each thing that rang, or tried to, in the scenario's order."""
    session_request_delay_s: Interval | None
    """INVITE sent → first 18x, else the final response (SRD, RFC 6076 §4.3)."""
    post_dial_delay_s: Interval | None
    """INVITE sent → first 18x or ringback heard, whichever is earlier (ITU-T E.721)."""
    first_release: str
    """Who hung up first: far, near, network or unknown."""
    waited_s: float | None
    """How long our side stayed on the line after the far end's last word; None when nobody spoke."""
    talk_s: float
    """Speech heard from the far end."""
    hold_s: float
    """Music heard from the far end."""
    problems: tuple[str, ...]
    """What makes the numbers doubtful: keys of the catalogue."""

    rings_behind_words: bool = False
    """A busy tone or ringing behind the last words: the one is an analogue trunk's farewell or a transfer to an engaged
    telephone, the other a transfer. Only a person can tell then who hung up first."""

    @property
    def release_valid(self) -> bool:
        """Whether `first_release` may be used: somebody answered, and the far end hung up or we stayed long enough."""
        if self.outcome != "answered" or self.rings_behind_words:
            return False
        return self.first_release == "far" or (self.waited_s is not None and self.waited_s >= WAITED_S)

    def leg(self, name: str) -> MeasuredLeg | None:
        """The leg of that name; None when it did not happen."""
        return next((leg for leg in self.legs if leg.leg == name), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its schema."""
        return {
            "schema": SCHEMA,
            "outcome": self.outcome,
            "legs": [leg.to_dict() for leg in self.legs],
            "session_request_delay_s": _json(self.session_request_delay_s),
            "post_dial_delay_s": _json(self.post_dial_delay_s),
            "first_release": self.first_release,
            "release_valid": self.release_valid,
            "waited_s": self.waited_s,
            "talk_s": round(self.talk_s, 3),
            "hold_s": round(self.hold_s, 3),
            "problems": list(self.problems),
        }


def measure(timeline: Timeline) -> Measured:
    """Measure a call. Pure: the same timeline always gives the same numbers."""
    record = timeline.record
    legs = measure_legs(timeline)
    return Measured(
        outcome=legs[-1].outcome if legs else "fault_ours",
        legs=legs,
        session_request_delay_s=_session_request_delay(timeline),
        post_dial_delay_s=_post_dial_delay(timeline, legs),
        first_release=_first_release(timeline, legs),
        rings_behind_words=_behind_words(timeline, BUSY, CONGESTION, RINGBACK) and not _refused(legs),
        waited_s=_waited(timeline),
        talk_s=_sounding(timeline, SPEECH),
        hold_s=_sounding(timeline, MUSIC),
        problems=imported_problems(timeline)
        if record.imported
        else ("measure.clock_differs",)
        if record.clock_error_s > CLOCK_LIMIT_S
        else (),
    )


def at(signal: SipSignal) -> Interval:
    """When a signal happened."""
    return Interval(signal.earliest_s, signal.latest_s)


def _invite(timeline: Timeline) -> Interval | None:
    sent = (s for s in timeline.record.signals if s.kind == REQUEST and s.method == "INVITE" and s.direction == "tx")
    return next((at(s) for s in sent), None)


def _session_request_delay(timeline: Timeline) -> Interval | None:
    invite = _invite(timeline)
    # 100 Trying is hop-by-hop (RFC 3261 §8.2.6): it tells nothing of the callee.
    told = next((at(s) for s in responses(timeline.record) if s.status > 100), None)
    return None if invite is None or told is None else (told - invite).at_least(0.0)


def _post_dial_delay(timeline: Timeline, legs: tuple[MeasuredLeg, ...]) -> Interval | None:
    invite = _invite(timeline)
    alerted = [at(s) for s in responses(timeline.record) if 180 <= s.status < 200][:1]
    heard = [leg.ring_onset_s for leg in legs[:1] if leg.ring_onset_s is not None]
    first = min(alerted + heard, key=lambda i: i.middle, default=None)
    return None if invite is None or first is None else (first - invite).at_least(0.0)


def _release(timeline: Timeline) -> SipSignal | None:
    return next((s for s in timeline.record.signals if s.kind == RELEASED), None)


def _first_release(timeline: Timeline, legs: tuple[MeasuredLeg, ...]) -> str:
    # Busy tone after a conversation: an analogue trunk tells so that the far end hung up, its BYE comes later.
    if not _refused(legs) and _behind_words(timeline, BUSY, CONGESTION):
        return "unknown" if _put_through(timeline) else "far"
    bye = next((s for s in timeline.record.signals if s.kind == REQUEST and s.method == "BYE"), None)
    last = bye or _release(timeline)
    return {"rx": "far", "tx": "near", "own": "network"}.get(last.direction if last else "", "unknown")


def _refused(legs: tuple[MeasuredLeg, ...]) -> bool:
    """Whether the last tone was a telephone's that was tried, and nobody's farewell."""
    return bool(legs) and legs[-1].outcome in (BUSY, CONGESTION)


def _put_through(timeline: Timeline) -> bool:
    """Whether it rang, or music played, between somebody's words and the busy tone: a transfer, no farewell."""
    rate, answer = timeline.heard.sr, answer_of(timeline.record)
    since = 0.0 if answer is None else answer.latest_s * rate
    words = [s.start for s in timeline.heard.segments if s.sound == SPEECH and s.end > since]
    moved = [s.start for s in timeline.heard.segments if s.sound in (RINGBACK, MUSIC)]
    return bool(words) and any(start > min(words) for start in moved)


def _behind_words(timeline: Timeline, *sounds: str) -> bool:
    """Whether one of some sounds came behind the last words of a call that was answered."""
    answer = answer_of(timeline.record)
    words = [s.end for s in timeline.heard.segments if s.sound == SPEECH]
    if answer is None or not words:
        return False
    return any(s.sound in sounds and s.start > max(words) for s in timeline.heard.segments)


def _waited(timeline: Timeline) -> float | None:
    words = [s.end for s in timeline.heard.segments if s.sound == SPEECH]
    gone = _release(timeline)
    if not words or gone is None:
        return None
    return round(max(0.0, gone.latest_s - max(words) / timeline.heard.sr), 3)


def _sounding(timeline: Timeline, sound: str) -> float:
    return sum(s.length for s in timeline.heard.segments if s.sound == sound) / timeline.heard.sr


def _json(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else interval.to_dict()
