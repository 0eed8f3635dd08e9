"""A tone that keeps a time of its own and is none of the plan's leaves the call to a person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dsp_calls import SR, VOICES, music, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.answering.foreign_tones import with_foreign_tones
from dsp.answering.leg import Leg
from dsp.listen import listen
from dsp.tone_plan import load_plan, parse_tone
from dsp.truth import made_sounds as made


def heard(*pieces: np.ndarray, plan: str | None = "tw") -> tuple[Leg, ...]:
    return listen(with_noise(np.concatenate(pieces)), sr=SR, plan=load_plan(plan) if plan else None).legs


def tone(notation: str, seconds: float) -> np.ndarray:
    return syn.cadence(parse_tone(notation), seconds, sr=SR, level_dbfs=-20)


SAID = syn.at_level(voice("hello"), -20)


@pytest.mark.parametrize("plan", ["tw", "us", None])
@pytest.mark.parametrize("notation", ["400/375,0/375", "1000/300,0/300", "620/500,0/500"])
@pytest.mark.parametrize("behind", [False, True])
def test_a_tone_of_no_plan_that_comes_and_goes_is_no_sure_none(plan: str | None, notation: str, behind: bool) -> None:
    prompt = [SAID, quiet(1), SAID, quiet(1)] if behind else []
    found = heard(quiet(1), *prompt, tone(notation, 6), quiet(0.5), plan=plan)
    assert found
    assert all(leg.provisional or leg.outcome != "none" for leg in found)


SURE = Leg(None, 0, "none", None, None, None, ())


@pytest.mark.parametrize("kind", [made.plucked, made.held, made.sung, None])
@pytest.mark.parametrize("seed", range(4))
def test_music_keeps_no_tones_time(kind, seed: int) -> None:
    song = kind(10, rng=np.random.default_rng(seed)) if kind else music(10, seed=seed)
    samples = with_noise(np.concatenate([quiet(1), syn.at_level(song, -15), quiet(1)]))
    assert with_foreign_tones((SURE,), samples, sr=SR) == (SURE,)


def test_nor_does_a_prompt_and_no_sound_is_none() -> None:
    prompt = with_noise(np.concatenate([quiet(1), *(syn.at_level(voice(name), -20) for name in VOICES)]))
    assert with_foreign_tones((SURE,), prompt, sr=SR) == (SURE,)
    assert with_foreign_tones((), with_noise(quiet(5)), sr=SR) == ()


@pytest.mark.parametrize("notation", ["400/375,0/375", "440+480/400,0/200,440+480/400,0/4000", "400*16/1000,0/2000"])
def test_what_rang_or_refused_by_the_plan_is_sure_all_the_same(notation: str) -> None:
    samples = with_noise(np.concatenate([quiet(1), tone(notation, 14)]))
    (open_,) = with_foreign_tones((), samples, sr=SR)
    assert (open_.outcome, open_.provisional) == ("none", True)
    assert with_foreign_tones((SURE,), samples, sr=SR) == (replace(SURE, provisional=True),)
    for leg in (replace(SURE, outcome="busy"), replace(SURE, outcome="answered", rings=2)):
        assert with_foreign_tones((leg,), samples, sr=SR) == (leg,)


@pytest.mark.parametrize("answered_s", [1.0, 4.0])
def test_one_ring_of_a_foreign_plan_heard_without_one_bounds_no_pick_up(answered_s: float) -> None:
    ring = tone("450/1000,0/4000", 1.0)
    for leg in heard(quiet(1), ring, quiet(answered_s), SAID, quiet(1), plan=None):
        assert leg.pick_up is None or round((1.9 + answered_s) * SR) in leg.pick_up
