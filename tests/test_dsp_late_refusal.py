"""A busy tone behind talk: who was spoken to may have hung up, and only a person can say."""

from __future__ import annotations

import pytest
from dsp_calls import SR
from dsp_segments import at, legs, ring

from dsp.answering.legs import find_legs
from dsp.answering.recording import Recording
from dsp.segment import BUSY, CONGESTION, DTMF, MISSING, MUSIC, SPEECH, TONE
from dsp.tone_plan import load_plan


@pytest.mark.parametrize("sound", [BUSY, CONGESTION])
@pytest.mark.parametrize(("talk_s", "sure"), [(0.0, True), (6.0, True), (14.0, False)])
def test_behind_as_much_talk_as_a_conversation_a_refusal_alone_is_left_to_a_person(sound, talk_s, sure) -> None:
    talk = [at(SPEECH, 1, 1 + talk_s)] if talk_s else []
    refused = legs(*talk, at(sound, 17, 22))[-1]
    assert (refused.outcome, refused.provisional) == (sound, not sure)


def test_hold_music_and_a_voice_count_together() -> None:
    refused = legs(at(MUSIC, 1, 7), at(SPEECH, 8, 14), at(BUSY, 15, 20))[-1]
    assert (refused.outcome, refused.provisional) == (BUSY, True)


def test_behind_what_a_person_has_to_tell_of_a_refusal_is_no_better_known() -> None:
    *_, refused = legs(at(SPEECH, 1, 4), ring(5, 5.6), at(MUSIC, 5.65, 8), at(BUSY, 10, 15))
    assert refused.outcome == BUSY
    assert refused.provisional


def test_a_ringing_that_was_refused_behind_a_greeting_stays_known() -> None:
    *_, refused = legs(at(SPEECH, 1, 6), *(ring(i, i + 1) for i in (8, 11)), at(BUSY, 13.5, 20))
    assert (refused.outcome, refused.rings, refused.provisional) == (BUSY, 2, False)


@pytest.mark.parametrize(("begins_s", "prompt"), [(1.822, False), (1.7, True)])
def test_what_passed_for_a_voice_halfway_between_bursts_of_a_refusal_is_one(begins_s: float, prompt: bool) -> None:
    heard = [at(TONE, 1.304, 1.562), at(SPEECH, begins_s, 2.234), at(TONE, 2.345, 2.603), at(CONGESTION, 3.387, 10.9)]
    assert (len(legs(*heard, recording=Recording(is_tone=lambda *_: False))) == 2) == prompt


def test_a_brief_first_piece_before_lost_packets_may_be_cut_behind_them() -> None:
    rings = [ring(i, i + 1) for i in (1, 4, 7)]
    piece, gone = ring(10, 10.016, stops=False, told=False), at(MISSING, 10.022, 10.1)
    (leg,) = legs(*rings, piece, gone, at(SPEECH, 10.5, 12))
    assert leg.pick_up is not None
    assert round(10.22 * SR) in leg.pick_up


@pytest.mark.parametrize(("begins_s", "prompt"), [(1.7, False), (0.9, True)])
def test_what_passed_for_a_voice_before_torn_bursts_of_a_refusal_is_of_it(begins_s: float, prompt: bool) -> None:
    heard = [at(SPEECH, begins_s, begins_s + 1.37), at(TONE, 3.2435, 3.46), at(CONGESTION, 3.8, 8.1)]
    assert (len(legs(*heard, recording=Recording(is_tone=lambda *_: True))) == 2) == prompt


@pytest.mark.parametrize(("lasts_s", "then_s", "outcome"), [(1.0, 2.2, CONGESTION), (1.0, 1.5, BUSY), (3.0, 8.0, BUSY)])
def test_less_than_a_period_may_be_a_part_of_another_refusals(lasts_s: float, then_s: float, outcome: str) -> None:
    """Spain's congestion is three bursts of busy and a pause."""
    heard = at(BUSY, 1, 1 + lasts_s), at(CONGESTION, 2.1 + lasts_s, 2.1 + lasts_s + then_s)
    told = find_legs(heard, sr=SR, plan=load_plan("es"), end=20 * SR)
    assert told[0].outcome == outcome


@pytest.mark.parametrize(("lasts_s", "behind_s", "refused"), [(1.25, 1.2, False), (1.25, 4.0, True), (4.0, 1.2, True)])
def test_a_brief_refusal_amid_notes_is_one_of_them(lasts_s: float, behind_s: float, refused: bool) -> None:
    over = 12.2 + lasts_s
    notes = at(DTMF, 11.6, 11.9), at(DTMF, over + behind_s, over + behind_s + 0.3)
    told = legs(*(ring(i, i + 1) for i in (1, 4)), at(SPEECH, 6, 10), notes[0], at(BUSY, 12.2, over), notes[1])
    assert (BUSY in [leg.outcome for leg in told]) == refused


def test_music_as_long_as_a_refusals_burst_right_before_it_is_that_burst() -> None:
    for is_tone in (True, False):
        heard = [ring(1, 2), ring(4, 5), at(MUSIC, 5.7, 6.6), at(BUSY, 6.6, 12)]
        told = legs(*heard, recording=Recording(is_tone=lambda *_, own=is_tone: own))
        assert (told[0].outcome == BUSY) == is_tone
