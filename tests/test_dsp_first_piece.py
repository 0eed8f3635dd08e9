"""A ringing's first and last pieces that are a voice's or music's, and edges that packets took."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, with_noise
from dsp_segments import at, legs, ring

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, Leg, find_legs
from dsp.answering.recording import Recording
from dsp.ringing.beat import find_beat, is_sure, lean
from dsp.second_look.packet_behind import hole_start
from dsp.second_look.tone_share import sure_end
from dsp.segment import DTMF, MISSING, MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan

TW = load_plan("tw")
LATER = [ring(i, i + 1) for i in (10, 13, 16)]


def ringing(*heard: Segment) -> Leg:
    return [leg for leg in legs(*heard) if leg.outcome == ANSWERED][-1]


@pytest.mark.parametrize(("start_s", "end_s", "before"), [(6.93, 7.06, MUSIC), (7.354, 7.758, SPEECH)])
def test_a_vowel_or_a_last_note_on_the_beat_with_neither_edge_is_no_ring(start_s, end_s, before) -> None:
    rings = [ring(i + lost_s, i + 1, told=False) for i, lost_s in ((10, 0.02), (13, 0), (16, 0.02), (19, 0))]
    note = Segment(RINGBACK, round(start_s * SR), round(end_s * SR), begins=False)
    leg = ringing(at(before, 2, start_s - (0.01 if before == MUSIC else 1.9)), note, *rings, at(SPEECH, 20.7, 22))
    assert leg.rings == leg.most_rings == 4
    assert leg.ring_onset is not None
    assert 10 * SR in leg.ring_onset


@pytest.mark.parametrize("begins", [True, False])
def test_a_first_ring_that_lost_its_end_or_began_out_of_quiet_stays(begins: bool) -> None:
    first = Segment(RINGBACK, 7 * SR, round(7.5 * SR), begins=begins)
    leg = ringing(first, *LATER, at(SPEECH, 17.7, 19))
    assert leg.most_rings == 4


def test_a_piece_right_behind_a_word_is_the_word_s_and_no_second_ring() -> None:
    (leg,) = legs(
        ring(1.48, 2.453, told=False),
        at(SPEECH, 6.253, 6.389),
        ring(6.407, 6.49, stops=False, told=False),
        plan="it",
        end_s=7,
    )
    assert (leg.outcome, leg.rings, leg.most_rings) == (ANSWERED, 1, 1)


def test_music_s_first_note_that_comes_early_for_the_beat_is_none_though_the_music_is_known_before_it_is_over() -> None:
    rings = [*LATER, ring(19, 20), ring(22, 22.757)]
    note = Segment(RINGBACK, round(24.956 * SR), round(25.47 * SR), begins=False)
    found = legs(*rings, at(DTMF, 23.9, 24.173), at(MUSIC, 24.15, 24.4), note, at(MUSIC, 25.453, 34))
    assert (found[0].outcome, found[0].rings, found[0].most_rings) == (ANSWERED, 5, 5)


def test_a_ring_that_lost_its_beginning_and_the_packets_behind_it_may_have_been_whole() -> None:
    gone = [Segment(MISSING, round(a * SR), round(b * SR)) for a, b in ((5.0, 5.22), (6.0, 6.02))]
    burst = Segment(RINGBACK, round(5.22 * SR), 6 * SR, begins=True)
    (leg,) = legs(*gone, burst, at(SPEECH, 8.2, 9))
    assert leg.pick_up is not None
    assert round(7.9 * SR) in leg.pick_up


def test_two_rings_of_which_each_lost_a_packet_are_as_well_on_the_plan_s_beat() -> None:
    group = [(Segment(RINGBACK, 71520, 79293),), (Segment(RINGBACK, 95378, 102503),)]
    assert not is_sure(group, find_beat(group, sr=SR, plan=TW), sr=SR, plan=TW)
    whole = [(Segment(RINGBACK, 71520, 79520),), (Segment(RINGBACK, 95520, 102503),)]
    assert is_sure(whole, find_beat(whole, sr=SR, plan=TW), sr=SR, plan=TW)


def test_rings_that_lost_a_packet_s_end_tell_no_more_of_how_tones_fade() -> None:
    lengths = [7992, 7760, 7920, 7920]
    group = [(Segment(RINGBACK, 6320 + i * 24000, 6320 + i * 24000 + n),) for i, n in enumerate(lengths)]
    assert abs(lean(group, find_beat(group, sr=SR, plan=TW), sr=SR, plan=TW)) <= 0.001 * SR


@pytest.mark.parametrize("lost_ms", [0, 20, 40])
def test_right_behind_a_hole_in_the_line_s_noise_a_ring_may_have_begun_before(lost_ms: int) -> None:
    wave = np.concatenate([quiet(1), syn.cadence(TW.ringback, 1.0, sr=SR, level_dbfs=-20), quiet(1)])
    samples = with_noise(wave)
    since = SR + round(lost_ms * SR / 1000)
    samples[SR:since] = 0
    burst = Segment(RINGBACK, since, 2 * SR, begins=True, stops=True)
    assert hole_start(samples, burst, sr=SR) == pytest.approx(SR if lost_ms else since, abs=2)
    known = {
        "sr": SR,
        "plan": TW,
        "end": len(samples),
        "recording": Recording(hole_start=lambda one: hole_start(samples, one, sr=SR)),
    }
    (leg,) = find_legs([burst, at(SPEECH, 2.7, 3)], **known)
    assert leg.ring_onset is not None
    assert SR in leg.ring_onset


def test_on_a_line_without_noise_nothing_before_a_ring_is_no_hole() -> None:
    wave = np.concatenate([quiet(1), syn.cadence(TW.ringback, 1.0, sr=SR, level_dbfs=-20)])
    burst = Segment(RINGBACK, SR, 2 * SR)
    assert hole_start(syn.to_int16(wave), burst, sr=SR) == SR


@pytest.mark.parametrize("plan", ["tw", "de", "jp"])
@pytest.mark.parametrize("pause_s", [0.05, 0.02])
def test_a_vowel_of_the_tones_pitch_soon_behind_a_cut_ring_is_not_its_end(plan: str, pause_s: float) -> None:
    tones = load_plan(plan)
    ringing_, vowel = (syn.cadence(tones.ringback, s, sr=SR, level_dbfs=-20) for s in (0.5, 0.03))
    samples = with_noise(np.concatenate([quiet(1), ringing_, quiet(pause_s), vowel, quiet(1)]), -60)
    end = round((1.5 + pause_s + 0.03) * SR)
    told = sure_end(samples, Segment(RINGBACK, SR, end), tones.ringback, sr=SR)
    # One that swings has pauses of its own, and a pause of one packet may be one that was lost.
    expected = 1.5 * SR if pause_s == 0.05 and not tones.ringback.modulation_hz else end
    assert told == pytest.approx(expected, abs=0.015 * SR)


def test_a_first_ring_that_lost_packets_at_both_ends_is_no_note() -> None:
    first = Segment(RINGBACK, round(7.074 * SR), round(7.954 * SR), begins=False)
    assert ringing(first, *LATER, at(SPEECH, 17.7, 19)).most_rings == 4
