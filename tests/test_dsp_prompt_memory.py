"""Prompts known again."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.prompt_memory import Prompt, recall, remember

PROMPT = np.concatenate([voice("switchboard"), quiet(0.3), voice("personnel"), quiet(0.2), voice("hello")])
MARK_S = 3.1


def call(lead_s: float, gain_db: float = 0, noise_dbfs: float = -60, prompt: np.ndarray = PROMPT) -> np.ndarray:
    wave = np.concatenate([quiet(lead_s), prompt * 10 ** (gain_db / 20), quiet(1)])
    return with_noise(wave, noise_dbfs)


MEMORY = remember(call(1.0), sr=SR, mark=round((1 + MARK_S) * SR), name="operator")


def heard_at(samples: np.ndarray, sr: int = SR) -> float | None:
    mark = recall(MEMORY, samples, sr=sr).mark
    return None if mark is None else mark / sr


@pytest.mark.parametrize("lead_s", [0.0, 0.4, 7.77])
def test_the_mark_moves_with_the_prompt(lead_s):
    assert heard_at(call(lead_s)) == pytest.approx(lead_s + MARK_S, abs=0.02)


@pytest.mark.parametrize(("gain_db", "noise_dbfs"), [(-15, -60), (6, -60), (0, -35)])
def test_gain_and_noise_do_not_matter(gain_db, noise_dbfs):
    assert heard_at(call(2, gain_db, noise_dbfs)) == pytest.approx(2 + MARK_S, abs=0.05)


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32"])
def test_the_codec_does_not_matter(subtype):
    coded = syn.adpcm(call(2).astype(np.float32) / 32768, subtype=subtype)
    assert heard_at(coded) == pytest.approx(2 + MARK_S, abs=0.05)


def test_packet_loss_does_not_matter():
    rng = np.random.default_rng(5)
    lossy = syn.lose_packets(syn.g711(call(2).astype(np.float32) / 32768), sr=SR, share=0.05, rng=rng)[0]
    assert heard_at(lossy) == pytest.approx(2 + MARK_S, abs=0.05)


def test_sixteen_kilohertz_finds_what_eight_remembered():
    assert heard_at(np.repeat(call(2), 2), sr=16000) == pytest.approx(2 + MARK_S, abs=0.05)


def test_another_prompt_is_not_taken_for_it():
    other = np.concatenate([voice("hold-on"), quiet(0.4), voice("wei-nin-hao"), quiet(0.3), voice("hold-on")])
    assert recall(MEMORY, call(2, prompt=other), sr=SR).mark is None
    assert recall(MEMORY, np.zeros(0, np.int16), sr=SR).mark is None
    assert recall(MEMORY, np.zeros(5 * SR, np.int16), sr=SR).mark is None


def test_a_prompt_recorded_anew_is_reported_not_guessed():
    anew = np.concatenate([PROMPT[: round(2.2 * SR)], quiet(0.9), voice("hold-on"), quiet(0.5)])
    result = recall(MEMORY, call(2, prompt=anew), sr=SR)
    assert result.mark is None
    assert result.likeness < 0.6


def test_memory_survives_being_written():
    assert Prompt.from_json(MEMORY.to_json()) == MEMORY


def test_too_little_to_remember_says_so():
    with pytest.raises(ValueError, match="too little sound"):
        remember(call(1)[: SR // 2], sr=SR, mark=100, name="operator")
