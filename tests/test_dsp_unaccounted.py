"""A ring that the ear hears and no ringing takes leaves open what is said beside it."""

from __future__ import annotations

import pytest
from dsp_calls import SR

from dsp.answering.legs import ANSWERED, NONE, Leg, find_legs
from dsp.answering.recording import Recording
from dsp.segment import BUSY, DTMF, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import load_plan


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


def ring(start_s: float, end_s: float, *, told: bool = True) -> Segment:
    return Segment(RINGBACK, round(start_s * SR), round(end_s * SR), begins=True, stops=True, told=told)


def legs(*segments: Segment, plan: str = "tw") -> list[tuple[str, int, bool]]:
    heard: tuple[Leg, ...] = find_legs(segments, sr=SR, plan=load_plan(plan), end=40 * SR)
    return [(leg.outcome, leg.rings, leg.provisional) for leg in heard]


RINGS = [ring(i, i + 1) for i in (5, 8, 11)]
ANSWER = at(SPEECH, 13, 15)
ANSWER_LATE = at(SPEECH, 18, 20)


@pytest.mark.parametrize("length_s", [0.2, 0.5, 0.7])
def test_a_burst_before_a_ringing_that_is_none_of_it_opens_it(length_s: float) -> None:
    assert legs(*RINGS, ANSWER) == [(ANSWERED, 3, False)]
    assert legs(ring(3.9 - length_s, 3.9), *RINGS, ANSWER) == [(NONE, 0, True)]


def test_so_does_one_behind_it_before_anybody_is_heard() -> None:
    late = ring(14.9, 15.27)
    assert legs(*RINGS, late, at(SPEECH, 16, 18)) == [(NONE, 0, True)]


def test_behind_who_was_heard_it_says_nothing_of_the_ringing() -> None:
    assert legs(*RINGS, ANSWER, ring(16, 16.4), at(SPEECH, 20, 22))[0] == (ANSWERED, 3, False)


@pytest.mark.parametrize("sound", [SPEECH, MUSIC])
def test_what_a_voice_or_music_goes_over_into_is_a_note_of_it(sound: str) -> None:
    heard = legs(at(sound, 0.5, 3.35), ring(3.4, 3.65), *RINGS, ANSWER)
    assert heard[-1] == (ANSWERED, 3, True)  # behind a prompt it may be a machine that answers


@pytest.mark.parametrize("until_s", [3.35, 4.1])
def test_but_two_tones_told_out_of_quiet_for_longer_than_a_vowel_are_no_instrument_s(until_s: float) -> None:
    heard = legs(at(MUSIC, 0.5, until_s), ring(3.4, 3.9), at(SPEECH, 4.2, 5), at(SPEECH, 6, 9))
    assert (NONE, 0, True) in heard


@pytest.mark.parametrize("told", [True, False])
def test_a_ring_off_the_beat_that_goes_over_into_who_speaks_at_once_may_be_where_somebody_picked_up(told: bool) -> None:
    late = ring(15.87, 16.235, told=told)
    assert legs(*RINGS, ring(14, 15), late, at(SPEECH, 16.235, 18)) == [(NONE, 0, True)]
    assert legs(*RINGS, ring(14, 15), at(SPEECH, 16.235, 18)) == [(ANSWERED, 4, False)]


@pytest.mark.parametrize("stops", [True, False])
def test_a_ring_over_before_it_could_be_told_is_left_to_a_person(stops: bool) -> None:
    brief = Segment(RINGBACK, round(1.05 * SR), round(1.235 * SR), begins=True, stops=stops)
    rings = [Segment(RINGBACK, round(s * SR), round((s + 0.4) * SR), begins=True, stops=True) for s in (6, 6.6, 9, 9.6)]
    found = legs(brief, at(SPEECH, 2, 3), at(DTMF, 3.6, 3.7), at(SPEECH, 4, 5), *rings, at(SPEECH, 11, 13), plan="uk")
    assert ((NONE, 0, True) in found) == stops


def test_so_is_what_was_not_told_by_its_tones() -> None:
    assert legs(ring(3.4, 3.9, told=False), *RINGS, ANSWER) == [(ANSWERED, 3, False)]


def test_of_a_plan_of_one_tone_what_stops_in_the_noise_is_a_burst() -> None:
    rings = [ring(i, i + 1, told=False) for i in (5, 10, 15)]
    assert legs(*rings, at(SPEECH, 17, 18), plan="de") == [(ANSWERED, 3, False)]
    assert legs(ring(3.4, 3.9, told=False), *rings, at(SPEECH, 17, 18), plan="de") == [(NONE, 0, True)]


def test_a_ringing_behind_one_that_is_not_known_is_as_little_known() -> None:
    later = [ring(i, i + 1) for i in (18.7, 21.7)]
    stray = ring(3.2, 3.9)
    assert legs(stray, *RINGS, *later, at(SPEECH, 24, 26)) == [(NONE, 0, True)] * 2
    assert legs(stray, *RINGS, ANSWER, *later, at(SPEECH, 24, 26)) == [(NONE, 0, True), (ANSWERED, 2, True)]


@pytest.mark.parametrize("off_s", [-0.03, 0.0, 0.03])
def test_a_word_behind_one_ring_is_no_answer_for_certain_where_the_next_ones_keep_its_beat(off_s: float) -> None:
    word, then = at(SPEECH, 6.2, 7.3), [ring(i + off_s, i + 1 + off_s) for i in (8, 11, 14)]
    assert all(provisional for _, _, provisional in legs(RINGS[0], word, *then, at(SPEECH, 16, 18)))
    other = [ring(i, i + 1) for i in (9.2, 12.2, 15.2)]
    assert legs(RINGS[0], word, *other, at(SPEECH, 17, 18))[0] == (ANSWERED, 1, False)


@pytest.mark.parametrize(("off_s", "rings"), [(0.0, 3), (1.4, 2)])
def test_a_burst_before_a_key_is_a_ring_where_the_next_comes_a_period_behind_it(off_s: float, rings: int) -> None:
    bursts = [ring(i, i + 1.5, told=False) for i in (1, 6 + off_s, 11 + off_s)]
    key = Segment(DTMF, round(3.2 * SR), round(3.3 * SR), "5")
    heard = legs(bursts[0], key, *bursts[1:], at(SPEECH, 14, 15), plan="fr")
    assert heard[-1][1] == rings


def test_a_ring_behind_a_prompt_and_notes_that_nothing_proves_is_left_to_a_person() -> None:
    prompt, notes, whole = at(SPEECH, 1, 5), [at(TONE, 13.3, 14)], ring(15.1, 16)
    assert legs(prompt, *notes) == [(NONE, 0, False)]
    assert legs(prompt, *notes, whole) == [(NONE, 0, False), (NONE, 0, True)]


@pytest.mark.parametrize("count", [3, 9])
def test_bursts_of_no_ringing_are_no_notes_where_they_are_many(count: int) -> None:
    bursts = [ring(6 + i / 2, 6.24 + i / 2, told=False) for i in range(count)]
    assert any(provisional for _, _, provisional in legs(at(SPEECH, 1, 5), *bursts))


@pytest.mark.parametrize("behind_s", [0.5, 3])
def test_a_brief_ring_long_before_a_refusal_is_left_to_a_person(behind_s: float) -> None:
    busy = at(BUSY, 3 + behind_s, 20)
    first, *_ = find_legs([ring(2.7, 3), busy], sr=SR, plan=load_plan("tw"), end=20 * SR)
    assert first.rings <= 1 <= first.most_rings or first.provisional


def test_a_ring_that_a_prompt_goes_over_into_is_one_where_nothing_else_rang() -> None:
    prompt, cut = at(SPEECH, 0.34, 1.22), ring(1.22, 1.96)
    heard = legs(prompt, cut, at(SPEECH, 2.3, 2.8), at(BUSY, 4.4, 12))
    assert (NONE, 0, True) in heard
    assert [outcome for outcome, _, _ in heard][-1] == BUSY


def test_a_prompt_amid_which_a_burst_sounds_that_none_took_is_not_sure_either() -> None:
    found = legs(at(MUSIC, 0.5, 4.1), ring(3.4, 3.9), at(SPEECH, 4.2, 5), at(SPEECH, 6, 9))
    assert all(provisional for _, _, provisional in found)


@pytest.mark.parametrize(("length_s", "known"), [(0.38, False), (0.2, True)])
def test_of_a_plan_of_one_tone_so_is_what_lasts_too_long_for_a_note_and_stands_free(
    length_s: float, known: bool
) -> None:
    rings = [ring(i, i + 1.5, told=False) for i in (1, 6, 11)]
    late = round(14.51 * SR)
    cut = Segment(RINGBACK, late, late + round(length_s * SR), begins=True)
    outcomes = legs(*rings, cut, at(SPEECH, 15.5, 16.5), plan="fr")
    assert (outcomes == [(ANSWERED, 3, False)]) is known


@pytest.mark.parametrize("two_tones", [False, True])
def test_two_tones_in_step_before_who_speaks_are_a_ring_though_it_was_torn(two_tones: bool) -> None:
    torn = Segment(RINGBACK, SR, round(1.25 * SR), begins=False)
    recording = Recording(is_two_tones=lambda _: two_tones)
    heard = find_legs([torn, at(SPEECH, 2, 5)], sr=SR, plan=load_plan("tw"), end=20 * SR, recording=recording)
    assert all(leg.provisional for leg in heard) == two_tones


@pytest.mark.parametrize("off_s", [0.0, 0.045, -0.045])
def test_whole_rings_that_keep_no_beat_across_a_pause_may_be_two_ringings(off_s: float) -> None:
    """The middle one of three periods may have lost its packets; a whole ring is not late."""
    heard = legs(
        *(ring(i, i + 1) for i in (1, 4)), *(ring(i + off_s, i + off_s + 1) for i in (10, 13, 16)), ANSWER_LATE
    )
    assert (heard == [(ANSWERED, 6, False)]) == (off_s == 0)


@pytest.mark.parametrize(("lasts_s", "sure"), [(1.0, True), (0.8, True), (0.66, False), (0.4, False)])
def test_a_ring_amid_others_that_was_cut_may_be_another_telephones(lasts_s: float, sure: bool) -> None:
    heard = legs(ring(2, 2 + lasts_s), *RINGS, ANSWER)
    assert (heard == [(ANSWERED, 4, False)]) == sure
