"""Tones of keys in a sound: none that a receiver would take is missed, and speech is hardly ever one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.bursts.dtmf import dtmf
from dsp.bursts.keys_heard import keys_heard
from dsp.synthesis import at_level
from dsp.tone_sets import DTMF_HIGH_HZ, DTMF_KEYS, DTMF_LOW_HZ
from dsp.truth import made_sounds as made
from harness.bench.voices import shipped_voices

SR = 8000
PLACES = [(row, column) for row in range(4) for column in range(4)]


@given(
    place=st.sampled_from(PLACES),
    on_s=st.floats(0.04, 0.4),
    off=st.tuples(st.floats(-0.018, 0.018), st.floats(-0.018, 0.018)),
    twist_db=st.floats(-8, 8),
    level_dbfs=st.floats(-30, -6),
    under_db=st.floats(12, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_key_that_receivers_take_is_heard_once(place, on_s, off, twist_db, level_dbfs, under_db, seed):
    t = np.arange(round(on_s * SR)) / SR
    low, high = DTMF_LOW_HZ[place[0]] * (1 + off[0]), DTMF_HIGH_HZ[place[1]] * (1 + off[1])
    pair = np.sin(2 * np.pi * low * t) + 10 ** (twist_db / 20) * np.sin(2 * np.pi * high * t)
    sound = made.coloured_noise(2 * SR, rng=np.random.default_rng(seed), level_dbfs=level_dbfs - under_db)
    sound[SR : SR + len(t)] += at_level(pair.astype(np.float32), level_dbfs)
    found = keys_heard(sound, sr=SR)
    assert [key for key, _ in found] == [DTMF_KEYS[place[0]][place[1]]]
    assert found[0][1] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("sr", [8000, 16000, 44100, 48000])
def test_every_key_is_heard_in_order_at_any_rate_and_kind_of_sample(sr):
    keys = "0123456789*#ABCD"
    sound = dtmf(keys, sr=sr)
    for samples in (sound, np.round(sound * 32767).astype(np.int16)):
        assert "".join(key for key, _ in keys_heard(samples, sr=sr)) == keys


def test_recorded_sentences_and_single_tones_hold_no_keys():
    assert [keys_heard(voice, sr=SR) for voice in shipped_voices()] == [()] * len(shipped_voices())
    t = np.arange(SR) / SR
    for hz in (*DTMF_LOW_HZ, *DTMF_HIGH_HZ, 440.0):
        assert keys_heard((0.3 * np.sin(2 * np.pi * hz * t)).astype(np.float32), sr=SR) == ()


@pytest.mark.parametrize("n", [0, 1, 199, 200])
def test_what_is_too_short_or_silent_holds_none(n):
    assert keys_heard(np.zeros(n, np.int16), sr=SR) == ()
