"""Ringing and refusals that holes in the packets tore apart, and notes that look like a piece of them."""

from __future__ import annotations

import pytest
from dsp_calls import SR

from dsp.answering.legs import ANSWERED, NO_ANSWER, Leg, find_legs
from dsp.answering.recording import NOT_AT_HAND, Recording
from dsp.segment import BUSY, CONGESTION, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import load_plan


def at(sound: str, start_s: float, end_s: float, *, stops: bool = False) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR), stops=stops)


def ring(start_s: float, end_s: float, *, stops: bool = True, begins: bool = True) -> Segment:
    return Segment(RINGBACK, round(start_s * SR), round(end_s * SR), stops=stops, begins=begins, told=True)


def legs(
    *segments: Segment, plan: str = "tw", end_s: float = 40, recording: Recording = NOT_AT_HAND
) -> tuple[Leg, ...]:
    return find_legs(segments, sr=SR, plan=load_plan(plan), end=round(end_s * SR), recording=recording)


@pytest.mark.parametrize("late_s", [0.12, 0.187, 0.2])
@pytest.mark.parametrize("lost_s", [0.0, 0.1, 0.15])
@pytest.mark.parametrize("more", [1, 2])
def test_a_ring_that_a_hole_tore_parts_no_ringing(late_s: float, lost_s: float, more: int) -> None:
    torn = ring(4 + late_s, 5 - lost_s, stops=False)
    whole = [ring(7 + 3 * i, 8 + 3 * i) for i in range(more)]
    cut_s = 7 + 3 * more + 0.5
    (leg,) = legs(ring(1, 2), torn, *whole, ring(cut_s - 0.5, cut_s), at(SPEECH, cut_s + 1, cut_s + 2))
    assert (leg.outcome, leg.rings, leg.most_rings) == (ANSWERED, 3 + more, 3 + more)
    assert leg.pick_up is not None
    assert round(cut_s * SR) in leg.pick_up
    assert leg.ring_onset is not None
    assert SR in leg.ring_onset


def test_two_pieces_with_a_hole_between_are_one_whole_ring() -> None:
    pieces = ring(4, 4.57, stops=False), ring(4.77, 5, stops=False)
    (leg,) = legs(ring(1, 2), *pieces, ring(7.19, 8), ring(10, 10.69), at(SPEECH, 11.2, 13))
    assert (leg.rings, leg.most_rings) == (4, 4)
    assert leg.pick_up is not None
    assert round(10.69 * SR) in leg.pick_up


def test_a_refusal_of_ringbacks_own_tones_goes_on_behind_a_hole() -> None:
    pieces = at(RINGBACK, 21.16, 21.528), at(RINGBACK, 22.03, 22.528, stops=True)
    answered, refused = legs(
        *(ring(t, t + 0.4) for i in (1, 4) for t in (i, i + 0.6)),
        at(SPEECH, 6.5, 9),
        at(BUSY, 17.03, 20.528),
        *pieces,
        plan="my",
        end_s=23,
    )
    assert (answered.outcome, answered.rings, refused.outcome) == (ANSWERED, 2, BUSY)


def test_a_voice_long_before_the_next_ring_is_not_put_off_by_it() -> None:
    word = at(SPEECH, 8.6, 12)
    (leg,) = legs(ring(1, 2), ring(4, 5), ring(7, 8), word, recording=Recording(brief_end=lambda due, _: due + 400))
    assert leg.pick_up is not None
    assert leg.pick_up.latest < 8.8 * SR
    assert leg.most_rings == 3


@pytest.mark.parametrize("lost_s", [0.06, 0.12, 0.19])
def test_a_lone_ring_may_have_lost_more_than_two_packets(lost_s: float) -> None:
    (leg,) = legs(ring(1 + lost_s, 2), at(SPEECH, 3, 5))
    assert leg.ring_onset is not None
    assert leg.answer_latency is not None
    assert SR in leg.ring_onset
    assert 1.5 * SR in leg.answer_latency


@pytest.mark.parametrize("behind_s", [0.03, 0.064, 0.09])
def test_the_end_of_a_burst_that_a_voice_follows_at_once_may_be_the_voices(behind_s: float) -> None:
    (leg,) = legs(*(ring(i, i + 1) for i in (1, 4, 7)), ring(10, 10.66, stops=False), at(SPEECH, 10.66 + behind_s, 12))
    assert leg.pick_up is not None
    assert round(10.545 * SR) in leg.pick_up


def test_a_note_two_periods_later_that_goes_over_into_music_is_no_ring() -> None:
    note = Segment(RINGBACK, round(7.68 * SR), round(8.58 * SR), begins=True)
    found = legs(ring(1, 2.12, stops=False), note, at(MUSIC, 8.64, 15))
    assert found[0].rings == 1


@pytest.mark.parametrize("length_s", [0.84, 0.9])
def test_hold_musics_first_note_behind_who_puts_through_is_no_ring(length_s: float) -> None:
    note = ring(12.03, 12.03 + length_s, stops=False)
    rings = [ring(i, i + 1) for i in (1, 4, 7)]
    later = ring(21, 22), ring(24, 25)
    found = legs(*rings, at(SPEECH, 9, 12), note, at(MUSIC, 13.6, 19), *later, end_s=26)
    assert [(leg.outcome, leg.rings) for leg in found if leg.rings] == [(ANSWERED, 3), (NO_ANSWER, 2)]


def test_what_sounds_between_a_tone_and_a_refusal_may_be_a_torn_burst_of_it() -> None:
    first, *others = legs(at(TONE, 2.2, 2.45), at(SPEECH, 2.87, 3.19), at(CONGESTION, 3.2, 8.45), end_s=9)
    assert first.provisional
    assert [leg.outcome for leg in others] == [CONGESTION]


@pytest.mark.parametrize("length_s", [0.05, 0.137])
def test_a_piece_where_a_ring_was_due_may_be_musics_first_note(length_s: float) -> None:
    piece = at(RINGBACK, 10, 10 + length_s)
    (leg,) = legs(*(ring(i, i + 1) for i in (1, 4, 7)), piece, at(MUSIC, 10.03 + length_s, 16))
    assert (leg.rings, leg.most_rings) == (3, 4)
    assert leg.pick_up is not None
    assert round(8.5 * SR) in leg.pick_up
    assert piece.end in leg.pick_up


@pytest.mark.parametrize("stretch", [0.9, 1.0, 1.084])
def test_a_torn_ring_of_a_line_that_runs_fast_or_slow_parts_no_ringing(stretch: float) -> None:
    starts = [1 + 3 * stretch * i for i in range(4)]
    rings = [ring(start, start + stretch) for start in starts]
    rings[1] = ring(starts[1] + 0.12, starts[1] + stretch)
    (leg,) = legs(*rings, at(SPEECH, starts[3] + stretch + 0.6, 20))
    assert (leg.outcome, leg.rings, leg.most_rings) == (ANSWERED, 4, 4)


def test_where_a_voice_is_known_no_sooner_than_the_tone_is_over_the_tones_end_may_be_the_voices() -> None:
    bursts = [ring(i, i + 1) for i in (1, 4, 7)]
    (leg,) = legs(*bursts, ring(10, 10.77, stops=False), at(SPEECH, 10.77, 11))
    assert leg.pick_up is not None
    assert round(10.46 * SR) in leg.pick_up


@pytest.mark.parametrize("lost", [(), (2,), (0, 2)])
def test_bursts_of_ringbacks_own_tones_that_a_refusal_goes_on_with_are_no_rings(lost: tuple[int, ...]) -> None:
    pieces = [at(RINGBACK, 2.335 + 0.6 * i, 2.633 + 0.6 * i) for i in range(5) if i not in lost]
    (refused,) = legs(*pieces, at(BUSY, 5.335, 8.033), plan="gr")
    assert (refused.outcome, refused.rings) == (BUSY, 0)


@pytest.mark.parametrize("late_s", [0.0, 0.016, 0.02])
def test_two_rings_that_may_both_have_lost_a_packet_began_so_much_before(late_s: float) -> None:
    (leg,) = legs(ring(1 + late_s, 2), ring(4 + late_s, 4.77), at(SPEECH, 5.3, 7))
    assert leg.ring_onset is not None
    assert leg.answer_latency is not None
    assert SR in leg.ring_onset
    assert round(3.77 * SR) in leg.answer_latency


def test_one_ring_of_no_plans_length_may_have_lost_its_first_packets() -> None:
    (leg,) = legs(ring(1.018, 2.094), at(SPEECH, 4.5, 6))
    assert leg.ring_onset is not None
    assert SR in leg.ring_onset
    (known,) = legs(ring(1, 2), at(SPEECH, 4.5, 6))
    assert known.ring_onset is not None
    assert known.ring_onset.latest - known.ring_onset.earliest <= 0.032 * SR


def test_before_packets_known_to_be_lost_a_ring_may_have_begun_too_briefly_to_be_heard() -> None:
    (leg,) = legs(at(MISSING, 1.019, 1.06), ring(1.06, 2.14), at(BUSY, 4, 8))
    assert leg.ring_onset is not None
    assert SR in leg.ring_onset
