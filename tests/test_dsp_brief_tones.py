"""A ring over almost as soon as it began is no call in which nothing rang for certain; nor are a voice's sounds one."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, VOICES, music, quiet, voice, with_noise
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE, Leg, find_legs
from dsp.answering.recording import Recording
from dsp.listen import listen
from dsp.second_look.brief_tones import brief_tones
from dsp.second_look.unheard_rings import _levels
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment, Span
from dsp.tone_plan import TonePlan, load_plan


def ringing(plan: TonePlan, seconds: float) -> np.ndarray:
    return syn.cadence(plan.ringback, seconds, sr=SR, level_dbfs=-20)


def found(wave: np.ndarray, plan: TonePlan) -> list[Span]:
    return list(brief_tones(_levels(wave, SR), wave, sr=SR, plan=plan))


def legs(plan: TonePlan, *pieces: np.ndarray, noise_dbfs: float = -55) -> tuple[Leg, ...]:
    return listen(with_noise(np.concatenate([quiet(0.7), *pieces]), noise_dbfs), sr=SR, plan=plan).legs


@given(name=st.sampled_from(["tw", "us", "uk", "de"]), lasts_s=st.floats(0.07, 0.19), noise_dbfs=st.floats(-65, -40))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_ring_picked_up_as_soon_as_it_began_is_one_or_is_left_open(
    name: str, lasts_s: float, noise_dbfs: float
) -> None:
    plan = load_plan(name)
    heard = legs(plan, ringing(plan, lasts_s), quiet(2), voice("personnel"), quiet(0.5), noise_dbfs=noise_dbfs)
    assert any(leg.rings == 1 or (leg.outcome == NONE and leg.provisional) for leg in heard)


@given(lasts_s=st.floats(0.06, 0.19))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_behind_who_put_through_such_a_ring_is_another_leg(lasts_s: float) -> None:
    plan = load_plan("tw")
    first = ringing(plan, 4.5), quiet(0.5), voice("switchboard"), quiet(1)
    answered, unknown = legs(plan, *first, ringing(plan, lasts_s), quiet(2), voice("personnel"), quiet(0.5))
    assert (answered.outcome, answered.rings) == (ANSWERED, 2)
    assert unknown.rings == 1 or (unknown.outcome, unknown.provisional) == (NONE, True)


@pytest.mark.parametrize("name", VOICES)
def test_no_voice_has_such_tones(name: str) -> None:
    wave = with_noise(np.concatenate([quiet(0.7), voice(name), quiet(0.7)]))
    assert found(wave, load_plan("tw")) == []


@pytest.mark.parametrize(("hz", "lasts_s"), [((440, 554), 0.1), ((697, 1209), 0.1), ((440, 480), 0.5)])
def test_nor_has_a_chord_nor_a_key_and_a_burst_is_no_moment(hz: tuple[int, int], lasts_s: float) -> None:
    t = np.arange(round(lasts_s * SR)) / SR
    sound = 0.1 * sum(np.sin(2 * np.pi * f * t) for f in hz).astype(np.float32)
    assert found(with_noise(np.concatenate([quiet(0.7), sound, quiet(0.7)])), load_plan("tw")) == []


def test_it_is_found_where_it_sounds() -> None:
    plan = load_plan("tw")
    (one,) = found(with_noise(np.concatenate([quiet(0.7), ringing(plan, 0.1), quiet(0.7)])), plan)
    assert one.earliest == pytest.approx(0.7 * SR, abs=0.011 * SR)
    assert one.latest == pytest.approx(0.8 * SR, abs=0.021 * SR)
    assert found(with_noise(ringing(plan, 0.1)), plan) == []


@pytest.mark.parametrize(("flags", "open_"), [({"stops": True, "told": True}, True), ({}, False)])
def test_a_brief_burst_behind_music_that_stops_in_the_lines_noise_may_be_another_telephone(
    flags: dict[str, bool], open_: bool
) -> None:
    burst = Segment(RINGBACK, 16 * SR, round(16.16 * SR), **flags)
    segments = [at(RINGBACK, 1, 2), at(SPEECH, 3, 5), at(MUSIC, 9, 13.7), burst, at(SPEECH, 16.5, 17)]
    heard = find_legs(segments, sr=SR, plan=load_plan("tw"), end=18 * SR)
    assert len(heard) == (2 if open_ else 1)


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


@pytest.mark.parametrize(("rest_s", "open_"), [(7.99, True), (7.8, True), (7.7, False)])
def test_a_burst_whose_tones_are_heard_again_behind_a_hole_until_it_was_over_was_not_cut(
    rest_s: float, open_: bool
) -> None:
    rings = [at(RINGBACK, 1, 2), at(RINGBACK, 4, 5), at(RINGBACK, 7, 7.62)]
    (leg,) = find_legs(
        [*rings, at(SPEECH, 9.6, 12)],
        sr=SR,
        plan=load_plan("tw"),
        end=13 * SR,
        recording=Recording(rest_end=lambda burst: round(rest_s * SR) if burst.start == 7 * SR else burst.end),
    )
    assert leg.pick_up is not None
    assert (9 * SR in leg.pick_up) == open_


@pytest.mark.parametrize(("lasts_s", "open_"), [(0.2, True), (0.13, True), (0.08, False)])
def test_a_sound_as_long_as_a_word_behind_the_last_ring_is_no_sure_no_answer(lasts_s: float, open_: bool) -> None:
    plan = load_plan("tw")
    word = syn.white_noise(round(lasts_s * SR), rng=np.random.default_rng(2), level_dbfs=-30)
    (leg,) = legs(plan, ringing(plan, 7.5), quiet(0.5), word, quiet(0.3))
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, open_)


def test_music_whose_notes_are_others_is_none() -> None:
    assert found(with_noise(np.concatenate([quiet(0.5), music(6), quiet(0.5)])), load_plan("tw")) == []
