"""Rings and refusals that a line drove so hard that their two tones are not alone any more are told by the comb."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.listen import listen
from dsp.listening import Listening
from dsp.second_look.bent_tones import with_bent_tones
from dsp.second_look.driven_comb import is_comb
from dsp.segment import BUSY, MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import TonePlan, load_plan
from dsp.truth.truth_line import coded

TW = load_plan("tw")
BENDS_DB = 6.0


def driven(wave: np.ndarray, *, by_db: float = BENDS_DB, codec: str = "g726", noise_dbfs: float = -45) -> np.ndarray:
    """A call on a line that is driven into its limits, and coded so."""
    noise = syn.white_noise(len(wave), rng=np.random.default_rng(4), level_dbfs=noise_dbfs)
    loud = np.clip(wave * 10 ** (by_db / 20) + noise, -1, 1).astype(np.float32)
    return syn.to_int16(coded(loud, codec))


def rung(plan: TonePlan, seconds: float, *, stretch: float = 1.0, detune: float = 1.0) -> np.ndarray:
    told = {"sr": SR, "level_dbfs": -10.0, "stretch": stretch, "detune": detune}
    return syn.cadence(plan.ringback, seconds, **told)


def heard(wave: np.ndarray, plan: TonePlan = TW) -> Listening:
    return listen(driven(wave), sr=SR, plan=plan)


@pytest.mark.parametrize("plan", ["tw", "us", "ph"])
@pytest.mark.parametrize(("stretch", "detune"), [(1.0, 1.0), (1.04, 1.01), (0.95, 0.99)])
def test_rings_of_which_not_one_is_told_by_its_tones_count(plan: str, stretch: float, detune: float) -> None:
    tones = load_plan(plan)
    begins, picked = 1.5, 1.5 + (2 * tones.period_s + tones.cadence[0][0] / 2) * stretch
    wave = np.concatenate([quiet(begins), rung(tones, picked - begins, stretch=stretch, detune=detune), quiet(2)])
    (leg,) = heard(wave, tones).legs
    assert (leg.rings, leg.most_rings) == (3, 3)
    assert leg.ring_onset is not None
    assert round(begins * SR) in leg.ring_onset


def test_one_that_is_cut_into_noise_nearly_as_loud_is_cut_there() -> None:
    wave = np.concatenate([quiet(1), rung(TW, 6.47)])
    babble = syn.white_noise(3 * SR, rng=np.random.default_rng(6), level_dbfs=-26)
    babble[SR : 3 * SR] += np.resize(syn.at_level(voice("wei-nin-hao"), -12), 2 * SR)
    (leg,) = heard(np.concatenate([wave, babble.astype(np.float32)])).legs
    assert (leg.rings, leg.most_rings) == (3, 3)
    assert leg.pick_up is not None
    assert round(7.47 * SR) in leg.pick_up


def test_a_refusal_bent_so_is_heard() -> None:
    assert TW.busy is not None
    busy = syn.cadence(TW.busy, 4.0, sr=SR, level_dbfs=-10.0)
    sounds = [s for s in heard(np.concatenate([quiet(1), busy, quiet(1)])).segments if s.sound == BUSY]
    assert sounds
    assert abs(sounds[0].start - SR) < 0.03 * SR
    assert heard(np.concatenate([quiet(1), busy, quiet(1)])).legs[0].outcome == "busy"


def test_what_passed_for_music_from_within_a_ring_on_begins_behind_it() -> None:
    samples = driven(np.concatenate([quiet(1), rung(TW, 0.8), quiet(2)]))
    music, word = Segment(MUSIC, round(1.6 * SR), 3 * SR), Segment(SPEECH, round(1.3 * SR), round(1.7 * SR))
    ring, rest = with_bent_tones([music, word], samples, sr=SR, plan=TW)
    assert (ring.sound, rest.sound) == (RINGBACK, MUSIC)
    assert rest.start == ring.end == pytest.approx(1.8 * SR, abs=0.015 * SR)


def test_lost_packets_part_no_ring() -> None:
    samples = driven(np.concatenate([quiet(1), rung(TW, 1.0), quiet(2)]))
    samples[round(1.4 * SR) : round(1.44 * SR)] = 0
    (ring,) = with_bent_tones([], samples, sr=SR, plan=TW)
    assert (ring.start, ring.end) == (pytest.approx(SR, abs=80), pytest.approx(2 * SR, abs=80))


def test_what_is_told_already_or_not_driven_or_too_long_stays() -> None:
    samples = driven(np.concatenate([quiet(1), rung(TW, 1.0), quiet(1)]))
    told = (Segment(RINGBACK, SR, 2 * SR),)
    assert with_bent_tones(told, samples, sr=SR, plan=TW) == told
    assert with_bent_tones([], with_noise(np.concatenate([quiet(1), rung(TW, 1.0), quiet(1)])), sr=SR, plan=TW) == ()
    dial = np.tile(rung(TW, 0.5), 6)
    assert with_bent_tones([], driven(np.concatenate([quiet(1), dial, quiet(1)])), sr=SR, plan=TW) == ()
    assert with_bent_tones([], np.zeros(0, np.int16), sr=SR, plan=TW) == ()


@pytest.mark.parametrize("pitch_hz", [110, 147, 220, 440, 460, 480])
@pytest.mark.parametrize("by_db", [6, 20])
def test_no_voice_s_harmonics_driven_so_are_the_comb(pitch_hz: int, by_db: float) -> None:
    times = np.arange(SR // 2) / SR
    wave = sum(np.sin(2 * np.pi * pitch_hz * k * times) / k for k in range(1, 3400 // pitch_hz))
    wave = (wave / np.abs(wave).max() * 10 ** (by_db / 20)).clip(-1, 1).astype(np.float32)
    assert not is_comb(wave, TW.ringback, sr=SR)
    assert TW.busy is not None
    assert not is_comb(wave, TW.busy, sr=SR)


def test_what_lost_packets_left_of_a_driven_ring_is_of_it() -> None:
    samples = driven(np.concatenate([quiet(1), rung(TW, 0.8), quiet(2)]))
    lost = [(round(a * SR), round(b * SR)) for a, b in ((1.58, 1.60), (1.74, 1.76))]
    for start, end in lost:
        samples[start:end] = samples[start:end] // 16
    rings = [s for s in with_bent_tones([], samples, sr=SR, plan=TW) if s.sound == RINGBACK]
    assert rings[0].start == pytest.approx(SR, abs=40)
    assert rings[-1].end == pytest.approx(1.8 * SR, abs=160)


def test_a_brief_piece_is_a_ring_where_one_was_due_and_no_voice_is_heard() -> None:
    samples = driven(np.concatenate([quiet(1), rung(TW, 3.25), quiet(2)]))
    word = Segment(SPEECH, round(3.5 * SR), 5 * SR)
    starts = [
        [s.start for s in with_bent_tones(one, samples, sr=SR, plan=TW) if s.sound == RINGBACK] for one in ([], [word])
    ]
    assert starts == [[pytest.approx(SR, abs=40), pytest.approx(4 * SR, abs=40)], [pytest.approx(SR, abs=40)]]
    alone = driven(np.concatenate([quiet(1), rung(TW, 0.25), quiet(2)]))
    assert with_bent_tones([], alone, sr=SR, plan=TW) == ()
