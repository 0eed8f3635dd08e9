"""What is drawn of a call in progress: its clock, what it hears and is told, its countdowns. Nothing is measured here:
these are a stopwatch's hands; the sheet's numbers come from the whole recording afterwards."""

from __future__ import annotations

from dataclasses import replace
from math import floor

from dsp.segment import RINGBACK
from harness.assisted.desk import RINGS_S
from harness.assisted.level import WINDOW_S, level_dbfs
from harness.assisted.state import Countdown, CountedDown, LiveState, Marked
from harness.softphone.signals import RELEASED, REQUEST, RESPONSE, SipSignal
from harness.walk.answer import UNHEARD_S
from harness.walk.progress import CallInProgress
from harness.walk.taking_over import BACK_S, LOST

LAST_MINUTE_S = 60.0
"""The call's longest time is counted down from here on."""


def picture(known: LiveState, going: CallInProgress | None, *, ringing_s: float | None) -> LiveState:
    """Add to what is known of the people (`known`) what is seen of the call.

    Args:
        going: the call; None before it was dialled.
        ringing_s: how long the telephone of whoever speaks has been rung; None: it is not.
    """
    if going is None:
        downs = known.countdowns
        if ringing_s is not None:
            downs = (*downs, _left("tester_answers", RINGS_S, ringing_s))
        return replace(known, countdowns=downs)
    now_s, onset, answered = going.now_s, _onset(going), _answered(going)
    sound, since = _heard(going, answered)
    return replace(
        known,
        step=going.step,
        now_s=now_s,
        leg=going.wait.step.leg if going.wait is not None else "",
        ring_onset_s=onset,
        answered_s=answered,
        rings=_rings(going, onset, answered),
        hears=sound or "",
        hears_since_s=since if sound else None,
        signalling=_signalled(going.signals),
        far_dbfs=level_dbfs(going.ear.samples(max(going.ear.heard_s - WINDOW_S, 0.0))),
        marks=tuple(Marked(at_s=a.at_s, what=a.detail, who=a.who) for a in going.acts if a.do == "marked"),
        pressed=tuple(a.detail for a in going.acts if a.do == "pressed"),
        countdowns=() if known.phase == "over" else (*known.countdowns, *_countdowns(going, onset, answered)),
    )


def _heard(going: CallInProgress, answered: float | None) -> tuple[str | None, float]:
    """What sounds, and since when; between two bursts, and in one that is not over yet, it still rings."""
    sound, since = going.ear.sounding
    if sound is not None or going.wait is None or answered is not None:
        return sound, since
    bursts = going.ear.bursts(going.wait.rang_since)
    rings_until = bursts[-1] + going.ear.period_s + going.ear.burst_s + UNHEARD_S if bursts else 0.0
    return (RINGBACK, bursts[0]) if bursts and going.now_s < rings_until else (sound, since)


def _onset(going: CallInProgress) -> float | None:
    return None if going.wait is None else going.wait.onset_s


def _answered(going: CallInProgress) -> float | None:
    """When the leg was picked up: the 200, or behind a menu or a transfer when the ear was sure of it."""
    if going.wait is None:
        return None
    legs = [act.leg for act in going.acts if act.do == "wait"]
    if len(legs) == 1 and going.answered_s is not None:
        return going.answered_s
    known = [act.at_s for act in going.acts if act.do == "answered" and act.leg == going.wait.step.leg]
    return known[-1] if known else None


def _rings(going: CallInProgress, onset: float | None, answered: float | None) -> int | None:
    """The how-manyth period of the national cadence it is in since the ring onset."""
    if onset is None:
        return None
    until = going.now_s if answered is None else answered
    return floor(max(until - onset, 0.0) / going.ear.period_s) + 1


def _signalled(signals: list[SipSignal]) -> str:
    for one in reversed(signals):
        if one.kind == RESPONSE and one.method == "INVITE":
            return f"{one.status} {one.reason}".strip()
        if one.kind == REQUEST and one.method in ("BYE", "CANCEL", "REFER"):
            return one.method
        if one.kind == RELEASED:
            return "BYE" if one.status in (0, 200) else f"{one.status} {one.reason}".strip()
    return ""


def _countdowns(going: CallInProgress, onset: float | None, answered: float | None) -> list[Countdown]:
    now_s, found = going.now_s, list[Countdown]()
    acts = [act for act in going.acts if act.do == "tester"]
    if going.wait is not None and onset is not None and answered is None and not going.released:
        found.append(_left("gives_up", going.wait.limit_s, now_s - onset))
    if acts and acts[-1].detail == LOST:
        found.append(_left("tester_back", BACK_S, now_s - acts[-1].at_s))
    if going.silent is not None:
        found.append(_left("stay_silent", going.silent[1], now_s - going.silent[0]))
    if going.longest_s - now_s < LAST_MINUTE_S:
        found.append(_left("longest_call", LAST_MINUTE_S, now_s - going.longest_s + LAST_MINUTE_S))
    return found


def _left(what: CountedDown, of_s: float, gone_s: float) -> Countdown:
    return Countdown(what=what, left_s=max(of_s - gone_s, 0.0), of_s=of_s)
