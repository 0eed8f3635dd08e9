"""What any ear must leave open: every pick-up that leaves the same sound behind, and none that does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.tone_plan import load_plan
from dsp.truth.narrowest import HAIR_S, narrowest_latency_s
from dsp.truth.truth_scenes import ring_starts
from dsp.truth.truth_set import SR, Condition, Truth, TruthCall

PLANS = st.sampled_from(["tw", "uk", "de", "au"])


def call(pick_up_s, voice_s=None, stretch=1.0, outcome="answered", lost=()):
    condition = Condition(-20.0, -20.0, 30.0, 0.0, "", 0.0, stretch, 1.0)
    voice = None if voice_s is None else round(voice_s * SR)
    truth = Truth(outcome, 1, 0, None if pick_up_s is None else round(pick_up_s * SR), voice)
    gone = tuple((round(a * SR), round(b * SR)) for a, b in lost)
    return TruthCall(np.zeros(0, np.int16), truth, condition, (), gone)


@pytest.mark.parametrize(
    ("plan", "pick_up_s", "voice_s", "narrowest"),
    [
        ("tw", 6.4, 7.0, (6.4, 6.4)),
        ("tw", 7.5, 8.1, (7.0 + HAIR_S, 8.1)),
        ("tw", 7.5, 20.0, (7.0 + HAIR_S, 9.0 - HAIR_S)),
        ("tw", 7.5, None, (7.0 + HAIR_S, 9.0 - HAIR_S)),
        ("uk", 0.5, 9.0, (0.4 + HAIR_S, 0.6 - HAIR_S)),
        ("uk", 1.5, 9.0, (1.0 + HAIR_S, 3.0 - HAIR_S)),
    ],
)
def test_what_any_ear_must_leave_open(plan, pick_up_s, voice_s, narrowest):
    assert narrowest_latency_s(call(pick_up_s, voice_s), load_plan(plan)) == pytest.approx(narrowest)


@pytest.mark.parametrize(
    ("pick_up_s", "voice_s", "lost", "narrowest"),
    [
        (10.5, None, [(9.98, 10.0)], (9.98, 12.0)),  # cut in the packet that was lost, or whole
        (10.5, None, [(9.97, 9.99)], (10.0, 12.0)),  # the ring was heard behind it
        (9.985, 13.0, [(9.98, 10.0)], (9.98, 12.0)),
        (9.5, 9.7, [(9.48, 9.52)], (9.48, 9.52)),
        (10.5, 10.6, [(10.58, 10.62), (10.62, 10.64)], (10.0, 10.64)),  # the voice's first packets
        (10.5, 13.0, [(12.0, 12.02)], (10.0, 12.02)),  # and the next ring's
        (10.5, 13.0, [(3.0, 4.0)], (10.0, 12.0)),
    ],
)
def test_lost_packets_take_what_was_in_them(pick_up_s, voice_s, lost, narrowest):
    made, plan = call(pick_up_s, voice_s, lost=lost), load_plan("tw")
    assert narrowest_latency_s(made, plan) == pytest.approx(narrowest, abs=2 * HAIR_S)
    whole = narrowest_latency_s(made, plan, no_loss=True)
    assert whole == narrowest_latency_s(call(pick_up_s, voice_s), plan)
    assert narrowest[0] - 1e-9 <= whole[0] <= whole[1] <= narrowest[1] + 1e-9


@given(st.floats(0.01, 40), st.floats(0, 5), st.floats(0.85, 1.15), PLANS)
def test_the_narrowest_interval_holds_the_truth(pick_up_s, wait_s, stretch, plan):
    made = call(pick_up_s, pick_up_s + wait_s, stretch)
    earliest, latest = narrowest_latency_s(made, load_plan(plan))
    assert earliest - HAIR_S <= made.truth.pick_up / SR <= latest + HAIR_S
    assert latest - earliest < load_plan(plan).period_s * stretch


@given(
    pick_up_s=st.floats(0.1, 15),
    wait_s=st.floats(0.02, 5),
    lost=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 12)), max_size=6),
    plan=PLANS,
)
def test_just_the_pick_ups_that_leave_the_same_sound_are_within(pick_up_s, wait_s, lost, plan):
    holes = [(start / 50, (start + packets) / 50) for start, packets in lost]
    made = call(pick_up_s, pick_up_s + wait_s, lost=holes)
    reply_s = made.truth.reply / SR
    earliest, latest = narrowest_latency_s(made, load_plan(plan))
    at = np.arange(0, 30, 0.00025)
    arrived = np.ones(len(at), bool)
    for start, end in made.lost:
        arrived[(at >= start / SR) & (at < end / SR)] = False
    rung = np.zeros(len(at), bool)
    for start, end in ring_starts(load_plan(plan), 1.0):
        rung |= (at % load_plan(plan).period_s >= start) & (at % load_plan(plan).period_s < end)

    def heard(moment_s):
        return (rung & (at < moment_s))[arrived]

    told = heard(made.truth.pick_up / SR)
    spoken = at[arrived & (at >= reply_s)].min()
    for moment_s in np.linspace(earliest, latest, 7):
        assert np.count_nonzero(heard(moment_s) != told) <= 2, moment_s  # a hair
    for beyond_s in (earliest - 4 * HAIR_S, latest + 4 * HAIR_S):
        assert np.any(heard(beyond_s) != told) or beyond_s > spoken or beyond_s < 0, beyond_s


def test_who_did_not_pick_up_has_no_interval():
    assert narrowest_latency_s(call(None, outcome="no_answer"), load_plan("tw")) is None
