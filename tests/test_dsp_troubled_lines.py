"""Each kind of miss that made calls once showed, as the smallest call that shows it."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, music, quiet, voice
from scipy.signal import butter, sosfilt

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE, Leg
from dsp.bursts.probe import cut_piece
from dsp.listen import listen
from dsp.segment import BUSY, CONGESTION
from dsp.tone_plan import load_plan, parse_tone
from dsp.truth import made_sounds as made
from dsp.truth.truth_line import coded

NOISE_DBFS = -50.0
TALK_AT_460_HZ = butter(4, [430, 490], "bandpass", fs=SR, output="sos")


def hear(*pieces: np.ndarray, plan: str | None = "tw", noise_dbfs: float = NOISE_DBFS, **more) -> tuple[Leg, ...]:
    wave = np.concatenate(pieces)
    wave = wave + syn.white_noise(len(wave), rng=np.random.default_rng(1), level_dbfs=noise_dbfs)
    known = None if plan is None else load_plan(plan)
    return listen(syn.to_int16(wave), sr=SR, plan=known, **more).legs


def ring(seconds: float, plan: str = "tw", level_dbfs: float = -20.0) -> np.ndarray:
    return syn.cadence(load_plan(plan).ringback, seconds, sr=SR, level_dbfs=level_dbfs)


WORD = np.concatenate([voice("wei-nin-hao"), syn.silence(0.5, sr=SR)])


@pytest.mark.parametrize("plan", ["jp", "au", "es", "in", "nz", "my", "ae"])
@pytest.mark.parametrize("kind", [BUSY, CONGESTION])
@pytest.mark.parametrize("codec", ["", "gsm"])
def test_a_refusal_near_the_ringbacks_pitch_is_a_refusal(plan, kind, codec):
    tones = load_plan(plan)
    told_apart = tones.busy.cadence[:1] != tones.congestion.cadence[:1] or plan == "es"
    tone = tones.congestion if kind == CONGESTION and told_apart else tones.busy
    wave = coded(np.concatenate([quiet(1), syn.cadence(tone, 8, sr=SR, level_dbfs=-20)]), codec)
    (leg,) = hear(wave, plan=plan)
    assert (leg.outcome, leg.rings) == (BUSY if tone == tones.busy else CONGESTION, 0)


@pytest.mark.parametrize(("plan", "cut_s"), [("tw", 0.38), ("hu", 0.85), ("jp", 0.16), ("jp", 0.2), ("de", 0.5)])
@pytest.mark.parametrize("codec", ["a", "gsm", "g726"])
def test_one_burst_cut_short_is_a_ring_not_a_vowel(plan, cut_s, codec):
    (leg,) = hear(coded(np.concatenate([quiet(1), ring(cut_s, plan), quiet(0.6), WORD]), codec), plan=plan)
    assert (leg.outcome, leg.rings) == (ANSWERED, 1)
    assert round((1 + cut_s) * SR) in leg.pick_up


@pytest.mark.parametrize("plan", ["in", "nz", "au", "za", "es"])
def test_vowels_on_the_ringbacks_pitch_are_no_second_telephone(plan):
    rng = np.random.default_rng(4)
    song = syn.at_level(made.sung(6, rng=rng, over_chords=False), -20)
    period = load_plan(plan).period_s
    legs = hear(quiet(1), ring(2 * period - 0.8, plan), song, plan=plan)
    assert [leg.rings for leg in legs if leg.outcome == ANSWERED] == [2]


@pytest.mark.parametrize("late_ms", [0, 20, 40])
@pytest.mark.parametrize("left_ms", [16, 30, 64, 100, 154])
def test_what_is_left_of_a_burst_is_a_ring_though_packets_were_lost(late_ms, left_ms):
    """The first burst's first packets are lost, so that its length tells a wrong cadence."""
    wave = np.concatenate([quiet(1), ring(3 + left_ms / 1000), quiet(0.5), WORD])
    wave[SR : SR + late_ms * SR // 1000] = 0
    (leg,) = hear(wave)
    assert leg.rings == 2
    assert round((4 + left_ms / 1000) * SR) in leg.pick_up


def test_a_burst_of_a_pair_that_could_be_busy_is_waited_for():
    (leg,) = hear(quiet(1), ring(3.65, "my"), quiet(0.6), WORD, plan="my")
    assert leg.rings == 2
    assert round(4.65 * SR) in leg.pick_up


def test_speech_right_behind_a_cut_burst_does_not_lengthen_it():
    (leg,) = hear(quiet(1), ring(9.41), quiet(0.08), WORD)
    assert leg.rings == 4
    assert leg.pick_up.latest < round(10.49 * SR)
    assert round(10.41 * SR) in leg.pick_up


def test_a_burst_that_lost_its_last_packets_was_not_cut():
    """The ringing goes on in silence: what a gateway makes has no noise to tell a loss by."""
    wave = np.concatenate([quiet(1), ring(8.2), quiet(1), WORD])
    wave[round(7.92 * SR) : round(8.0 * SR)] = 0
    (leg,) = listen(syn.to_int16(wave), sr=SR, plan=load_plan("tw")).legs
    assert round(9.2 * SR) in leg.pick_up


def test_behind_a_burst_that_stops_in_the_lines_noise_nothing_was_lost():
    (leg,) = hear(quiet(1), ring(9.97), quiet(0.5), WORD)
    assert leg.answer_latency.latest < 10 * SR


@pytest.mark.parametrize("offset", [-0.02, 0.015])
def test_a_converters_offset_is_not_heard(offset):
    quietly = np.concatenate([quiet(1), ring(6.4, level_dbfs=-38), quiet(0.4), syn.at_level(WORD, -35)]) + offset
    (leg,) = hear(quietly, noise_dbfs=-70)
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_hum_and_street_noise_are_no_music(mains_hz):
    rng = np.random.default_rng(2)
    wave = np.concatenate([quiet(1), ring(6.4), quiet(0.4), WORD])
    wave = wave + made.hum(len(wave), mains_hz=mains_hz, rng=rng, level_dbfs=-40)
    (leg,) = hear(wave + made.coloured_noise(len(wave), rng=rng, level_dbfs=-45))
    assert (leg.outcome, leg.rings, leg.music) == (ANSWERED, 3, False)


@pytest.mark.parametrize("plan", ["tw", "es", "za", "cn", "jp", "uk"])
@pytest.mark.parametrize("kind", [made.plucked, made.held, made.sung])
def test_no_music_rings(plan, kind):
    heard = hear(syn.at_level(kind(20, rng=np.random.default_rng(6)), -20), plan=plan)
    assert all((leg.outcome, leg.rings) == (NONE, 0) for leg in heard)
    assert all(leg.rings == 0 for leg in hear(music(15), plan=plan))


def test_music_right_behind_the_ringing_adds_no_ring():
    song = syn.at_level(made.held(8, rng=np.random.default_rng(3)), -18)
    (leg,) = hear(quiet(1), ring(7.4), quiet(0.3), song)
    assert (leg.outcome, leg.rings, leg.provisional) == (ANSWERED, 3, True)


def test_a_hole_over_a_bursts_start_does_not_begin_the_ringing_anew():
    wave = np.concatenate([quiet(1), ring(9.5), quiet(0.6), WORD])
    wave[SR : SR + round(0.2 * SR)] = 0
    (leg,) = hear(wave)
    assert (leg.rings, leg.restarted) == (4, False)
    assert SR in leg.ring_onset


def test_one_ring_then_a_refusal_is_a_ring():
    refused = syn.cadence(load_plan("tw").congestion, 4, sr=SR, level_dbfs=-20)
    (leg,) = hear(quiet(1), ring(1.35), refused)
    assert (leg.outcome, leg.rings) == (CONGESTION, 1)


def test_a_fax_behind_the_ringing_is_an_answer():
    tone = syn.cadence(parse_tone("2100/3000,0/500"), 6.5, sr=SR, level_dbfs=-20)
    (leg,) = hear(quiet(1), ring(7.5), tone, quiet(1))
    assert (leg.outcome, leg.rings, leg.provisional) == (ANSWERED, 3, True)


def test_ringing_that_stops_without_a_word_stays_provisional():
    (leg,) = hear(quiet(1), ring(7.5), quiet(8))
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, True)
    (leg,) = hear(quiet(1), ring(13.5))
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, False)


@pytest.mark.parametrize(
    ("plan", "at_s"), [("us", 1.4), ("us", 6.5), ("fr", 1.2), ("fr", 5.4), ("uk", 0.3), ("jp", 3.4)]
)
def test_a_short_ringing_of_any_country_is_never_counted_wrong(plan, at_s):
    legs = hear(quiet(1), ring(at_s, plan), quiet(0.7), WORD, plan=None)
    rings = int(at_s // load_plan(plan).period_s) + 1
    (leg,) = legs
    assert (leg.outcome, leg.rings) in ((ANSWERED, rings), (NONE, 0))
    assert leg.pick_up is None or round((1 + at_s) * SR) in leg.pick_up


@pytest.mark.parametrize("seed", [0, 1])
def test_talk_in_the_background_where_a_ring_was_due_is_no_ring(seed):
    talk = sosfilt(TALK_AT_460_HZ, np.random.default_rng(seed).standard_normal(2 * SR))[-round(0.4 * SR) :]
    (leg,) = hear(quiet(1), ring(7), quiet(2), syn.at_level(talk.astype(np.float32), -30), quiet(2), WORD)
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)


@pytest.mark.parametrize("kind", [made.held, made.plucked])
def test_a_chord_with_the_rings_tones_out_of_musics_first_note_is_no_ring(kind):
    t = np.arange(round(0.33 * SR)) / SR
    note = syn.at_level((np.sin(2 * np.pi * 330 * t) + np.sin(2 * np.pi * 660 * t)).astype(np.float32), -26)
    tune = syn.at_level(kind(6, rng=np.random.default_rng(3)), -20)
    (leg,) = hear(quiet(1), ring(6.4), quiet(2.2), note, ring(0.96, level_dbfs=-16), tune, quiet(1))
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)


def cut_ring(before: np.ndarray) -> tuple[int, int] | None:
    due = np.concatenate([ring(0.014), quiet(0.3)])
    heard = due + syn.white_noise(len(due), rng=np.random.default_rng(1), level_dbfs=-45)
    return cut_piece(heard, level=0.1, tones=(440.0, 480.0), noise=1e-5, reach=1200, before=before)


@pytest.mark.parametrize("voice_dbfs", [-15, -36])
def test_a_cut_ring_is_looked_for_where_nobody_has_begun_to_speak(voice_dbfs):
    line = syn.white_noise(SR // 4, rng=np.random.default_rng(2), level_dbfs=-58)
    spoken = line.copy()
    spoken[-round(0.1 * SR) : -round(0.04 * SR)] += syn.at_level(voice("wei")[: round(0.06 * SR)], voice_dbfs)
    offset = np.full_like(line, 0.0125)
    offset[: round(0.15 * SR)] = 0  # five packets lost just before
    assert cut_ring(line) is not None
    assert cut_ring(spoken) is None
    assert cut_ring(offset) is not None


@pytest.mark.parametrize("seed", range(3))
def test_a_burst_out_of_loud_noise_with_lost_packets_began_out_of_quiet(seed):
    rng = np.random.default_rng(seed)
    wave = np.concatenate([quiet(2), ring(0.6), quiet(0.3), WORD, quiet(1)])
    wave = wave + syn.white_noise(len(wave), rng=rng, level_dbfs=-31)
    wave[: 2 * SR], _ = syn.lose_packets(wave[: 2 * SR], sr=SR, share=0.2, rng=rng, conceal=False)
    (leg,) = listen(syn.to_int16(wave), sr=SR, plan=load_plan("tw")).legs
    assert (leg.outcome, leg.rings) == (ANSWERED, 1)


def talking(seconds: float, seed: int) -> np.ndarray:
    """A neighbour on the telephone."""
    said = [voice(name) for name in ("personnel", "switchboard", "hold-on", "hello")]
    order = np.random.default_rng(seed).permutation(len(said))
    one_voice = np.concatenate([syn.at_level(said[i], -34) for i in order])
    return np.resize(one_voice, round(seconds * SR))


@pytest.mark.parametrize("seed", range(3))
def test_who_talks_in_the_background_before_the_ringing_as_between_the_rings_is_no_leg(seed):
    call = np.concatenate([quiet(2.5), ring(10.5, level_dbfs=-18), quiet(0.4), syn.at_level(WORD, -14), quiet(1)])
    (leg,) = hear(call + talking(len(call) / SR, seed)[: len(call)])
    assert (leg.outcome, leg.rings) == (ANSWERED, 4)


@pytest.mark.parametrize("seed", range(3))
def test_who_speaks_before_the_ringing_louder_than_the_background_is_a_leg(seed):
    call = np.concatenate([quiet(0.5), syn.at_level(voice("switchboard"), -18), quiet(1.5), ring(10.5, level_dbfs=-18)])
    call = np.concatenate([call, quiet(0.4), syn.at_level(WORD, -14), quiet(1)])
    legs = hear(call + talking(len(call) / SR, seed)[: len(call)])
    assert [(leg.outcome, leg.rings) for leg in legs] == [(NONE, 0), (ANSWERED, 4)]


@pytest.mark.parametrize("offset", [0, 0.015])
def test_a_prompt_as_soft_as_it_is_stays_where_it_is_quiet_between_the_rings(offset):
    prompt = syn.at_level(voice("switchboard"), -42)
    call = np.concatenate([prompt, quiet(1.5), ring(10.5), quiet(0.4), WORD])
    legs = hear(call + np.float32(offset), noise_dbfs=-62)
    assert [(leg.outcome, leg.rings) for leg in legs] == [(NONE, 0), (ANSWERED, 4)]


@pytest.mark.parametrize("kind", [made.held, made.plucked])
def test_a_chord_with_the_rings_tones_that_music_follows_at_once_is_its_first_and_no_ring(kind):
    tune = syn.at_level(kind(8, rng=np.random.default_rng(3)), -20)
    (leg,) = hear(quiet(0.5), ring(0.4, level_dbfs=-18), tune, quiet(1))
    assert (leg.outcome, leg.rings) == (NONE, 0)


@pytest.mark.parametrize("plan", ["tw", "it"])
@pytest.mark.parametrize("over_db", [1.0, 2.0])
def test_rings_that_a_gain_control_drives_into_clipping_are_counted(plan, over_db):
    """ADPCM follows clipped tones badly: a third of their energy is left in their lines."""
    tones = load_plan(plan)
    clean = np.concatenate([quiet(1), ring(3.3 * tones.period_s, plan, -6.5), quiet(0.3), WORD])
    wave = clean + syn.white_noise(len(clean), rng=np.random.default_rng(1), level_dbfs=-26)
    wave[2 * SR :] *= 10 ** (over_db / 20)
    samples = coded(np.clip(wave + np.float32(0.006), -1, 1), "g726")
    (leg,) = listen(syn.to_int16(samples), sr=SR, plan=tones).legs
    assert (leg.outcome, leg.rings) == (ANSWERED, 4)
    assert round((1 + 3.3 * tones.period_s) * SR) in leg.pick_up


def test_a_short_word_before_the_ringing_leaves_open_whether_it_was_a_prompt():
    word = syn.at_level(voice("wei")[: round(0.2 * SR)], -20)
    doubtful, leg = hear(quiet(1), word, quiet(1.5), ring(7.5), quiet(0.5), WORD)
    assert (doubtful.outcome, doubtful.provisional, doubtful.rings) == (NONE, True, 0)
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)


def test_a_second_telephone_that_rings_early_for_the_firsts_beat_is_another():
    word = WORD[: round(0.8 * SR)]
    pause = quiet(6.0 - 1.0 - 2.0 - 0.8 - 0.06)
    found = hear(quiet(1), ring(7.0, "pt"), quiet(2), word, pause, ring(7.0, "pt"), quiet(1), WORD, plan="pt")
    assert [(leg.outcome, leg.rings) for leg in found] == [(ANSWERED, 2), (ANSWERED, 2)]


def test_a_ring_whose_first_half_was_lost_in_a_hole_is_no_end_of_the_ringing():
    wave = np.concatenate([quiet(1), ring(28.5), quiet(1)])
    wave[round(7 * SR) : round(7.18 * SR)] = 0
    (leg,) = hear(wave, missing=((round(7 * SR), round(7.18 * SR)),))
    assert (leg.outcome, leg.rings) == (NO_ANSWER, 10)


def test_mains_hum_with_clicks_is_no_music():
    rng = np.random.default_rng(3)
    call = np.concatenate([quiet(2), ring(10.5, level_dbfs=-14), quiet(0.5), WORD])
    call = call + made.hum(len(call), mains_hz=60, rng=rng, level_dbfs=-34)
    call = call + made.clicks(len(call), per_s=0.8, rng=rng, peak=0.2)
    (leg,) = hear(coded(call, "gsm"), noise_dbfs=-80)
    assert (leg.outcome, leg.rings) == (ANSWERED, 4)
