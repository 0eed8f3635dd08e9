"""What was measured beside what the embedded agency really did: does every interval hold the truth?"""

from __future__ import annotations

from dataclasses import dataclass

from harness.interval import Interval
from harness.measure import Measured
from harness.measured_leg import MeasuredLeg
from harness.record import CallRecord
from harness.switchboard import truth as log
from harness.switchboard.truth import TrueLeg, Truth, true_leg

LOGGED_S = 0.060
"""The log is written just before the message is sent, which a busy processor puts off: by up to 44 ms, measured where
a dozen calls begin at once on two cores. Our packets' instants are the kernel's own; tests hold them to 1 ms."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One leg of one call, measured and true."""

    leg: str
    """ivr, operator or unit."""
    outcome: str
    """As measured."""
    true_outcome: str
    """As the agency acted."""
    rings: tuple[int, int] | None
    """As measured."""
    true_rings: int | None
    """Periods of 3 s begun by the true pick-up."""
    latency_s: Interval | None
    """As measured."""
    true_latency_s: float | None
    """Ring onset to pick-up by the agency's log."""
    pick_up_s: Interval | None
    """As measured, on the monotonic clock."""
    true_pick_up_s: float | None
    """By the agency's log, on the monotonic clock."""
    provisional: bool
    """Whether a person still has to say 真人 or 錄音."""
    onset_late_s: float = 0.0
    """How much later than logged the ring onset may have gone out."""
    pick_up_late_s: float = 0.0
    """How much later than logged the pick-up may have gone out."""

    @property
    def error_ms(self) -> float | None:
        """Middle of the measured latency less the true one; None where one of them is missing."""
        if self.latency_s is None or self.true_latency_s is None:
            return None
        return (self.latency_s.middle - self.true_latency_s) * 1000

    @property
    def right(self) -> bool:
        """Whether nothing that was measured contradicts the truth, and nothing true that can be known is missing."""
        return (
            self.outcome == self.true_outcome
            and _holds(self.latency_s, self.true_latency_s, sooner_s=self.onset_late_s, later_s=self.pick_up_late_s)
            and _holds(self.pick_up_s, self.true_pick_up_s, later_s=self.pick_up_late_s)
            and (self.rings is None or self.true_rings is None or self.rings[0] <= self.true_rings <= self.rings[1])
        )


def _holds(measured: Interval | None, true: float | None, *, sooner_s: float = 0.0, later_s: float = 0.0) -> bool:
    """An interval must hold its truth, which may be so much sooner or later than logged; a measured number without a
    truth is wrong, a missing one is not."""
    return measured is None or (true is not None and true in measured.widened(LOGGED_S + later_s, LOGGED_S + sooner_s))


def compare(record: CallRecord, measured: Measured, truth: list[Truth]) -> tuple[Comparison, ...]:
    """Lay each measured leg beside the agency's log of the same call."""
    return tuple(_compare(record, leg, true_leg(truth, leg.leg), truth) for leg in measured.legs)


def _compare(record: CallRecord, leg: MeasuredLeg, true: TrueLeg | None, truth: list[Truth]) -> Comparison:
    answered = true is not None and true.pick_up_s is not None and _before_release(record, true.pick_up_s)
    pick_up = leg.pick_up_s
    error = record.zero_error_s
    return Comparison(
        leg=leg.leg,
        outcome=leg.outcome,
        true_outcome="answered" if answered else _true_refusal(leg.leg, true, truth),
        rings=leg.rings if leg.outcome == "answered" else None,
        true_rings=true.rings if answered and true is not None else None,
        latency_s=leg.answer_latency_s,
        true_latency_s=true.answer_latency_s if answered and true is not None else None,
        pick_up_s=None if pick_up is None else pick_up.widened(error - record.zero_s, error + record.zero_s),
        true_pick_up_s=true.pick_up_s if answered and true is not None else None,
        provisional=leg.provisional,
        onset_late_s=0.0 if true is None else true.onset_late_s,
        pick_up_late_s=0.0 if true is None else true.pick_up_late_s,
    )


def _before_release(record: CallRecord, at_s: float) -> bool:
    """Whether it happened while the call was up: what the script does to nobody is no truth of the call."""
    ends = [a.at_s for a in record.acts if a.do in ("hang_up", "released")]
    return not ends or at_s <= record.zero_s + min(ends)


def _true_refusal(leg: str, true: TrueLeg | None, truth: list[Truth]) -> str:
    for entry in truth:
        if entry.leg == leg and entry.what in (log.BUSY, log.CONGESTION):
            return entry.what
        if entry.what == log.REJECTED:
            return {"486": "busy", "600": "busy"}.get(entry.detail, "rejected")
    return "none" if true is None or true.ring_onset_s is None else "no_answer"
