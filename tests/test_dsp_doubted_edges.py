"""Where a last ring's edges, or a ringing's end, are not what they look like at first."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, with_noise

from dsp import synthesis as syn
from dsp.legs import ANSWERED, NONE, Leg, find_legs
from dsp.listen import listen
from dsp.notes import without_notes
from dsp.segment import BUSY, CONGESTION, MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan
from dsp.tone_share import rest_end


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


def ring(start_s: float, end_s: float, *, begins: bool = True, stops: bool = True, told: bool = True) -> Segment:
    return Segment(RINGBACK, round(start_s * SR), round(end_s * SR), begins=begins, stops=stops, told=told)


def legs(*segments: Segment, plan: str = "tw", end_s: float = 40) -> tuple[Leg, ...]:
    return find_legs(segments, sr=SR, plan=load_plan(plan), end=round(end_s * SR))


RINGS = [ring(i, i + 1) for i in (1, 4, 7)]


@pytest.mark.parametrize("longer_s", [0.06, 0.1, 0.2, 0.3])
def test_a_burst_longer_than_all_others_that_goes_over_into_a_voice_may_have_been_cut_long_before(longer_s) -> None:
    end = 11 + longer_s
    (leg,) = legs(*RINGS, ring(10, end, stops=False), at(SPEECH, end, end + 1))
    assert leg.pick_up is not None
    assert leg.pick_up.earliest <= (end - 0.34) * SR
    (leg,) = legs(*RINGS, ring(10, 11, stops=False), at(SPEECH, 11, 12))
    assert leg.pick_up is not None
    assert leg.pick_up.earliest >= 10.9 * SR


@pytest.mark.parametrize("music_until_s", [8.05, 9.5, 20])
def test_music_that_may_be_the_next_ring_and_its_rest_keeps_nobody_from_picking_up_behind_it(music_until_s) -> None:
    (leg,) = legs(ring(1, 2), ring(4, 5), at(MUSIC, 7, music_until_s), at(SPEECH, 21, 22))
    assert leg.rings <= 3 <= leg.most_rings
    assert leg.pick_up is not None
    assert round(9.9 * SR) in leg.pick_up


def test_music_cut_within_a_rings_length_was_over_by_then() -> None:
    (leg,) = legs(ring(1, 2), ring(4, 5), at(MUSIC, 7, 7.4), at(SPEECH, 21, 22))
    assert leg.pick_up is not None
    assert leg.pick_up.latest <= 7.5 * SR


@pytest.mark.parametrize("sound", [BUSY, CONGESTION])
def test_two_bursts_of_a_refusal_that_music_goes_over_into_and_a_voice_follows_are_notes(sound: str) -> None:
    refusal = Segment(sound, 12 * SR, round(12.75 * SR), begins=True)
    heard = [at(MUSIC, 8, 11.98), refusal]
    assert [s.sound for s in without_notes([*heard, at(SPEECH, 14, 15)], sr=SR)] == [MUSIC, SPEECH]
    assert [s.sound for s in without_notes(heard, sr=SR)] == [MUSIC, sound]
    apart = [at(MUSIC, 8, 11.9), refusal, at(SPEECH, 14, 15)]
    assert [s.sound for s in without_notes(apart, sr=SR)] == [MUSIC, sound, SPEECH]


@pytest.mark.parametrize("off_s", [0.0, 0.002])
def test_a_burst_that_ends_on_the_beat_of_another_may_ring_on_whoever_spoke_between(off_s: float) -> None:
    torn, spoken = ring(4, 4.9, stops=False), at(SPEECH, 5.9, 6.2)
    late = ring(7.5, 8 + off_s)  # its beginning was lost
    heard = legs(ring(1, 2), torn, spoken, late, at(SPEECH, 9, 11))
    assert [(leg.outcome, leg.rings, leg.provisional) for leg in heard] == [(NONE, 0, True)] * 2
    other = ring(7.5, 8.1)
    heard = legs(ring(1, 2), torn, spoken, other, at(SPEECH, 9, 11))
    assert [(leg.outcome, leg.rings) for leg in heard] == [(ANSWERED, 2), (ANSWERED, 1)]


@pytest.mark.parametrize("length_s", [0.025, 0.035, 0.06])
@pytest.mark.parametrize("hole_s", [0.02, 0.04, 0.06])
def test_what_comes_of_a_brief_ring_behind_a_hole_is_of_it(length_s: float, hole_s: float) -> None:
    tone = load_plan("tw").ringback
    wave = np.concatenate([quiet(1), syn.cadence(tone, length_s + hole_s + 0.1, sr=SR, level_dbfs=-20), quiet(0.5)])
    burst = Segment(RINGBACK, SR, round((1 + length_s) * SR))
    samples = with_noise(wave)
    samples[burst.end : burst.end + round(hole_s * SR)] = 0
    end = rest_end(samples, burst, tone, sr=SR)
    assert abs(end / SR - (1 + length_s + hole_s + 0.1)) <= 0.025


@pytest.mark.parametrize("cut_s", [0.13, 0.16, 0.18])
def test_the_pick_up_lies_behind_a_hole_in_a_ring_cut_at_once(cut_s: float) -> None:
    ringing = syn.cadence(load_plan("tw").ringback, 9 + cut_s, sr=SR, level_dbfs=-20)
    samples = with_noise(np.concatenate([quiet(1), ringing, quiet(4)]))
    hole = round(10.04 * SR), round(10.08 * SR)
    samples[slice(*hole)] = 0
    (leg,) = listen(samples, sr=SR, plan=load_plan("tw"), missing=[hole], answered_at=None).legs
    assert leg.rings <= 4 <= leg.most_rings
    assert leg.pick_up is None or round((10 + cut_s) * SR) in leg.pick_up
