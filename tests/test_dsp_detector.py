"""The ear as a whole: any cut of the audio, both rates, tones, voices, missing packets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from dsp_calls import music
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from dsp import synthesis as syn
from dsp.detector import EDGE_ERROR_S, VOICE_ERROR_S, Detector
from dsp.segment import BUSY, CONGESTION, DIAL, DTMF, MISSING, MUSIC, RINGBACK, SIT, SPEECH, TONE, Segment
from dsp.tone_plan import Step, TonePlan, load_plan
from dsp.tone_sets import dtmf_sets

SR = 8000
TW = load_plan("tw")
SOUNDS = Path(__file__).parent / "sounds"


def voice(name: str) -> np.ndarray:
    return soundfile.read(SOUNDS / f"{name}.flac", dtype="float32")[0]


def quiet(seconds: float) -> np.ndarray:
    return syn.silence(seconds, sr=SR)


def tone(which: str, seconds: float, level_dbfs: float = -20) -> np.ndarray:
    return syn.cadence(getattr(TW, which), seconds, sr=SR, level_dbfs=level_dbfs)


def with_noise(wave: np.ndarray, level_dbfs: float = -55, seed: int = 1) -> np.ndarray:
    noise = syn.white_noise(len(wave), rng=np.random.default_rng(seed), level_dbfs=level_dbfs)
    return syn.to_int16(wave + noise)


def hear(samples: np.ndarray, *, sr: int = SR, cuts: tuple[int, ...] = (), plan: TonePlan = TW) -> list[Segment]:
    detector = Detector(sr=sr, plan=plan)
    found = []
    for piece in np.split(samples, sorted(cuts)):
        found += detector.feed(piece)
    return found + detector.flush()


ANSWERED = with_noise(
    np.concatenate([quiet(0.7), tone("ringback", 4.6), quiet(0.4), voice("wei-nin-hao"), quiet(0.8), tone("busy", 3)])
)


@given(cuts=st.lists(st.integers(0, len(ANSWERED)), max_size=12))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_any_cut_of_the_audio_gives_the_same_segments(cuts):
    assert hear(ANSWERED, cuts=tuple(cuts)) == hear(ANSWERED)


@pytest.mark.parametrize("size", [80, 160, 999, 30000])
def test_blocks_of_one_size_give_the_same_segments(size):
    assert hear(ANSWERED, cuts=tuple(range(size, len(ANSWERED), size))) == hear(ANSWERED)


def test_a_call_is_heard_in_order():
    assert [s.sound for s in hear(ANSWERED)] == [RINGBACK, RINGBACK, SPEECH, BUSY]


@pytest.mark.parametrize("level_dbfs", [-45, -30, -6])
def test_edges_of_bursts_are_where_they_are(level_dbfs):
    wave = np.concatenate([quiet(0.5), tone("ringback", 7, level_dbfs), quiet(1)])
    heard = [s for s in hear(with_noise(wave, level_dbfs - 25)) if s.sound == RINGBACK]
    error = EDGE_ERROR_S * SR
    for k, burst in enumerate(heard):
        assert abs(burst.start - (0.5 + 3 * k) * SR) <= error
        assert abs(burst.end - (1.5 + 3 * k) * SR) <= error
    assert len(heard) == 3


@given(shift=st.integers(1, 4000))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_later_by_n_samples_is_heard_later_by_n_samples(shift):
    wave = np.concatenate([quiet(0.5), tone("ringback", 4.5), quiet(1)])
    later = np.concatenate([np.zeros(shift, np.float32), wave])
    before, after = hear(with_noise(wave)), hear(with_noise(later))
    assert [s.sound for s in before] == [s.sound for s in after]
    assert all(abs(b.start - a.start + shift) <= 40 for b, a in zip(before, after, strict=True))


@pytest.mark.parametrize(("which", "sound"), [("busy", BUSY), ("congestion", CONGESTION), ("dial", DIAL)])
def test_the_other_tones_have_their_names(which, sound):
    heard = hear(with_noise(np.concatenate([quiet(0.5), tone(which, 4), quiet(1)])))
    assert [s.sound for s in heard] == [sound]
    assert abs(heard[0].start - 0.5 * SR) < 0.05 * SR


def test_a_special_information_tone_is_one_segment():
    heard = hear(with_noise(np.concatenate([quiet(0.5), tone("sit", 0.99), quiet(1)])))
    assert [s.sound for s in heard] == [SIT]


def test_a_longer_burst_than_the_plans_is_only_a_tone():
    american = syn.cadence(load_plan("tw").ringback, 1, sr=SR, level_dbfs=-20)
    heard = hear(with_noise(np.concatenate([quiet(0.5), american, american, quiet(1)])))
    assert [s.sound for s in heard] == [TONE]


@pytest.mark.parametrize("name", ["wei", "wei-nin-hao", "personnel", "switchboard", "hold-on", "hello"])
def test_a_voice_is_heard_where_it_begins(name):
    wave = np.concatenate([quiet(1), syn.at_level(voice(name), -22), quiet(1)])
    heard = hear(with_noise(wave, -50))
    assert {s.sound for s in heard} == {SPEECH}
    assert abs(heard[0].start - SR) <= VOICE_ERROR_S * SR


def test_ringing_is_no_voice_and_a_voice_is_no_ringing():
    assert {s.sound for s in hear(with_noise(tone("ringback", 12)))} == {RINGBACK}
    spoken = np.concatenate([voice("switchboard"), quiet(0.3), voice("hello"), quiet(0.5)])
    assert {s.sound for s in hear(with_noise(spoken))} == {SPEECH}


def test_noise_and_silence_are_nothing():
    assert hear(np.zeros(5 * SR, np.int16)) == []
    assert hear(with_noise(quiet(10), -30)) == []
    assert hear(np.zeros(0, np.int16)) == []


def test_sixteen_kilohertz_gives_the_same_sounds():
    wide = np.round(resample_poly(ANSWERED.astype(float), 2, 1)).clip(-32768, 32767).astype(np.int16)
    narrow = hear(ANSWERED)
    heard = hear(wide, sr=16000)
    assert [s.sound for s in heard] == [s.sound for s in narrow]
    assert all(abs(w.start / 2 - n.start) <= 0.035 * SR for w, n in zip(heard, narrow, strict=True))
    assert hear(wide, sr=16000, cuts=(1, 12345, 40001)) == heard


def test_floats_and_integers_are_one():
    assert hear(ANSWERED.astype(np.float32) / 32768) == hear(ANSWERED)


def test_what_never_arrived_is_missing_and_no_end_of_a_burst():
    wave = with_noise(np.concatenate([quiet(0.5), tone("ringback", 4), quiet(1)]))
    at = int(3.9 * SR)
    detector = Detector(sr=SR, plan=TW)
    heard = detector.feed(wave[:at]) + detector.fill(400) + detector.feed(wave[at + 400 :]) + detector.flush()
    assert [s for s in heard if s.sound == MISSING] == [Segment(MISSING, at, at + 400)]
    assert len([s for s in heard if s.sound == RINGBACK]) == 2


def test_an_open_voice_is_known_before_it_ends():
    detector = Detector(sr=SR, plan=TW)
    detector.feed(with_noise(np.concatenate([quiet(1), voice("switchboard")[: 2 * SR]])))
    assert [s.sound for s in detector.open] == [SPEECH]


def test_open_music_is_known_before_it_ends():
    detector = Detector(sr=SR, plan=TW)
    heard = detector.feed(with_noise(music(6)))
    assert MUSIC not in {s.sound for s in heard}
    assert [s.sound for s in detector.open] == [MUSIC]


def test_other_rates_are_refused():
    with pytest.raises(ValueError, match="44100"):
        Detector(sr=44100, plan=TW)


def test_memory_does_not_grow_with_the_call():
    detector = Detector(sr=SR, plan=TW)
    block = with_noise(quiet(10), -50)
    for _ in range(6):
        detector.feed(block)
    assert len(detector._stream._audio) < 6 * SR


@pytest.mark.parametrize("seed", range(4))
def test_voices_in_the_background_of_every_gap_are_nobody_answering(seed):
    other = np.resize(np.concatenate([voice("switchboard"), voice("personnel"), voice("hello")]), 14 * SR)
    chatter = np.roll(other, seed * 5000) * 10 ** (-22 / 20)
    said = 10.9
    wave = np.concatenate([quiet(0.5), tone("ringback", 9.7, -15), quiet(said - 10.2), voice("wei-nin-hao"), quiet(1)])
    heard = hear(with_noise(wave + chatter[: len(wave)]))
    late = [s for s in heard if s.sound == SPEECH and s.end > 9.6 * SR]
    assert late
    assert late[0].start == pytest.approx(said * SR, abs=VOICE_ERROR_S * SR)


def test_an_operator_who_puts_through_does_not_hide_the_next_voice():
    talk = np.concatenate([quiet(0.2), voice("hold-on"), quiet(0.3)])
    wave = [quiet(0.5), tone("ringback", 4.5, -15), talk, tone("ringback", 1.6, -15), quiet(0.4), voice("wei-nin-hao")]
    heard = hear(with_noise(np.concatenate([*wave, quiet(1)])))
    said = sum(len(piece) for piece in wave[:-1])
    late = [s for s in heard if s.sound == SPEECH and s.end > said]
    assert late
    assert late[0].start == pytest.approx(said, abs=VOICE_ERROR_S * SR)


def test_a_short_word_that_the_network_is_slow_to_know_is_a_voice():
    rng = np.random.default_rng(5)
    word = voice("wei")[: round(0.3 * SR)]
    for level in (-25, -35, -45):
        noise = syn.white_noise(16 * SR, rng=rng, level_dbfs=level)
        wave = np.concatenate([quiet(0.5), tone("ringback", 10.2, -12), quiet(0.5), syn.at_level(word, -12), quiet(2)])
        heard = hear(syn.to_int16(wave + noise[: len(wave)]))
        assert [s for s in heard if s.sound == SPEECH and s.end > 11 * SR]


def test_music_begins_where_it_sounds_and_not_in_the_quiet_before_it():
    for gap in (0.2, 0.3, 0.4):
        wave = np.concatenate([quiet(0.5), tone("ringback", 7), quiet(gap), music(8)])
        found = [s for s in hear(with_noise(wave, -48)) if s.sound == MUSIC]
        assert found[0].start >= (7.5 + gap - 0.06) * SR


@pytest.mark.parametrize("on_s", [0.06, 0.1, 0.3])
def test_digits_are_read(on_s):
    pieces = [quiet(0.5)]
    for _, pair in dtmf_sets():
        step = Step(pair.frequencies_hz, None, on_s)
        pieces += [syn.sound_step(step, on_s, sr=SR, level_dbfs=-18), quiet(0.12)]
    heard = hear(with_noise(np.concatenate(pieces)))
    assert "".join(s.digit or "?" for s in heard) == "123A456B789C*0#D"
    assert {s.sound for s in heard} == {DTMF}


@pytest.mark.parametrize("frequency_hz", [1100.0, 2100.0])
def test_a_fax_is_a_tone_and_nobody(frequency_hz):
    wave = syn.sound_step(Step((frequency_hz,), None, 3.0), 3.0, sr=SR, level_dbfs=-20)
    heard = hear(with_noise(np.concatenate([quiet(0.5), wave, quiet(1)])))
    assert [s.sound for s in heard] == [TONE]


def test_music_is_music():
    heard = hear(with_noise(music(15)))
    assert sum(s.length for s in heard if s.sound == MUSIC) > 9 * SR
    assert SPEECH not in {s.sound for s in heard}


def test_a_200_is_a_hint_and_changes_no_tone():
    detector = Detector(sr=SR, plan=TW)
    detector.answered_at(round(5.3 * SR))
    heard = detector.feed(ANSWERED) + detector.flush()
    assert [s for s in heard if s.sound != SPEECH] == [s for s in hear(ANSWERED) if s.sound != SPEECH]
    assert SPEECH in {s.sound for s in heard}


@pytest.mark.parametrize("plan", ["se", "cn", "tw"])
@pytest.mark.parametrize("busy_dbfs", [-6.0, -30.0])
def test_a_busy_tone_of_another_loudness_than_the_ringing_is_busy(plan, busy_dbfs):
    tones = load_plan(plan)
    ringing = syn.cadence(tones.ringback, 2.0, sr=SR, level_dbfs=-18)
    refusal = syn.cadence(tones.busy, 4.2, sr=SR, level_dbfs=busy_dbfs)
    wave = np.concatenate([quiet(0.5), ringing, quiet(0.5), refusal, quiet(0.5)])
    assert [s.sound for s in hear(with_noise(wave), plan=tones)] == [RINGBACK, BUSY]


def test_a_note_that_was_no_tone_does_not_hide_a_busy_tone_behind_it():
    tones, seconds = load_plan("se"), np.arange(round(0.9 * SR)) / SR
    tune = music(4, level_dbfs=-26).copy()
    tune[round(2.6 * SR) : round(2.6 * SR) + len(seconds)] += 0.09 * np.sin(2 * np.pi * 425 * seconds)
    ringing = syn.cadence(tones.ringback, 2.0, sr=SR, level_dbfs=-14)
    refusal = syn.cadence(tones.busy, 4.2, sr=SR, level_dbfs=-12)
    wave = np.concatenate([quiet(0.5), ringing, quiet(0.5), tune, quiet(1.5), refusal, quiet(0.5)])
    assert [s.sound for s in hear(with_noise(wave, -45), plan=tones)] == [RINGBACK, MUSIC, BUSY]
