"""What rang, how often, and when it was picked up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.answering.heard_call import Clues, Signalling
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE, Leg, find_legs
from dsp.answering.recording import Recording
from dsp.segment import BUSY, CONGESTION, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment, Span
from dsp.tone_plan import load_plan

SR = 8000
TW = load_plan("tw")


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


def ringing(start_s: float, pick_up_s: float) -> list[Segment]:
    """Bursts of Taiwan's ringback from `start_s`, cut at `pick_up_s`."""
    starts = np.arange(start_s, pick_up_s, 3.0)
    return [replace(at(RINGBACK, s, min(s + 1, pick_up_s)), told=pick_up_s - s >= 0.3) for s in starts]


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
    assert latest - earliest < 0.095  # three packets may be lost behind it


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
    assert leg.rings <= int(pick_up_s // 3) + 1 <= leg.most_rings
    # A voice's first sound, or a hole of ten packets and two more that were lost before it.
    assert leg.rings == leg.most_rings or not 0.12 < within < 0.72
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
    (leg,) = legs([*ringing(1, 7), at(sound, 6, 15)])
    assert (leg.outcome, leg.rings) == (sound, 2)


@pytest.mark.parametrize("sound", [BUSY, CONGESTION])
def test_a_refusal_long_after_a_ring_that_did_not_come_leaves_the_call_to_a_person(sound):
    (leg,) = legs([*ringing(1, 7), at(sound, 8.2, 15)])
    assert (leg.outcome, leg.rings, leg.provisional) == (NONE, 0, True)


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
    (leg,) = legs(segments, signalling=Signalling(early_until=20 * SR))
    assert leg.outcome == NO_ANSWER
    (leg,) = legs([*segments, at(SPEECH, 20.5, 22)], signalling=Signalling(answered_at=20 * SR))
    assert leg.outcome == ANSWERED


def test_a_200_that_fits_is_the_pick_up():
    (leg,) = legs([*ringing(1, 8), at(SPEECH, 9.5, 12)], signalling=Signalling(answered_at=round(9.1 * SR)))
    assert round(9.1 * SR) in leg.pick_up
    assert leg.pick_up.latest - leg.pick_up.earliest < 0.1 * SR


def test_a_gateway_that_answers_early_does_not_hide_the_pick_up():
    (leg,) = legs([*ringing(1, 8.5), at(SPEECH, 9.1, 12)], signalling=Signalling(answered_at=round(0.5 * SR)))
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


@pytest.mark.parametrize("sound", [SPEECH, MUSIC])
def test_a_word_in_one_pause_of_a_ringing_that_goes_on_leaves_the_call_to_a_person(sound):
    (leg,) = legs([*ringing(1, 8.4), at(sound, 5.5, 6.2), at(SPEECH, 9, 11)])
    assert (leg.outcome, leg.rings, leg.provisional, leg.pick_up) == (NONE, 0, True, None)
    (leg,) = legs([*ringing(1, 8.4), at(sound, 5.5, 5.75), at(SPEECH, 9, 11)])
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)


def test_words_in_several_pauses_of_a_ringing_are_the_backgrounds():
    words = [at(SPEECH, 5.5, 6.2), at(SPEECH, 8.5, 9.2)]
    (leg,) = legs([*ringing(1, 11.4), *words, at(SPEECH, 12, 14)])
    assert (leg.outcome, leg.rings) == (ANSWERED, 4)


def test_an_announcement_before_the_200_stops_no_ringing():
    (leg,) = legs(
        [*ringing(1, 8.4), at(SPEECH, 5.5, 6.2), at(SPEECH, 9, 11)], signalling=Signalling(answered_at=round(8.4 * SR))
    )
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)


@pytest.mark.parametrize(("note_s", "rings"), [(0.93, 0), (1.0, 5)])
def test_one_ring_off_the_beat_of_the_others_begins_no_ringing_unless_it_is_as_long(note_s, rings):
    nobody_until = round(15.1 * SR)
    (leg,) = legs(
        [*ringing(1, 12), at(RINGBACK, 13.6, 13.6 + note_s), at(MUSIC, 15.2, 22)],
        signalling=Signalling(early_until=nobody_until),
    )
    assert (leg.rings, leg.provisional) == (rings, True)


def test_music_that_one_burst_may_be_a_note_of_leaves_the_call_to_a_person():
    for on_s, outcome in ((0.6, NONE), (1.0, ANSWERED)):
        (leg,) = legs([at(RINGBACK, 1, 1 + on_s), at(MUSIC, 2.5, 12)])
        assert (leg.outcome, leg.provisional) == (outcome, True)


def test_bursts_that_prove_nothing_and_nothing_else_leave_the_call_to_a_person():
    (leg,) = legs([at(RINGBACK, 2.97, 3.22), at(RINGBACK, 6.72, 6.98)])
    assert (leg.outcome, leg.provisional) == (NONE, True)


def test_a_ringing_that_began_anew_may_be_forwarded():
    heard = [*ringing(1, 8), *ringing(9.2, 13.6), at(SPEECH, 14, 15)]
    (leg,) = legs(heard, signalling=Signalling(early_until=round(13.6 * SR)))
    assert (leg.restarted, leg.rings) == (True, 5)
    (leg,) = legs(heard)
    assert (leg.restarted, leg.outcome, leg.provisional) == (True, NONE, True)


def test_music_after_the_ringing_is_no_person():
    (leg,) = legs([*ringing(1, 8), at(MUSIC, 8.5, 30)])
    assert (leg.outcome, leg.music, leg.provisional) == (ANSWERED, True, True)


def test_one_burst_inside_music_is_no_ring():
    found = legs([at(MUSIC, 1, 9.5), at(RINGBACK, 10, 11), at(MUSIC, 11, 20)])
    assert [leg.outcome for leg in found] == [NONE]


def test_nothing_is_no_leg():
    assert legs([]) == ()


@given(hole_s=st.floats(0.03, 0.9), begins_s=st.floats(-0.02, 0.02))
def test_lost_packets_where_a_burst_was_due_leave_the_count_open(hole_s, begins_s):
    """A burst that begins in the hole, and is cut soon behind it, is not heard."""
    due, lost = 10.0, at(MISSING, 10.0 + begins_s, 10.0 + begins_s + hole_s)
    pick_up_s = due + begins_s + hole_s + 0.1
    (leg,) = legs([*ringing(1, 8.5), lost, at(SPEECH, pick_up_s + 1, 20)])
    assert leg.rings == 3
    assert leg.more_rings == 1
    assert round(min(pick_up_s, due + 1) * SR) in leg.pick_up
    assert round((min(pick_up_s, due + 1) - 1) * SR) in leg.answer_latency


def test_a_burst_that_did_not_come_leaves_nothing_open():
    (leg,) = legs([*ringing(1, 8.5), at(MISSING, 9.2, 9.5), at(SPEECH, 12, 14)])
    assert (leg.rings, leg.more_rings) == (3, 0)


def test_a_handset_lifted_about_when_a_burst_was_due_leaves_the_count_open():
    lifted = (Span(round(9.9 * SR), round(10.1 * SR)),)
    (leg,) = legs([*ringing(1, 8.5), at(SPEECH, 11, 14)], clues=Clues(lifts=lifted))
    assert (leg.rings, leg.more_rings) == (3, 1)
    assert leg.pick_up.earliest == lifted[0].earliest
    assert 10.1 * SR < leg.pick_up.latest < 10.2 * SR
    assert leg.answer_latency.latest > 9.1 * SR


def test_a_note_shortly_before_the_next_ring_was_due_takes_no_ring_away():
    note = Segment(RINGBACK, round(9.97 * SR), round(10.06 * SR), begins=False)
    (leg,) = legs([*ringing(1, 7.5), at(MUSIC, 8.2, 9.97), note])
    assert (leg.outcome, leg.rings, leg.music) == (ANSWERED, 3, True)


def test_rings_of_who_was_picked_up_before_say_nothing_against_a_brief_ring_of_the_next():
    cut = Segment(RINGBACK, 12 * SR, round(12.4 * SR), stops=True, told=True)
    first, second = legs([*ringing(1, 9), at(SPEECH, 10.9, 11.5), cut, at(SPEECH, 12.6, 15)])
    assert [(leg.outcome, leg.rings) for leg in (first, second)] == [(ANSWERED, 3), (ANSWERED, 1)]


def test_packets_lost_where_the_second_ring_begins_make_no_telephone_of_the_third():
    rings = [at(RINGBACK, 1, 2.017), at(RINGBACK, 4.145, 5.068), at(RINGBACK, 7.102, 8.119)]  # a period of 3.051 s
    (leg,) = legs([*rings, at(MISSING, 4.03, 4.145), at(SPEECH, 9, 12)])
    assert leg.rings == 3


def test_a_voice_that_begins_like_a_ring_about_when_one_was_due_leaves_the_count_open():
    piece = at(RINGBACK, 10.05, 10.15)
    (leg,) = legs([*ringing(1, 8.5), piece, at(SPEECH, 10.15, 14)])
    assert (leg.rings, leg.more_rings) == (3, 1)
    assert leg.pick_up.earliest < 8.1 * SR
    assert leg.pick_up.latest > 10.15 * SR


def test_pieces_of_a_ring_between_which_packets_were_lost_for_certain_are_one_ring():
    first, second, lost = at(RINGBACK, 1, 1.3), at(RINGBACK, 1.5, 2), at(MISSING, 1.3, 1.5)
    (leg,) = legs([first, second, lost, *ringing(4, 7.5), at(SPEECH, 9, 12)])
    assert leg.rings == 3


def test_a_burst_that_proves_nothing_before_who_speaks_leaves_the_call_to_a_person():
    (leg,) = legs([at(RINGBACK, 1, 1.6), at(MUSIC, 1.63, 8), at(SPEECH, 8, 12)])
    assert (leg.outcome, leg.rings, leg.provisional) == (NONE, 0, True)
    (leg,) = legs([at(MUSIC, 2, 8), at(SPEECH, 8, 12)])
    assert (leg.outcome, leg.provisional) == (NONE, False)


def test_a_tone_that_nobody_knows_and_nothing_else_leaves_the_call_to_a_person():
    (leg,) = legs([at(TONE, 1, 2), at(TONE, 4, 5)])
    assert (leg.outcome, leg.rings, leg.provisional) == (NONE, 0, True)
    assert legs([at(TONE, 1, 1.2)]) == ()


def test_a_note_that_goes_over_into_the_quiet_is_no_first_ring():
    note = Segment(RINGBACK, round(4.2 * SR), round(4.4 * SR), begins=False)
    rings = [at(RINGBACK, 6.9, 7.9), at(RINGBACK, 9.9, 10.9), at(RINGBACK, 12.9, 13.9)]
    *_, leg = legs([at(SPEECH, 0.5, 3.5), note, *rings, at(SPEECH, 15, 18)])
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)
    assert round(6.9 * SR) in leg.ring_onset


def test_a_prompt_whose_beginning_was_lost_for_certain_is_as_long_as_with_it():
    lost, word = at(MISSING, 1.3, 1.5), at(SPEECH, 1.5, 1.7)
    prompt, _ = legs([lost, word, *ringing(4, 7.5), at(SPEECH, 9, 12)])
    piece, _ = legs([word, *ringing(4, 7.5), at(SPEECH, 9, 12)])
    assert (prompt.outcome, prompt.provisional) == (NONE, False)
    assert (piece.outcome, piece.provisional) == (NONE, True)


def test_a_ring_cut_at_once_where_one_was_due_leaves_the_count_open():
    def brief(at_sample: int, before: Segment) -> int | None:
        assert (before.sound, at_sample) == (RINGBACK, 10 * SR)
        return at_sample + 400

    (leg,) = legs([*ringing(1, 8.5), at(SPEECH, 12.4, 14)], recording=Recording(brief_end=brief))
    assert (leg.rings, leg.more_rings) == (3, 1)
    assert round(10.05 * SR) in leg.pick_up
    assert round(9.05 * SR) in leg.answer_latency


def test_a_burst_of_a_refusal_that_passed_for_a_voice_is_no_answer():
    (leg,) = legs([*ringing(1, 5), at(SPEECH, 6.6, 7.1), at(BUSY, 7.6, 15)])
    assert (leg.outcome, leg.rings) == (BUSY, 2)


def test_one_ring_tells_its_period_no_better_than_its_faded_edges_do():
    """Nobody was heard between: a second ring whose first packets were lost is no second telephone's."""
    rings = [at(RINGBACK, 1.627, 2.645), at(RINGBACK, 4.84, 5.729), at(RINGBACK, 7.795, 8.813)]
    (leg,) = legs([*rings, at(SPEECH, 11.293, 12.4)], end_s=13)
    assert (leg.outcome, leg.rings, leg.restarted) == (ANSWERED, 3, False)


@pytest.mark.parametrize("plan", ["de", "it", "br"])
def test_two_rings_leave_no_pick_up_behind_the_third_that_did_not_come(plan):
    """A whole sample is as near as the next ring's start can be given."""
    rings = [at(RINGBACK, 3.348, 4.346), at(RINGBACK, 8.36, 9.346)]
    (leg,) = find_legs([*rings, at(SPEECH, 15.35, 16)], sr=SR, plan=load_plan(plan), end=17 * SR)
    assert leg.answer_latency.latest < 10 * SR
    assert leg.rings == leg.most_rings == 2


@pytest.mark.parametrize(("goes_on", "known"), [(True, True), (False, False)])
def test_a_burst_behind_which_the_line_goes_on_lost_no_packet(goes_on, known):
    """Its end is a packet's, so that else the next ones may be lost."""
    heard = [*ringing(1, 10), at(RINGBACK, 10, 10.86), at(SPEECH, 14, 16)]
    (leg,) = legs(heard, recording=Recording(goes_on=lambda _: goes_on))
    assert (leg.answer_latency.latest < 10 * SR) == known
    (moved,) = legs(heard, recording=Recording(goes_on=lambda _: goes_on), buffer_s=0.085)
    assert moved.answer_latency.latest > 10 * SR


def test_a_word_of_an_eighth_of_a_second_before_the_ringing_may_be_a_prompt():
    for lasts_s, count in ((0.13, 2), (0.1, 1)):
        told = legs(
            [*ringing(4, 9.5), at(SPEECH, 10, 12)], clues=Clues(unnamed=(Span(2 * SR, round((2 + lasts_s) * SR)),))
        )
        assert len(told) == count


@pytest.mark.parametrize(("buffer_s", "least_s", "most_s"), [(0.0, 0.016, 0.04), (0.085, 0.055, 0.065)])
def test_a_reply_is_heard_hardly_sooner_than_the_line_it_comes_on(buffer_s, least_s, most_s):
    (leg,) = legs([*ringing(1, 8), at(SPEECH, 9, 12)], buffer_s=buffer_s)
    assert least_s <= leg.pick_up.latest / SR - 9 <= most_s


def test_the_ends_of_two_rings_tell_when_the_third_is_due():
    """On a slower line, where packets of the first were lost."""
    rings = [at(RINGBACK, 5.2, 5.99), at(RINGBACK, 8.14, 9.2), at(RINGBACK, 11.349, 12.127)]
    (leg,) = legs([*rings, at(SPEECH, 12.723, 13)], end_s=14)
    assert (leg.outcome, leg.rings, leg.restarted) == (ANSWERED, 3, False)
    assert leg.answer_latency.earliest < 7.203 * SR < leg.answer_latency.latest


@pytest.mark.parametrize(("told", "count"), [(True, 1), (False, 0)])
def test_one_burst_behind_who_picked_up_may_be_a_note_though_music_is_known_late(told, count):
    note = Segment(RINGBACK, round(21.468 * SR), round(22.331 * SR), stops=True, told=told)
    rings = [at(RINGBACK, one, one + 0.998) for one in (6.809, 12.809, 18.809)]
    heard = [*rings, at(SPEECH, 20.287, 21), note, at(SPEECH, 23.483, 24.475), at(MUSIC, 25.2, 28.7)]
    first, second = find_legs(heard, sr=SR, plan=load_plan("se"), end=30 * SR)
    assert (first.outcome, first.rings) == (ANSWERED, 3)
    assert second.rings == count
