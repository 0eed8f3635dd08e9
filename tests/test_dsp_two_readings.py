"""Calls whose sound can be read in two ways: the ear says neither for certain. As an outside examiner made them."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR

from dsp.answering.heard_call import Clues, Signalling
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE, Leg, find_legs
from dsp.detector import EDGE_ERROR_S
from dsp.second_look.unheard_rings import unheard_rings
from dsp.segment import BUSY, DTMF, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment, Span
from dsp.tone_plan import load_plan

END_S = 60.0


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


def ring(start_s: float, end_s: float, *, told: bool = True, stops: bool = True, begins: bool = True) -> Segment:
    return Segment(RINGBACK, round(start_s * SR), round(end_s * SR), stops=stops, begins=begins, told=told)


def rings(*starts_s: float) -> list[Segment]:
    return [ring(at_s, at_s + 1) for at_s in starts_s]


def legs(
    *segments: Segment, end_s: float = END_S, early_until_s: float = 0, lifts: tuple[Span, ...] = (), plan: str = "tw"
) -> tuple[Leg, ...]:
    whole, early = round(end_s * SR), round(early_until_s * SR)
    return find_legs(
        segments, sr=SR, plan=load_plan(plan), end=whole, signalling=Signalling(early), clues=Clues(lifts=lifts)
    )


OFF_BEAT = (*rings(1, 4, 7), *rings(11.2, 14.2, 17.2), at(SPEECH, 18.6, 20))


def test_a_ringing_that_begins_anew_may_be_the_next_telephone_whom_nobody_was_heard_to_put_through_to() -> None:
    (leg,) = legs(*OFF_BEAT)
    assert (leg.outcome, leg.provisional, leg.pick_up, leg.restarted) == (NONE, True, None, True)


def test_where_the_signalling_says_that_nobody_had_answered_it_is_the_same_call_forwarded() -> None:
    (leg,) = legs(*OFF_BEAT, early_until_s=18.2)
    assert (leg.outcome, leg.rings, leg.most_rings, leg.restarted) == (ANSWERED, 6, 6, True)


@pytest.mark.parametrize(("late_s", "same"), [(0.0, True), (0.008, True), (0.2, False), (1.5, False)])
def test_who_is_heard_behind_one_ring_and_the_next_rings_keep_its_beat_may_be_talk_on_the_line(
    late_s: float, same: bool
) -> None:
    torn = ring(1, 1.2, stops=False), at(MISSING, 1.2, 1.42), ring(1.42, 2.04, stops=False)
    later = [ring(4.12 + late_s + 3.12 * n, 5.16 + late_s + 3.12 * n) for n in range(3)]
    first, *_ = legs(*torn, at(SPEECH, 2.6, 3.8), *later, at(SPEECH, 12.5, 14))
    assert (first.outcome, first.provisional) == ((NONE, True) if same else (ANSWERED, False))


@pytest.mark.parametrize(("cut_s", "sure"), [(0.45, False), (1.0, True)])
def test_a_last_ring_that_was_cut_while_the_line_went_on_is_no_sure_no_answer(cut_s: float, sure: bool) -> None:
    (leg,) = legs(*rings(1, 4, 7), ring(10, 10 + cut_s), end_s=10 + cut_s + 0.8)
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, not sure)


def test_a_last_ring_that_the_end_of_the_call_cut_is_no_answer() -> None:
    (leg,) = legs(*rings(1, 4, 7), ring(10, 10.45, stops=False), end_s=10.47)
    assert (leg.outcome, leg.provisional, leg.rings) == (NO_ANSWER, False, 4)


def test_a_machines_signal_behind_its_greeting_is_no_telephone_that_rings_for_certain() -> None:
    _, signal = legs(*rings(1, 4), at(SPEECH, 6, 11), ring(11.6, 12.1, told=False))
    assert (signal.outcome, signal.provisional, signal.rings) == (NONE, True, 0)


@pytest.mark.parametrize("plan", ["de", "cn", "fr"])
def test_where_one_tone_rings_a_beep_as_long_as_a_ring_is_as_little(plan: str) -> None:
    tones = load_plan(plan)
    on, period = tones.cadence[0][0], tones.period_s
    ringing = [ring(1 + i * period, 1 + i * period + on, told=False) for i in range(2)]
    spoken = 1 + 2 * period
    beep = ring(spoken + 6, spoken + 6 + on, told=False)
    *_, signal = legs(*ringing, at(SPEECH, spoken, spoken + 5), beep, plan=plan)
    assert (signal.outcome, signal.provisional, signal.rings) == (NONE, True, 0)


def test_a_note_late_for_the_beat_that_no_music_is_heard_to_follow_is_a_ring_or_none() -> None:
    (leg,) = legs(*rings(1, 4, 7), ring(10.11, 10.27, told=False, stops=False), at(SPEECH, 22, 25))
    assert (leg.outcome, leg.rings, leg.most_rings) == (ANSWERED, 3, 4)
    assert leg.pick_up is not None
    assert leg.pick_up.earliest <= round(9.8 * SR) < round(10.27 * SR) <= leg.pick_up.latest


def test_a_burst_between_two_ringings_behind_who_picked_up_is_a_note_as_well() -> None:
    def double(at_s: float) -> tuple[Segment, Segment]:
        return ring(at_s, at_s + 0.4), ring(at_s + 0.6, at_s + 1)

    note = ring(15.527, 15.906, told=False, stops=False, begins=False)
    before = *double(0.04), *double(3.04), at(SPEECH, 5.8, 9), at(MUSIC, 11.53, 14.65)
    behind = *double(16.905), *double(20.005), ring(23.005, 23.405), at(SPEECH, 24.465, 28)
    first, unknown, last = legs(*before, note, *behind, plan="uk")
    assert first.outcome == ANSWERED
    # It took a burst of the last ringing with it, which is as little known then.
    assert [(leg.outcome, leg.provisional) for leg in (unknown, last)] == [(NONE, True), (NONE, True)]


@pytest.mark.parametrize("refused", [at(BUSY, 5.1, 6.6), at(TONE, 5.1, 5.6)])
def test_a_piece_of_what_refused_is_no_further_ring(refused: Segment) -> None:
    piece = ring(7.02, 7.07, told=False, stops=False)
    (leg,) = legs(*rings(1, 4), refused, piece, at(BUSY, 7.3, 12), end_s=12)
    assert (leg.outcome, leg.rings, leg.most_rings) == (BUSY, 2, 2)


def test_the_first_of_two_bursts_that_are_one_ring_lost_packets_and_the_ring_may_still_be_one() -> None:
    whole = [ring(t + more, t + more + 0.4) for t in (4, 7) for more in (0.0, 0.6)]
    torn = ring(1.26, 1.4, told=False, begins=False), ring(1.6, 2.0)
    for leg in legs(*torn, *whole, at(SPEECH, 8.7, 10), plan="my"):
        assert leg.provisional or leg.rings == 3


def test_a_line_that_changes_behind_who_is_known_to_have_picked_up_is_not_their_moment() -> None:
    cut = ring(7, 7.3)
    late = Span(round(9.7 * SR), round(9.9 * SR))  # within the pick-up's widest span, behind the next ring's place
    (leg,) = legs(*rings(1, 4), cut, at(SPEECH, 7.9, 9), lifts=(late,))
    assert leg.pick_up is not None
    assert round(7.3 * SR) in leg.pick_up


@pytest.mark.parametrize("starts_s", [(1, 6, 11, 16), (1, 6), (1, 5.4)])
def test_rings_that_never_come_one_period_apart_are_another_exchanges(starts_s: tuple[float, ...]) -> None:
    (leg,) = legs(*rings(*starts_s), at(SPEECH, starts_s[-1] + 2.5, starts_s[-1] + 4))
    assert (leg.outcome, leg.provisional) == (NONE, True)


@pytest.mark.parametrize("length_s", [1.0, 1.1])
def test_of_two_rings_the_one_between_may_be_lost(length_s: float) -> None:
    heard = [ring(at_s, at_s + length_s) for at_s in (1, 1 + 6 * length_s)]
    (leg,) = legs(*heard, at(SPEECH, 10.5, 12))
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)


def test_tones_of_no_plan_before_a_voice_may_have_been_a_ringing_unless_keys_follow_them() -> None:
    tones = [at(TONE, at_s, at_s + 2) for at_s in (1, 7, 13)]
    (leg,) = legs(*tones, at(SPEECH, 16, 20))
    assert (leg.outcome, leg.provisional) == (NONE, True)
    (leg,) = legs(at(TONE, 1, 2), at(DTMF, 2.5, 2.6), at(SPEECH, 4, 8))
    assert (leg.outcome, leg.provisional) == (NONE, False)


def test_where_the_signalling_says_when_it_was_answered_another_cadence_leaves_the_count_alone_open() -> None:
    heard = (*rings(1, 6, 11, 16), at(SPEECH, 18.5, 20))
    whole, answered = round(END_S * SR), round(18.2 * SR)
    (leg,) = find_legs(heard, sr=SR, plan=load_plan("tw"), end=whole, signalling=Signalling(answered, answered))
    assert (leg.outcome, leg.rings, leg.most_rings) == (ANSWERED, 4, 7)
    assert leg.pick_up is not None
    assert answered in leg.pick_up


def test_who_talks_all_along_a_ringing_does_not_tell_when_it_was_picked_up() -> None:
    talk = [at(SPEECH, since + 1.3, since + 2.8) for since in (1, 4, 7)]
    (leg,) = legs(*rings(1, 4, 7), *talk, at(SPEECH, 10.5, 14))
    assert (leg.outcome, leg.rings, leg.provisional, leg.voice_onset) == (ANSWERED, 3, True, None)
    assert leg.pick_up is not None
    assert round(9.9 * SR) in leg.pick_up


@pytest.mark.parametrize(("begins_s", "sure"), [(10.01, False), (13.02, False), (10.4, True)])
def test_a_tone_that_begins_where_a_ring_was_due_may_hide_it(begins_s: float, sure: bool) -> None:
    (leg,) = legs(*rings(1, 4, 7), at(TONE, begins_s, 25), at(SPEECH, 26, 28))
    assert (leg.outcome, leg.rings) == ((ANSWERED, 3) if sure else (NONE, 0))


@pytest.mark.parametrize(("last_s", "cut"), [(0.984, False), (0.95, True)])
def test_an_exchange_whose_bursts_differ_may_have_sent_a_shorter_one(last_s: float, cut: bool) -> None:
    heard = [ring(at_s, at_s + length) for at_s, length in ((1, 1.0), (4, 1.012), (7, 0.996))]
    (leg,) = legs(*heard, ring(10, 10 + last_s), at(SPEECH, 12.2, 14))
    assert leg.pick_up is not None
    assert (leg.pick_up.latest < round(10.2 * SR + last_s * SR)) == cut


def test_of_one_burst_whose_edges_are_both_seen_no_more_is_known() -> None:
    (leg,) = legs(ring(1, 2, begins=False), ring(4, 5), ring(7, 7.984), at(SPEECH, 9.2, 11))
    assert leg.pick_up is not None
    assert round(9 * SR) in leg.pick_up


def test_a_ring_that_begins_with_the_recording_is_one() -> None:
    heard = [ring(0.0, 0.98, begins=False), *rings(2.98, 5.98, 8.98), at(SPEECH, 10.5, 12)]
    (leg,) = legs(*heard)
    assert (leg.rings, leg.ring_onset) == (4, Span(0, round(EDGE_ERROR_S * SR)))


@pytest.mark.parametrize(("begins_s", "lasts_s", "sure"), [(10.0, 1.0, False), (10.0, 0.3, True), (11.2, 1.0, True)])
def test_what_may_have_been_a_ring_where_one_was_due_leaves_the_ringing_open(
    begins_s: float, lasts_s: float, sure: bool
) -> None:
    unheard = Span(round(begins_s * SR), round((begins_s + lasts_s) * SR))
    heard = (*rings(1, 4, 7), at(SPEECH, 12.5, 15))
    first, *_ = find_legs(heard, sr=SR, plan=load_plan("tw"), end=round(END_S * SR), clues=Clues(unheard=(unheard,)))
    assert (first.outcome, first.rings) == ((ANSWERED, 3) if sure else (NONE, 0))


@pytest.mark.parametrize("seed", range(4))
def test_a_ring_of_which_a_coder_made_anything_is_seen_by_its_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    line = rng.normal(0, 3, 20 * SR)
    garbled = rng.normal(0, 1, SR) * np.repeat(10 ** rng.uniform(2.4, 3.6, 20), SR // 20)
    line[7 * SR : 8 * SR] += garbled
    found = unheard_rings(rings(1, 4), np.rint(line).astype(np.int16), sr=SR, plan=load_plan("tw"))
    assert any(abs(s.earliest - 7 * SR) <= 0.03 * SR and abs(s.latest - 8 * SR) <= 0.03 * SR for s in found)
    late = np.roll(line, SR)
    assert unheard_rings(rings(1, 4), np.rint(late).astype(np.int16), sr=SR, plan=load_plan("tw")) == ()
