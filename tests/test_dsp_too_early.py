"""Behind somebody's voice a ring that is early for the beat is another telephone's, by however little."""

from __future__ import annotations

import pytest

from dsp.answering.legs import NONE, Leg, find_legs
from dsp.segment import RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan

SR = 8000


def legs(moved_s: float, *, of: int = 4, spoken: bool = True, buffer_s: float = 0.0) -> tuple[Leg, ...]:
    """Four rings, a word, and four more, the first `of` which are early (negative) or late for the beat."""
    starts = [0.5 + 3 * n + (moved_s if 4 <= n < 4 + of else 0) for n in range(8)]
    rings = [
        Segment(RINGBACK, round(at * SR), round((at + 1) * SR), begins=True, stops=True, told=True) for at in starts
    ]
    words = [Segment(SPEECH, round(11 * SR), round(11.6 * SR))] if spoken else []
    voice = Segment(SPEECH, round(25 * SR), round(28 * SR))
    return find_legs((*rings, *words, voice), sr=SR, plan=load_plan("tw"), end=30 * SR, buffer_s=buffer_s)


@pytest.mark.parametrize("early_s", [0.02, 0.025, 0.04, 0.06])
def test_rings_that_come_early_behind_a_word_are_a_second_telephones(early_s: float) -> None:
    assert [(leg.rings, leg.most_rings) for leg in legs(-early_s)] == [(4, 4), (4, 4)]


@pytest.mark.parametrize("moved_s", [0.0, 0.02, 0.04])
def test_on_the_beat_or_late_by_lost_packets_only_a_person_can_say_whose_rings_they_are(moved_s: float) -> None:
    """A second telephone keeps the first one's beat by chance in one of some hundred transfers."""
    assert [(leg.outcome, leg.rings, leg.provisional) for leg in legs(moved_s, of=1)] == [(NONE, 0, True)]


@pytest.mark.parametrize("early_s", [0.02, 0.04])
def test_where_nobody_spoke_they_go_on_whatever_moved_them(early_s: float) -> None:
    assert [leg.rings for leg in legs(-early_s, spoken=False)] == [8]


def test_a_packet_that_a_jitter_buffer_took_out_makes_no_second_telephone() -> None:
    assert [(leg.outcome, leg.provisional) for leg in legs(-0.02, buffer_s=0.04)] == [(NONE, True)]
