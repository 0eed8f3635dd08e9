"""Whole recordings, and the JSON other programs read."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, music, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.listen import listen
from dsp.listening import to_dict
from dsp.segment import MUSIC
from dsp.tone_plan import load_plan

TW = load_plan("tw")


def ringback(seconds: float, plan=TW) -> np.ndarray:
    return syn.cadence(plan.ringback, seconds, sr=SR, level_dbfs=-20)


CALL = with_noise(np.concatenate([quiet(1.6), ringback(7), quiet(0.64), voice("personnel"), quiet(1)]))


def test_the_schema():
    told = to_dict(listen(CALL, sr=SR, plan=TW), file="CALL.wav")
    assert told["schema"] == "thirdring.listening/1"
    assert list(told) == ["schema", "file", "duration_s", "sample_rate_hz", "tone_plan", "segments", "legs"]
    assert told["segments"][0] == {
        "sound": "ringback",
        "start_s": pytest.approx(1.6, abs=0.003),
        "end_s": pytest.approx(2.6, abs=0.003),
    }
    (leg,) = told["legs"]
    assert (leg["ring_onset_s"], leg["rings"], leg["outcome"]) == (1.6, 3, "answered")
    assert leg["pick_up_s"]["earliest"] <= 8.61
    assert leg["pick_up_s"]["latest"] >= 9.2
    assert leg["answer_latency_s"]["earliest"] == pytest.approx(7.0, abs=0.01)
    assert leg["voice_onset_s"] == pytest.approx(9.24, abs=0.04)


def test_a_prompt_then_two_rings_of_the_operator():
    wave = np.concatenate(
        [quiet(0.5), voice("switchboard"), quiet(1), ringback(4.4), quiet(0.5), voice("wei-nin-hao"), quiet(1)]
    )
    assert [(leg.outcome, leg.rings) for leg in listen(with_noise(wave), sr=SR, plan=TW).legs] == [
        ("none", 0),
        ("answered", 2),
    ]


def test_hold_music_is_music_and_nobody_answering():
    wave = np.concatenate([quiet(0.5), ringback(4.4), quiet(0.4), music(8), quiet(0.5)])
    heard = listen(with_noise(wave), sr=SR, plan=TW)
    assert sum(s.length for s in heard.segments if s.sound == MUSIC) > 5 * SR
    assert heard.legs[0].music
    assert heard.legs[0].provisional


def test_music_instead_of_ringback_is_no_ring():
    wave = np.concatenate([quiet(0.5), music(12), voice("personnel"), quiet(1)])
    heard = listen(with_noise(wave), sr=SR, plan=TW)
    assert all(leg.rings == 0 for leg in heard.legs)


@pytest.mark.parametrize("name", ["uk", "au", "jp", "in", "us", "de", "cn", "za"])
def test_other_countries_ring_as_well(name):
    plan = load_plan(name)
    pick_up = 2.3 * plan.period_s
    wave = np.concatenate([quiet(1), ringback(pick_up, plan), quiet(0.5), voice("hello"), quiet(1)])
    (leg,) = listen(with_noise(wave), sr=SR, plan=plan).legs
    assert (leg.outcome, leg.rings) == ("answered", 3)
    assert round((1 + pick_up) * SR) in leg.pick_up


@pytest.mark.parametrize("cut_ms", [12, 20, 35, 60, 100])
def test_a_burst_cut_almost_at_once_is_a_ring(cut_ms):
    wave = np.concatenate([quiet(1), ringback(9 + cut_ms / 1000), quiet(1.3), voice("personnel"), quiet(1)])
    (leg,) = listen(with_noise(wave), sr=SR, plan=TW).legs
    assert leg.rings == 4
    assert round((10 + cut_ms / 1000) * SR) in leg.pick_up


@pytest.mark.parametrize(("noise_db", "codec"), [(-20, ""), (-30, "a"), (-10, "u")])
def test_noise_and_codec_change_no_count(noise_db, codec):
    wave = np.concatenate([quiet(1), ringback(10.4), quiet(0.7), voice("personnel"), quiet(1)])
    noisy = with_noise(wave, -20 + noise_db).astype(np.float32) / 32768
    heard = listen(syn.g711(noisy, law=codec) if codec else noisy, sr=SR, plan=TW)
    assert heard.legs[0].rings == 4
    assert round(11.4 * SR) in heard.legs[0].pick_up


def test_louder_never_has_fewer_rings():
    wave = np.concatenate([quiet(1), ringback(10.4), quiet(1)])
    counts = [listen(with_noise(wave * g, -70), sr=SR, plan=TW).legs[0].rings for g in (0.06, 0.2, 1.0, 3.0)]
    assert counts == [4, 4, 4, 4]


def test_missing_packets_are_told_and_do_not_end_the_ringing():
    missing = ((round(7.5 * SR), round(8.7 * SR)),)
    heard = listen(CALL, sr=SR, plan=TW, missing=missing)
    assert ("missing", *missing[0]) in [(s.sound, s.start, s.end) for s in heard.segments]
    assert round(8.6 * SR) in heard.legs[0].pick_up


def test_an_empty_recording_is_a_result():
    heard = listen(np.zeros(0, np.int16), sr=SR, plan=TW)
    assert (heard.segments, heard.legs) == ((), ())
