"""What one moment of a call passes for, and what the rest of the call says it was."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise
from dsp_segments import at, legs, ring

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, NONE, find_legs
from dsp.answering.recording import Recording
from dsp.listen import listen
from dsp.ringing.torn_bursts import Torn, joined
from dsp.second_look.tone_share import is_tone, rest_end, sure_end
from dsp.segment import BUSY, CONGESTION, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import load_plan
from dsp.voices.voice_window import VoiceWindow


@pytest.mark.parametrize("word", ["wei", "hello", "personnel"])
@pytest.mark.parametrize("wait_s", [0.03, 0.04, 0.05, 0.06])
def test_who_speaks_at_once_takes_no_ring_with_them(word: str, wait_s: float) -> None:
    ringing = syn.cadence(load_plan("tw").ringback, 6.34, sr=SR, level_dbfs=-25)
    said = syn.at_level(voice(word), -14)
    (leg,) = listen(
        with_noise(np.concatenate([quiet(0.5), ringing, quiet(wait_s), said, quiet(1)])), sr=SR, plan=load_plan("tw")
    ).legs
    assert leg.rings <= 3 <= leg.most_rings
    assert leg.pick_up is not None
    assert round(6.84 * SR) in leg.pick_up


@pytest.mark.parametrize("sound", [MUSIC, SPEECH])
@pytest.mark.parametrize("gap_s", [0.0, 0.025])
def test_a_burst_that_a_sound_goes_over_into_is_a_note_of_it(sound: str, gap_s: float) -> None:
    rings = [ring(i, i + 1) for i in (1, 4, 7)]
    answer, note = at(SPEECH, 9.5, 11), ring(20, 20.94, stops=False)
    heard = legs(*rings, answer, at(sound, 12, 20 - gap_s), note, at(SPEECH, 22, 24))
    assert [(leg.outcome, leg.rings) for leg in heard if leg.outcome == ANSWERED] == [(ANSWERED, 3)]
    free = legs(*rings, answer, at(sound, 12, 19), note, at(SPEECH, 22, 24))
    # Soon behind music it may be the last of its notes all the same.
    assert [(leg.outcome, leg.rings) for leg in free] == [(ANSWERED, 3), (NONE, 0) if sound == MUSIC else (ANSWERED, 1)]


def test_a_voice_that_keeps_a_refusals_time_is_a_voice() -> None:
    """0.75 s long, and 1.5 s before the tone: as the plan's busy tone has it."""
    plan = load_plan("sg")
    ringing = syn.cadence(plan.ringback, 9.464, sr=SR, level_dbfs=-25)
    said = syn.at_level(voice("hello")[: round(0.75 * SR)], -20)
    busy = syn.cadence(plan.busy, 5.2, sr=SR, level_dbfs=-25)
    wave = np.concatenate([quiet(1), ringing, quiet(4), said, quiet(0.75), busy, quiet(0.5)])
    answered, released = listen(with_noise(wave), sr=SR, plan=plan).legs
    assert (answered.outcome, answered.rings) == (ANSWERED, 4)
    assert (released.outcome, released.provisional) == (BUSY, True)


@pytest.mark.parametrize(("plan", "kind"), [("tw", CONGESTION), ("tw", BUSY), ("sg", BUSY), ("de", BUSY)])
def test_what_packets_left_of_a_tone_is_that_tone_and_no_voice_is(plan: str, kind: str) -> None:
    tones = load_plan(plan)
    tone = tones.busy if kind == BUSY else tones.congestion
    assert tone is not None
    torn = syn.cadence(tone, 0.9, sr=SR, level_dbfs=-30)
    torn, _ = syn.lose_packets(torn, sr=SR, share=0.25, rng=np.random.default_rng(2), conceal=False)
    samples = with_noise(np.concatenate([quiet(1), torn, quiet(1), voice("switchboard")]))
    assert is_tone(samples, at(SPEECH, 1, 1.9), tone, sr=SR)
    assert not is_tone(samples, Segment(SPEECH, round(2.9 * SR), len(samples)), tone, sr=SR)
    assert not is_tone(samples, Segment(SPEECH, SR, SR + 10), tone, sr=SR)


def test_pieces_of_a_refusal_before_it_are_no_prompt() -> None:
    piece = at(SPEECH, 1.6, 2.368)
    refusal = at(CONGESTION, 2.601, 9.349)
    known = {"sr": SR, "plan": load_plan("tw"), "end": 10 * SR}
    (leg,) = find_legs([piece, refusal], recording=Recording(is_tone=lambda _, __: True), **known)
    assert leg.outcome == CONGESTION
    prompt, _ = find_legs([piece, refusal], recording=Recording(is_tone=lambda _, __: False), **known)
    assert prompt.outcome == NONE


@pytest.mark.parametrize(("tone_s", "answered"), [(11.7, True), (8.3, False)])
def test_tones_behind_a_ring_that_did_not_come_are_who_picked_up_and_hung_up(tone_s: float, answered: bool) -> None:
    rings = [ring(i, i + 1) for i in (1, 4, 7)]
    first, *others = legs(*rings, at(TONE, tone_s, tone_s + 0.6), at(BUSY, tone_s + 1, tone_s + 7))
    assert (first.outcome, first.rings) == (ANSWERED if answered else BUSY, 3)
    assert [leg.outcome for leg in others] == ([BUSY] if answered else [])


def test_a_burst_that_ends_where_one_on_the_beat_does_lost_its_first_packets() -> None:
    """The ring before it lost its first burst's end."""
    whole = [ring(2.069 + at_s, 2.467 + at_s) for at_s in (0, 0.6, 3, 3.6)]
    torn = [ring(8.069, 8.24, stops=False), ring(8.669, 9.068), ring(11.24, 11.468, stops=False)]
    (leg,) = legs(*whole, *torn, at(SPEECH, 12.116, 13), plan="uk")
    assert (leg.outcome, leg.rings) == (ANSWERED, 4)
    assert leg.pick_up is not None
    assert round(11.62 * SR) in leg.pick_up


@pytest.mark.parametrize("late_s", [-0.06, 0.06])
def test_a_ring_off_the_beat_of_those_behind_a_voice_was_another_telephones(late_s: float) -> None:
    first, word = ring(1 + late_s, 2, told=False), at(SPEECH, 2.5, 3.5)
    then = [ring(i, i + 1) for i in (4, 7, 10)]
    lost = () if late_s < 0 else (at(MISSING, 1, 1 + late_s),)
    heard = legs(*lost, first, word, *then, at(SPEECH, 12, 14))
    late = late_s > 0
    # Late by what it lost it may be the same one's, and only a person can say.
    assert [(leg.outcome, leg.rings) for leg in heard] == ([(NONE, 0)] if late else [(ANSWERED, 1), (ANSWERED, 3)])


@pytest.mark.parametrize("off_s", [-0.03, 0.02])
@pytest.mark.parametrize("plan", ["tw", "dk"])
def test_two_beats_with_somebodys_words_between_are_two_telephones(off_s: float, plan: str) -> None:
    period = load_plan(plan).period_s
    first = [ring(1 + period * i, 2 + period * i) for i in range(4)]
    then = [ring(1 + off_s + period * i, 2 + off_s + period * i) for i in range(4, 8)]
    word = at(SPEECH, 2.7 + 3 * period, 3.2 + 3 * period)
    heard = legs(*first, word, *then, at(SPEECH, 2.5 + 7 * period, 4 + 7 * period), plan=plan, end_s=60)
    assert [(leg.outcome, leg.rings) for leg in heard] == [(ANSWERED, 4), (ANSWERED, 4)]


def test_a_jitter_buffer_moves_the_beat_behind_somebodys_words() -> None:
    first, then = [ring(i, i + 1) for i in (1, 4, 7)], [ring(i + 0.02, i + 1.02) for i in (10, 13, 16)]
    known = {"sr": SR, "plan": load_plan("tw"), "end": 20 * SR}
    heard = find_legs([*first, at(SPEECH, 8.5, 9), *then], buffer_s=0.085, **known)
    assert [(leg.outcome, leg.provisional) for leg in heard] == [(NONE, True)]


def test_a_ring_early_for_the_beat_is_not_explained_by_what_one_on_the_beat_was_cut() -> None:
    first = [ring(1 + 3 * i, 2 + 3 * i) for i in range(3)]
    then = [ring(12.866 + 3 * i, 13.866 + 3 * i) for i in range(4)]
    heard = legs(*first, ring(10, 10.87), at(SPEECH, 11.2, 12.3), *then, at(SPEECH, 24, 26))
    assert [(leg.outcome, leg.rings) for leg in heard] == [(ANSWERED, 4), (ANSWERED, 4)]


@pytest.mark.parametrize("fades_s", [0.0, 0.005])
def test_a_first_ring_that_lost_its_beginning_is_one_though_bursts_fade(fades_s: float) -> None:
    rings = [ring(4 + 3 * i, 5 - fades_s + 3 * i) for i in range(6)]
    (leg,) = legs(ring(1.183, 2 - fades_s, begins=False, stops=False, told=False), *rings, at(SPEECH, 21, 23))
    assert (leg.outcome, leg.rings) == (ANSWERED, 7)
    assert leg.ring_onset is not None
    assert SR in leg.ring_onset


def test_a_note_that_comes_early_for_the_beat_is_no_ring() -> None:
    rings = [ring(i, i + 1) for i in (1, 4, 7)]
    notes = [ring(9.96, 10.9, stops=False, told=False), ring(11, 11.2, told=False)]
    (leg,) = legs(*rings, *notes, at(MUSIC, 11.25, 17))
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)
    assert leg.pick_up is not None
    assert round(9.5 * SR) in leg.pick_up


@pytest.mark.parametrize("joined_by", [MUSIC, None])
def test_a_note_off_the_beat_before_a_ringing_does_not_begin_it(joined_by: str | None) -> None:
    before = [at(SPEECH, 1.3, 4.4)] + ([at(MUSIC, 4.8, 6.2)] if joined_by else [])
    rings = [ring(i, i + 1) for i in (11, 14, 17)]
    heard = legs(*before, ring(6.2, 7.13, stops=False, told=False), *rings, at(SPEECH, 18.5, 20))
    assert [leg.rings for leg in heard] == ([0, 3] if joined_by else [0, 0])


def test_words_as_brief_as_bursts_and_as_far_apart_may_have_been_rings() -> None:
    prompt = at(SPEECH, 0.3, 2.2)
    for second_s, open_ in ((10.9, True), (11.4, False)):
        (leg,) = legs(prompt, at(SPEECH, 7.9, 8.77), at(SPEECH, second_s, second_s + 0.9), at(SPEECH, 15, 17))
        assert (leg.outcome, leg.provisional) == (NONE, open_)
    (leg,) = legs(prompt, at(SPEECH, 8.7, 8.9), at(SPEECH, 12.3, 12.7), plan="za")
    assert (leg.outcome, leg.provisional) == (NONE, True)


def test_a_burst_over_sooner_than_anybody_answers_before_music_is_its_first_note() -> None:
    for sound, rang in ((MUSIC, False), (SPEECH, True)):
        (leg,) = legs(ring(1.287, 1.475, stops=False, told=False), at(sound, 2.6, 10), plan="at")
        assert (leg.outcome == ANSWERED) == rang
        assert rang or leg.provisional


@pytest.mark.parametrize("left_s", [0.02, 0.06])
@pytest.mark.parametrize("plan", ["tw", "sg"])
def test_of_a_cut_burst_the_rest_behind_lost_packets_is_heard(plan: str, left_s: float) -> None:
    tones = load_plan(plan)
    wave = np.concatenate([quiet(1), syn.cadence(tones.ringback, 9.24, sr=SR, level_dbfs=-25), quiet(1)])
    end = round((10 + 0.24 - left_s - 0.04) * SR)
    wave[end : end + round(0.04 * SR)] = 0
    samples, burst = with_noise(wave), Segment(RINGBACK, 10 * SR, end)
    assert rest_end(samples, burst, tones.ringback, sr=SR) == pytest.approx(10.24 * SR, abs=0.015 * SR)
    whole = Segment(RINGBACK, 10 * SR, round(10.24 * SR))
    assert rest_end(samples, whole, tones.ringback, sr=SR) == whole.end


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_burst_that_ends_with_a_packet_may_have_lost_three_behind_it(lost: int) -> None:
    """And what came of the tone after them is too little to be heard."""
    cut_s = 7.36 + 0.02 * lost + 0.003
    (leg,) = legs(*(ring(i, i + 1) for i in (1, 4)), ring(7, 7.36, stops=False), at(SPEECH, 9, 10))
    assert leg.pick_up is not None
    assert round(cut_s * SR) in leg.pick_up


def test_behind_who_answered_a_burst_over_sooner_than_anybody_answers_is_no_ring_for_certain() -> None:
    rings = [ring(i, i + 1) for i in (1, 4)]
    answer, word = at(SPEECH, 5.5, 9), at(SPEECH, 13, 15)
    _, unknown = legs(*rings, answer, ring(12, 12.15), word)
    assert (unknown.outcome, unknown.rings, unknown.provisional) == (NONE, 0, True)
    assert [leg.rings for leg in legs(*rings, answer, ring(12, 12.15, told=False), word)] == [2]
    assert [leg.rings for leg in legs(*rings, answer, ring(12, 12.3), word)] == [2, 1]


def test_a_burst_as_long_as_a_ring_to_a_hair_soon_behind_music_may_be_one() -> None:
    rings = [ring(1.34, 2.338, told=False, stops=False)]
    talk = [at(SPEECH, 3.2, 6.3), at(MUSIC, 6.7, 13.86)]
    for end_s, left in ((15.231, 1), (15.15, 1), (14.5, 0)):
        burst = ring(14.233, end_s, told=False, stops=False)
        answered, *others = legs(*rings, *talk, burst, at(SPEECH, 20.2, 25), plan="pt")
        assert (answered.outcome, answered.rings) == (ANSWERED, 1)
        assert [(leg.outcome, leg.provisional) for leg in others] == [(NONE, True)] * left


@pytest.mark.parametrize("hole_s", [0.1, 0.18, 0.2])
def test_two_pieces_as_long_together_as_a_burst_are_one(hole_s: float) -> None:
    pieces = [ring(8, 8.05), ring(8.05 + hole_s, 8.4), ring(8.6, 9)]
    first, second = joined(pieces, sr=SR, plan=load_plan("in"))
    assert isinstance(first, Torn)
    assert (first.start, first.end, first.hole) == (8 * SR, round(8.4 * SR), 0)
    assert second == pieces[2]
    apart = [ring(8, 8.05), ring(8.05 + hole_s, 8.33)]
    assert joined(apart, sr=SR, plan=load_plan("in")) == apart


def test_a_voices_first_sound_is_not_before_what_sounded_until_then() -> None:
    window = VoiceWindow(read=lambda start, end: np.zeros(end - start, np.float32))
    for place in range(20):
        loud = place < 8 or place >= 12
        window.add(place * 256, 0.9, -20 if loud else -60)
    assert window.first_sound(12 * 256, since=0, noise_db=-60) == 0
    assert window.first_sound(12 * 256, since=10 * 256, noise_db=-60) == 12 * 256


@pytest.mark.parametrize("loud", range(4))
def test_what_rang_until_a_voice_was_looked_for_dies_away_and_is_none(loud: int) -> None:
    window = VoiceWindow(read=lambda start, end: np.zeros(end - start, np.float32))
    for place in range(4):
        window.add(place * 256, 0.9, -20 if place == loud else -40)
    first = window.first_voice(-40, since=0, noise_db=-40, music=False)
    assert first == (None if loud < 2 else 0)
    assert window.first_voice(-40, since=-512, noise_db=-40, music=False) == 0


def test_a_ring_that_a_jitter_buffer_took_a_packet_of_is_early_and_a_ring() -> None:
    rings = [ring(i, i + 1) for i in (1, 4, 7)]
    early = [ring(9.98, 11, told=False), ring(13, 14), ring(16, 17)]
    (leg,) = legs(*rings, *early, at(SPEECH, 18, 20))
    assert (leg.outcome, leg.rings) == (ANSWERED, 6)


@pytest.mark.parametrize("told", [True, False])
def test_a_burst_in_which_the_sender_halted_is_as_well_told_as_it_was(told: bool) -> None:
    halting, _ = joined([ring(1, 2.04, told=told), ring(4.04, 5.04)], sr=SR, plan=load_plan("tw"))
    assert isinstance(halting, Torn)
    assert (halting.hole, halting.told) == (round(0.04 * SR), told)


@pytest.mark.parametrize("plan", ["tw", "sg", "de"])
@pytest.mark.parametrize("behind_s", [0.05, 0.12])
def test_of_a_burst_that_goes_over_into_as_loud_a_sound_the_end_is_where_its_tones_are(
    plan: str, behind_s: float
) -> None:
    tones = load_plan(plan)
    wave = np.concatenate([quiet(1), syn.cadence(tones.ringback, 0.24, sr=SR, level_dbfs=-20), quiet(1)])
    babble = syn.white_noise(len(wave), rng=np.random.default_rng(5), level_dbfs=-22)
    wave[round(1.24 * SR) :] += babble[round(1.24 * SR) :]
    burst = Segment(RINGBACK, SR, round((1.24 + behind_s) * SR), told=True)
    samples = with_noise(wave)
    assert sure_end(samples, burst, tones.ringback, sr=SR) == pytest.approx(1.24 * SR, abs=0.015 * SR)
    alone = Segment(RINGBACK, SR, round(1.24 * SR))
    assert sure_end(samples, alone, tones.ringback, sr=SR) == pytest.approx(alone.end, abs=0.006 * SR)
    assert sure_end(samples, Segment(RINGBACK, SR, SR + 9), tones.ringback, sr=SR) == SR + 9
    known = {"sr": SR, "plan": tones, "end": len(samples)}
    word = Segment(SPEECH, round(1.7 * SR), 2 * SR)
    (leg,) = find_legs(
        [burst, word], recording=Recording(sure_end=lambda one: sure_end(samples, one, tones.ringback, sr=SR)), **known
    )
    assert leg.pick_up is not None
    assert round(1.24 * SR) in leg.pick_up


@pytest.mark.parametrize("hole_s", [0.06, 0.12, 0.2])
def test_a_ring_whose_beginning_fell_into_a_hole_behind_a_moment_of_silence_goes_on(hole_s: float) -> None:
    since = 7.05
    hole = at(MISSING, since, since + hole_s)
    (leg,) = legs(ring(1, 2), ring(4, 5), hole, ring(since + hole_s, 7.8, stops=False), at(SPEECH, 9, 11))
    assert (leg.outcome, leg.rings, leg.provisional) == (ANSWERED, 3, False)
    other = [leg.rings for leg in legs(ring(1, 2), ring(4, 5), at(SPEECH, 5.5, 6.2), hole, ring(since + hole_s, 7.8))]
    assert sum(other) <= 3
