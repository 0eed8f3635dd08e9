"""Keys as tones: what our own ear reads is what was sent, at the levels and lengths of the standards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.bursts.dtmf import HIGH_DBFS, LOW_DBFS, OFF_S, ON_S, dtmf
from dsp.listen import listen
from dsp.segment import DTMF
from dsp.synthesis import g711, to_int16
from dsp.tone_plan import load_plan
from dsp.tone_sets import dtmf_sets

PLAN = load_plan("tw")
PAIRS = dict(dtmf_sets())


def read(wave: np.ndarray, sr: int) -> str:
    pad = np.zeros(sr // 2, np.float32)
    heard = listen(to_int16(np.concatenate([pad, wave, pad])), sr=sr, plan=PLAN).segments
    return "".join(one.digit or "" for one in heard if one.sound == DTMF)


@pytest.mark.parametrize("sr", [8000, 16000])
@given(keys=st.text("0123456789*#ABCD", min_size=1, max_size=6))
def test_our_own_ear_reads_what_was_sent_through_the_codec(sr: int, keys: str) -> None:
    wave = dtmf(keys, sr=sr)
    assert len(wave) == len(keys) * (round(ON_S * sr) + round(OFF_S * sr))
    assert read(wave, sr) == keys
    assert read(g711(wave), sr) == keys


@pytest.mark.parametrize("key", sorted(PAIRS))
def test_each_tone_has_its_own_level_the_higher_a_little_louder(key: str) -> None:
    sr = 8000
    wave = dtmf(key, sr=sr)[: round(ON_S * sr)].astype(np.float64)
    t = np.arange(len(wave)) / sr
    levels = [
        20 * np.log10(np.abs(wave @ np.exp(-2j * np.pi * f * t)) * np.sqrt(2) / len(wave))
        for f in PAIRS[key].frequencies_hz
    ]
    assert levels[0] == pytest.approx(LOW_DBFS, abs=0.6)
    assert levels[1] == pytest.approx(HIGH_DBFS, abs=0.6)
    assert np.abs(wave).max() < 0.6  # no clipping, whatever the codec


def test_what_is_no_key_is_refused() -> None:
    assert len(dtmf("", sr=8000)) == 0
    with pytest.raises(ValueError, match="x"):
        dtmf("1x", sr=8000)
