"""Prompts known again."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from dsp_calls import SR, music, quiet, voice, with_noise
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import synthesis as syn
from dsp.prompts.prompt_memory import Prompt, remember
from dsp.prompts.prompt_search import Found, PromptSearch, search

PROMPT = np.concatenate([voice("switchboard"), quiet(0.3), voice("personnel"), quiet(0.2), voice("hello")])
MARK_S = 3.1


def call(lead_s: float, gain_db: float = 0, noise_dbfs: float = -60, prompt: np.ndarray = PROMPT) -> np.ndarray:
    wave = np.concatenate([quiet(lead_s), prompt * 10 ** (gain_db / 20), quiet(1)])
    return with_noise(wave, noise_dbfs)


MEMORY = remember(call(1.0), sr=SR, mark=round((1 + MARK_S) * SR), name="operator")


def heard_at(samples: np.ndarray, sr: int = SR) -> float | None:
    marks = [one.mark for one in search([MEMORY], samples, sr=sr)]
    assert len(marks) <= 1
    return None if not marks or marks[0] is None else marks[0] / SR


@pytest.mark.parametrize("lead_s", [0.0, 0.4, 7.77])
def test_the_mark_moves_with_the_prompt(lead_s):
    assert heard_at(call(lead_s)) == pytest.approx(lead_s + MARK_S, abs=0.01)


@pytest.mark.parametrize(("gain_db", "noise_dbfs"), [(-15, -60), (6, -60), (0, -35)])
def test_gain_and_noise_do_not_matter(gain_db, noise_dbfs):
    assert heard_at(call(2, gain_db, noise_dbfs)) == pytest.approx(2 + MARK_S, abs=0.02)


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32"])
def test_the_codec_does_not_matter(subtype):
    coded = syn.adpcm(call(2).astype(np.float32) / 32768, subtype=subtype)
    assert heard_at(coded) == pytest.approx(2 + MARK_S, abs=0.02)


def test_packet_loss_does_not_matter():
    rng = np.random.default_rng(5)
    lossy = syn.lose_packets(syn.g711(call(2).astype(np.float32) / 32768), sr=SR, share=0.05, rng=rng)[0]
    assert heard_at(lossy) == pytest.approx(2 + MARK_S, abs=0.02)


def test_sixteen_kilohertz_finds_what_eight_remembered():
    assert heard_at(np.repeat(call(2), 2), sr=16000) == pytest.approx(2 + MARK_S, abs=0.02)


def test_a_prompt_said_twice_is_found_twice():
    twice = np.concatenate([call(1.0), call(0.0)])
    marks = [one.mark / SR for one in search([MEMORY], twice, sr=SR) if one.mark is not None]
    assert marks == pytest.approx([1 + MARK_S, len(call(1.0)) / SR + MARK_S], abs=0.01)


def test_a_call_that_came_in_in_the_middle():
    """A second and a half of the prompt up to its mark are enough, whatever stood before."""
    for before in (quiet(3), music(3.0), 0.2 * np.ones(0, np.float32)):
        cut = round((MARK_S - 1.7) * SR)
        (one,) = search([MEMORY], call(0.5, prompt=np.concatenate([before, PROMPT[cut:]])), sr=SR)
        assert one.mark is not None
        assert one.mark / SR == pytest.approx(0.5 + len(before) / SR + MARK_S - cut / SR, abs=0.02)


def test_a_prompt_cut_by_a_key_behind_its_mark_and_before_it():
    """Behind the mark a key may cut it at once; where it was cut before, the mark was not heard, nor changed."""
    behind = np.concatenate([PROMPT[: round((MARK_S + 0.05) * SR)], quiet(2)])
    assert heard_at(call(1, prompt=behind)) == pytest.approx(1 + MARK_S, abs=0.02)
    before = np.concatenate([PROMPT[: round((MARK_S - 0.8) * SR)], quiet(2)])
    assert search([MEMORY], call(1, prompt=before), sr=SR) == []


def test_another_prompt_is_not_taken_for_it():
    other = np.concatenate([voice("hold-on"), quiet(0.4), voice("wei-nin-hao"), quiet(0.3), voice("hold-on")])
    assert search([MEMORY], call(2, prompt=other), sr=SR) == []
    assert search([MEMORY], np.zeros(0, np.int16), sr=SR) == []
    assert search([MEMORY], np.zeros(5 * SR, np.int16), sr=SR) == []
    assert search([], call(1), sr=SR) == []


@pytest.mark.parametrize("length_s", [0.35, 0.6, 0.8])
def test_words_recorded_anew_at_the_mark_are_reported_not_guessed(length_s):
    """The same voice in the same room, only the last words before the mark are others."""
    begin, end = round((MARK_S - length_s) * SR), round(MARK_S * SR)
    anew = PROMPT.copy()
    anew[begin:end] = np.resize(voice("hold-on")[1600:], end - begin)
    (one,) = search([MEMORY], call(2, prompt=anew), sr=SR)
    assert one.mark is None


def test_packets_that_never_came_speak_neither_for_nor_against():
    samples = call(2)
    hole = (round((2 + MARK_S - 0.9) * SR), round((2 + MARK_S - 0.4) * SR))
    samples[hole[0] : hole[1]] = 0
    (one,) = search([MEMORY], samples, sr=SR, missing=[hole])
    assert one.mark is not None
    assert one.mark / SR == pytest.approx(2 + MARK_S, abs=0.02)


def test_ringing_before_a_prompt_is_not_remembered_with_it():
    """A mark at a prompt's beginning is remembered by what comes behind it."""
    bell = syn.at_level(np.sin(2 * np.pi * 440 * np.arange(2 * SR) / SR).astype(np.float32), -20)
    begin = len(bell) + 4000
    samples = with_noise(np.concatenate([bell, quiet(0.5), PROMPT]))
    kept = remember(samples, sr=SR, mark=begin, name="menu", begin=begin)
    assert kept.mark == 0
    assert len(kept.frames) == 300
    other = with_noise(np.concatenate([bell, quiet(0.5), voice("hold-on"), quiet(2)]))
    assert search([kept], other, sr=SR) == []
    (one,) = search([kept], samples, sr=SR)
    assert one.mark == pytest.approx(begin, abs=80)


@lru_cache
def long_call() -> tuple[np.ndarray, tuple[Found, ...]]:
    samples = np.concatenate([call(0.37), call(1.2, gain_db=-12, noise_dbfs=-40)])
    return samples, tuple(search([MEMORY], samples, sr=SR))


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, len(call(0.37)) + len(call(1.2))), max_size=30))
def test_however_the_audio_is_cut_the_finds_are_the_same(cuts):
    samples, whole = long_call()
    looking, found = PromptSearch([MEMORY], sr=SR), []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(samples)], strict=True):
        found += looking.feed(samples[start:end])
    assert (*found, *looking.flush()) == whole
    assert len(whole) == 2


def test_memory_survives_being_written():
    assert Prompt.from_json(MEMORY.to_json()) == MEMORY


def test_too_little_to_remember_says_so():
    with pytest.raises(ValueError, match="too little sound"):
        remember(call(1)[: SR // 2], sr=SR, mark=100, name="operator")


def test_rates_that_cannot_be():
    with pytest.raises(ValueError, match="samples a second"):
        PromptSearch([MEMORY], sr=11025)
