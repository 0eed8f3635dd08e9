"""Where a last ring's edges, or a ringing's end, are not what they look like at first."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise
from dsp_segments import at, legs, ring

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE, find_legs
from dsp.answering.recording import Recording
from dsp.listen import listen
from dsp.second_look.coder_rest import without_coded_rests
from dsp.second_look.notes import without_notes
from dsp.second_look.tone_share import rest_end, sounds_at
from dsp.segment import BUSY, CONGESTION, DTMF, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import load_plan

RINGS = [ring(i, i + 1) for i in (1, 4, 7)]


@pytest.mark.parametrize("longer_s", [0.006, 0.03, 0.06, 0.1, 0.2, 0.3])
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


@pytest.mark.parametrize("plan", ["tw", "us", "uk", "jp"])
@pytest.mark.parametrize("talk_s", [0.6, 0.05])
def test_a_ring_that_begins_though_somebody_speaks_opens_who_is_told_to_answer(plan: str, talk_s: float) -> None:
    """The caller's own echo before it, or the room's noise behind it, makes one voice of both."""
    tones = load_plan(plan)
    due_s = 3 * tones.period_s
    ringing = syn.cadence(tones.ringback, due_s + 0.16, sr=SR, level_dbfs=-20)
    wave = np.concatenate([quiet(1), ringing, quiet(2)])
    rings = [s for s in listen(with_noise(wave), sr=SR, plan=tones).segments if s.start < (1 + due_s - 0.1) * SR]
    spoken = at(SPEECH, 1 + due_s - talk_s, 2.5 + due_s)
    known = {"sr": SR, "plan": tones, "end": len(wave)}
    samples = with_noise(wave)
    legs_ = find_legs(
        [*rings, spoken],
        recording=Recording(rings_at=lambda at_: sounds_at(samples, at_, tones.ringback, sr=SR)),
        **known,
    )
    assert [(leg.outcome, leg.provisional) for leg in legs_] == [(NONE, True)]
    (sure,) = find_legs([*rings, spoken], recording=Recording(rings_at=lambda _: False), **known)
    assert sure.outcome == ANSWERED


@pytest.mark.parametrize("word", ["hello", "wei", "personnel"])
@pytest.mark.parametrize("plan", ["tw", "us", "jp"])
def test_a_voice_is_no_ring(word: str, plan: str) -> None:
    said = with_noise(np.concatenate([quiet(0.2), syn.at_level(voice(word), -18), quiet(0.3)]))
    tone = load_plan(plan).ringback
    told = [sounds_at(said, at_, tone, sr=SR) for at_ in range(0, len(said) - SR // 4, SR // 50)]
    assert not any(told)


@pytest.mark.parametrize("begun_s", [0.05, 0.1, 0.125])
def test_a_call_that_ends_as_a_ring_begins_may_have_one_more(begun_s: float) -> None:
    ringing = syn.cadence(load_plan("tw").ringback, 9 + begun_s, sr=SR, level_dbfs=-20)
    (leg,) = listen(with_noise(np.concatenate([quiet(1), ringing])), sr=SR, plan=load_plan("tw")).legs
    assert leg.rings <= 4 <= leg.most_rings
    (leg,) = listen(
        with_noise(np.concatenate([quiet(1), ringing[: 9 * SR], quiet(begun_s)])), sr=SR, plan=load_plan("tw")
    ).legs
    assert (leg.rings, leg.most_rings) == (3, 3)


@pytest.mark.parametrize("word_s", [0.2, 1.0])
@pytest.mark.parametrize("off_s", [0.0, 0.2])
def test_a_ring_before_a_ringing_on_its_beat_is_of_it_whoever_spoke_between(word_s: float, off_s: float) -> None:
    first = ring(1 + off_s, 1.7 + off_s)  # its end was lost
    heard = legs(first, at(SPEECH, 2.4, 2.4 + word_s), ring(4, 5), ring(7, 8), at(SPEECH, 9, 11))
    assert all(leg.provisional or leg.rings == 3 for leg in heard) or off_s > 0


def test_music_that_is_over_when_a_ring_would_be_and_on_the_beat_of_three_is_the_rings_rest() -> None:
    rest = at(MUSIC, 10.5, 11)
    (leg,) = legs(*RINGS, ring(10, 10.45, stops=False), rest, ring(13, 14), at(SPEECH, 15, 17))
    assert leg.provisional or (leg.outcome, leg.rings) == (ANSWERED, 5)  # nobody answered the fourth


@pytest.mark.parametrize("sound", [TONE, DTMF])
def test_a_tone_behind_the_last_ring_is_somebodys_most_likely(sound: str) -> None:
    (leg,) = legs(*RINGS, at(sound, 8.7, 8.85), end_s=9.6)
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, True)
    (leg,) = legs(*RINGS, end_s=9.6)
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, False)


@pytest.mark.parametrize(("lacks_s", "person"), [(0.0, False), (0.03, False), (0.07, True)])
def test_a_last_ring_that_lacks_more_than_two_packets_may_have_been_answered(lacks_s: float, person: bool) -> None:
    (leg,) = legs(*RINGS[:2], ring(7, 8 - lacks_s, stops=False), end_s=9.4)
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, person)


@pytest.mark.parametrize("place", [0, 1])
def test_of_two_rings_of_which_one_lost_its_beginning_their_ends_tell_the_beat(place: int) -> None:
    """A sender halted for 0.3 s; the cadence is 2 % slow."""
    rings = [ring(1, 2.02), ring(4.06, 5.08)]
    rings[place] = ring(rings[place].start / SR + 0.3, rings[place].end / SR, stops=False)
    (leg,) = legs(*rings, at(SPEECH, 7.5, 9))
    assert (leg.outcome, leg.rings) == (ANSWERED, 2)
    assert leg.pick_up is not None
    assert all(round(at_s * SR) in leg.pick_up for at_s in (5.2, 7.0))


def test_a_last_ring_that_began_late_and_ends_on_the_beat_was_not_cut() -> None:
    late = ring(10.22, 11.01, stops=False)
    (leg,) = legs(*RINGS, late, at(SPEECH, 12.8, 14))
    assert leg.pick_up is not None
    assert all(round(at_s * SR) in leg.pick_up for at_s in (11.05, 12.5))


@pytest.mark.parametrize("off_s", [0.0, 0.03])
def test_a_vowel_of_no_two_tones_that_a_word_goes_over_into_is_no_second_ring(off_s: float) -> None:
    vowel = ring(4 + off_s, 4.56 + off_s, begins=False, stops=False, told=False)
    heard = legs(ring(1, 2), at(SPEECH, 3.8, 3.98 + off_s), vowel, at(SPEECH, 6, 7))
    assert (heard[0].rings == 2) == (off_s == 0)


def test_a_refusal_out_of_other_sounds_that_a_voice_follows_is_music() -> None:
    busy = Segment(BUSY, 12 * SR, round(13.2 * SR), begins=False)
    heard = [at(SPEECH, 8, 11.9), busy, at(SPEECH, 15, 17), at(MUSIC, 18, 25)]
    assert BUSY not in [s.sound for s in without_notes(heard, sr=SR)]
    assert BUSY in [s.sound for s in without_notes([*heard[:2], at(MUSIC, 18, 25)], sr=SR)]


def test_a_beep_behind_a_greeting_that_stops_the_line_is_no_telephone() -> None:
    beep = ring(20, 20.3, told=False)
    first, last = legs(*RINGS, at(SPEECH, 9.5, 19.6), beep, end_s=40)
    assert first.rings == 3
    assert (last.outcome, last.provisional) == (NONE, True)


@pytest.mark.parametrize("early_s", [0.0, 0.03, 0.06])
def test_music_may_be_heard_to_begin_before_who_put_it_on_picked_up(early_s: float) -> None:
    (leg,) = legs(*RINGS, at(MUSIC, 9.2 - early_s, 20))
    assert leg.pick_up is not None
    assert round(9.2 * SR) in leg.pick_up


@pytest.mark.parametrize(("lasts_s", "person"), [(0.08, False), (0.27, True)])
def test_a_tone_before_who_speaks_may_be_a_special_information_tones(lasts_s: float, person: bool) -> None:
    (leg,) = legs(*RINGS, at(TONE, 9.6, 9.6 + lasts_s), at(SPEECH, 10.5, 14))
    assert leg.provisional == person


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_what_was_put_in_for_lost_packets_is_nobodys_voice_yet(lost: int) -> None:
    gone = [at(MISSING, 6.5, 6.5 + 0.02 * lost)] if lost else []
    (leg,) = legs(ring(1, 2), ring(4, 5), *gone, at(SPEECH, 6.5, 8))
    assert leg.pick_up is not None
    assert leg.pick_up.latest == pytest.approx((6.53 + 0.02 * lost) * SR, abs=2)
    assert leg.rings == 2


@pytest.mark.parametrize("late_s", [0.05, 0.065, 0.12])
def test_a_first_ring_that_lacks_as_much_as_it_is_late_began_sooner(late_s: float) -> None:
    (leg,) = legs(ring(1 + late_s, 2), ring(4.002, 5), ring(7.045, 8), at(SPEECH, 9, 10))
    assert leg.ring_onset is not None
    assert SR in leg.ring_onset


@pytest.mark.parametrize("late_s", [0.0, 0.008, 0.016])
def test_of_rings_that_keep_no_beat_the_earliest_tells_by_the_plan_when_the_ringing_began(late_s: float) -> None:
    (leg,) = legs(ring(1 + late_s, 2), ring(4.046, 5), ring(7.004, 8), at(SPEECH, 9, 10))
    assert leg.ring_onset is not None
    assert SR in leg.ring_onset
    assert leg.rings == 3


@pytest.mark.parametrize(("word_dbfs", "kept"), [(-90.0, False), (-46.0, False), (-22.0, True)])
def test_a_word_right_behind_a_ring_that_is_no_louder_than_the_line_is_the_line(word_dbfs: float, kept: bool) -> None:
    wave = syn.white_noise(9 * SR, rng=np.random.default_rng(3), level_dbfs=-40)
    wave[2 * SR : round(2.073 * SR)] += syn.white_noise(
        round(2.073 * SR) - 2 * SR, rng=np.random.default_rng(4), level_dbfs=word_dbfs
    )
    word = at(SPEECH, 2, 2.073)
    heard = [ring(1, 2), word, at(BUSY, 7, 8)]
    left = without_coded_rests(heard, syn.to_int16(wave), sr=SR, plan=load_plan("tw"))
    assert (word in left) == kept


@pytest.mark.parametrize(("lasts_s", "apart_s", "kept"), [(0.05, 0.0, False), (0.05, 0.03, True), (0.1, 0.0, True)])
def test_a_moment_that_touches_a_ring_is_its_end(lasts_s: float, apart_s: float, kept: bool) -> None:
    wave = syn.white_noise(9 * SR, rng=np.random.default_rng(3), level_dbfs=-60)
    since = 2 + apart_s
    loud = slice(round(since * SR), round((since + lasts_s) * SR))
    wave[loud] = syn.white_noise(loud.stop - loud.start, rng=np.random.default_rng(4), level_dbfs=-10)
    word = at(SPEECH, since, since + lasts_s)
    left = without_coded_rests([ring(1, 2), word, at(SPEECH, 7, 8)], syn.to_int16(wave), sr=SR, plan=load_plan("tw"))
    assert (word in left) == kept


@pytest.mark.parametrize("hole_s", [0.1, 0.2])
@pytest.mark.parametrize("rest_s", [0.06, 0.1, 0.25, 0.6])
def test_the_rest_behind_a_hole_is_heard_to_its_end(rest_s: float, hole_s: float) -> None:
    tone = load_plan("tw").ringback
    wave = np.concatenate([quiet(1), syn.cadence(tone, 0.4 + hole_s + rest_s, sr=SR, level_dbfs=-20)[:SR], quiet(1.5)])
    burst, over = Segment(RINGBACK, SR, round(1.4 * SR)), 1 + min(0.4 + hole_s + rest_s, 1.0)
    samples = with_noise(wave)
    samples[burst.end : burst.end + round(hole_s * SR)] = 0
    assert abs(rest_end(samples, burst, tone, sr=SR) / SR - over) <= 0.025


def test_of_a_ringing_left_to_a_person_a_refusal_may_be_the_end() -> None:
    word, refusal = at(SPEECH, 8.8, 9.2), at(BUSY, 12, 15)
    doubted = legs(ring(1, 2), ring(4, 5), at(SPEECH, 5.9, 6.4), ring(7, 8), word, refusal)
    assert [(leg.outcome, leg.provisional) for leg in doubted] == [(NONE, True)]
    known = legs(ring(1, 2), ring(4, 5), ring(7, 8), word, refusal)
    assert [leg.outcome for leg in known] == [ANSWERED, BUSY]


@pytest.mark.parametrize(("voice_s", "most"), [(14.3, 3), (14.45, 4)])
def test_of_rings_that_all_lost_their_beginnings_the_ends_tell_when_the_next_was_due(voice_s: float, most: int) -> None:
    rings = [ring(4.18, 5.287), ring(7.607, 8.690), ring(11.084, 12.091)]
    (leg,) = legs(at(MISSING, 0.5, 0.52), *rings, at(SPEECH, voice_s, voice_s + 1))
    assert (leg.rings, leg.most_rings) == (3, most)


@pytest.mark.parametrize(("late_s", "length_s", "fewest"), [(0.04, 0.035, 3), (0.0, 0.035, 4), (0.04, 0.3, 4)])
def test_a_moment_late_for_the_beat_behind_the_last_ring_may_be_who_picked_up(late_s, length_s, fewest) -> None:
    rings = [ring(i, i + 1) for i in (1, 4, 7)]
    (leg,) = legs(*rings, ring(10 + late_s, 10 + late_s + length_s, told=False, stops=False), end_s=12)
    assert (leg.outcome, leg.rings, leg.most_rings) == (NO_ANSWER, fewest, 4)


@pytest.mark.parametrize("more_s", [0.0, 0.02, 0.06])
def test_what_a_jitter_buffer_put_into_the_last_ring_makes_the_next_one_late(more_s: float) -> None:
    rings = [ring(1, 2), ring(4, 5), ring(7, 8 + more_s)]
    (leg,) = find_legs([*rings, at(SPEECH, 14, 15)], sr=SR, plan=load_plan("tw"), end=16 * SR, buffer_s=0.085)
    assert leg.pick_up is not None
    assert leg.pick_up.latest == pytest.approx((10 + more_s) * SR, abs=0.002 * SR)


def test_a_piece_of_a_refusal_amid_it_is_no_ring_on_the_beat() -> None:
    italy = [ring(1, 2), ring(6, 7), at(CONGESTION, 9, 10.6), ring(11, 11.1), at(CONGESTION, 11.4, 15)]
    (leg,) = legs(*italy, plan="it")
    assert (leg.outcome, leg.rings, leg.most_rings) == (CONGESTION, 2, 2)


@pytest.mark.parametrize("told", [False, True])
def test_a_cut_may_be_a_packet_earlier_where_nobody_tells_what_was_lost(told: bool) -> None:
    gone = [at(MISSING, 0.5, 0.52)] if told else []
    (leg,) = legs(*gone, ring(1, 2), ring(4, 5), ring(7, 8), ring(10, 10.5), at(SPEECH, 12, 13))
    assert leg.pick_up is not None
    assert leg.pick_up.earliest == pytest.approx((10.5 - (0.012 if told else 0.022)) * SR, abs=2)


@pytest.mark.parametrize("length_s", [0.8, 0.85, 0.95])
def test_after_one_ring_that_lost_its_end_the_next_may_come_as_late_as_the_slowest_line_has_it(length_s) -> None:
    (leg,) = legs(ring(1, 1 + length_s, stops=False), at(SPEECH, 9, 10))
    assert leg.pick_up is not None
    assert leg.pick_up.latest >= (1 + 1.14 * 3) * SR
