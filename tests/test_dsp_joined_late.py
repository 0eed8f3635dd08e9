"""A caller is put through to a call's sound amid its first ring: that ring counts, and it may have begun before."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED, Leg
from dsp.listen import listen
from dsp.tone_plan import load_plan


def joined(plan: str, since_s: float, until_s: float, *, lead_s: float = 0.8, stretch: float = 1.0) -> tuple[Leg, ...]:
    """A call whose ringing is heard from a second of it on, until it is picked up."""
    tones = load_plan(plan)
    ringing = syn.cadence(tones.ringback, until_s / stretch, sr=SR, level_dbfs=-20)
    at = np.arange(round(until_s * SR)) / stretch  # slower all of it, in pitch by as much as an exchange may be off
    slow = np.interp(at, np.arange(len(ringing)), ringing).astype(np.float32) if stretch != 1 else ringing
    heard = slow[round(since_s * SR) :]
    wave = np.concatenate([quiet(lead_s), heard, quiet(0.5), syn.at_level(voice("hello"), -18), quiet(1)])
    return listen(with_noise(wave), sr=SR, plan=tones).legs


@pytest.mark.parametrize("since_s", [0.25, 0.4, 0.6, 0.78])
@pytest.mark.parametrize(("until_s", "rings"), [(5.2, 2), (6.5, 3), (10.4, 4), (12.5, 5)])
@pytest.mark.parametrize("stretch", [1.0, 1.018, 0.985])
def test_the_ring_that_was_joined_late_is_one(since_s: float, until_s: float, rings: int, stretch: float) -> None:
    (leg,) = joined("tw", since_s * stretch, until_s * stretch, stretch=stretch)
    assert leg.outcome == ANSWERED
    assert leg.rings <= rings <= leg.most_rings
    assert leg.ring_onset is not None
    assert leg.pick_up is not None
    heard, ended = 0.8 * SR, (0.8 + (until_s - since_s) * stretch) * SR
    assert round(heard) in leg.ring_onset
    assert round(ended) in leg.pick_up
    assert leg.answer_latency is not None
    assert leg.answer_latency.earliest <= ended - heard
    assert leg.answer_latency.latest >= min(ended, until_s * stretch * SR)


@pytest.mark.parametrize("since_s", [0.1, 0.4, 0.6, 0.78])
def test_a_second_ring_that_was_cut_leaves_open_what_the_first_was(since_s: float) -> None:
    (leg,) = joined("tw", since_s, 3.6)
    assert leg.provisional or leg.rings <= 2 <= leg.most_rings


@pytest.mark.parametrize("plan", ["us", "uk", "jp", "de", "fr", "sg", "cn", "in"])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_so_it_is_by_every_plan(plan: str, share: float) -> None:
    tones = load_plan(plan)
    since_s, until_s = share * tones.cadence[0][0], 2 * tones.period_s + 0.6 * tones.cadence[0][0]
    (leg,) = joined(plan, since_s, until_s)
    assert leg.rings <= 3 <= leg.most_rings
    assert leg.pick_up is not None
    assert round((0.8 + until_s - since_s) * SR) in leg.pick_up


@pytest.mark.parametrize("plan", ["uk", "sg", "in", "za"])
def test_of_two_bursts_that_are_one_ring_the_first_may_be_missed(plan: str) -> None:
    tones = load_plan(plan)
    since_s = sum(tones.cadence[0]) + 0.4 * tones.cadence[1][0]
    until_s = 2 * tones.period_s + 0.6 * tones.cadence[0][0]
    heard = joined(plan, since_s, until_s)
    assert all(leg.rings <= 3 <= leg.most_rings or leg.provisional for leg in heard)
    (last,) = (leg for leg in heard if leg.outcome == ANSWERED or leg.provisional)
    assert last.pick_up is None or round((0.8 + until_s - since_s) * SR) in last.pick_up


@pytest.mark.parametrize("since_s", [0.4, 0.7])
@pytest.mark.parametrize("cut_s", [0.1, 0.12])
def test_a_second_ring_too_brief_to_be_told_leaves_open_whether_the_first_was_cut(since_s: float, cut_s: float) -> None:
    ringing = syn.cadence(load_plan("tw").ringback, 3 + cut_s, sr=SR, level_dbfs=-20)[round(since_s * SR) :]
    first, gap, second = ringing[: round((1 - since_s) * SR)], quiet(2), ringing[-round(cut_s * SR) :]
    said = syn.at_level(voice("hello"), -18)
    wave = with_noise(np.concatenate([quiet(0.8), first, gap, second, quiet(0.6), said, quiet(1)]))
    for leg in listen(wave, sr=SR, plan=load_plan("tw")).legs:
        assert leg.provisional or leg.rings <= 2 <= leg.most_rings
    alone = with_noise(np.concatenate([quiet(0.8), first, quiet(2.7 + cut_s), said, quiet(1)]))
    (leg,) = listen(alone, sr=SR, plan=load_plan("tw")).legs
    assert (leg.outcome, leg.rings, leg.provisional) == (ANSWERED, 1, False)
