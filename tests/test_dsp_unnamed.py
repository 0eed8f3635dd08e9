"""What sounded behind a ringing and has no name: somebody's word, perhaps, and no proof that nobody answered."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE, Leg
from dsp.bursts.dtmf import dtmf
from dsp.listen import listen
from dsp.second_look.unnamed import unnamed_sounds
from dsp.segment import DTMF, RINGBACK
from dsp.tone_plan import load_plan, parse_tone


def noise(seconds: float, level_dbfs: float) -> np.ndarray:
    return syn.white_noise(round(seconds * SR), rng=np.random.default_rng(2), level_dbfs=level_dbfs)


def ring(seconds: float) -> np.ndarray:
    return syn.cadence(load_plan("tw").ringback, seconds, sr=SR, level_dbfs=-20)


def hear(*pieces: np.ndarray) -> tuple[Leg, ...]:
    wave = np.concatenate(pieces)
    line = noise(len(wave) / SR, -55)
    return listen(syn.to_int16(wave + line), sr=SR, plan=load_plan("tw")).legs


@pytest.mark.parametrize("level_dbfs", [-12, -25, -40])
@pytest.mark.parametrize("lasts_s", [0.2, 0.35])
def test_a_word_nobody_could_know_for_one_is_an_answer_for_a_person_to_judge(level_dbfs, lasts_s):
    (leg,) = hear(quiet(1), ring(7.5), quiet(1.2), noise(lasts_s, level_dbfs), quiet(4))
    assert (leg.outcome, leg.rings, leg.provisional, leg.voice_onset) == (ANSWERED, 3, True, None)
    assert round(8.5 * SR) in leg.pick_up


def test_a_click_behind_the_ringing_is_none():
    (leg,) = hear(quiet(1), ring(7.5), quiet(1.2), noise(0.004, -12), quiet(4))
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, True)


def test_noise_while_it_rings_on_is_none():
    (leg,) = hear(quiet(1), ring(8.2), noise(0.3, -12), quiet(0.2))
    assert leg.outcome == NO_ANSWER


def test_a_ring_too_distorted_to_be_named_is_none():
    samples = np.concatenate([quiet(1), ring(7.5), quiet(1.2), syn.cadence(TONE, 0.3, sr=SR, level_dbfs=-20), quiet(3)])
    wave = syn.to_int16(samples)
    named = [s for s in listen(wave[: 8 * SR], sr=SR, plan=load_plan("tw")).segments if s.sound == RINGBACK]
    assert unnamed_sounds(named, wave, sr=SR, plan=load_plan("tw")).others == ()


TONE = parse_tone("440+480/300,0/1000")


def test_a_call_with_nothing_but_a_sound_is_no_call_without_sound():
    (leg,) = hear(quiet(1), noise(0.3, -20), quiet(3))
    assert (leg.outcome, leg.rings, leg.provisional) == (NONE, 0, True)
    assert hear(quiet(4)) == ()


@pytest.mark.parametrize("lasts_s", [2, 12])
def test_a_sound_that_fills_the_call_is_known_by_its_quietest_moment(lasts_s):
    (leg,) = hear(quiet(0.4), noise(lasts_s, -33), quiet(0.4))
    assert (leg.outcome, leg.rings, leg.provisional) == (NONE, 0, True)


@pytest.mark.parametrize("falls_silent_s", [0.5, 2])
def test_a_steady_sound_on_a_line_without_noise_is_a_sound_where_silence_follows(falls_silent_s):
    silent = np.zeros(round(falls_silent_s * SR), np.float32)
    wave = syn.to_int16(np.concatenate([quiet(1), noise(9, -20), silent]))
    (leg,) = listen(wave, sr=SR, plan=load_plan("tw")).legs
    assert (leg.outcome, leg.rings, leg.provisional) == (NONE, 0, True)
    lost = wave.copy()
    lost[5 * SR : 5 * SR + SR // 5] = 0  # ten packets
    assert listen(lost[: 10 * SR], sr=SR, plan=load_plan("tw")).legs == ()


def test_a_call_with_nothing_but_notes_that_pass_for_digits_is_left_to_a_person():
    notes = [quiet(2), dtmf("2", sr=SR), quiet(1), dtmf("66*", sr=SR), quiet(1.5), dtmf("4", sr=SR), dtmf("8", sr=SR)]
    (leg,) = hear(*notes, quiet(3))
    assert (leg.outcome, leg.rings, leg.provisional) == (NONE, 0, True)
    assert [one.sound for one in leg.evidence] == [DTMF] * 6


def test_a_sound_as_long_as_a_word_behind_the_last_ring_is_left_to_a_person():
    (leg,) = hear(quiet(1), ring(7.5), quiet(1.2), noise(0.6, -12), quiet(0.3))
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, True)
    (leg,) = hear(quiet(1), ring(7.5), quiet(1.7))
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, False)


@pytest.mark.parametrize(("lasts_s", "person"), [(0.04, False), (0.25, True), (0.6, True)])
def test_a_short_word_behind_the_last_ring_is_left_to_a_person_too(lasts_s, person):
    (leg,) = hear(quiet(1), ring(7.5), quiet(1.2), noise(lasts_s, -12), quiet(0.3))
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, person)


@pytest.mark.parametrize("pitch_hz", [450, 225])
def test_a_word_of_ringbacks_own_pitch_behind_the_last_ring_is_left_to_a_person(pitch_hz):
    """It glides, as no exchange's tone does, and the network may not know it for a voice."""
    t = np.arange(round(0.5 * SR)) / SR
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.06 * np.sin(2 * np.pi * 5 * t))) / SR
    word = sum(np.sin(n * phase) / n for n in (1, 2)) * np.hanning(len(t)) * 0.1
    wave = [quiet(1), ring(7), quiet(0.7), word.astype(np.float32), quiet(0.4)]
    (leg,) = hear(*wave)
    assert leg.provisional or leg.outcome == ANSWERED
