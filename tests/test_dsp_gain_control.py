"""Rings behind an automatic gain control, which recovers in every gap and turns each ring down again."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, music, quiet, voice
from scipy.signal import lfilter

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, NO_ANSWER, Leg
from dsp.bursts.evenness import is_even
from dsp.listen import listen
from dsp.segment import CONGESTION, RINGBACK
from dsp.tone_plan import load_plan

_AIM_DB, _NOISE_DB = -20.0, -60.0


def controlled(wave: np.ndarray, *, settles_s: float, most_db: float) -> np.ndarray:
    """A line that makes everything as loud, and quiet louder by `most_db` at most."""
    loudness = np.sqrt(_smoothed(wave.astype(np.float64) ** 2, 0.05) + 1e-10)
    gain = np.minimum(10 ** (_AIM_DB / 20) / loudness, 10 ** (most_db / 20))
    return np.tanh(wave * _smoothed(gain, settles_s)).astype(np.float32)


def _smoothed(values: np.ndarray, seconds: float) -> np.ndarray:
    keeps = np.exp(-1 / (seconds * SR))
    return lfilter([1 - keeps], [1, -keeps], values)


def hear(*pieces: np.ndarray, plan: str = "tw", settles_s: float = 0.3, most_db: float = 12.0) -> tuple[Leg, ...]:
    return listen(line(*pieces, settles_s=settles_s, most_db=most_db), sr=SR, plan=load_plan(plan)).legs


def line(*pieces: np.ndarray, settles_s: float, most_db: float) -> np.ndarray:
    wave = np.concatenate([quiet(2), *pieces])
    noise = syn.white_noise(len(wave), rng=np.random.default_rng(1), level_dbfs=_NOISE_DB)
    return syn.to_int16(0.5 * controlled(wave + noise, settles_s=settles_s, most_db=most_db))


def ringing(seconds: float, plan: str = "tw", level_dbfs: float = -16.0) -> np.ndarray:
    return syn.cadence(load_plan(plan).ringback, seconds, sr=SR, level_dbfs=level_dbfs)


@pytest.mark.parametrize("plan", ["tw", "us", "de", "uk", "fr", "jp"])
@pytest.mark.parametrize(("settles_s", "most_db"), [(0.05, 18.0), (0.2, 12.0), (0.4, 18.0), (0.6, 15.0)])
def test_every_ring_is_heard_where_it_begins(plan: str, settles_s: float, most_db: float) -> None:
    period = load_plan(plan).period_s
    rang_s = 2.8 * period
    pieces = ringing(rang_s, plan), quiet(1), voice("personnel")
    (leg,) = hear(*pieces, plan=plan, settles_s=settles_s, most_db=most_db)
    assert (leg.outcome, leg.rings, leg.more_rings) == (ANSWERED, 3, 0)
    assert leg.ring_onset is not None
    assert leg.ring_onset.earliest <= 2 * SR <= leg.ring_onset.latest
    assert leg.pick_up is not None
    assert leg.pick_up.earliest <= (2 + rang_s) * SR <= leg.pick_up.latest


def test_a_refusal_behind_them_does_not_hide_them() -> None:
    refusal = syn.cadence(load_plan("tw").congestion, 5, sr=SR, level_dbfs=-16)
    (leg,) = hear(ringing(6), refusal, settles_s=0.4, most_db=18.0)
    assert (leg.outcome, leg.rings, leg.more_rings) == (CONGESTION, 2, 0)


def test_a_call_that_ends_in_the_gap_has_rung_as_often_as_it_did() -> None:
    (leg,) = hear(ringing(7.5), settles_s=0.4, most_db=18.0)
    assert (leg.outcome, leg.rings, leg.more_rings) == (NO_ANSWER, 3, 0)


def test_what_dies_away_is_no_ring() -> None:
    t = np.arange(3 * SR) / SR
    plucked = sum(np.sin(2 * np.pi * f * t) for f in (440, 480)) * np.exp(-3 * t) * 0.2
    call = [quiet(1), *[plucked.astype(np.float32)] * 3, quiet(1)]
    samples = syn.to_int16(np.concatenate(call))
    heard = listen(samples, sr=SR, plan=load_plan("tw"))
    assert not any(s.sound == RINGBACK for s in heard.segments)


@pytest.mark.parametrize("seed", range(4))
def test_music_behind_it_does_not_ring(seed: int) -> None:
    assert sum(leg.rings for leg in hear(music(20, seed=seed), settles_s=0.4, most_db=18.0)) == 0


def test_a_tone_as_loud_all_along_is_even_and_one_that_falls_is_not() -> None:
    assert is_even([1.0, 0.9, 1.1], 1.0)
    assert is_even([0.4, 0.35, 0.1], 1.0)
    assert is_even([], 1.0)
    assert not is_even([1.0, 0.5, 0.1], 0.5)
