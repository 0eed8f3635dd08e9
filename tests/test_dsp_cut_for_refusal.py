"""A ring that an exchange cut for a refusal is counted, or may be one."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import synthesis as syn
from dsp.answering.legs import NONE, Leg, find_legs
from dsp.listen import listen
from dsp.segment import BUSY, CONGESTION, RINGBACK, TONE, Segment
from dsp.tone_plan import TonePlan, load_plan

PLANS = ("tw", "uk", "in", "mo", "se", "tr")


def tone(plan: TonePlan, kind: str, seconds: float) -> np.ndarray:
    one = {RINGBACK: plan.ringback, BUSY: plan.busy, CONGESTION: plan.congestion}[kind]
    assert one is not None
    return syn.cadence(one, seconds, sr=SR, level_dbfs=-20)


def legs(plan: TonePlan, *pieces: np.ndarray, noise_dbfs: float = -55) -> tuple[Leg, ...]:
    wave = np.concatenate([quiet(0.7), *pieces, quiet(0.3)])
    return listen(with_noise(wave, noise_dbfs), sr=SR, plan=plan).legs


@given(
    name=st.sampled_from(PLANS),
    kind=st.sampled_from([BUSY, CONGESTION]),
    whole=st.integers(0, 2),
    cut_s=st.floats(0.03, 0.38),
    pause_s=st.sampled_from([0.0, 0.06, 0.2, 0.4]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_ring_that_was_cut_for_a_refusal_is_one_or_may_be(
    name: str, kind: str, whole: int, cut_s: float, pause_s: float
) -> None:
    plan = load_plan(name)
    ringing = tone(plan, RINGBACK, whole * plan.period_s + cut_s)
    (leg,) = legs(plan, ringing, quiet(pause_s), tone(plan, kind, 5))
    if leg.outcome == NONE and leg.provisional:  # their tones are one, and the first burst behind it goes on with it
        assert plan.ringback.frequencies_hz == plan.busy.frequencies_hz
        return
    assert leg.outcome in (BUSY, CONGESTION)
    assert leg.rings <= whole + 1 <= leg.most_rings
    assert leg.ring_onset is not None
    assert round(0.7 * SR) in leg.ring_onset


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("kind", [BUSY, CONGESTION])
def test_a_refusal_alone_rang_for_certain_not_at_all(name: str, kind: str) -> None:
    plan = load_plan(name)
    (leg,) = legs(plan, tone(plan, kind, 5))
    assert (leg.rings, leg.most_rings, leg.ring_onset) == (0, 0, None)


@pytest.mark.parametrize("name", ["tw", "us"])
def test_two_tones_that_are_not_the_refusals_are_a_ring_for_certain(name: str) -> None:
    plan = load_plan(name)
    (leg,) = legs(plan, tone(plan, RINGBACK, 0.6), quiet(0.2), tone(plan, BUSY, 5))
    assert (leg.outcome, leg.rings, leg.most_rings) == (BUSY, 1, 1)


def test_a_refusal_behind_a_prompt_may_have_rung_as_well() -> None:
    plan = load_plan("tw")
    prompt, refused = legs(
        plan, voice("switchboard"), quiet(0.8), tone(plan, RINGBACK, 0.1), quiet(0.2), tone(plan, BUSY, 5)
    )
    assert prompt.outcome == NONE
    assert (refused.outcome, refused.rings, refused.most_rings) == (BUSY, 0, 1)


def at(sound: str, start_s: float, end_s: float, *, uneven: bool = False) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR), uneven=uneven)


def refused(*segments: Segment, plan: str = "tw") -> Leg:
    (leg,) = find_legs(segments, sr=SR, plan=load_plan(plan), end=12 * SR)
    return leg


@pytest.mark.parametrize(("piece_s", "own"), [((1.0, 1.5), True), ((1.2, 1.5), True), ((1.1, 1.35), False)])
def test_a_tone_on_the_refusals_own_beat_is_one_of_its_bursts(piece_s: tuple[float, float], own: bool) -> None:
    leg = refused(at(TONE, *piece_s), at(BUSY, 2, 8.5))
    assert (leg.rings, leg.most_rings) == (0, 0 if own else 1)


def test_a_refusal_whose_first_burst_is_not_as_the_others_may_hold_a_ring() -> None:
    assert refused(at(BUSY, 2, 9, uneven=True)).most_rings == 1
    assert refused(at(BUSY, 2, 9)).most_rings == 0


@pytest.mark.parametrize(("late_s", "most"), [(-0.5, 2), (0.0, 2), (0.04, 3), (0.1, 3)])
def test_a_refusal_that_begins_when_a_ring_was_due_may_have_cut_it(late_s: float, most: int) -> None:
    rings = at(RINGBACK, 1, 2), at(RINGBACK, 4, 5)
    leg = refused(*rings, at(BUSY, 7 + late_s, 11.5))
    assert (leg.outcome, leg.rings, leg.most_rings) == (BUSY, 2, most)
