"""Where a voice begins: behind the noise of a lifted handset, and with what lost packets left of its first word."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice

from dsp import synthesis as syn
from dsp.listen import listen
from dsp.segment import SPEECH
from dsp.tone_plan import load_plan
from dsp.truth import made_sounds as made
from dsp.voices.onset import voice_onset

TW = load_plan("tw")
ALLOWED = 0.040 * SR
FRAME = 32


def noise(n: int, *, street: bool = False, level_dbfs: float = -42) -> np.ndarray:
    make = made.coloured_noise if street else syn.white_noise
    return make(n, rng=np.random.default_rng(2), level_dbfs=level_dbfs)


def first_voice(wave: np.ndarray) -> int:
    return min(s.start for s in listen(syn.to_int16(wave), sr=SR, plan=TW).segments if s.sound == SPEECH)


@pytest.mark.parametrize("street", [False, True])
@pytest.mark.parametrize("name", ["wei-nin-hao", "personnel", "switchboard", "hello"])
@pytest.mark.parametrize("wait_s", [0.12, 0.2, 0.3])
def test_a_voice_begins_behind_the_noise_of_a_lifted_handset(wait_s: float, name: str, street: bool) -> None:
    said = syn.at_level(voice(name), -18)
    wave = np.concatenate([quiet(2 + wait_s), said, quiet(1)])
    wave[2 * SR :] += noise(len(wave) - 2 * SR, street=street)
    assert abs(first_voice(wave) - (2 + wait_s) * SR) <= ALLOWED


@pytest.mark.parametrize("hole_s", [0.03, 0.06, 0.1])
@pytest.mark.parametrize("name", ["wei-nin-hao", "switchboard"])
def test_a_hole_in_the_line_s_noise_is_no_beginning(name: str, hole_s: float) -> None:
    said = syn.at_level(voice(name), -18)
    wave = np.concatenate([quiet(2.2), said, quiet(1)])
    wave += noise(len(wave), street=True)
    wave[2 * SR : round((2 + hole_s) * SR)] = 0
    assert abs(first_voice(wave) - 2.2 * SR) <= ALLOWED


def test_a_voice_whose_first_word_lost_packets_begins_with_what_is_left_of_it() -> None:
    said = np.concatenate([syn.at_level(voice("hold-on"), -20)[: round(0.1 * SR)], quiet(0.16)])
    wave = np.concatenate([quiet(2), said, syn.at_level(voice("personnel"), -20), quiet(1)])
    assert abs(first_voice(wave + noise(len(wave), level_dbfs=-58)) - 2 * SR) <= ALLOWED


@pytest.mark.parametrize("louder_db", [3.0, 6.0])
def test_louder_alike_it_begins_at_the_same_sample(louder_db: float) -> None:
    wave = np.concatenate([quiet(0.3), syn.at_level(voice("hello"), -25)[: round(0.15 * SR)]])
    wave = wave + noise(len(wave), level_dbfs=-50)
    gain = np.float32(10 ** (louder_db / 20))
    assert voice_onset(wave * gain) == voice_onset(wave)


def test_where_nothing_steps_up_nothing_begins() -> None:
    assert voice_onset(noise(60 * FRAME)) is None
    assert voice_onset(noise(7 * FRAME)) is None


def test_a_long_consonant_out_of_a_quiet_line_belongs_to_its_voice() -> None:
    hiss = syn.white_noise(round(0.09 * SR), rng=np.random.default_rng(5), level_dbfs=-38)
    wave = np.concatenate([quiet(2), hiss, syn.at_level(voice("personnel"), -20), quiet(1)])
    assert abs(first_voice(wave + noise(len(wave), level_dbfs=-62)) - 2 * SR) <= ALLOWED
