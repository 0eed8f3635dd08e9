"""Signalled and heard, on one clock: everything of a call in the order in which it happened.

The clock is the call's: seconds from sample 0 of the recording. What was heard stands a little later in the
recording than its packet arrived (frames, jitter buffer); `on_the_wire` takes that back as an interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.listen import listen
from dsp.listening import Listening
from dsp.segment import MISSING, Segment, Span
from dsp.tone_plan import TonePlan
from harness.far_pause import far_pauses, most_within
from harness.heard_live import HeardLive
from harness.interval import Interval
from harness.record import CallRecord
from harness.softphone.signals import RESPONSE, SipSignal
from harness.unheard import joined, unheard
from harness.unnamed_sound import unnamed

LAG_LEAST_S = 0.005
"""A sound stands in the recording at least this much later than its packet came."""
LAG_MOST_S = 0.065
"""Frame, jitter buffer and bridge on a quiet line: 20 to 57 ms measured on loopback, idle and with busy cores."""
DRIFT_S = 0.025
"""A jitter buffer that adapts moves later sounds by up to a frame against earlier ones (20 ms measured)."""
BUFFER_S = 0.085
"""So much sound the jitter buffer puts into a burst or takes out of it: three packets were seen, four can be."""
QUIET_BUFFER_S = 0.060
"""A jitter buffer within this is in LAG_MOST_S already; what it held beyond it is added."""


@dataclass(frozen=True)
class Event:
    """One line of the timeline."""

    at_s: float
    """When, on the call's clock."""
    source: str
    """sip, heard, act or missing."""
    what: str
    """Message, sound or act."""
    end_s: float | None = None
    """Its end, for what lasts."""
    detail: str = ""
    """Status, leg, digits."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form; what is empty is left out."""
        data = {"at_s": round(self.at_s, 4), "source": self.source, "what": self.what}
        end = {} if self.end_s is None else {"end_s": round(self.end_s, 4)}
        return data | end | ({"detail": self.detail} if self.detail else {})


@dataclass(frozen=True)
class Timeline:
    """One call: its record, what the ear made of its sound, and both in order."""

    record: CallRecord
    """What happened."""
    heard: Listening
    """What was heard."""
    events: tuple[Event, ...]
    """Everything, by time."""
    unnamed: tuple[Segment, ...] = ()
    """What was as loud as the ringing, and the ear gave it no name."""
    halts: tuple[tuple[float, float], ...] = ()
    """When the far end stood still in the middle of its sounds, seconds of the call."""

    @property
    def halted_s(self) -> float:
        """How long it stood still within one period of ringing, at most: what followed came so late."""
        return most_within(self.halts, self.heard.plan.period_s)

    @property
    def excess_lag_s(self) -> float:
        """Delay beyond a quiet line's: a jitter buffer that grew, sound lost while this machine or theirs was busy."""
        return _excess_lag_s(self.record) + self.halted_s

    @property
    def lost_time_s(self) -> float:
        """Sound that the recorder lost while the machine was busy: all that came after it stands so much too early."""
        return _lost_time_s(self.record)

    def on_the_wire(self, heard: Span) -> Interval:
        """The instant, on the call's clock, at which the packets of a heard instant came."""
        rate = self.heard.sr
        there = Interval(heard.earliest / rate, heard.latest / rate)
        if self.record.imported:  # its only clock is the recording's
            return there
        return there.widened(LAG_MOST_S + self.excess_lag_s, self.lost_time_s - LAG_LEAST_S)

    def between(self, heard: Span) -> Interval:
        """A length within the recording, as a time that really passed."""
        rate, slack = self.heard.sr, DRIFT_S + self.excess_lag_s
        return Interval(heard.earliest / rate, heard.latest / rate).widened(slack, slack).at_least(0.0)


def build_timeline(
    record: CallRecord, samples: NDArray[np.int16], plan: TonePlan, *, live: HeardLive | None = None
) -> Timeline:
    """Hear a call's far side, shape (n,), and lay it beside its signalling.

    What the live ear heard of the very same sound (`live`) is not heard again.
    """
    rate = record.sample_rate_hz
    if record.cut:  # where a sample stands in the file is not when it came
        samples, live = np.zeros_like(samples), None
    answered = answer_of(record)
    at = None if answered is None else round(max(answered.latest_s, 0.0) * rate)
    halts = far_pauses(record, samples)
    halted_s = most_within(halts, plan.period_s)
    gaps = [*((m.start_s, m.end_s) for m in record.missing), *((start, end + LAG_MOST_S) for start, end in halts)]
    windows = joined([(round(start * rate), round(end * rate)) for start, end in gaps])
    never: int | None = len(samples) if at is None else at
    if record.imported:
        never = None  # nothing was signalled: what the ear hears may be a pick-up
    missing = unheard(samples, windows, rate=rate)
    found = None if live is None else live.to_the_end(samples, plan=plan, answered_at=at, missing=missing)
    listened = listen(
        samples,
        sr=rate,
        plan=plan,
        missing=missing,
        early_until=never,
        answered_at=at,
        buffer_s=BUFFER_S + _excess_lag_s(record) + halted_s,
        found=found,
    )
    heard = _marked(listened, windows)
    return Timeline(record, heard, _in_order(record, heard), unnamed(samples, heard), tuple(halts))


def _marked(heard: Listening, windows: list[tuple[int, int]]) -> Listening:
    """The same, with every window of missing sound told."""
    told = [s for s in heard.segments if s.sound != MISSING]
    told += [Segment(MISSING, start, min(end, heard.n)) for start, end in windows if start < heard.n]
    return replace(heard, segments=tuple(sorted(told, key=lambda s: (s.start, s.end))))


def _excess_lag_s(record: CallRecord) -> float:
    return max(0.0, record.jitter_buffer_s - QUIET_BUFFER_S) + _lost_time_s(record)


def _lost_time_s(record: CallRecord) -> float:
    return max(0.0, record.clock_error_s - DRIFT_S)


def answer_of(record: CallRecord) -> SipSignal | None:
    """The 2xx to the INVITE; None when there was none."""
    return next((s for s in responses(record) if 200 <= s.status < 300), None)


def responses(record: CallRecord) -> tuple[SipSignal, ...]:
    """The responses to the INVITE, in order."""
    return tuple(s for s in record.signals if s.kind == RESPONSE and s.method == "INVITE" and s.direction == "rx")


def _in_order(record: CallRecord, heard: Listening) -> tuple[Event, ...]:
    events = [Event(s.latest_s, "sip", _message(s), detail=s.reason) for s in record.signals]
    events += [Event(a.at_s, "act", a.do, detail=f"{a.leg} {a.detail}".strip()) for a in record.acts]
    events += [Event(s.start / heard.sr, "heard", s.sound, s.end / heard.sr, s.digit or "") for s in heard.segments]
    events += [Event(m.start_s, "missing", "rtp", m.end_s, str(m.packets)) for m in record.missing]
    return tuple(sorted(events, key=lambda e: (e.at_s, e.source)))


def _message(signal: SipSignal) -> str:
    said = f"{signal.status}" if signal.status else ""
    words = [signal.kind if signal.kind not in (RESPONSE, "request") else "", said, signal.method, signal.direction]
    return " ".join(word for word in words if word)
