"""How an attempt ended: the outcome, whose doing it was, one plain sentence, and the messages it was drawn from.

A pure function of what was signalled, done and heard, so that a kept call can be told again years later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.deaf import no_sound_came
from harness.ending_cause import NOBODY, OURS, THEIRS, UNCLEAR, VOID, Cause, cause_of
from harness.ending_events import behind_music, on_the_way
from harness.ending_words import Message, case_sentence, fault_told, message_of
from harness.measure import Measured
from harness.measured_leg import MeasuredLeg
from harness.record import CUT
from harness.softphone.signals import FAULT, RELEASED, REQUEST, RESPONSE
from harness.timeline import Timeline, answer_of
from harness.unanswered_leg import rang

SCHEMA = "thirdring.ending/1"
NEVER, LATER, AFTER_S = "never", "later", "after_s"
CANDIDATES = ("fault_theirs", "rejected", "congestion")
"""Outcomes that are only a candidate until a person confirms them."""
_FAULT_CASES = {
    "softphone.worker_lost": "worker_lost",
    "softphone.worker_silent": "worker_lost",
    "softphone.not_registered": "not_registered",
    "walk.digits_no_effect": "no_effect",
    CUT: "recording_cut",
}
_DISK = ("recording.", "file.", "store.", "ledger.")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended."""

    outcome: str
    """The measurement's: answered, busy, congestion, no_answer, rejected, fault_theirs, fault_ours (void), none."""
    whose: str
    """Whose fault: ours, theirs, nobody (there is none) or unclear (void, not zero)."""
    case: str
    """What kind of ending it is: `ending.<case>` of the catalogue."""
    sentence: dict[str, str]
    """What happened, as `zh` and `en`."""
    messages: tuple[Message, ...]
    """What that was drawn from, in order."""
    retry: str
    """never, later, or after_s: whether the attempt is void and made again. Redialling is the form's own matter."""
    retry_after_s: float | None
    """Seconds that the far end asked us to wait; None when it did not."""
    confirmed: bool
    """False while it is a candidate that a person has to confirm."""

    def said_by(self, whose: str | None) -> Ending:
        """The same ending when a person has said whose fault it was; None: nobody has."""
        return self if whose is None else replace(self, whose=whose, confirmed=True)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its schema."""
        return {"schema": SCHEMA, **asdict(self)}


def ending_of(timeline: Timeline, measured: Measured) -> Ending:
    """Say how an attempt ended. Pure: the same timeline always gives the same ending."""
    leg = measured.legs[-1] if measured.legs else None
    cause = _cause(timeline, leg)
    also = on_the_way(timeline) + behind_music(measured)
    drawn = sorted({*cause.drawn, *(index for one in also for index in one.drawn)})
    messages = [message_of(index, timeline.record.signals[index]) for index in drawn]
    messages += _done(timeline, cause) + _heard(timeline, cause)
    return Ending(
        outcome=cause.outcome,
        whose=cause.whose,
        case=cause.case,
        sentence=case_sentence(
            cause, timeline.record, leg=leg.leg if leg else "", first_release=measured.first_release, also=also
        ),
        messages=tuple(sorted(messages, key=lambda one: one.at_s)),
        retry=_retry(cause),
        retry_after_s=cause.retry_after_s,
        confirmed=cause.outcome not in CANDIDATES,
    )


def _retry(cause: Cause) -> str:
    if cause.outcome != VOID:
        return NEVER
    return LATER if cause.retry_after_s is None else AFTER_S


def _cause(timeline: Timeline, leg: MeasuredLeg | None) -> Cause:
    """The case; its outcome is the measurement's."""
    if timeline.record.fault:
        return _fault(timeline, leg)
    if timeline.record.imported and (leg is None or leg.outcome in ("none", VOID)):
        return _case(timeline, "imported_unclear", VOID, UNCLEAR)
    if leg is None or leg.outcome == "none":
        return _case(timeline, "never_rang", "none" if leg else VOID, UNCLEAR)
    if leg.outcome in ("answered", "no_answer"):
        return _case(timeline, leg.outcome, leg.outcome, NOBODY)
    if leg.outcome == "congestion":
        return _case(timeline, "congestion_heard", leg.outcome, THEIRS)
    if any(one.startswith("heard:busy") for one in leg.evidence) and leg.outcome == "busy":
        return _case(timeline, "busy_heard", leg.outcome, NOBODY)
    return _refused(timeline) if answer_of(timeline.record) is None else _behind(timeline, leg)


def _refused(timeline: Timeline) -> Cause:
    """Nobody answered the INVITE."""
    heard = next((one for one in timeline.heard.legs if one.ring_onset is not None), None)
    rung = rang(timeline, heard)
    cause = cause_of(timeline.record.signals, rang=rung)
    gone = next((s for s in timeline.record.signals if s.kind == RELEASED), None)
    if cause.case == "no_final" and rung and gone is not None and gone.direction == "tx":
        return _case(timeline, "cut_short", VOID, OURS)
    return cause


def _behind(timeline: Timeline, leg: MeasuredLeg) -> Cause:
    """The call was answered, and what rang behind that answer was not."""
    if no_sound_came(timeline):
        return _case(timeline, "answered_deaf", VOID, UNCLEAR)
    if leg.outcome == VOID:
        return _case(timeline, "cut_short", VOID, OURS)
    return _case(timeline, "hung_up_ringing", leg.outcome, THEIRS)


def _fault(timeline: Timeline, leg: MeasuredLeg | None) -> Cause:
    if leg is not None and leg.outcome == "answered":
        return _case(timeline, "answered_then_fault", leg.outcome, OURS)  # what was measured until then stands
    key, told = timeline.record.fault, fault_told(timeline.record)
    case = "disk" if key.startswith(_DISK) or "[Errno 28]" in told else _FAULT_CASES.get(key, "broke")
    return _case(timeline, case, VOID, OURS)


def _case(timeline: Timeline, case: str, outcome: str, whose: str) -> Cause:
    """A case drawn from what began and ended the call: its 18x, its answer, its release."""
    drawn = [
        index
        for index, s in enumerate(timeline.record.signals)
        if (s.kind == RESPONSE and s.method == "INVITE" and s.status >= 180)
        or (s.kind == REQUEST and s.method in ("BYE", "CANCEL"))
        or s.kind in (RELEASED, FAULT)
    ]
    return Cause(case=case, outcome=outcome, whose=whose, drawn=tuple(drawn))


def _done(timeline: Timeline, cause: Cause) -> list[Message]:
    """What we did that made it end so."""
    wanted = {"no_answer": "gave_up", "cut_short": "hang_up"}.get(cause.case, "fault")
    acts = [act for act in timeline.record.acts if act.do == wanted]
    return [Message(None, act.at_s, "act", " ".join(f"{act.do} {act.leg} {act.detail}".split())) for act in acts]


def _heard(timeline: Timeline, cause: Cause) -> list[Message]:
    """The first tones that said so."""
    sound = {"busy_heard": "busy", "congestion_heard": "congestion"}.get(cause.case)
    rate = timeline.heard.sr
    found = [s for s in timeline.heard.segments if s.sound == sound]
    return [Message(None, round(s.start / rate, 3), "heard", f"{s.sound} {s.length / rate:.2f} s") for s in found[:3]]
