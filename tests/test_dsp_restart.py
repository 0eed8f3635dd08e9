"""A ringing that begins anew: a sender that stopped for a while, or a call sent on; or somebody put through unheard."""

from __future__ import annotations

import pytest
from dsp_calls import SR

from dsp.answering.heard_call import Signalling
from dsp.answering.legs import ANSWERED, NONE, find_legs
from dsp.ringing.restart import last_restart
from dsp.segment import DTMF, RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan


def rings(plan: str, starts_s: list[float], until_s: float) -> list[Segment]:
    """A plan's rings that begin there, the last one cut where the line's noise goes on."""
    bursts, cadence = [], load_plan(plan).cadence
    for start in starts_s:
        at = start
        for on, off in cadence:
            if at < until_s:
                end = min(at + on, until_s)
                bursts.append(Segment(RINGBACK, round(at * SR), round(end * SR), stops=True, begins=True, told=True))
            at += on + off
    return bursts


@pytest.mark.parametrize("plan", ["tw", "us", "uk", "de", "fr", "jp", "au", "se"])
@pytest.mark.parametrize("late_s", [0.5, 1.0, 1.4])
@pytest.mark.parametrize("before", [1, 2, 3])
def test_rings_count_on_behind_a_stop_of_the_sender(plan: str, late_s: float, before: int) -> None:
    tones = load_plan(plan)
    starts = [1 + tones.period_s * i + late_s * (i >= before) for i in range(before + 3)]
    picked_s = starts[-1] + 0.7 * tones.cadence[0][0]
    word = Segment(SPEECH, round((picked_s + 0.5) * SR), round((picked_s + 2) * SR))
    end = round((picked_s + 3) * SR)
    heard = [*rings(plan, starts, picked_s), word]
    (unknown,) = find_legs(heard, sr=SR, plan=tones, end=end)
    assert (unknown.outcome, unknown.provisional, unknown.restarted) == (NONE, True, True)
    nobody_had_answered = Signalling(early_until=round(picked_s * SR))
    (leg,) = find_legs(heard, sr=SR, plan=tones, end=end, signalling=nobody_had_answered)
    assert (leg.outcome, leg.rings, leg.most_rings) == (ANSWERED, before + 3, before + 3)
    assert leg.pick_up is not None
    assert leg.answer_latency is not None
    assert round(picked_s * SR) in leg.pick_up
    assert (picked_s - 1) * SR in leg.answer_latency


def test_only_what_no_packets_explain_is_a_new_beginning() -> None:
    tones = load_plan("tw")

    def group(*starts_s: float) -> list[tuple[Segment, ...]]:
        return [(Segment(RINGBACK, round(at * SR), round((at + 1) * SR)),) for at in starts_s]

    assert last_restart(group(1, 4, 7, 10), sr=SR, plan=tones) == 0
    assert last_restart(group(1, 4.04, 7.2, 10), sr=SR, plan=tones) == 0
    assert last_restart(group(1, 7, 10), sr=SR, plan=tones) == 0
    assert last_restart(group(1, 4.4, 7.8, 11.2), sr=SR, plan=tones) == 0
    assert last_restart(group(1, 4, 8, 11), sr=SR, plan=tones) == 2
    assert last_restart(group(1, 5, 8, 12, 15), sr=SR, plan=tones) == 3


@pytest.mark.parametrize("plan", ["cn", "de", "fr", "se", "br"])
def test_a_dial_tone_of_ringbacks_own_pitch_before_keys_is_no_ring(plan: str) -> None:
    tones = load_plan(plan)
    dial = Segment(RINGBACK, 1000, 1000 + round(1.2 * SR), stops=True, begins=True)
    keys = [Segment(DTMF, (2 + i) * SR, (2 + i) * SR + 800, "5") for i in range(3)]
    ringing = rings(plan, [6, 6 + tones.period_s], 40)
    (leg,) = find_legs([dial, *keys, *ringing], sr=SR, plan=tones, end=round((6.5 + 2 * tones.period_s) * SR))
    assert leg.rings == 2
    assert leg.ring_onset is not None
    assert 6 * SR in leg.ring_onset
