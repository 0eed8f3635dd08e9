"""Plans found by ear, and learnt."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, VOICES, music, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.learn import learn_plan, plan_toml
from dsp.listen import listen
from dsp.ringing.heard_tones import heard_tones
from dsp.ringing.plan_choice import find_plan
from dsp.tone_plan import TonePlanError, load_plan, parse_tone


def call(tone, seconds: float = 14.0, level_dbfs: float = -20) -> np.ndarray:
    ringing = syn.cadence(tone, seconds, sr=SR, level_dbfs=level_dbfs)
    return with_noise(np.concatenate([quiet(1), ringing, quiet(0.6), voice("wei-nin-hao"), quiet(1)]))


@pytest.mark.parametrize("name", ["tw", "us", "uk", "de", "cn", "fr", "au", "jp", "in", "at", "ph", "es"])
def test_a_country_is_known_by_its_ringing(name):
    plan, found = load_plan(name), find_plan(call(load_plan(name).ringback, 16), sr=SR)
    assert found is not None
    assert np.array(found.cadence) == pytest.approx(np.array(plan.cadence))
    assert found.ringback.frequencies_hz == pytest.approx(plan.ringback.frequencies_hz, rel=0.025)


def test_auto_counts_the_rings():
    heard = listen(call(load_plan("uk").ringback, 10.2), sr=SR, plan=None)
    assert heard.plan.cadence == load_plan("uk").cadence
    assert heard.legs[0].rings == 4


@pytest.mark.parametrize("dialled_s", [1.4, 2.3])
def test_a_dial_tone_of_the_same_tone_is_no_ring_of_it(dialled_s):
    plan = load_plan("de")
    dialled = syn.cadence(parse_tone(f"425/{dialled_s * 1000:.0f},0/3000"), dialled_s + 3, sr=SR, level_dbfs=-20)
    ringing = syn.cadence(plan.ringback, 9.5, sr=SR, level_dbfs=-20)
    wave = with_noise(np.concatenate([quiet(0.5), dialled, ringing, voice("wei-nin-hao"), quiet(1)]))
    heard = listen(wave, sr=SR, plan=None)
    assert heard.plan.ringback.frequencies_hz == plan.ringback.frequencies_hz
    assert [(leg.outcome, leg.rings) for leg in heard.legs if leg.ring_onset is not None] == [("answered", 2)]


def test_where_nothing_rings_no_plan_is_found():
    assert find_plan(with_noise(np.concatenate([voice(name) for name in VOICES])), sr=SR) is None
    assert find_plan(with_noise(music(12)), sr=SR) is None
    assert find_plan(np.zeros(0, np.int16), sr=SR) is None


@pytest.mark.parametrize("text", ["400/1500,0/2500", "350+450/800,0/300,350+450/800,0/2600", "425*20/1000,0/3000"])
def test_an_exchange_of_its_own_is_learnt(text, tmp_path):
    plan = learn_plan(call(parse_tone(text), 18), sr=SR, name="our-pbx")
    assert np.array(plan.cadence) == pytest.approx(np.array(parse_tone(text).cadence))
    assert plan.ringback.frequencies_hz == parse_tone(text).frequencies_hz
    file = tmp_path / "our-pbx.toml"
    file.write_text(plan_toml(plan), encoding="utf-8")
    (leg,) = listen(call(parse_tone(text), 9.5), sr=SR, plan=load_plan(str(file))).legs
    assert leg.rings == int(9.5 // plan.period_s) + 1


def test_sixteen_kilohertz_is_learnt_as_well():
    wide = np.repeat(call(load_plan("tw").ringback), 2)
    assert heard_tones(wide, sr=16000)[0].period_s == pytest.approx(3.0, abs=0.02)


def test_nothing_to_learn_says_so():
    with pytest.raises(TonePlanError, match="three rings"):
        learn_plan(with_noise(voice("switchboard")), sr=SR, name="our-pbx")
