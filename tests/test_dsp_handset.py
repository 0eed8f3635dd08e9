"""The step in the noise of a line where a handset is lifted narrows the pick-up where it is plain, nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice

from dsp import synthesis as syn
from dsp.answering.legs import Leg
from dsp.listen import listen
from dsp.tone_plan import load_plan
from dsp.truth import made_sounds as made

TW = load_plan("tw")
RANG_S, WAITED_S = 7.2, 1.6
"""The pick-up, counted from the first ring, and the first word, counted from the pick-up."""
LIFTED_S = 1 + RANG_S


def call(
    *,
    before_dbfs: float,
    after_dbfs: float,
    at_s: float = LIFTED_S,
    street: bool = False,
    name: str = "hello",
    rang_s: float = RANG_S,
):
    """(the call, where its noise steps): three rings, a pick-up in the gap, silence, a voice with pauses."""
    ringing = syn.cadence(TW.ringback, rang_s, sr=SR, level_dbfs=-20)
    said = np.concatenate([syn.at_level(voice(name), -18), quiet(0.6), syn.at_level(voice("wei"), -18)])
    wave = np.concatenate([quiet(1), ringing, quiet(RANG_S + WAITED_S - rang_s), said, quiet(0.5)])
    make = made.coloured_noise if street else syn.white_noise
    noise = make(len(wave), rng=np.random.default_rng(1), level_dbfs=before_dbfs)
    noise[round(at_s * SR) :] *= 10 ** ((after_dbfs - before_dbfs) / 20)
    return wave + noise


def heard(wave: np.ndarray, **more) -> Leg:
    (leg,) = listen(syn.to_int16(wave), sr=SR, plan=TW, **more).legs
    return leg


def width_s(leg: Leg) -> float:
    return (leg.pick_up.latest - leg.pick_up.earliest) / SR


@pytest.mark.parametrize("coder", ["", "GSM610", "G721_32"])
@pytest.mark.parametrize("step_db", [8.0, 14.0, -8.0])
def test_a_step_in_the_noise_tells_the_pick_up(step_db: float, coder: str) -> None:
    wave = call(before_dbfs=-52, after_dbfs=-52 + step_db)
    leg = heard(syn.adpcm(wave, subtype=coder) if coder else wave)
    assert round(LIFTED_S * SR) in leg.pick_up
    assert round(RANG_S * SR) in leg.answer_latency
    assert width_s(leg) < 0.25


def test_a_pick_up_before_the_gap_of_the_switching_over_is_held() -> None:
    wave = call(before_dbfs=-90, after_dbfs=-42, at_s=LIFTED_S + 0.1)
    wave += syn.white_noise(len(wave), rng=np.random.default_rng(3), level_dbfs=-60)
    assert round(LIFTED_S * SR) in heard(wave).pick_up


@pytest.mark.parametrize("late_s", [0.1, 0.2, 0.3, 0.33])
def test_a_telephone_that_is_heard_a_while_behind_the_pick_up_is_held_too(late_s: float) -> None:
    leg = heard(call(before_dbfs=-55, after_dbfs=-40, at_s=LIFTED_S + late_s))
    assert round(LIFTED_S * SR) in leg.pick_up


@pytest.mark.parametrize("late_s", [0.1, 0.25, 0.4])
def test_where_a_ring_was_cut_the_cut_tells(late_s: float) -> None:
    leg = heard(call(before_dbfs=-55, after_dbfs=-40, at_s=1 + 6.4 + late_s, rang_s=6.4))
    assert round((1 + 6.4) * SR) in leg.pick_up


@pytest.mark.parametrize("at_s", [LIFTED_S, 9.0])
def test_a_street_that_swells_tells_nothing_wrong(at_s: float) -> None:
    assert round(LIFTED_S * SR) in heard(call(before_dbfs=-52, after_dbfs=-48, at_s=at_s, street=True)).pick_up


def test_noise_after_silence_tells_the_latest_moment_alone() -> None:
    wave = call(before_dbfs=-52, after_dbfs=-52)
    wave[: round(LIFTED_S * SR)][np.abs(wave[: round(LIFTED_S * SR)]) < 0.02] = 0
    leg = heard(wave)
    assert round(LIFTED_S * SR) in leg.pick_up
    assert leg.pick_up.earliest < 8.1 * SR
    assert leg.pick_up.latest < (LIFTED_S + 0.1) * SR


@pytest.mark.parametrize("step_db", [0.0, 3.0, -4.0])
def test_a_gain_control_tells_nothing(step_db: float) -> None:
    flat, stepped = (heard(call(before_dbfs=-52, after_dbfs=-52 + db, at_s=9)) for db in (0, step_db))
    assert stepped.pick_up == flat.pick_up
    assert width_s(flat) > 1.5


def test_a_breath_before_the_first_word_tells_nothing() -> None:
    wave = call(before_dbfs=-52, after_dbfs=-52)
    breath = syn.white_noise(round(0.4 * SR), rng=np.random.default_rng(2), level_dbfs=-42)
    first = round((LIFTED_S + WAITED_S - 0.42) * SR)
    wave[first : first + len(breath)] += breath
    assert width_s(heard(wave)) > 1


def test_what_comes_and_goes_between_the_rings_too_tells_nothing() -> None:
    wave = call(before_dbfs=-52, after_dbfs=-42)
    for ring in (1, 2):
        at = round((1 + 3 * ring - 1) * SR)
        wave[at : at + SR // 2] += syn.white_noise(SR // 2, rng=np.random.default_rng(ring), level_dbfs=-42)
    assert width_s(heard(wave)) > 1


def test_no_step_comes_before_signalling_says_that_nobody_had_picked_up() -> None:
    wave = call(before_dbfs=-52, after_dbfs=-42, at_s=8.4)
    leg = heard(wave, early_until=round(9 * SR))
    assert leg.pick_up is None or leg.pick_up.latest >= 9 * SR
