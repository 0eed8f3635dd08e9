"""Ringing through a real telephone's jitter buffer: packets concealed, frames put in and left out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from dsp_calls import SR, voice

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, Leg
from dsp.listen import listen
from dsp.segment import BUSY, CONGESTION
from dsp.tone_plan import load_plan
from dsp.truth.concealment import Buffered, played_out

BUFFER_S = 0.085
ANSWER = np.concatenate([syn.silence(0.7, sr=SR), voice("wei-nin-hao"), syn.silence(0.5, sr=SR)])


def heard(plan: str, clean: np.ndarray, seed: int, *, lost: float, moved: float) -> tuple[tuple[Leg, ...], Buffered]:
    rng = np.random.default_rng([seed, 7])
    played = played_out(np.asarray(clean, np.float32), sr=SR, lost=lost, moved=moved, rng=rng)
    hear = listen(syn.to_int16(played.samples), sr=SR, plan=load_plan(plan), buffer_s=BUFFER_S)
    return hear.legs, played


@pytest.mark.parametrize("plan", ["tw", "my", "br", "us", "nl", "cr", "it", "uk", "ae", "jp"])
@pytest.mark.parametrize("seed", [1, 2])
def test_rings_are_counted_whatever_was_concealed_in_them(plan: str, seed: int) -> None:
    tones = load_plan(plan)
    into = tones.period_s - 0.6
    at_s = 2 * tones.period_s + into
    clean = np.concatenate([syn.silence(0.3, sr=SR), syn.cadence(tones.ringback, at_s, sr=SR, level_dbfs=-20), ANSWER])
    legs, played = heard(plan, clean, seed, lost=0.04, moved=0.01)
    assert [(leg.outcome, leg.rings) for leg in legs] == [(ANSWERED, 3)]
    picked_up = played.at(round((0.3 + at_s) * SR))
    assert legs[0].pick_up.earliest <= picked_up <= legs[0].pick_up.latest


@pytest.mark.parametrize("plan", ["my", "bg", "za-alcatel", "ae", "uk", "ch"])
@pytest.mark.parametrize("kind", [BUSY, CONGESTION])
def test_a_refusal_keeps_its_name_whatever_was_concealed_in_it(plan: str, kind: str) -> None:
    tones = load_plan(plan)
    tone = tones.busy if kind == BUSY else tones.congestion
    clean = np.concatenate([syn.silence(0.4, sr=SR), syn.cadence(tone, 9, sr=SR, level_dbfs=-20)])
    legs, _ = heard(plan, clean, 3, lost=0.03, moved=0.005)
    same = tones.busy.cadence == tones.congestion.cadence
    assert [leg.outcome for leg in legs] == [BUSY if same else kind]


def test_what_is_kept_is_played_as_it_came() -> None:
    wave = np.random.default_rng(1).standard_normal(4 * SR).astype(np.float32)
    kept = (SR, 3 * SR)
    played = played_out(wave, sr=SR, lost=0.3, moved=0.2, rng=np.random.default_rng(2), keep=kept)
    first = played.at(kept[0])
    assert (played.samples[first : first + 2 * SR] == wave[slice(*kept)]).all()
    assert len(played.missing) > 10


def test_where_a_sample_stands_after_the_buffer_is_known() -> None:
    wave = np.zeros(4 * SR, np.float32)
    clicks = range(80, len(wave), 800)
    wave[clicks] = 1
    played = played_out(wave, sr=SR, lost=0.0, moved=0.05, rng=np.random.default_rng(5))
    found = [bool(played.samples[played.at(click)] == 1) for click in clicks]
    left_out = sum(int(start == following) for start, following in pairwise(played.starts))
    assert len(played.samples) != len(wave)
    assert found.count(False) <= left_out < len(clicks) / 4
