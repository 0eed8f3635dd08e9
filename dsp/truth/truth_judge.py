"""What the ear made of calls whose truth is known: a row of errors each, and the figures of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp.answering.legs import NO_ANSWER, NONE, Leg
from dsp.answering.refusal import REFUSED
from dsp.listening import Listening
from dsp.segment import Span
from dsp.tone_plan import TonePlan
from dsp.truth.narrowest import narrowest_latency_s
from dsp.truth.truth_line import Condition
from dsp.truth.truth_set import Truth, TruthCall

LIMIT_S = 10.0
"""Of the rule that is looked at here."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the ear made of one call."""

    rings_wrong: bool
    """Another number of rings than may have begun, or no leg."""
    rings_open: bool
    """More than one number of rings may have begun."""
    outcome_wrong: bool
    """Another outcome, or another number of legs; but for what was left to a person."""
    outcome_open: bool
    """Nobody was heard for certain, and a person has to say: no number is given."""
    truth_outside: bool
    """The pick-up interval, the latency interval or the ring onset does not hold the truth."""
    voice_error_s: float | None
    """Voice heard minus voice begun; None where one of them is missing."""
    onset_error_s: float | None
    """Ring heard minus ring begun."""
    width_s: float | None
    """Width of the pick-up interval."""
    least_s: float | None
    """Width that any ear is left with (`dsp.truth.narrowest`)."""
    unsure: bool
    """10 s lies inside the interval: the verdict of a 10 s rule is unsure."""
    unsure_for_any: bool
    """It would be for any ear."""
    condition: Condition
    """The line."""


def judge(call: TruthCall, heard: Listening, *, plan: TonePlan) -> Row:
    """Compare what was heard with the truth of the call."""
    truth = call.truth
    legs = legs_to_judge(heard.legs, truth)
    leg = legs[truth.before] if len(legs) > truth.before else None
    pick = leg.pick_up if leg else None
    least = narrowest_latency_s(call, plan)
    limit = round(LIMIT_S * call.sr)
    nothing = any(one.outcome == NONE and one.provisional for one in (leg, *legs[-1:]) if one is not None)
    # Of a leg that a person has to tell of a refusal may be the end, and is left to them with it.
    refused = leg is not None and leg.provisional and leg.outcome in REFUSED.values()
    nothing |= refused and any(one.outcome == NONE and one.provisional for one in heard.legs)
    left = nothing or (leg is not None and leg.outcome == NO_ANSWER and leg.provisional)
    latency = leg.answer_latency if leg else None
    return Row(
        rings_wrong=not nothing and _is_miscounted(leg, truth.rings),
        rings_open=leg is not None and leg.more_rings > 0,
        outcome_wrong=(not left and (leg.outcome if leg else NONE) != truth.outcome)
        or (not nothing and len(legs) != truth.before + 1 + truth.after),
        outcome_open=left,
        truth_outside=not nothing and _is_outside(call, leg, left=left),
        voice_error_s=_error(leg.voice_onset if leg else None, truth.voice_onset, call.sr),
        onset_error_s=_error(leg.ring_onset if leg else None, truth.ring_onset, call.sr),
        width_s=(pick.latest - pick.earliest) / call.sr if pick else None,
        least_s=least[1] - least[0] if least else None,
        unsure=bool(latency and latency.earliest < limit < latency.latest),
        unsure_for_any=least is not None and least[0] < LIMIT_S < least[1],
        condition=call.condition,
    )


def legs_to_judge(legs: Sequence[Leg], truth: Truth) -> Sequence[Leg]:
    """The legs without a first one of which only a person can say whether it was one, where the call has one less."""
    first = legs[0] if legs else None
    doubtful = first is not None and first.outcome == NONE and first.provisional and len(legs) > 1
    return legs[1:] if doubtful and len(legs) == truth.before + truth.after + 2 else legs


def _is_miscounted(leg: Leg | None, rings: int) -> bool:
    return rings != 0 if leg is None else not leg.rings <= rings <= leg.most_rings


def _is_outside(call: TruthCall, leg: Leg | None, *, left: bool) -> bool:
    truth = call.truth
    if truth.ring_onset is not None and (leg is None or not _holds(leg.ring_onset, truth.ring_onset)):
        return True
    if truth.pick_up is None or truth.ring_onset is None or leg is None or left:
        return False
    latency = truth.pick_up - truth.ring_onset
    return not (_holds(leg.pick_up, truth.pick_up) and _holds(leg.answer_latency, latency))


def _holds(span: Span | None, sample: int) -> bool:
    return span is not None and sample in span


def _error(heard: Span | None, true: int | None, sr: int) -> float | None:
    if heard is None or true is None:
        return None
    return ((heard.earliest + heard.latest) / 2 - true) / sr


def table(rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """The figures of a run: (what, how much)."""
    voice = np.array([r.voice_error_s for r in rows if r.voice_error_s is not None])
    onset = np.array([r.onset_error_s for r in rows if r.onset_error_s is not None])
    extra = np.array([r.width_s - r.least_s for r in rows if r.width_s is not None and r.least_s is not None])
    return (
        ("calls", str(len(rows))),
        ("ring count wrong", str(sum(r.rings_wrong for r in rows))),
        ("ring count open", str(sum(r.rings_open for r in rows))),
        ("outcome wrong", str(sum(r.outcome_wrong for r in rows))),
        ("outcome open", str(sum(r.outcome_open for r in rows))),
        ("interval without the truth", str(sum(r.truth_outside for r in rows))),
        ("voice onset error, ms: median, p95, max", _spread(voice)),
        ("ring onset error, ms: median, p95, max", _spread(onset)),
        ("interval wider than any ear's, ms: median, p95, max", _spread(extra)),
        ("10 s verdict unsure", str(sum(r.unsure for r in rows))),
        ("unsure for any ear", str(sum(r.unsure_for_any for r in rows))),
    )


def _spread(errors: npt.NDArray[np.float64]) -> str:
    if not len(errors):
        return "none"
    size = np.abs(errors)
    return f"{np.median(errors) * 1000:.0f}, {np.percentile(size, 95) * 1000:.0f}, {size.max() * 1000:.0f}"
