"""A far end that stood still in the middle of its sounds: nothing is taken for what it did meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import voice
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.tone_plan import load_plan
from harness.far_pause import HALT_S, far_pauses, most_within
from harness.measure import measure
from harness.measured_leg import MeasuredLeg
from harness.record import Act, CallRecord
from harness.ringing import restarted
from harness.softphone.signals import RESPONSE, RTP_RESUMED, RTP_STOPPED, SipSignal
from harness.timeline import build_timeline

RATE = 8000
PLAN = load_plan("tw")
RING_S, LATER_S = 1.0, 3.0
"""A burst of Taiwan's ringback, and when the next begins."""


def noise(seconds: float) -> NDArray[np.float64]:
    return np.random.default_rng(1).normal(0, 8, round(seconds * RATE))


def ringing(seconds: float, *, period_s: float = LATER_S) -> NDArray[np.float64]:
    at_s = np.arange(round(seconds * RATE)) / RATE - 0.2
    tone = np.sin(2 * np.pi * 440 * at_s) + np.sin(2 * np.pi * 480 * at_s)
    return noise(seconds) + 3000 * tone * ((at_s >= 0) & (at_s % period_s < RING_S))


def halted(sound: NDArray[np.float64], *stretches: tuple[float, float]) -> NDArray[np.int16]:
    """What a telephone records of a far end that stood still from, for so long: its sound goes on where it was."""
    out = sound
    for start, length in stretches:
        at = round(start * RATE)
        out = np.concatenate([out[:at], np.zeros(round(length * RATE)), out[at:]])
    return np.round(out[: len(sound)]).astype(np.int16)


def saved(period_s: float) -> tuple[NDArray[np.int16], list[tuple[float, float]]]:
    """What it records of a far end that sends no silence, 0.1 s behind each burst."""
    sound = ringing(12.0, period_s=period_s)
    at_s = np.arange(len(sound)) / RATE - 0.2
    sent = (at_s >= 0) & (at_s % period_s < RING_S + 0.1)
    rises = np.flatnonzero(np.diff(sent.astype(int)))
    stretches = [(a / RATE, (b - a) / RATE) for a, b in zip(rises[1::2], rises[2::2], strict=False)]
    return np.round(np.where(sent, sound, 0)).astype(np.int16), stretches


def record(*stretches: tuple[float, float], acts: tuple[Act, ...] = ()) -> CallRecord:
    def told(kind: str, at_s: float) -> SipSignal:
        return SipSignal(kind=kind, direction="rx", earliest_s=at_s, latest_s=at_s + 0.02)

    ok = SipSignal(kind=RESPONSE, direction="rx", earliest_s=0.0, latest_s=0.01, method="INVITE", status=200)
    signals = [
        told(kind, at_s)
        for start, length in stretches
        for kind, at_s in ((RTP_STOPPED, start), (RTP_RESUMED, start + length))
    ]
    return CallRecord(
        call_id="c",
        unit="u",
        number="0227208889",
        scenario="ivr-operator-unit",
        started_at="2026-11-20T12:00:00+08:00",
        zero_s=0.0,
        zero_error_s=0.0,
        sample_rate_hz=RATE,
        duration_s=12.0,
        wall_s=12.0,
        signals=(ok, *signals),
        acts=acts,
        legs=("operator",),
    )


def test_what_stops_in_the_middle_of_a_sound_stood_still() -> None:
    sound = halted(ringing(8.0), (0.6, 0.4))
    ((start, end),) = far_pauses(record((0.6, 0.4)), sound)
    assert (start, end) == (0.6, pytest.approx(1.02))


def test_a_far_end_that_sends_its_silence_stood_still_where_it_stops_in_it() -> None:
    assert far_pauses(record((2.0, 0.4)), halted(ringing(8.0), (2.0, 0.4)))


@pytest.mark.parametrize("period_s", [3.0, 1.6])
def test_a_far_end_that_saves_packets_is_silent_where_it_sends_none(period_s: float) -> None:
    sound, stretches = saved(period_s)
    assert len(stretches) >= 3
    assert far_pauses(record(*stretches), sound) == []


def test_who_sends_nothing_for_long_changes_its_media() -> None:
    assert far_pauses(record((0.6, HALT_S + 0.1)), halted(ringing(8.0), (0.6, HALT_S + 0.1))) == []


def test_without_a_pause_nothing_is_looked_at() -> None:
    assert far_pauses(record(), np.zeros(0, np.int16)) == []


@pytest.mark.parametrize("samples", [0, 100])
def test_of_a_recording_that_was_lost_nothing_is_said(samples: int) -> None:
    assert far_pauses(record((0.6, 0.4)), np.zeros(samples, np.int16)) == []


def test_within_a_period_stretches_add_up() -> None:
    assert most_within([(0.0, 0.2), (1.0, 1.3), (7.0, 7.4)], 3.0) == pytest.approx(0.5)
    assert most_within([], 3.0) == 0.0


def measured(sound: NDArray[np.int16], *stretches: tuple[float, float]) -> MeasuredLeg:
    acts = (Act(at_s=0.0, do="wait", leg="operator"),)
    (leg,) = measure(build_timeline(record(*stretches, acts=acts), sound, PLAN)).legs
    return leg


def answered(pick_up_s: float) -> NDArray[np.float64]:
    """Ringing that a pick-up ends, and words a second later."""
    sound, cut = ringing(12.0), round(pick_up_s * RATE)
    words = 32768 * voice("wei-nin-hao")
    sound[cut:] = noise(12.0)[cut:]
    sound[cut + RATE :][: len(words)] += words
    return sound


@given(at_s=st.floats(0.3, 6.0), length_s=st.floats(0.15, 0.9), pick_up_s=st.floats(4.5, 7.0))
def test_what_is_held_up_anywhere_holds_the_truth(at_s: float, length_s: float, pick_up_s: float) -> None:
    """One telephone's ringing, though its beat is lost."""
    rings = sum(0.2 + n * LATER_S < pick_up_s for n in range(4))
    moved_s = length_s if at_s < pick_up_s else 0.0
    leg = measured(halted(answered(pick_up_s), (at_s, length_s)), (at_s, length_s))
    assert leg.outcome == "answered"
    assert not leg.forwarded
    if leg.pick_up_s is not None:
        assert pick_up_s + moved_s in leg.pick_up_s.widened(0.05, 0.05)
    if leg.rings is not None:
        assert leg.rings[0] <= rings <= leg.rings[1]


@given(in_s=st.floats(0.1, 0.9), length_s=st.floats(0.15, 0.9))
def test_a_pick_up_while_the_far_end_stood_still_may_be_anywhere_in_it(in_s: float, length_s: float) -> None:
    """The burst before is torn, and who picked up is heard only when the machine goes on."""
    at_s = 0.2 + LATER_S + in_s
    sound = halted(answered(at_s), (at_s, length_s))
    leg = measured(sound, (at_s, length_s))
    assert leg.pick_up_s is not None
    assert leg.pick_up_s.earliest <= at_s
    assert leg.pick_up_s.latest >= at_s + length_s


def test_the_same_call_without_a_pause_stays_exact() -> None:
    timeline = build_timeline(record(), ringing(8.0).astype(np.int16), PLAN)
    assert timeline.halted_s == 0.0


def test_a_torn_busy_tone_behind_a_gateway_is_no_certain_answer() -> None:
    """Nobody spoke, and two holes leave nothing of its cadence."""
    at_s = np.arange(round(3.7 * RATE)) / RATE - 0.3
    tone = np.sin(2 * np.pi * 480 * at_s) + np.sin(2 * np.pi * 620 * at_s)
    busy = noise(3.7) + 3000 * tone * ((at_s >= 0) & (at_s % 1.0 < 0.5))
    stretches = ((0.69, 0.15), (1.11, 0.21), (2.39, 0.22))
    leg = measured(halted(busy, *stretches), *stretches)
    assert leg.outcome in ("busy", "congestion") or (leg.provisional and leg.pick_up_s is None)


def test_a_ring_of_two_bursts_without_its_first_is_no_other_telephone() -> None:
    """Britain rings twice and pauses; an UPDATE tore the first burst away, and the beat is the same."""
    uk, at_s = load_plan("uk"), np.arange(round(8.0 * RATE)) / RATE
    on = [(0.618, 1.031), (3.026, 3.431), (3.626, 4.024)]
    tones = sum(np.sin(2 * np.pi * hz * at_s) for hz in uk.ringback.frequencies_hz)
    rung = np.any([(at_s >= begin) & (at_s < end) for begin, end in on], axis=0)
    timeline = build_timeline(record(), np.round(noise(8.0) + 3000 * tones * rung).astype(np.int16), uk)
    (heard,) = timeline.heard.legs
    assert not heard.restarted
    assert not restarted(timeline, heard)
