"""The special information tone, off by what networks allow, torn, and where the plan names none."""

from __future__ import annotations

import numpy as np
import pytest

from dsp import synthesis as syn
from dsp.answering.leg import NONE
from dsp.listen import listen
from dsp.listening import Listening
from dsp.segment import BUSY, CONGESTION, DTMF, SIT, TONE
from dsp.tone_plan import load_plan, parse_tone
from dsp.tone_sets import dtmf_sets

SR = 8000
TW = load_plan("tw")


def quiet(seconds: float) -> np.ndarray:
    return syn.silence(seconds, sr=SR)


def notes(*played: tuple[float, float], off: float = 1.0) -> np.ndarray:
    """(hertz, seconds) of tones, each right behind the other."""
    tones = [parse_tone(f"{hz * off:.2f}/{round(seconds * 1000)}") for hz, seconds in played]
    return np.concatenate([syn.cadence(t, t.cadence[0][0], sr=SR, level_dbfs=-20) for t in tones])


SPECIAL = ((950, 0.33), (1400, 0.33), (1800, 0.33))


def hear(wave: np.ndarray, *, plan: str = "tw", noise_dbfs: float = -50, seed: int = 1) -> Listening:
    rings = syn.cadence(load_plan(plan).ringback, 2 * load_plan(plan).period_s, sr=SR, level_dbfs=-20)
    call = np.concatenate([quiet(0.5), rings[: -round(1.2 * SR)], wave, quiet(2)])
    call = call + syn.white_noise(len(call), rng=np.random.default_rng(seed), level_dbfs=noise_dbfs)
    return listen(syn.to_int16(call), sr=SR, plan=load_plan(plan))


@pytest.mark.parametrize("noise_dbfs", [-75, -60, -45])
@pytest.mark.parametrize("off", [0.98, 0.985, 0.99, 1.0, 1.01, 1.02])
def test_the_tone_is_heard_however_far_off_networks_send_it(off, noise_dbfs):
    heard = hear(notes(*SPECIAL, off=off), noise_dbfs=noise_dbfs)
    assert SIT in [s.sound for s in heard.segments]
    assert [(leg.outcome, leg.rings, leg.provisional) for leg in heard.legs] == [(CONGESTION, 2, False)]


@pytest.mark.parametrize("plan", ["au", "cn", "nz", "es"])
def test_a_plan_without_one_has_that_of_all_networks(plan):
    assert load_plan(plan).sit is None
    assert [leg.outcome for leg in hear(notes(*SPECIAL), plan=plan).legs] == [CONGESTION]


def test_packets_lost_of_it_part_none_of_its_tones():
    wave = notes(*SPECIAL)
    wave[round(0.53 * SR) : round(0.69 * SR)] = 0  # the second tone's end and a moment of the third
    assert [leg.outcome for leg in hear(wave).legs] == [CONGESTION]


@pytest.mark.parametrize("lost", [0, 2])
def test_two_whole_ones_tell_it_where_the_third_was_lost(lost):
    wave = notes(*SPECIAL)
    wave[round(lost * 0.33 * SR) : round((lost + 1) * 0.33 * SR)] = 0
    assert [leg.outcome for leg in hear(wave).legs] == [CONGESTION]


@pytest.mark.parametrize(
    "played",
    [
        ((950, 0.33), (1400, 0.2)),
        ((950, 0.25), (1400, 0.25)),
        ((1400, 0.33), (1800, 0.24)),
        ((950, 0.33), (1800, 0.33)),
        ((1400, 0.33), (950, 0.33)),
    ],
)
def test_two_notes_of_another_length_or_order_are_none(played):
    heard = hear(np.concatenate([notes(*played), quiet(2.0)]))
    assert SIT not in [s.sound for s in heard.segments]
    assert CONGESTION not in [leg.outcome for leg in heard.legs]


def test_what_was_none_of_it_is_a_tone_all_the_same():
    heard = hear(np.concatenate([notes((950, 0.33), (1400, 0.2)), quiet(2.0)]))
    assert [s.sound for s in heard.segments if s.sound not in ("ringback",)] == [TONE, TONE]
    assert all(leg.provisional or leg.outcome == NONE for leg in heard.legs)


@pytest.mark.parametrize(("key", "pair"), dtmf_sets())
@pytest.mark.parametrize("twist_db", [-8, 0, 8])
def test_a_digit_s_two_tones_are_heard_however_networks_twist_them(key, pair, twist_db):
    t = np.arange(round(0.1 * SR)) / SR
    low, high = (np.sin(2 * np.pi * hz * t) for hz in pair.frequencies_hz)
    wave = 0.05 * (low * 10 ** (twist_db / 40) + high * 10 ** (-twist_db / 40))
    heard = hear(wave)
    assert [s.digit for s in heard.segments if s.sound == DTMF] == [key]
    assert BUSY not in [s.sound for s in heard.segments]
