"""What rang, how often, and when it was picked up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.legs import ANSWERED, NO_ANSWER, NONE, Leg, find_legs
from dsp.segment import BUSY, CONGESTION, MISSING, MUSIC, RINGBACK, SPEECH, Segment, Span
from dsp.tone_plan import load_plan

SR = 8000
TW = load_plan("tw")


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


def ringing(start_s: float, pick_up_s: float) -> list[Segment]:
    """Bursts of Taiwan's ringback from `start_s`, cut at `pick_up_s`."""
    starts = np.arange(start_s, pick_up_s, 3.0)
    return [at(RINGBACK, s, min(s + 1, pick_up_s)) for s in starts]


def legs(segments: list[Segment], end_s: float = 60, **known) -> tuple[Leg, ...]:
    return find_legs(segments, sr=SR, plan=TW, end=round(end_s * SR), **known)


def s(span: Span | None) -> tuple[float, float]:
    assert span is not None
    return span.earliest / SR, span.latest / SR


def test_a_cut_burst_tells_the_pick_up():
    (leg,) = legs([*ringing(1, 7.5), at(SPEECH, 8.2, 10)])
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)
    earliest, latest = s(leg.pick_up)
    assert earliest < 7.5 < latest
    assert latest - earliest < 0.08


def test_in_the_gap_it_lies_between_the_burst_and_the_voice():
    (leg,) = legs([*ringing(1.6, 8.6), at(SPEECH, 9.24, 11)])
    earliest, latest = s(leg.answer_latency)
    assert leg.rings == 3
    assert 7.0 <= earliest <= 7.01
    assert 7.64 <= latest <= 7.75


def test_in_the_gap_it_stays_before_the_burst_that_did_not_come():
    (leg,) = legs([*ringing(1, 8), at(SPEECH, 12.4, 14)])
    assert leg.rings == 3
    assert leg.pick_up.latest < 10 * SR
    assert leg.answer_latency.latest < 9 * SR


def test_after_ring_four_ten_seconds_are_surely_over():
    (leg,) = legs([*ringing(1, 11), at(SPEECH, 11.5, 14)])
    assert leg.rings == 4
    assert leg.answer_latency.earliest > 10 * SR


@given(pick_up_s=st.floats(0.3, 30), wait_s=st.floats(0.1, 4))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_interval_always_holds_the_truth(pick_up_s, wait_s):
    within = pick_up_s % 3
    if within < 0.012 or within > 2.998 or 0.99 < within < 1.002:
        return
    (leg,) = legs([*ringing(1, 1 + pick_up_s), at(SPEECH, 1 + pick_up_s + wait_s, 40 + wait_s)])
    assert leg.outcome == ANSWERED
    assert leg.rings == int(pick_up_s // 3) + 1
    assert round((1 + pick_up_s) * SR) in leg.pick_up
    assert pick_up_s * SR in leg.answer_latency


@given(a=st.floats(0.3, 29), b=st.floats(0.3, 29))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_later_pick_up_never_has_fewer_rings(a, b):
    early, late = sorted((a, b))
    counts = [legs([*ringing(1, 1 + p), at(SPEECH, p + 1.5, p + 3)])[0].rings for p in (early, late)]
    assert counts[0] <= counts[1]


def test_ringing_and_nothing_else_is_no_answer():
    (leg,) = legs(ringing(1, 28), end_s=28)
    assert (leg.outcome, leg.rings, leg.pick_up) == (NO_ANSWER, 9, None)


def test_the_callers_own_hang_up_inside_a_burst_is_no_answer():
    (leg,) = legs(ringing(1, 28.4), end_s=28.9)
    assert leg.outcome == NO_ANSWER


@pytest.mark.parametrize("sound", [BUSY, CONGESTION])
def test_refused_at_once_and_after_ringing(sound):
    (leg,) = legs([at(sound, 1, 9)])
    assert (leg.outcome, leg.rings, leg.ring_onset) == (sound, 0, None)
    (leg,) = legs([*ringing(1, 7), at(sound, 8, 15)])
    assert (leg.outcome, leg.rings) == (sound, 2)


def test_a_prompt_alone_is_a_leg_without_ringing():
    (leg,) = legs([at(SPEECH, 1, 9)])
    assert (leg.outcome, leg.rings, leg.pick_up) == (NONE, 0, None)
    assert leg.voice_onset is not None


def test_a_prompt_then_the_operator_then_the_extension():
    segments = [at(SPEECH, 1, 9), *ringing(12, 16.5), at(SPEECH, 17, 20), *ringing(22, 29.4), at(SPEECH, 30, 33)]
    found = legs(segments)
    assert [leg.outcome for leg in found] == [NONE, ANSWERED, ANSWERED]
    assert [leg.rings for leg in found] == [0, 2, 3]
    assert [leg.provisional for leg in found] == [False, True, True]


def test_busy_after_an_answer_stays_provisional():
    found = legs([*ringing(1, 5.4), at(SPEECH, 6, 9), at(BUSY, 10, 18)])
    assert [(leg.outcome, leg.provisional) for leg in found] == [(ANSWERED, False), (BUSY, True)]


def test_speech_before_the_200_is_an_announcement():
    segments = [*ringing(1, 5), at(SPEECH, 5.5, 9)]
    (leg,) = legs(segments, early_until=20 * SR)
    assert leg.outcome == NO_ANSWER
    (leg,) = legs([*segments, at(SPEECH, 20.5, 22)], answered_at=20 * SR)
    assert leg.outcome == ANSWERED


def test_a_200_that_fits_is_the_pick_up():
    (leg,) = legs([*ringing(1, 8), at(SPEECH, 9.5, 12)], answered_at=round(9.1 * SR))
    assert round(9.1 * SR) in leg.pick_up
    assert leg.pick_up.latest - leg.pick_up.earliest < 0.1 * SR


def test_a_gateway_that_answers_early_does_not_hide_the_pick_up():
    (leg,) = legs([*ringing(1, 8.5), at(SPEECH, 9.1, 12)], answered_at=round(0.5 * SR))
    assert round(8.5 * SR) in leg.pick_up


def test_a_ring_whose_packets_were_lost_is_counted():
    bursts = ringing(1, 13.3)
    del bursts[2]
    segments = [*bursts, at(MISSING, 6.9, 8.1), at(SPEECH, 14, 16)]
    (leg,) = legs(segments)
    assert leg.rings == 5


def test_a_lost_burst_is_no_proof_that_the_ringing_ended():
    (leg,) = legs([*ringing(1, 8), at(MISSING, 9.9, 11.1), at(SPEECH, 12.5, 14)])
    assert leg.pick_up.latest > 12.4 * SR


def test_a_voice_in_the_gap_did_not_stop_a_ringing_that_goes_on():
    (leg,) = legs([*ringing(1, 8.4), at(SPEECH, 5.5, 6.2), at(SPEECH, 9, 11)])
    assert leg.rings == 3


def test_a_ringing_that_began_anew_may_be_forwarded():
    (leg,) = legs([*ringing(1, 8), *ringing(9.2, 13.6), at(SPEECH, 14, 15)])
    assert leg.restarted
    assert leg.rings == 5


def test_music_after_the_ringing_is_no_person():
    (leg,) = legs([*ringing(1, 8), at(MUSIC, 8.5, 30)])
    assert (leg.outcome, leg.music, leg.provisional) == (ANSWERED, True, True)


def test_one_burst_inside_music_is_no_ring():
    found = legs([at(MUSIC, 1, 9.5), at(RINGBACK, 10, 11), at(MUSIC, 11, 20)])
    assert [leg.outcome for leg in found] == [NONE]


def test_nothing_is_no_leg():
    assert legs([]) == ()
