"""What may be one thing or another is left to a person, with a span that holds both."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.answering.heard_call import Clues
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE, Leg, find_legs
from dsp.answering.recording import Recording
from dsp.listen import listen
from dsp.segment import BUSY, CONGESTION, MISSING, MUSIC, RINGBACK, SPEECH, Segment, Span
from dsp.synthesis import adpcm
from dsp.tone_plan import load_plan

TW = load_plan("tw")


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


def ring(start_s: float, end_s: float, *, begins: bool = True, stops: bool = True) -> Segment:
    return Segment(RINGBACK, round(start_s * SR), round(end_s * SR), begins=begins, stops=stops, told=begins)


def legs(*segments: Segment, end_s: float = 30) -> tuple[Leg, ...]:
    return find_legs(segments, sr=SR, plan=TW, end=round(end_s * SR))


@pytest.mark.parametrize("off_s", [-0.01, 0, 0.02, 0.04])
@pytest.mark.parametrize("behind_s", [0.01, 0.12])
def test_a_piece_where_a_ring_was_due_may_be_the_first_sound_of_a_voice(off_s: float, behind_s: float) -> None:
    piece = ring(10 + off_s, 10.04 + off_s, stops=False)
    word = at(SPEECH, 10.04 + off_s + behind_s, 12)
    (leg,) = legs(*(ring(i, i + 1) for i in (1, 4, 7)), piece, word)
    assert (leg.outcome, leg.rings, leg.most_rings) == (ANSWERED, 3, 4)
    assert leg.pick_up is not None
    assert round(8.5 * SR) in leg.pick_up
    assert piece.end in leg.pick_up


@pytest.mark.parametrize("off_s", [-0.01, 0, 0.05, 0.1])
@pytest.mark.parametrize("ends_s", [10.3, 11.0, 14.0])
def test_music_that_begins_where_a_ring_was_due_may_be_that_ring(off_s: float, ends_s: float) -> None:
    music = at(MUSIC, 10 + off_s, ends_s)
    (leg,) = legs(*(ring(i, i + 1) for i in (1, 4, 7)), music, at(SPEECH, 14.1, 16))
    assert (leg.outcome, leg.rings, leg.most_rings) == (ANSWERED, 3, 4)
    assert leg.pick_up is not None
    assert round(8.5 * SR) in leg.pick_up
    assert round(min(ends_s, 11.0) * SR) in leg.pick_up


@pytest.mark.parametrize(("is_ring", "unheard", "most"), [(True, False, 4), (False, False, 3), (False, True, 4)])
def test_music_that_begins_with_no_ringbacks_tones_is_none_but_where_the_line_clips(
    is_ring: bool, unheard: bool, most: int
) -> None:
    rings = [ring(i, i + 1) for i in (1, 4, 7)]
    known = {"clues": Clues(unheard=(Span(10 * SR, 11 * SR),))} if unheard else {}
    (leg,) = find_legs(
        [*rings, at(MUSIC, 10.02, 14)],
        sr=SR,
        plan=load_plan("tw"),
        end=15 * SR,
        recording=Recording(is_tone=lambda heard, _: is_ring and heard.sound == MUSIC and heard.length <= 0.2 * SR),
        **known,
    )
    assert (leg.rings, leg.most_rings) == (3, most)
    assert (leg.answer_latency.latest < 9 * SR) == (most == 3)


def test_music_that_begins_between_two_rings_is_whoever_picked_up() -> None:
    (leg,) = legs(*(ring(i, i + 1) for i in (1, 4, 7)), at(MUSIC, 9, 14))
    assert (leg.rings, leg.most_rings) == (3, 3)


@pytest.mark.parametrize("lost", [1, 2, 3])
@pytest.mark.parametrize("rings", [1, 2])
def test_a_ring_may_have_begun_in_the_packets_that_are_known_to_be_lost_before_it(lost: int, rings: int) -> None:
    first = 1 - 0.02 * lost
    gone = [at(MISSING, first + 0.02 * n, first + 0.02 * (n + 1)) for n in range(lost)]
    (leg,) = legs(*gone, *(ring(i, i + 1) for i in (1, 4)[:rings]), at(SPEECH, 6, 8))
    assert leg.ring_onset is not None
    assert leg.answer_latency is not None
    assert round(first * SR) in leg.ring_onset
    assert leg.answer_latency.latest >= leg.pick_up.latest - round(first * SR)


def test_a_piece_that_stopped_in_the_lines_noise_is_a_ring() -> None:
    (leg,) = legs(*(ring(i, i + 1) for i in (1, 4, 7)), ring(10, 10.06), at(SPEECH, 10.15, 12))
    assert (leg.rings, leg.most_rings) == (4, 4)


@pytest.mark.parametrize("voice_s", [5.4, 5.5, 5.6])
def test_a_voice_before_a_busy_tone_is_no_burst_of_it(voice_s: float) -> None:
    """It is further before it than the beat that the busy tone keeps."""
    busy = at(BUSY, voice_s + 1.13, voice_s + 1.13 + 7.5)
    answered, refused = legs(ring(1, 2), ring(4, 4.6), at(SPEECH, voice_s, voice_s + 0.41), busy)
    assert (answered.outcome, answered.rings) == (ANSWERED, 2)
    assert (refused.outcome, refused.provisional) == (BUSY, True)


@pytest.mark.parametrize("late_s", [0.1, 0.18])
def test_a_ring_that_lost_packets_at_both_ends_is_on_the_beat(late_s: float) -> None:
    torn = ring(13 + late_s, 13.98, begins=False, stops=False)
    (leg,) = legs(*(ring(i, i + 1) for i in (1, 4, 7, 10)), torn, ring(16, 17), end_s=18)
    assert (leg.outcome, leg.rings, leg.restarted) == (NO_ANSWER, 6, False)


def test_a_lone_whole_ring_out_of_noise_may_have_been_one() -> None:
    (leg,) = legs(ring(1, 2, begins=False), at(SPEECH, 5, 7))
    assert (leg.outcome, leg.provisional) == (NONE, True)


@pytest.mark.parametrize(("end_s", "open_"), [(4.98, True), (5.0, False)])
def test_where_the_last_of_two_rings_lost_its_first_packets_the_next_may_have_begun_sooner(
    end_s: float, open_: bool
) -> None:
    """Unless it ends where the plan has it, to a hair: then no faster line made it late."""
    first, second = ring(1, 2), ring(4.04, end_s, begins=False)
    lost = at(MISSING, 4, 4.04)
    (leg,) = legs(first, second, lost, at(SPEECH, 7.02, 9))
    assert leg.rings == 2
    assert (leg.most_rings == 3) == open_


def test_ringing_clipped_beyond_recognition_before_a_voice_is_left_to_a_person() -> None:
    ringing = 4 * syn.cadence(TW.ringback, 6.4, sr=SR, level_dbfs=-7)
    wave = np.concatenate([quiet(1), ringing, quiet(0.6), syn.at_level(voice("wei-nin-hao"), -12), quiet(1)])
    samples = syn.to_int16(adpcm(np.clip(wave + 1e-3, -1, 1).astype(np.float32), subtype="G721_32"))
    assert any(leg.provisional or leg.rings == 3 for leg in listen(samples, sr=SR, plan=TW).legs)


def test_a_voice_alone_is_no_doubt() -> None:
    wave = np.concatenate([quiet(2), voice("switchboard"), quiet(1)])
    (leg,) = listen(with_noise(wave), sr=SR, plan=TW).legs
    assert (leg.outcome, leg.provisional) == (NONE, False)


def test_where_a_gain_control_makes_everything_as_loud_loudness_tells_no_talk_from_a_prompt() -> None:
    """The line's noise grows behind every ring, until it is as loud as who spoke before."""
    ringing = syn.cadence(TW.ringback, 7.0, sr=SR, level_dbfs=-20)
    wave = np.concatenate([quiet(0.5), syn.at_level(voice("switchboard"), -34), quiet(1), ringing, quiet(1)])
    noise = np.random.default_rng(1).standard_normal(len(wave))
    begin = len(wave) - len(ringing) - SR
    for ring_s in range(0, 7, 3):
        gap = slice(begin + (ring_s + 1) * SR, begin + (ring_s + 3) * SR)
        noise[gap] *= np.geomspace(0.005, 0.05, 2 * SR)[: len(noise[gap])]
        noise[begin + ring_s * SR : begin + (ring_s + 1) * SR] *= 0.003
    noise[:begin] *= 0.003
    noise[begin + 7 * SR :] *= 0.003
    heard = listen(syn.to_int16((wave + noise).astype(np.float32)), sr=SR, plan=TW)
    assert [leg.outcome for leg in heard.legs] == [NONE, NO_ANSWER]


@pytest.mark.parametrize(("end_s", "stopped"), [(9.9, False), (10.2, False), (10.4, True), (14.0, True)])
def test_ringing_that_stopped_is_told_by_the_first_third_of_a_second_of_the_ring_that_did_not_come(
    end_s: float, stopped: bool
) -> None:
    (leg,) = legs(*(ring(i, i + 1) for i in (1, 4, 7)), end_s=end_s)
    assert (leg.outcome, leg.provisional) == (NO_ANSWER, stopped)


def test_a_burst_that_begins_behind_a_lost_packet_may_have_begun_a_packet_sooner_still() -> None:
    """It is shorter than the one before for that, not because somebody picked up."""
    second = ring(4.46, 5.364, begins=True)
    (leg,) = legs(ring(1.594, 2.535), second, at(MISSING, 4.44, 4.46), at(SPEECH, 7.2, 9))
    assert leg.pick_up is not None
    assert round(6.68 * SR) in leg.pick_up


@pytest.mark.parametrize("lost_s", [0.02, 0.04, 0.08])
def test_one_ring_behind_lost_packets_and_quiet_is_a_ring_before_its_refusal(lost_s: float) -> None:
    """What it began out of was lost, and so it does not count as having begun out of quiet."""
    lost = at(MISSING, 1, 1 + lost_s)
    refused = at(CONGESTION, 2.8, 7)
    (leg,) = legs(lost, ring(1 + lost_s, 2, begins=False), refused)
    assert (leg.outcome, leg.rings) == (CONGESTION, 1)
    assert leg.ring_onset is not None
    assert round(1.01 * SR) in leg.ring_onset
    behind_words = legs(at(SPEECH, 0.2, 0.98), lost, ring(1 + lost_s, 2, begins=False), refused)
    assert all(leg.rings == 0 for leg in behind_words)
