"""A tone that nobody could name, where a ring was due and as long as one."""

from __future__ import annotations

import pytest

from dsp.answering.legs import ANSWERED, NO_ANSWER, Leg, find_legs
from dsp.answering.tone_on_beat import with_tones_on_beat
from dsp.segment import MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import load_plan

SR = 8000


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


def legs(*segments: Segment, plan: str = "tw", end_s: float = 30) -> tuple[Leg, ...]:
    return find_legs(segments, sr=SR, plan=load_plan(plan), end=round(end_s * SR))


@pytest.mark.parametrize("place", [0, 2, 3])
@pytest.mark.parametrize("late_s", [0.0, 0.02, 0.04])
def test_it_is_a_ring_of_its_ringing(place: int, late_s: float) -> None:
    bursts = [at(RINGBACK, 1 + 3 * i, 2 + 3 * i) for i in range(4)]
    bursts[place] = at(TONE, 1 + 3 * place + late_s, 2 + 3 * place)
    (leg,) = legs(*bursts, at(SPEECH, 11.5, 13))
    assert (leg.outcome, leg.rings) == (ANSWERED, 4)
    assert leg.ring_onset is not None
    assert leg.pick_up is not None
    assert SR in leg.ring_onset
    assert round(11.2 * SR) in leg.pick_up


def test_a_first_burst_of_a_ring_of_two_counts_as_one() -> None:
    each = [at(RINGBACK, t, t + 0.4) for i in range(4) for t in (1 + 3 * i, 1.6 + 3 * i)]
    each[6] = at(TONE, 10.003, 10.4)
    (leg,) = legs(*each, plan="za", end_s=11.2)
    assert (leg.outcome, leg.rings) == (NO_ANSWER, 4)


@pytest.mark.parametrize(
    "other",
    [
        (at(TONE, 9.5, 10.5),),  # off the beat
        (at(TONE, 10, 10.6),),  # not as long
        (at(TONE, 10, 11), at(TONE, 11.05, 11.4)),  # notes
        (at(TONE, 10, 11), at(MUSIC, 11.1, 15)),
    ],
)
def test_other_tones_are_none(other: tuple[Segment, ...]) -> None:
    heard = (*(at(RINGBACK, 1 + 3 * i, 2 + 3 * i) for i in range(3)), *other)
    assert with_tones_on_beat(heard, sr=SR, plan=load_plan("tw")) == heard


def test_one_ring_tells_no_beat() -> None:
    heard = (at(RINGBACK, 1, 2), at(TONE, 4, 5))
    assert with_tones_on_beat(heard, sr=SR, plan=load_plan("tw")) == heard
