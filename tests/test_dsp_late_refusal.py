"""A busy tone behind talk: who was spoken to may have hung up, and only a person can say."""

from __future__ import annotations

import pytest
from dsp_segments import at, legs, ring

from dsp.segment import BUSY, CONGESTION, MUSIC, SPEECH


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
