"""Which bursts are one ringing, and where it began, whatever was lost of them."""

from __future__ import annotations

import pytest

from dsp.answering.legs import ANSWERED, NONE, Leg, find_legs
from dsp.ringing.beat import find_beat
from dsp.ringing.trains import find_trains
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan

SR = 8000


def burst(start_s: float, end_s: float, **more: bool) -> Segment:
    return Segment(RINGBACK, round(start_s * SR), round(end_s * SR), **more)


def sound(name: str, start_s: float, end_s: float) -> Segment:
    return Segment(name, round(start_s * SR), round(end_s * SR))


def legs(*segments: Segment, plan: str = "tw", buffer_s: float = 0.0) -> tuple[Leg, ...]:
    return find_legs(segments, sr=SR, plan=load_plan(plan), end=segments[-1].end + SR, buffer_s=buffer_s)


@pytest.mark.parametrize("stretch", [1.04, 1.08, 1.12, 1.15])
@pytest.mark.parametrize("within", [0.4, 0.7, 0.98])
def test_one_slow_ring_tells_when_the_next_would_have_come(stretch, within):
    pick_up = stretch * (1 + 2 * within)
    (leg,) = legs(burst(1, 1 + stretch), sound(SPEECH, 1.15 + pick_up, 3 + pick_up))
    assert leg.rings == 1
    assert round((1 + pick_up) * SR) in leg.pick_up


@pytest.mark.parametrize("plan", ["tw", "es", "us", "de"])
@pytest.mark.parametrize("which", [1, 2, 3])
@pytest.mark.parametrize("lost_s", [0.05, 0.13, 0.19])
def test_a_ring_that_lost_its_first_packets_ends_on_time(plan, which, lost_s):
    on, period = load_plan(plan).cadence[0][0], load_plan(plan).period_s
    rings = [burst(1 + period * i + lost_s * (i == which), 1 + period * i + on, begins=i != which) for i in range(4)]
    word = sound(SPEECH, 1 + 3 * period + on + 0.8, 20 * period)
    (leg,) = legs(*rings, word, plan=plan)
    assert (leg.rings, leg.restarted) == (4, False)
    assert SR in leg.ring_onset


@pytest.mark.parametrize("plan", ["uk", "au"])
@pytest.mark.parametrize("which", [0, 1, 2, 3])
@pytest.mark.parametrize("lost", [0, 1])
def test_a_ring_of_two_bursts_that_lost_one_is_no_ringing_begun_anew(plan, which, lost):
    (on, off), (other, _) = load_plan(plan).cadence
    starts = [1 + load_plan(plan).period_s * i for i in range(4)]
    pairs = [(burst(at, at + on), burst(at + on + off, at + on + off + other)) for at in starts]
    heard = [one for i, pair in enumerate(pairs) for place, one in enumerate(pair) if (i, place) != (which, lost)]
    (leg,) = legs(*heard, sound(SPEECH, starts[-1] + 2.1, 40), plan=plan)
    assert (leg.rings, leg.restarted) == (4, False)
    assert SR in leg.ring_onset
    waited_s = starts[-1] - 1 + (on + 0.1 if (which, lost) == (3, 1) else 1.1)  # a last burst that did not come
    assert round(waited_s * SR) in leg.answer_latency


@pytest.mark.parametrize("late_s", [0.3, 0.9, 1.3])
def test_pairs_off_their_beat_are_a_ringing_begun_anew(late_s):
    starts = [1, 4, 7 + late_s, 10 + late_s]
    heard = [one for at in starts for one in (burst(at, at + 0.4), burst(at + 0.6, at + 1))]
    (leg,) = legs(*heard, sound(SPEECH, 14, 40), plan="uk")
    assert (leg.outcome, leg.provisional, leg.restarted) == (NONE, True, True)
    (train,) = find_trains(heard, sr=SR, plan=load_plan("uk"))
    assert (train.count, train.restarted) == (4, True)


def test_notes_before_the_ringing_tell_no_period():
    """Two of hold music's, as far apart as the first is long."""
    notes = [burst(7.077, 7.42), burst(8.475, 9.36)]
    rings = [burst(13.12 + 3 * i, 14.118 + 3 * i) for i in range(4)]
    (leg,) = legs(*notes, *rings, sound(SPEECH, 24, 27))
    assert (leg.rings, leg.restarted) == (4, False)


def test_of_two_slow_rings_the_longer_one_tells_the_period():
    """The first one lost its last packets."""
    rings = [burst(11.531, 12.46), *(burst(11.531 + 3.32 * i, 12.637 + 3.32 * i, stops=True) for i in (1, 2))]
    (leg,) = legs(*rings, sound(SPEECH, 20.43, 22.41))
    assert leg.rings == 3


@pytest.mark.parametrize("early_s", [0.13, -0.13])
def test_behind_a_voice_a_ring_off_the_beat_is_another_telephones(early_s):
    first = [burst(0.6 + 5 * i, 1.6 + 5 * i) for i in range(4)]
    then = [burst(20.6 + 5 * i - early_s, 21.6 + 5 * i - early_s) for i in range(2)]
    heard = legs(*first, sound(SPEECH, 18.4, 19), *then, sound(SPEECH, 28, 29), plan="dk")
    assert [(leg.outcome, leg.rings) for leg in heard] == [(ANSWERED, 4), (ANSWERED, 2)]


def test_rings_ever_longer_tell_that_the_first_lost_its_beginning():
    """A packet more was lost of each: by chance they keep a beat of their own."""
    rings = [burst(2.46, 3.336), burst(5.2, 6.096), burst(7.939, 8.857)]
    (leg,) = legs(*rings, sound(SPEECH, 10.9, 12))
    assert round(2.416 * SR) in leg.ring_onset


def test_a_whole_burst_between_silences_is_a_ring_though_music_was_playing():
    rings = [burst(0.736 + 5 * i, 2.235 + 5 * i, stops=True) for i in range(4)]
    music, put_through = [sound(SPEECH, 19.5, 20.5), sound(MUSIC, 20.8, 28.21)], burst(28.214, 29.712, stops=True)
    heard = legs(*rings, *music, put_through, sound(SPEECH, 33.2, 35), plan="fr")
    assert [(leg.outcome, leg.rings) for leg in heard] == [(ANSWERED, 4), (ANSWERED, 1)]
    note = burst(28.214, 29.712, stops=False)
    heard = legs(*rings, *music, note, sound(SPEECH, 33.2, 35), plan="fr")
    assert [(leg.outcome, leg.rings, leg.provisional) for leg in heard] == [(ANSWERED, 4, False), (NONE, 0, True)]


def test_a_short_note_off_the_beat_before_a_ringing_is_no_telephone():
    first = [burst(1.743 + 3 * i, 2.741 + 3 * i, stops=True) for i in range(3)]
    then = [burst(18.133 + 3 * i, 19.131 + 3 * i, stops=True) for i in range(3)]
    heard = legs(*first, sound(SPEECH, 11.2, 14.3), burst(15.626, 16.479), *then, sound(SPEECH, 31.7, 32.2))
    assert [(leg.outcome, leg.rings) for leg in heard] == [(ANSWERED, 3), (ANSWERED, 3)]


def test_a_ring_cut_short_and_answered_is_a_telephone():
    first = [burst(1.743 + 3 * i, 2.741 + 3 * i, stops=True) for i in range(3)]
    then = [burst(20.133 + 3 * i, 21.131 + 3 * i, stops=True) for i in range(3)]
    talk = [sound(SPEECH, 11.2, 14.3), burst(15.626, 16.479), sound(SPEECH, 16.9, 18.4)]
    heard = legs(*first, *talk, *then, sound(SPEECH, 31.7, 32.2))
    assert [leg.rings for leg in heard] == [3, 1, 3]


def test_behind_a_jitter_buffer_other_rings_do_not_tell_where_a_torn_first_one_began():
    rings = [burst(12.52, 13.457), *(burst(at, at + 0.998) for at in (15.439, 18.42, 21.419, 24.419))]
    (leg,) = legs(*rings, sound(SPEECH, 27.345, 29), buffer_s=0.085)
    assert round(12.498 * SR) in leg.ring_onset
    assert round((27.3 - 12.498) * SR) in leg.answer_latency


def test_behind_a_jitter_buffer_a_cut_burst_may_sound_on_for_a_packet():
    (leg,) = legs(burst(1.995, 3.099), burst(5.313, 6.195), sound(SPEECH, 6.427, 11), buffer_s=0.085)
    assert round(6.177 * SR) in leg.pick_up


def test_behind_a_cut_ring_and_a_voice_a_ring_a_little_late_is_another_telephones():
    first = [burst(2.445 + 3 * i, 3.443 + 3 * i, stops=True) for i in range(3)]
    cut = burst(11.445, 12.325, stops=True)
    then = [burst(14.5 + 3 * i, 15.498 + 3 * i, stops=True) for i in range(4)]
    heard = legs(*first, cut, sound(SPEECH, 12.913, 13.413), *then, sound(SPEECH, 26, 30))
    assert [leg.rings for leg in heard] == [4, 4]


@pytest.mark.parametrize("place", range(4))
def test_one_ring_that_a_click_makes_early_does_not_move_the_beat_of_three(place: int) -> None:
    starts = [SR + i * 3 * SR - (30 if i == place else 0) for i in range(4)]
    beat = find_beat([(Segment(RINGBACK, at, at + SR),) for at in starts], sr=SR, plan=load_plan("tw"))
    assert beat.on_it >= 3
    assert beat.onset == pytest.approx(SR, abs=4)
    assert beat.period == 3 * SR


@pytest.mark.parametrize(("off_s", "legs_"), [(0.083, 2), (0.0, 1)])
def test_two_rings_as_far_apart_as_two_before_who_spoke_but_off_their_beat_are_another_telephone_s(
    off_s, legs_
) -> None:
    whole = {"begins": True, "stops": True, "told": True}
    first = [burst(1, 2, **whole), burst(4, 5, **whole), sound(SPEECH, 5.6, 6.4)]
    then = [burst(7 + off_s, 8 + off_s, **whole), burst(10 + off_s, 11 + off_s, **whole), sound(SPEECH, 12.5, 14)]
    assert len(legs(*first, *then)) == legs_
