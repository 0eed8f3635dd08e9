"""A ring that sounds on behind what was lost, or that stands between others' voices, is taken for what it may be."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, NO_ANSWER, NONE, Leg, find_legs
from dsp.answering.recording import Recording
from dsp.second_look.packet_behind import hole_end
from dsp.second_look.unheard_rings import unheard_rings
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan

TONE = load_plan("tw").ringback
BURST = Segment(RINGBACK, SR, round(1.6 * SR))


def at(sound: str, start_s: float, end_s: float, **flags: bool) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR), **flags)


def legs(*segments: Segment, plan: str = "tw", end_s: float = 40) -> tuple[Leg, ...]:
    return find_legs(segments, sr=SR, plan=load_plan(plan), end=round(end_s * SR))


def holds(leg: Leg, at_s: float) -> bool:
    assert leg.pick_up is not None
    return round(at_s * SR) in leg.pick_up


@pytest.mark.parametrize(("again_s", "open_"), [((7.56, 8.6), True), ((8.2, 8.4), False)])
def test_a_burst_that_another_begins_within_was_not_cut(again_s: tuple[float, float], open_: bool) -> None:
    """What the pieces are together may be too long: a hum was told to go on with them."""
    leg, *_ = legs(
        at(RINGBACK, 1, 2), at(RINGBACK, 4, 5), at(RINGBACK, 7, 7.45), at(RINGBACK, *again_s), at(SPEECH, 9, 11)
    )
    assert leg.outcome == NONE or holds(leg, 8.5) == open_


def line(hole_s: tuple[float, float] = (0, 0), noise_dbfs: float = -45.0) -> np.ndarray:
    """A burst from 1 s to 1.6 s, in noise, with a hole in it."""
    wave = syn.white_noise(3 * SR, rng=np.random.default_rng(5), level_dbfs=noise_dbfs)
    wave[BURST.start : BURST.end] += syn.cadence(TONE, 0.6, sr=SR, level_dbfs=-25)
    samples = syn.to_int16(wave)
    samples[round(hole_s[0] * SR) : round(hole_s[1] * SR)] = 0
    return samples


@pytest.mark.parametrize(
    ("hole_s", "over_s"), [((1.6, 1.8), 1.8), ((1.606, 1.75), 1.75), ((1.64, 1.8), 1.6), ((0, 0), 1.6)]
)
def test_a_hole_right_behind_a_burst_hides_when_it_ended(hole_s: tuple[float, float], over_s: float) -> None:
    assert hole_end(line(hole_s), BURST, TONE, sr=SR) == pytest.approx(over_s * SR, abs=4)


def test_on_a_line_that_is_silent_anyway_there_is_no_hole() -> None:
    silent = line()
    silent[BURST.end :] = 0
    assert hole_end(silent, BURST, TONE, sr=SR) == BURST.end
    silent = line((0, 1))
    silent[BURST.end : 2 * SR] = 0
    assert hole_end(silent, BURST, TONE, sr=SR) == BURST.end


@pytest.mark.parametrize(("end_s", "open_"), [(6.2245, True), (6.15, False)])
def test_the_second_of_two_rings_that_ends_in_time_may_have_begun_unheard(end_s: float, open_: bool) -> None:
    first = at(RINGBACK, 0.17, 1.1788, stops=True, told=True)
    (leg,) = legs(first, at(RINGBACK, 5.322, end_s, stops=True, told=True), at(SPEECH, 10.2, 12), plan="it")
    assert leg.outcome == ANSWERED
    assert holds(leg, 9) == open_


@pytest.mark.parametrize("told", [True, False])
def test_talk_that_goes_over_into_a_whole_ring_does_not_hide_it(told: bool) -> None:
    heard = legs(at(SPEECH, 0.5, 1.152), at(RINGBACK, 1.159, 2.124, stops=True, told=told), end_s=2.124)
    assert [leg.outcome for leg in heard][-1] == (NO_ANSWER if told else NONE)


@pytest.mark.parametrize(("spoken", "legs_"), [(True, 3), (False, 2)])
def test_a_whole_burst_between_two_ringings_that_somebody_spoke_behind_may_be_another_telephone(
    spoken: bool, legs_: int
) -> None:
    first = at(RINGBACK, 1, 2), at(RINGBACK, 6, 7), at(SPEECH, 9, 11), at(MUSIC, 17.5, 21.933)
    word = [at(SPEECH, 25.4, 27.2)] if spoken else []
    last = at(RINGBACK, 28.6, 29.6), at(RINGBACK, 33.6, 34.6), at(SPEECH, 36, 38)
    heard = legs(*first, at(RINGBACK, 22.6, 23.575), *word, *last, plan="it")
    assert len(heard) == legs_


@pytest.mark.parametrize(
    ("early_s", "is_tones", "open_"), [(0.006, True, True), (0.03, True, False), (0.006, False, False)]
)
def test_what_passed_for_a_voice_a_period_before_the_first_ring_may_be_one(
    early_s: float, is_tones: bool, open_: bool
) -> None:
    word = at(SPEECH, 6 - early_s, 6.6)
    rings = [at(RINGBACK, 9 + 3 * n, 10 + 3 * n) for n in range(4)]
    segments = [at(SPEECH, 1, 4), word, *rings, at(SPEECH, 21, 22)]
    found = find_legs(
        segments,
        sr=SR,
        plan=load_plan("tw"),
        end=23 * SR,
        recording=Recording(is_tone=lambda heard, _: is_tones and heard == word),
    )
    assert (found[-1].outcome, found[-1].provisional) == ((NONE, True) if open_ else (ANSWERED, True))


@pytest.mark.parametrize("lasts_s", [0.3, 0.6])
def test_a_ring_that_the_calls_end_cuts_may_be_one_though_nobody_told_it(lasts_s: float) -> None:
    ringing = syn.cadence(TONE, 4 + lasts_s - 1, sr=SR, level_dbfs=-20)
    samples = syn.to_int16(ringing + syn.white_noise(len(ringing), rng=np.random.default_rng(5), level_dbfs=-55))
    (span,) = unheard_rings([at(RINGBACK, 0, 1)], samples, sr=SR, plan=load_plan("tw"))
    assert span.earliest == pytest.approx(3 * SR, abs=0.02 * SR)
    assert span.latest <= len(samples)


@pytest.mark.parametrize(("told", "open_"), [(True, True), (False, False)])
def test_a_brief_burst_of_two_tones_behind_who_answered_may_be_another_telephone(told: bool, open_: bool) -> None:
    """Where the line is silent nothing shows that it stopped."""
    burst = at(RINGBACK, 8.935, 9.088, told=told)
    heard = legs(at(RINGBACK, 0.4, 1.4), at(SPEECH, 2.8, 3.3), at(MUSIC, 4.4, 7.5), burst, at(SPEECH, 9.84, 10.5))
    assert len(heard) == (2 if open_ else 1)


@pytest.mark.parametrize(("lengths_s", "open_"), [((0.83, 0.82, 0.84, 0.83), True), ((0.83, 1.0, 1.0, 1.0), False)])
def test_where_all_rings_lack_as_much_at_their_start_the_first_may_have_begun_before(
    lengths_s: tuple[float, ...], open_: bool
) -> None:
    """A gain control turns each down; a network takes as much of one."""
    rings = [at(RINGBACK, 2 + 3 * n - length_s, 2 + 3 * n) for n, length_s in enumerate(lengths_s)]
    (leg,) = legs(*rings, at(SPEECH, 12, 13))
    assert leg.ring_onset is not None
    assert leg.ring_onset.earliest <= SR <= leg.ring_onset.latest
    assert (leg.ring_onset.latest > 1.1 * SR) == open_
