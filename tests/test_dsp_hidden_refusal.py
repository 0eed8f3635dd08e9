"""A refusal that talk or noise where somebody picked up hid."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, VOICES, music, quiet, voice

from dsp import synthesis as syn
from dsp.second_look.hidden_refusal import with_hidden_refusals
from dsp.segment import BUSY, CONGESTION, DTMF, MUSIC, SPEECH, TONE, Segment
from dsp.tone_plan import load_plan
from dsp.truth import made_sounds as made


def heard(wave: np.ndarray, *, sound: str = MUSIC, since_s: float = 0.0, plan: str = "tw") -> tuple[Segment, ...]:
    whole = Segment(sound, round(since_s * SR), len(wave))
    return with_hidden_refusals([whole], wave, sr=SR, plan=load_plan(plan))


def refused(kind: str, plan: str, behind: np.ndarray, *, level_dbfs: float) -> np.ndarray:
    """Five seconds of what hides it, and six more with a refusal in it."""
    tones = load_plan(plan)
    tone = tones.busy if kind == BUSY else tones.congestion
    assert tone is not None
    wave = behind.copy()
    wave[5 * SR :] += syn.cadence(tone, 6, sr=SR, level_dbfs=level_dbfs)
    return wave


def noise(level_dbfs: float) -> np.ndarray:
    return syn.white_noise(11 * SR, rng=np.random.default_rng(2), level_dbfs=level_dbfs)


@pytest.mark.parametrize(("plan", "kind"), [("tw", BUSY), ("tw", CONGESTION), ("sg", BUSY), ("lt", BUSY)])
@pytest.mark.parametrize("sound", [SPEECH, MUSIC])
def test_a_tone_as_loud_as_the_noise_behind_a_reply_is_told_by_its_time(plan: str, kind: str, sound: str) -> None:
    wave = refused(kind, plan, noise(-22), level_dbfs=-22)
    reply, refusal = heard(wave, sound=sound, plan=plan)
    assert (reply.sound, refusal.sound) == (sound, kind)
    assert refusal.start == reply.end >= 5 * SR
    assert refusal.end == len(wave)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_told_in_the_talk_of_a_room_too(seed: int) -> None:
    talk = made.babble(11 * SR, [voice(name) for name in VOICES], rng=np.random.default_rng(seed), level_dbfs=-27)
    _, refusal = heard(refused(BUSY, "tw", talk + noise(-55), level_dbfs=-25))
    assert refusal.sound == BUSY


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", [made.plucked, made.held, made.sung])
def test_no_tune_and_no_voice_keeps_a_refusals_time(seed: int, kind) -> None:
    rng = np.random.default_rng(seed)
    for wave in (kind(11, rng=rng), music(11, seed=seed), np.tile(np.concatenate([voice("hello"), quiet(0.4)]), 9)):
        assert [one.sound for one in heard(wave)] == [MUSIC]


@pytest.mark.parametrize(("on_s", "off_s"), [(0.5, 1.0), (0.3, 0.4), (0.9, 0.1)])
def test_another_time_is_no_refusal_of_the_plan(on_s: float, off_s: float) -> None:
    note = syn.cadence(load_plan("tw").busy, 0.45, sr=SR, level_dbfs=-20)
    note = np.resize(note, round(on_s * SR))
    wave = np.resize(np.concatenate([note, quiet(off_s)]), 11 * SR) + noise(-30)
    assert [one.sound for one in heard(wave)] == [MUSIC]


@pytest.mark.parametrize("fades_db", [12, 20])
def test_notes_that_fade_are_no_refusal_though_they_keep_its_time(fades_db: float) -> None:
    tone = syn.cadence(load_plan("tw").busy, 0.5, sr=SR, level_dbfs=-15)
    note = tone * 10 ** (-np.linspace(0, fades_db, SR // 2) / 20)
    tune = np.resize(np.concatenate([note, quiet(0.5)]), 11 * SR) + noise(-45)
    assert [one.sound for one in heard(tune)] == [MUSIC]
    steady = np.resize(np.concatenate([tone, quiet(0.5)]), 11 * SR)
    assert [one.sound for one in heard(steady + noise(-45))] == [MUSIC, BUSY]


def test_where_something_else_was_told_at_the_end_nothing_is_looked_for() -> None:
    wave = refused(BUSY, "tw", noise(-22), level_dbfs=-22)
    told = (Segment(SPEECH, 0, 9 * SR), Segment(DTMF, 10 * SR, 11 * SR, digit="1"))
    assert with_hidden_refusals(told, wave, sr=SR, plan=load_plan("tw")) == told
    assert with_hidden_refusals((), wave, sr=SR, plan=load_plan("tw")) == ()


def test_it_is_told_where_the_noise_has_no_name_behind_who_spoke() -> None:
    wave = refused(BUSY, "tw", noise(-22), level_dbfs=-22)
    told = Segment(SPEECH, SR, 4 * SR)
    assert [one.sound for one in with_hidden_refusals([told], wave, sr=SR, plan=load_plan("tw"))] == [SPEECH, BUSY]


def test_one_of_whose_bursts_the_last_alone_was_told_as_a_tone_is_found_as_well() -> None:
    wave = refused(BUSY, "tw", noise(-22), level_dbfs=-21)
    tone = Segment(TONE, round(10.0 * SR), round(10.5 * SR))
    told = with_hidden_refusals([Segment(SPEECH, 0, round(9.6 * SR)), tone], wave, sr=SR, plan=load_plan("tw"))
    assert [one.sound for one in told] == [SPEECH, BUSY]
    alone = [Segment(SPEECH, 0, 2 * SR), tone]
    assert with_hidden_refusals(alone, noise(-22), sr=SR, plan=load_plan("tw")) == tuple(alone)
