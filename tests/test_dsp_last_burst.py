"""A last burst that may be the first sound of who picked up: both readings are held."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.answering.heard_call import Signalling
from dsp.answering.legs import ANSWERED, NONE, Leg, find_legs
from dsp.answering.recording import Recording
from dsp.segment import BUSY, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import load_plan

SR = 8000


def at(sound: str, start_s: float, end_s: float, *, told: bool = False, stops: bool = False) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR), told=told, stops=stops)


def one_leg(*behind: Segment, rings: int = 3, **known) -> Leg:
    bursts = [at(RINGBACK, 1 + 3 * i, 2 + 3 * i) for i in range(rings)]
    (leg,) = find_legs([*bursts, *behind], sr=SR, plan=load_plan("tw"), end=30 * SR, **known)
    return leg


@given(late_s=st.floats(0.012, 0.06), lasts_s=st.floats(0.07, 0.29))
def test_what_begins_late_and_goes_over_into_a_voice_leaves_ring_and_pick_up_open(late_s, lasts_s):
    begins = 10 + late_s
    leg = one_leg(at(RINGBACK, begins, begins + lasts_s), at(SPEECH, begins + lasts_s + 0.05, 14))
    assert leg.outcome == ANSWERED
    assert leg.rings == 3
    assert leg.most_rings == 4
    assert leg.pick_up is not None
    assert leg.answer_latency is not None
    assert {round(at_s * SR) for at_s in (8.01, 9, begins + lasts_s)} <= set(range(*_ends(leg)))


@pytest.mark.parametrize(
    ("late_s", "apart_s", "open_"), [(0.04, 0.31, 1), (0.04, 0.9, 1), (0.04, 1.2, 0), (0.0, 0.3, 0)]
)
def test_a_note_late_for_the_beat_is_no_ring_for_certain_where_music_is_known_soon_behind_it(
    late_s: float, apart_s: float, open_: int
) -> None:
    begins = 10 + late_s
    leg = one_leg(at(RINGBACK, begins, begins + 0.104), at(MUSIC, begins + 0.104 + apart_s, 18))
    assert (leg.rings, leg.more_rings) == (4 - open_, open_)


def _ends(leg: Leg) -> tuple[int, int]:
    assert leg.pick_up is not None
    return leg.pick_up.earliest, leg.pick_up.latest + 1


def test_what_begins_where_a_lost_packet_ends_has_no_beginning() -> None:
    lost = at(MISSING, 9.98, 10)
    leg = one_leg(lost, at(RINGBACK, 10, 10.06), at(SPEECH, 10.16, 14))
    assert (leg.rings, leg.most_rings) == (3, 4)


@pytest.mark.parametrize("told", [{"told": True}, {"stops": True}])
def test_two_tones_told_apart_or_a_burst_that_stops_in_noise_are_no_voice(told: dict[str, bool]) -> None:
    leg = one_leg(at(RINGBACK, 10.03, 10.15, **told), at(SPEECH, 10.2, 14))
    assert (leg.rings, leg.most_rings) == (4, 4)


def test_on_the_beat_to_a_hair_or_with_nobody_behind_it_it_is_a_ring() -> None:
    assert one_leg(at(RINGBACK, 10.001, 10.15), at(SPEECH, 10.2, 14)).rings == 4
    assert one_leg(at(RINGBACK, 10.03, 10.15), at(SPEECH, 11.2, 14)).rings == 4


def test_a_long_note_that_comes_early_and_goes_over_into_music_is_no_ring_for_certain() -> None:
    leg = one_leg(at(RINGBACK, 6.757, 7.779), at(MUSIC, 7.827, 13), rings=2)
    assert (leg.rings, leg.most_rings) == (2, 3)
    assert leg.pick_up is not None
    assert round(6.56 * SR) in leg.pick_up


def test_signalling_tells_what_the_sound_does_not() -> None:
    leg = one_leg(
        at(RINGBACK, 10.03, 10.15), at(SPEECH, 10.2, 14), signalling=Signalling(answered_at=round(10.15 * SR))
    )
    assert (leg.rings, leg.most_rings) == (4, 4)


@pytest.mark.parametrize("kept", [(0, 1, 3), (0, 2)])
def test_tones_of_a_refusal_behind_a_voice_that_keep_its_time_are_one(kept: tuple[int, ...]) -> None:
    torn = [at(TONE, 14 + i, 14.49 + i) for i in kept]
    heard = [at(RINGBACK, 1, 2), at(RINGBACK, 4, 5), at(SPEECH, 6, 12), *torn]
    for is_refusals, outcomes in ((True, [ANSWERED, BUSY]), (False, [ANSWERED])):
        legs = find_legs(
            heard,
            sr=SR,
            plan=load_plan("tw"),
            end=20 * SR,
            recording=Recording(is_tone=lambda s, _, own=is_refusals: own and s in torn),
        )
        assert [leg.outcome for leg in legs] == outcomes


def test_of_a_ring_that_passes_for_musics_beginning_nothing_tells_where_it_ends() -> None:
    leg = one_leg(at(MUSIC, 10, 22))
    assert (leg.rings, leg.most_rings) == (3, 4)
    assert leg.pick_up is not None
    assert {round(9.5 * SR), round(11.4 * SR), round(12.9 * SR)} <= set(range(*_ends(leg)))


def test_one_ring_of_no_plans_length_tells_no_period() -> None:
    for on_s, open_ in ((1.034, 1), (1.0, 0)):
        (leg,) = find_legs(
            [at(RINGBACK, 2.06, 2.06 + on_s), at(SPEECH, 7.35, 9)], sr=SR, plan=load_plan("tw"), end=10 * SR
        )
        assert (leg.rings, leg.more_rings) == (1, open_)
        assert leg.pick_up is not None
        assert (round(5.371 * SR) in leg.pick_up) == bool(open_)


def test_a_refusal_long_after_a_ring_that_was_cut_is_no_refusal_of_the_call() -> None:
    for busy_s, outcome in ((11.0, BUSY), (12.7, NONE)):
        leg = one_leg(at(RINGBACK, 10, 10.5, stops=True), at(BUSY, busy_s, 18))
        assert leg.outcome == outcome
    assert one_leg(at(BUSY, 9.6, 18)).outcome == BUSY


def test_a_burst_a_period_before_a_ringing_that_proves_nothing_may_be_its_first_ring() -> None:
    torn = Segment(RINGBACK, round(0.78 * SR), round(1.505 * SR), begins=False)
    whole = Segment(RINGBACK, round(5.507 * SR), round(6.505 * SR), stops=True)
    for before, rings in (((torn,), 0), ((), 1)):
        heard = [*before, whole, at(MUSIC, 11.51, 21.5)]
        assert [leg.rings for leg in find_legs(heard, sr=SR, plan=load_plan("mx"), end=22 * SR)] == [rings]


def test_behind_packets_known_to_be_lost_a_rest_of_the_burst_may_be_too_short_to_be_heard() -> None:
    leg = one_leg(at(RINGBACK, 10, 10.175), at(MISSING, 10.175, 10.295), at(SPEECH, 11, 13))
    assert leg.pick_up is not None
    assert round(10.4 * SR) in leg.pick_up


@pytest.mark.parametrize(("later_s", "certain"), [(0.0, True), (0.006, False)])
def test_a_burst_that_ends_later_than_the_others_may_be_one_that_was_cut_and_a_coder_went_on_with(
    later_s: float, certain: bool
) -> None:
    leg = one_leg(at(RINGBACK, 10, 11 + later_s), at(SPEECH, 12, 14))
    assert leg.pick_up is not None
    assert (round(10.987 * SR) in leg.pick_up) != certain


def test_where_other_rings_lost_packets_the_last_one_may_have_lost_its_end() -> None:
    whole = [at(RINGBACK, 1 + 3 * i, 2 + 3 * i) for i in range(4)]
    torn = [whole[0], at(RINGBACK, 4.035, 5), at(RINGBACK, 7, 7.975), whole[3]]
    last, voice = at(RINGBACK, 13, 13.93), at(SPEECH, 17, 18)
    for before, open_ in ((torn, True), (whole, False)):
        (leg,) = find_legs([*before, last, voice], sr=SR, plan=load_plan("tw"), end=20 * SR)
        assert leg.pick_up is not None
        assert (15 * SR in leg.pick_up) == open_


def test_the_first_of_two_rings_may_have_lost_as_much_as_it_lacks() -> None:
    heard = [at(RINGBACK, 2.02, 3.056), at(RINGBACK, 6.809, 7.669), at(SPEECH, 7.829, 8.3)]
    (leg,) = find_legs(heard, sr=SR, plan=load_plan("hu"), end=9 * SR)
    assert leg.ring_onset is not None
    assert round(1.807 * SR) in leg.ring_onset


def test_a_first_ring_shorter_than_the_others_is_not_what_tells_the_plans_period() -> None:
    heard = [at(RINGBACK, 5.68, 6.661), at(RINGBACK, 8.6815, 9.689), at(RINGBACK, 11.709, 12.716), at(SPEECH, 19.9, 21)]
    (leg,) = find_legs(heard, sr=SR, plan=load_plan("tw"), end=22 * SR)
    assert leg.ring_onset is not None
    assert round(5.653 * SR) in leg.ring_onset


def test_words_where_a_sender_seemed_to_halt_inside_a_ring_leave_the_call_to_a_person() -> None:
    rings = [(0.154, 1.153), (5.154, 6.153), (10.155, 10.341), (11.318, 12.316), (16.318, 17.316)]
    bursts = [Segment(RINGBACK, round(a * SR), round(b * SR), stops=a != 5.154) for a, b in rings]
    heard = [*bursts, at(SPEECH, 10.445, 10.885), at(SPEECH, 20.16, 21.4)]
    legs = find_legs(heard, sr=SR, plan=load_plan("br"), end=22 * SR)
    assert (legs[-1].outcome, legs[-1].provisional) == (NONE, True)


def test_a_note_early_for_a_beat_that_the_rings_before_keep_may_be_the_musics() -> None:
    notes = [at(RINGBACK, 18.954, 19.175), at(TONE, 19.21, 19.44), at(TONE, 22, 22.5)]
    leg = one_leg(*notes, rings=6)
    assert (leg.rings, leg.most_rings) == (6, 7)
    assert leg.pick_up is not None
    assert round(17.27 * SR) in leg.pick_up


def test_one_ring_shorter_than_the_plans_may_be_of_a_line_that_runs_fast() -> None:
    for on_s, open_ in ((0.929, True), (1.0, False)):
        heard = [at(RINGBACK, 0.793, 0.793 + on_s), at(SPEECH, 3.7, 5.7)]
        (leg,) = find_legs(heard, sr=SR, plan=load_plan("tw"), end=7 * SR)
        assert leg.rings == 1
        assert (leg.most_rings == 2) == open_


@pytest.mark.parametrize(
    ("early_s", "lasts_s", "open_"),
    [(0.009, 0.14, True), (0.001, 0.14, False), (0.009, 0.102, True), (0.001, 0.102, True)],
)
def test_two_rings_on_the_plans_own_beat_tell_that_a_vowel_is_early_for_it_but_where_it_is_too_brief(
    early_s: float, lasts_s: float, open_: bool
) -> None:
    begins = 7 - early_s
    leg = one_leg(at(RINGBACK, begins, begins + lasts_s), at(SPEECH, begins + lasts_s + 0.032, 11), rings=2)
    assert (leg.rings, leg.most_rings) == ((2, 3) if open_ else (3, 3))


@pytest.mark.parametrize(("apart_s", "open_"), [(0.064, True), (0.16, True), (0.4, False)])
def test_a_brief_piece_late_for_the_beat_may_be_the_first_vowel_of_who_goes_on_speaking(
    apart_s: float, open_: bool
) -> None:
    leg = one_leg(at(RINGBACK, 10.035, 10.105), at(SPEECH, 10.105 + apart_s, 14), rings=3)
    assert (leg.rings, leg.most_rings) == ((3, 4) if open_ else (4, 4))


@pytest.mark.parametrize("begins", [True, False])
def test_a_long_note_that_did_not_begin_out_of_quiet_may_be_the_musics_own(begins: bool) -> None:
    note = Segment(RINGBACK, round(10.027 * SR), round(10.558 * SR), begins=begins)
    leg = one_leg(note, at(MUSIC, 10.59, 18))
    assert (leg.rings, leg.most_rings) == ((4, 4) if begins else (3, 4))


@pytest.mark.parametrize("second_s", [0.505, 0.27])
def test_notes_that_begin_a_refusals_period_apart_by_chance_are_none(second_s: float) -> None:
    notes = [at(TONE, 20.026, 20.292), at(TONE, 21.279, 21.279 + second_s), at(TONE, 22.277, 22.555)]
    heard = [at(RINGBACK, 1, 2), at(RINGBACK, 4, 5), at(SPEECH, 6, 12), *notes]
    legs = find_legs(
        heard, sr=SR, plan=load_plan("tw"), end=26 * SR, recording=Recording(is_tone=lambda s, _: s in notes)
    )
    assert [leg.outcome for leg in legs][:1] == [ANSWERED]
    assert (len(legs) == 1) == (second_s == 0.505)


def test_pieces_that_are_longer_together_than_every_other_ring_are_not_of_one() -> None:
    """The second is a chord of the music that whoever picked up inside the first put on."""
    pieces = [at(RINGBACK, 10, 10.149, told=True), at(RINGBACK, 10.547, 11.494, told=True)]
    leg = one_leg(*pieces, at(MUSIC, 11.56, 15))
    assert leg.rings == 4
    assert leg.pick_up is not None
    assert round(10.149 * SR) in leg.pick_up


@pytest.mark.parametrize("gone", [[(4.94, 5.02), (5.02, 5.04)], [(4.94, 5.04)]])
def test_a_ring_begins_before_all_the_packets_in_a_row_that_were_lost_there(gone: list[tuple[float, float]]) -> None:
    """On a line of which nothing else tells when its second ring begins."""
    lost = [at(MISSING, *one) for one in gone]
    heard = [at(RINGBACK, 1.513, 2.661, stops=True), *lost, at(RINGBACK, 5.04, 6.111), at(SPEECH, 8.335, 9.3)]
    (leg,) = find_legs(heard, sr=SR, plan=load_plan("tw"), end=10 * SR)
    assert leg.rings == 2
    assert leg.pick_up is not None
    assert round(7.914 * SR) in leg.pick_up


def test_a_coder_may_hide_the_first_packet_of_the_second_of_two_rings() -> None:
    rings = [at(RINGBACK, 1, 2.145, stops=True), at(RINGBACK, 4.458, 5.589, stops=True)]
    heard = [*rings, at(MISSING, 0.1, 0.12), at(SPEECH, 6.05, 8)]
    (leg,) = find_legs(heard, sr=SR, plan=load_plan("tw"), end=9 * SR)
    assert leg.pick_up is not None
    assert round(5.63 * SR) in leg.pick_up


@pytest.mark.parametrize(("lacks_s", "whole"), [(0.001, True), (0.005, False)])
def test_a_burst_that_lacks_a_millisecond_of_the_others_is_whole(lacks_s: float, whole: bool) -> None:
    leg = one_leg(at(RINGBACK, 10, 11 - lacks_s), at(SPEECH, 15, 16))
    assert leg.answer_latency is not None
    assert (leg.answer_latency.earliest >= round(9.998 * SR)) == whole


@pytest.mark.parametrize(("late_s", "open_"), [(0.051, True), (0.0, False)])
def test_a_note_nearly_as_long_as_a_ring_and_late_for_it_may_be_the_musics(late_s: float, open_: bool) -> None:
    note = Segment(RINGBACK, round((13 + late_s) * SR), round(13.965 * SR), begins=True)
    bursts = [at(RINGBACK, 1 + 4 * i, 2 + 4 * i) for i in range(3)]
    (leg,) = find_legs([*bursts, note, at(MUSIC, 14.06, 20)], sr=SR, plan=load_plan("cl"), end=30 * SR)
    assert (leg.rings, leg.most_rings) == ((3, 4) if open_ else (4, 4))
