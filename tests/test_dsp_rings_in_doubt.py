"""Rings that packets, coders and jitter buffers left in doubt: nothing is said of them for sure."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR
from dsp_segments import at, legs, ring

from dsp import synthesis as syn
from dsp.answering.leg import ANSWERED, NONE
from dsp.answering.legs import find_legs
from dsp.answering.recording import Recording
from dsp.ringing.plan_choice import fitting_plans
from dsp.second_look.coder_rest import coded_end, without_coded_rests
from dsp.segment import BUSY, MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan

TW = load_plan("tw")
LATER = [ring(i, i + 1) for i in (20, 23, 26)]


def test_a_ring_that_packets_tore_is_one_though_a_piece_of_it_passed_for_a_voice() -> None:
    prompt, answer = at(SPEECH, 6, 9), at(SPEECH, 28, 30)
    pieces = [at(SPEECH, 2.45, 2.56), ring(2.58, 3.47, begins=False, stops=False, told=False), at(SPEECH, 3.47, 3.6)]
    assert legs(*pieces, prompt, *LATER, answer)[0].provisional
    assert not legs(prompt, *LATER, answer)[0].provisional


@pytest.mark.parametrize(("told", "provisional"), [(True, True), (False, False)])
def test_two_tones_out_of_quiet_before_a_prompt_rang_though_noise_passed_for_music(
    told: bool, provisional: bool
) -> None:
    heard = legs(at(MUSIC, 0.7, 3.1), ring(2.45, 2.74, told=told), at(SPEECH, 3.14, 6), *LATER, at(SPEECH, 28, 30))
    assert heard[0].provisional is provisional


@pytest.mark.parametrize(("told", "count"), [(True, 2), (False, 1)])
def test_a_ring_cut_at_once_right_behind_a_prompt_is_left_to_a_person(told: bool, count: int) -> None:
    heard = legs(ring(0.6, 1.6), at(SPEECH, 2.8, 15.18), ring(15.18, 15.47, told=told), at(SPEECH, 24, 25))
    assert [leg.provisional for leg in heard] == [False, True][:count]


@pytest.mark.parametrize(("rings_at", "outcome"), [(True, NONE), (False, ANSWERED)])
def test_a_word_that_begins_with_the_ring_s_own_tones_leaves_the_ringing_open(rings_at: bool, outcome: str) -> None:
    rings, word = [ring(1, 2), ring(4.15, 5.15)], at(SPEECH, 7.1, 8)
    known = {"sr": SR, "plan": TW, "end": 9 * SR}
    recording = Recording(rings_at=lambda sample: rings_at and sample == word.start)
    (leg,) = find_legs([*rings, word], recording=recording, **known)  # type: ignore[arg-type]
    assert leg.outcome == outcome


def test_ends_that_keep_the_beat_tell_a_ring_that_lost_its_beginning_from_one_that_was_cut() -> None:
    ends, lacks = (1.78, 6.806, 11.832), (0.0, 0.037, 0.073)
    rings = [ring(e - 1.5 + lost, e, stops=False, told=False) for e, lost in zip(ends, lacks, strict=True)]
    (leg,) = legs(*rings, at(SPEECH, 15.4, 17), plan="fr")
    assert leg.pick_up is not None
    assert leg.pick_up.latest > 15 * SR
    cut = ring(11.832 - 1.5 + 0.073, 11.75, stops=False, told=False)
    (leg,) = legs(*rings[:2], cut, at(SPEECH, 15.4, 17), plan="fr")
    assert leg.pick_up is not None
    assert leg.pick_up.latest < 12 * SR


@pytest.mark.parametrize(("lacks_s", "cut"), [(0.02, False), (0.026, False), (0.04, True)])
def test_what_a_jitter_buffer_may_have_taken_out_of_a_ring_is_no_cut(lacks_s: float, cut: bool) -> None:
    rings = [ring(i, i + 1) for i in (1, 4, 7)]
    (leg,) = legs(*rings, ring(10, 11 - lacks_s), at(SPEECH, 12, 13))
    assert leg.pick_up is not None
    assert (leg.pick_up.latest < 11.1 * SR) is cut


@pytest.mark.parametrize(("refused_s", "outcome"), [(4.1, BUSY), (4.7, NONE)])
def test_a_refusal_well_behind_a_ring_that_did_not_come_may_be_somebody_s_hanging_up(
    refused_s: float, outcome: str
) -> None:
    (leg,) = legs(ring(1, 2, stops=False), at(BUSY, refused_s, 9))
    assert leg.outcome == outcome


def test_a_vowel_behind_a_ring_says_nothing_of_the_plans_that_fit_it() -> None:
    ring_, vowel = (syn.cadence(load_plan("cn").ringback, s, sr=SR, level_dbfs=-20) for s in (1.0, 0.16))
    call = np.concatenate([np.zeros(2 * SR), ring_, np.zeros(8 * SR), vowel, np.zeros(SR)])
    call = syn.to_int16(call + syn.white_noise(len(call), rng=np.random.default_rng(1), level_dbfs=-55))
    assert "cn" in [plan.name for plan in fitting_plans(call, sr=SR)]
    cut = np.concatenate([call[: round(2.6 * SR)], call[3 * SR :]])
    assert "cn" not in [plan.name for plan in fitting_plans(cut, sr=SR)]  # of what may have been cut nothing is known


def pitched(seconds: float, *, level_dbfs: float, seed: int = 1) -> np.ndarray:
    """Noise round ringback's tones, as a coder makes it of them."""
    t = np.arange(round(seconds * SR)) / SR
    tones = [np.cos(2 * np.pi * hz * t + phase) for hz, phase in _lines(seed)]
    return syn.at_level(np.sum(tones, axis=0), level_dbfs)


def _lines(seed: int) -> list[tuple[float, float]]:
    rng = np.random.default_rng(seed)
    return [(float(rng.uniform(400, 520)), float(rng.uniform(0, 6))) for _ in range(24)]


def call_of(*parts: np.ndarray) -> np.ndarray:
    wave = np.concatenate(parts)
    return syn.to_int16(wave + syn.white_noise(len(wave), rng=np.random.default_rng(2), level_dbfs=-60))


RING = syn.cadence(TW.ringback, 0.6, sr=SR, level_dbfs=-20)
BURST = ring(1, 1.6, stops=False)


@pytest.mark.parametrize(("level_dbfs", "ends_s"), [(-24.0, 2.0), (-38.0, 1.6)])
def test_noise_of_a_ring_s_pitch_as_loud_behind_it_is_the_rest_of_it(level_dbfs: float, ends_s: float) -> None:
    call = call_of(np.zeros(SR), RING, pitched(0.4, level_dbfs=level_dbfs), np.zeros(SR))
    assert coded_end(call, BURST, TW.ringback, sr=SR) == pytest.approx(ends_s * SR, abs=0.06 * SR)


def test_other_noise_as_loud_is_not() -> None:
    voice = syn.white_noise(round(0.4 * SR), rng=np.random.default_rng(3), level_dbfs=-24)
    call = call_of(np.zeros(SR), RING, voice, np.zeros(SR))
    assert coded_end(call, BURST, TW.ringback, sr=SR) == BURST.end


@pytest.mark.parametrize(("hz", "ends_s"), [(0, 1.645), (1900, 1.6)])
def test_a_ring_s_last_moment_behind_faded_packets_is_heard(hz: int, ends_s: float) -> None:
    again = RING[: round(0.02 * SR)] if not hz else 0.1 * np.sin(2 * np.pi * hz * np.arange(round(0.02 * SR)) / SR)
    call = call_of(np.zeros(SR), RING, np.zeros(round(0.025 * SR)), again, np.zeros(SR))
    assert coded_end(call, BURST, TW.ringback, sr=SR) == pytest.approx(ends_s * SR, abs=0.008 * SR)


@pytest.mark.parametrize(("start_s", "end_s", "kept"), [(1.7, 1.9, False), (1.9, 2.1, True), (1.7, 2.3, True)])
def test_a_brief_word_of_a_ring_s_pitch_right_behind_it_is_none(start_s: float, end_s: float, *, kept: bool) -> None:
    noise = pitched(end_s - start_s, level_dbfs=-30)
    call = call_of(np.zeros(SR), RING, np.zeros(round((start_s - 1.6) * SR)), noise, np.zeros(3 * SR))
    word, voice = at(SPEECH, start_s, end_s), at(SPEECH, 4, 5)
    heard: list[Segment] = [BURST, word, voice]
    assert (word in without_coded_rests(heard, call, sr=SR, plan=TW)) is kept
    assert word in without_coded_rests(heard[:2], call, sr=SR, plan=TW)  # all that anybody said
    assert RINGBACK in [s.sound for s in without_coded_rests(heard, call, sr=SR, plan=TW)]


@pytest.mark.parametrize(("start_s", "may_have_begun_before"), [(0.26, True), (3.26, False)])
def test_a_recording_may_begin_amid_the_only_ring(start_s: float, may_have_begun_before: bool) -> None:
    (leg,) = legs(ring(start_s, start_s + 0.76, stops=False), at(SPEECH, start_s + 3, start_s + 4))
    assert leg.ring_onset is not None
    assert (leg.ring_onset.earliest <= (start_s - 0.23) * SR) is may_have_begun_before
