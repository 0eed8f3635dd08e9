"""A private exchange's rings, heard by a plan that is not its own, are left to a person."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.answering.leg import ANSWERED, NONE
from dsp.answering.legs import Leg, find_legs
from dsp.listen import listen
from dsp.segment import RINGBACK, SPEECH, Segment
from dsp.tone_plan import Tone, load_plan, parse_tone

DOUBLE = [
    "440+480/400,0/200,440+480/400,0/3000",
    "440+480/400,0/200,440+480/400,0/4000",
    "425/400,0/200,425/400,0/2000",
]


def heard(tone: Tone, until_s: float, *, plan: str = "tw", gap_s: float = 0.9) -> tuple[Leg, ...]:
    ringing = syn.cadence(tone, until_s, sr=SR, level_dbfs=-22)
    wave = np.concatenate([quiet(1), ringing, quiet(gap_s), syn.at_level(voice("hello"), -20), quiet(1)])
    return listen(with_noise(wave), sr=SR, plan=load_plan(plan)).legs


@pytest.mark.parametrize("tone", DOUBLE)
@pytest.mark.parametrize("rings", [1, 2, 4])
def test_double_rings_heard_by_taiwans_plan_give_no_sure_number(tone: str, rings: int) -> None:
    period_s = sum(on + off for on, off in parse_tone(tone).cadence)
    until_s = (rings - 1) * period_s + 1.3  # picked up in the pause
    for leg in heard(parse_tone(tone), until_s):
        wrong = leg.ring_onset is not None and not leg.rings <= rings <= leg.most_rings
        outside = leg.pick_up is not None and round((1 + until_s) * SR) not in leg.pick_up
        assert (leg.outcome == NONE and leg.provisional) or not (wrong or outside)


@pytest.mark.parametrize("plan", ["tw", "us", "uk", "jp"])
def test_by_its_own_plan_they_are_counted(plan: str) -> None:
    tones = load_plan(plan)
    (leg,) = heard(tones.ringback, 2 * tones.period_s + sum(tones.cadence[0]) - 0.1, plan=plan)
    assert (leg.outcome, leg.rings, leg.provisional) == (ANSWERED, 3, False)


def told(start_s: float, end_s: float, *, told: bool = True) -> Segment:
    return Segment(RINGBACK, round(start_s * SR), round(end_s * SR), begins=True, told=told)


def legs(*segments: Segment) -> list[tuple[str, bool]]:
    found = find_legs(segments, sr=SR, plan=load_plan("tw"), end=30 * SR)
    return [(leg.outcome, leg.provisional) for leg in found]


@pytest.mark.parametrize(("other_s", "open_"), [(0.4, True), (0.7, False)])
def test_a_pause_at_the_same_place_of_two_rings_is_the_exchanges(other_s: float, open_: bool) -> None:
    rings = [told(1, 1.4), told(1.5, 2), told(4, 4 + other_s), told(4.1 + other_s, 5)]
    word = Segment(SPEECH, 6 * SR, 7 * SR)
    assert legs(*rings, word) == ([(NONE, True)] if open_ else [(ANSWERED, False)])


@pytest.mark.parametrize(
    ("length_s", "by_its_tones", "open_"), [(0.6, False, True), (0.6, True, False), (1.0, False, False)]
)
def test_what_is_neither_the_plans_tones_nor_as_long_is_another_exchanges(
    length_s: float, by_its_tones: bool, open_: bool
) -> None:
    word = Segment(SPEECH, 6 * SR, 7 * SR)
    outcome = legs(told(4, 4 + length_s, told=by_its_tones), word)
    assert outcome == ([(NONE, True)] if open_ else [(ANSWERED, False)])
