"""Calls with known truth, the ear's answer to each, and what the Keelung sheet would make of both.

Six calls of ten ring with Taiwan's tones exactly, two with Taiwan's off by up to 15 % in time and 2 % in pitch, two
with another country's. Nothing here listens: the truth of a call is what its maker did (`dsp.truth.truth_set`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.answering.legs import NO_ANSWER, Leg
from dsp.listen import listen
from dsp.tone_plan import TonePlan, load_plan, plan_names
from dsp.truth.narrowest import narrowest_latency_s
from dsp.truth.truth_judge import Row, judge, legs_to_judge
from dsp.truth.truth_line import noise_dbfs
from dsp.truth.truth_set import TruthCall, make_call
from harness.facts import facts_of
from harness.hearing import UNSURE, verdict
from harness.interval import Interval
from harness.measure import Measured
from harness.measured_leg import MeasuredLeg
from harness.scoring import find_form, score_call
from rubric.schema import Form
from rubric.sheet import to_dict

FORM, ITEM = "keelung-102", "B1.1"
"""一般公務電話鈴響 4 聲或 10 秒應答: rings and seconds both count, so it asks the most of the ear."""
CLEAR_DB = 20.0
"""A voice so far above the line's noise is begun where it is heard to ±40 ms."""

Progress = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One call of the bench."""

    index: int
    """Which, from 0; with the seed it makes the call again."""
    plan: str
    """The tones that rang."""
    row: Row
    """The ear's errors."""
    points_wrong: bool
    """The machine gave points that the truth does not earn."""
    verdict_unsure: bool
    """Three rings or ten seconds: the ear leaves it open."""
    verdict_unsure_for_any: bool
    """Any ear must leave it open."""
    verdict_unsure_without_loss: bool
    """Any ear must, had every packet come."""
    points_open: bool
    """The item's points are left open."""
    points_open_for_any: bool
    """Any ear must leave them open."""
    voice_missed: bool
    """Somebody spoke and no voice was heard."""
    voice_is_clear: bool
    """The voice stood 20 dB or more above the line's noise."""
    sound_s: float
    """Length of the call."""
    heard_in_s: float
    """Processor time it took."""

    @property
    def faults(self) -> list[str]:
        """What was wrong, by name; empty for a call heard right."""
        named = {
            "rings": self.row.rings_wrong,
            "outcome": self.row.outcome_wrong,
            "interval": self.row.truth_outside,
            "points": self.points_wrong,
        }
        return [name for name, wrong in named.items() if wrong]


def bench_ear(
    count: int,
    *,
    seed: int,
    voices: Sequence[NDArray[np.float32]],
    plain: bool = False,
    buffered: bool = False,
    progress: Progress = lambda _: None,
) -> list[Judged]:
    """Make `count` calls and hear them, one after another, in this process; `plain` and `buffered` as
    `dsp.truth.truth_set` has them."""
    form = find_form(FORM)
    judged = []
    for index, plan, call in _calls(count, seed, voices, plain=plain, buffered=buffered):
        judged.append(_judge(index, plan, call, form))
        progress(index)
    return judged


def _calls(
    count: int, seed: int, voices: Sequence[NDArray[np.float32]], *, plain: bool = False, buffered: bool = False
) -> Iterator[tuple[int, TonePlan, TruthCall]]:
    home, *others = plan_names()
    for index in range(count):
        turn, lap = index % 10, index // 10
        name = home if turn < 8 else others[(2 * lap + turn) % len(others)]
        plan = load_plan(name)
        rng = np.random.default_rng([seed, index])
        strict = turn not in (6, 7)
        yield index, plan, make_call(rng, plan=plan, voices=voices, strict=strict, plain=plain, buffered=buffered)


def _judge(index: int, plan: TonePlan, call: TruthCall, form: Form) -> Judged:
    begin = time.process_time()
    heard = listen(call.samples, sr=call.sr, plan=plan, missing=call.missing, buffer_s=call.buffer_s)
    heard_in_s = time.process_time() - begin
    legs = legs_to_judge(heard.legs, call.truth)
    leg = legs[call.truth.before] if len(legs) > call.truth.before else None
    narrowest, whole = (_interval(narrowest_latency_s(call, plan, no_loss=one)) for one in (False, True))
    true_rings = (call.truth.rings, call.truth.rings)
    by_ear = None if _fell_silent(leg) else _points(form, *_heard(leg, call.sr))
    by_truth = _points(form, call.truth.outcome, true_rings, _exact(call))
    by_any = _points(form, call.truth.outcome, true_rings, narrowest)
    return Judged(
        index=index,
        plan=plan.name,
        row=judge(call, heard, plan=plan),
        points_wrong=by_ear is not None and by_ear != by_truth,
        verdict_unsure=_unsure(*_heard(leg, call.sr)),
        verdict_unsure_for_any=_unsure(call.truth.outcome, true_rings, narrowest),
        verdict_unsure_without_loss=_unsure(call.truth.outcome, true_rings, whole),
        points_open=by_ear is None,
        points_open_for_any=by_any is None,
        voice_missed=call.truth.voice_onset is not None and (leg is None or leg.voice_onset is None),
        voice_is_clear=call.condition.voice_dbfs - noise_dbfs(call.condition) >= CLEAR_DB,
        sound_s=heard.n / heard.sr,
        heard_in_s=heard_in_s,
    )


def _fell_silent(leg: Leg | None) -> bool:
    """Ringing that stopped and nobody spoke: no sheet gives points for what nobody can say."""
    return leg is not None and leg.outcome == NO_ANSWER and leg.provisional


def _heard(leg: Leg | None, sr: int) -> tuple[str, tuple[int, int], Interval | None]:
    if leg is None:
        return "none", (0, 0), None
    span, rings = leg.answer_latency, (leg.rings, leg.most_rings)
    return leg.outcome, rings, None if span is None else Interval(span.earliest / sr, span.latest / sr)


def _interval(told: tuple[float, float] | None) -> Interval | None:
    return None if told is None else Interval(*told)


def _exact(call: TruthCall) -> Interval | None:
    if call.truth.pick_up is None or call.truth.ring_onset is None:
        return None
    latency_s = (call.truth.pick_up - call.truth.ring_onset) / call.sr
    return Interval(latency_s, latency_s)


def _points(form: Form, outcome: str, rings: tuple[int, int], latency: Interval | None) -> str | None:
    """The item's points; None while they are open. Who spoke is no question here: persons, all of them."""
    leg = MeasuredLeg(leg="unit", outcome=outcome, rings=rings, rings_source="heard", answer_latency_s=latency)
    measured = Measured(
        outcome=outcome,
        legs=(leg,),
        session_request_delay_s=None,
        post_dial_delay_s=None,
        first_release="unknown",
        waited_s=None,
        talk_s=0.0,
        hold_s=0.0,
        problems=(),
    )
    sheet = to_dict(score_call(form, facts_of(measured), None))
    (item,) = (one for one in sheet["items"] if one["id"] == ITEM)
    return None if ITEM in sheet["open"] else str(item["points"])


def _unsure(outcome: str, rings: tuple[int, int], latency: Interval | None) -> bool:
    span = None if latency is None else latency.to_dict()
    told = {"rings": rings[0] if rings[0] == rings[1] else None, "rings_at_least": rings[0], "rings_at_most": rings[1]}
    return verdict({"outcome": outcome, **told, "answer_latency_s": span}) == UNSURE


def figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """The figures of a run; errors and widths in milliseconds as median, 95th percentile and largest."""
    rows = [one.row for one in judged]
    clear = [one.row.voice_error_s for one in judged if one.voice_is_clear]
    wider = [r.width_s - r.least_s for r in rows if r.width_s is not None and r.least_s is not None]
    return {
        "calls": len(judged),
        "rings_wrong": sum(r.rings_wrong for r in rows),
        "rings_open": sum(r.rings_open for r in rows),
        "outcome_wrong": sum(r.outcome_wrong for r in rows),
        "outcome_open": sum(r.outcome_open for r in rows),
        "interval_without_truth": sum(r.truth_outside for r in rows),
        "points_wrong": sum(one.points_wrong for one in judged),
        "verdict_unsure": sum(one.verdict_unsure for one in judged),
        "verdict_unsure_for_any_ear": sum(one.verdict_unsure_for_any for one in judged),
        "verdict_unsure_without_loss": sum(one.verdict_unsure_without_loss for one in judged),
        "points_open": sum(one.points_open for one in judged),
        "points_open_for_any_ear": sum(one.points_open_for_any for one in judged),
        "voice_missed": sum(one.voice_missed for one in judged),
        "voice_onset_error_ms": _spread(clear),
        "voice_onset_error_all_ms": _spread([r.voice_error_s for r in rows]),
        "ring_onset_error_ms": _spread([r.onset_error_s for r in rows]),
        "interval_width_ms": _spread([r.width_s for r in rows]),
        "interval_wider_than_any_ears_ms": _spread(wider),
        "times_real_time": round(sum(one.sound_s for one in judged) / sum(one.heard_in_s for one in judged)),
    }


def _spread(errors_s: Sequence[float | None]) -> dict[str, float] | None:
    size = np.abs([one for one in errors_s if one is not None]) * 1000
    if not len(size):
        return None
    spread = {"median": np.median(size), "p95": np.percentile(size, 95), "max": size.max()}
    return {name: round(float(value), 1) for name, value in spread.items()}
