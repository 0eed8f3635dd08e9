"""Rings of one exchange keep their frequency to a hair; what is off it is a voice's, an instrument's, or another's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import synthesis as syn
from dsp.answering.heard_call import Clues
from dsp.answering.legs import ANSWERED, NONE, find_legs
from dsp.listen import listen
from dsp.listening import Listening
from dsp.ringing.exchange import Exchange
from dsp.second_look.same_exchange import same_exchange
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan, parse_tone

SR = 8000
TW = load_plan("tw")
PLANS = ("tw", "us", "uk", "cn", "de", "au", "jp")


def burst(plan: str, seconds: float, *, off: float = 1.0, apart: float = 1.0) -> np.ndarray:
    """Ringback's tones of a plan, all `off` by a factor, the first `apart` from the others by another."""
    first, *others = load_plan(plan).ringback.frequencies_hz
    swing = load_plan(plan).ringback.modulation_hz
    tones = "+".join(f"{hz:.3f}" for hz in (first * off * apart, *(f * off for f in others)))
    tones += f"*{swing:g}" if swing else ""
    return syn.cadence(parse_tone(f"{tones}/{round(seconds * 1000)}"), seconds, sr=SR, level_dbfs=-20)


def call(pieces: list[tuple[float, np.ndarray]], *, end_s: float, noise_dbfs: float = -60, seed: int = 1) -> np.ndarray:
    wave = syn.white_noise(round(end_s * SR), rng=np.random.default_rng(seed), level_dbfs=noise_dbfs)
    for at_s, sound in pieces:
        wave[round(at_s * SR) : round(at_s * SR) + len(sound)] += sound
    return syn.to_int16(wave)


def segments(pieces: list[tuple[float, np.ndarray]]) -> list[Segment]:
    return [Segment(RINGBACK, round(at * SR), round(at * SR) + len(sound)) for at, sound in pieces]


def hear(pieces: list[tuple[float, np.ndarray]], *, end_s: float = 20) -> Listening:
    return listen(call(pieces, end_s=end_s), sr=SR, plan=TW)


@settings(deadline=None, max_examples=60)
@given(
    plan=st.sampled_from(PLANS),
    off=st.floats(0.98, 1.02),
    lengths=st.lists(st.floats(0.15, 2.0), min_size=2, max_size=5),
    noise_dbfs=st.floats(-70, -36),
    lost=st.integers(0, 3),
    taken=st.integers(0, 200),
)
def test_no_ring_of_one_exchange_is_a_stranger(plan, off, lengths, noise_dbfs, lost, taken):
    pieces = [(0.5 + 3 * place, burst(plan, seconds, off=off)) for place, seconds in enumerate(lengths)]
    # A jitter buffer takes up to a packet and a quarter out of one, and packets are lost of others.
    middle, taken = len(pieces[0][1]) // 2, taken if lengths[0] >= 0.5 else 0
    pieces[0] = pieces[0][0], np.delete(pieces[0][1], slice(middle, middle + taken))
    wave = call(pieces, end_s=16, noise_dbfs=noise_dbfs)
    told = segments(pieces)
    for place in range(lost):
        at = told[-1].start + place * told[-1].length // 4
        wave[at : at + 160] = 0
    assert same_exchange(told, wave, sr=SR, plan=load_plan(plan), buffer_s=taken / SR).strangers == frozenset()


@settings(deadline=None, max_examples=60)
@given(
    plan=st.sampled_from(PLANS),
    off=st.floats(0.99, 1.01),
    by=st.floats(0.008, 0.02),
    sign=st.sampled_from([-1, 1]),
    seconds=st.floats(0.6, 2.0),
    noise_dbfs=st.floats(-70, -36),
)
def test_a_burst_a_hundredth_off_two_others_is_one(plan, off, by, sign, seconds, noise_dbfs):
    pieces = [(0.5 + 3 * place, burst(plan, 1.0, off=off)) for place in range(2)]
    pieces.append((7.0, burst(plan, seconds, off=off + sign * by)))
    told = segments(pieces)
    assert same_exchange(
        told, call(pieces, end_s=10, noise_dbfs=noise_dbfs), sr=SR, plan=load_plan(plan)
    ).strangers == {told[-1]}


def test_two_alone_that_differ_are_both_where_they_would_be_one_ringing_but_not_far_apart():
    near = [(0.5, burst("tw", 1.0)), (3.5, burst("tw", 1.0, off=1.01))]
    far = [(0.5, burst("tw", 1.0)), (13.5, burst("tw", 1.0, off=1.01))]
    assert len(same_exchange(segments(near), call(near, end_s=16), sr=SR, plan=TW).strangers) == 2
    assert not same_exchange(segments(far), call(far, end_s=16), sr=SR, plan=TW).strangers


@pytest.mark.parametrize(("off", "apart"), [(1.0, 1.02), (1.0, 0.98), (1.028, 1.0)])
def test_one_alone_is_one_where_its_tones_are_not_the_plans(off, apart):
    pieces = [(0.5, burst("tw", 1.0, off=off, apart=apart))]
    told = segments(pieces)
    assert same_exchange(told, call(pieces, end_s=4), sr=SR, plan=TW).strangers == set(told)


@pytest.mark.parametrize("at_s", [5.0, 9.0, 9.5])
@pytest.mark.parametrize("seconds", [0.4, 0.9, 1.0])
def test_a_note_on_the_beat_or_off_it_is_counted_with_no_ringing(at_s, seconds):
    rings = [(0.0 + 3 * place, burst("tw", 1.0)) for place in range(1, 3)]
    (alone,) = hear(rings).legs
    heard = hear([*rings, (at_s, burst("tw", seconds, off=1.012))])
    assert alone.rings == 2
    assert all(leg.provisional or (leg.rings, leg.more_rings) == (2, 0) for leg in heard.legs)
    assert not any(leg.rings > 2 or (leg.rings == 1 and leg.outcome != NONE) for leg in heard.legs)


@pytest.mark.parametrize("off", [0.985, 1.0, 1.015])
def test_one_ring_of_a_plan_is_heard_however_far_off_networks_send_it(off):
    (leg,) = hear([(1.0, burst("tw", 1.0, off=off))], end_s=6).legs
    assert leg.rings == 1


def test_a_tone_that_is_none_of_the_plans_by_its_two_lines_rings_nothing_for_certain():
    heard = hear([(1.0, burst("tw", 1.0, apart=1.02))], end_s=6)
    assert all(leg.provisional and leg.outcome == NONE for leg in heard.legs)


def test_a_brief_ring_of_the_others_frequency_before_music_is_not_taken_for_its_first_note():
    rings = [(1.0 + 3 * place, burst("tw", 1.0)) for place in range(3)]
    told = [*segments([*rings, (15.0, burst("tw", 0.27))])]
    assert same_exchange(told, call([*rings, (15.0, burst("tw", 0.27))], end_s=18), sr=SR, plan=TW).kin == set(told)
    music = Segment(MUSIC, round(15.3 * SR), 18 * SR)
    brief = replace(told[-1], told=False)
    spoken = [*told[:-1], Segment(SPEECH, 9 * SR, 11 * SR), brief, music]
    known = find_legs(spoken, sr=SR, plan=TW, end=18 * SR)
    doubted = find_legs(spoken, sr=SR, plan=TW, end=18 * SR, clues=Clues(exchange=Exchange(kin=frozenset({brief}))))
    assert [leg.rings for leg in known] == [3]
    assert [(leg.outcome, leg.rings, leg.provisional) for leg in doubted] == [(ANSWERED, 3, False), (NONE, 0, True)]


def test_of_an_hours_ringing_every_burst_is_known():
    pieces = [(0.5 + 1.5 * place, burst("tw", 0.5)) for place in range(300)]
    told = segments(pieces)
    whose = same_exchange(told, call(pieces, end_s=452), sr=SR, plan=TW)
    assert whose.kin == set(told)
    assert not whose.strangers
    assert same_exchange([], np.zeros(SR, np.int16), sr=SR, plan=TW) == Exchange()
