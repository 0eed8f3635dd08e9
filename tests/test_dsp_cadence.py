"""What bursts are by their lengths and gaps."""

from __future__ import annotations

import pytest

from dsp.bursts.burst import Burst
from dsp.ringing.cadence import Cadence
from dsp.segment import BUSY, RINGBACK, TONE
from dsp.tone_plan import load_plan
from dsp.tone_sets import SR, plan_tones, set_of, tone_sets

TW = load_plan("tw")
SETS = tone_sets(plan_tones(TW))


def named(count: int, *, begins: bool, share: float) -> list[str]:
    """What so many bursts of Taiwan's busy tone are called."""
    assert TW.busy is not None
    cadence, busy = Cadence(TW, SETS), set_of(TW.busy, SETS)
    bursts = [
        Burst(busy, at * SR, at * SR + SR // 2, 0.1, True, begins=begins, share=share) for at in range(1, 1 + count)
    ]
    done = [segment for burst in bursts for segment in cadence.push(burst) or []]
    return [segment.sound for segment in (*done, *cadence.close())]


@pytest.mark.parametrize(("begins", "share"), [(True, 0.6), (False, 0.95), (True, 0.95)])
def test_two_bursts_out_of_quiet_or_with_nothing_beside_them_are_a_refusal(begins: bool, share: float) -> None:
    assert named(2, begins=begins, share=share) == [BUSY]


def test_two_bursts_beside_other_sounds_may_be_notes_and_three_are_not() -> None:
    assert BUSY not in named(2, begins=False, share=0.7)
    assert named(3, begins=False, share=0.7) == [BUSY]


@pytest.mark.parametrize(("known", "sound"), [(True, RINGBACK), (False, TONE)])
def test_a_whole_burst_of_both_tones_out_of_quiet_and_into_quiet_is_a_ring_whatever_a_line_that_clips_puts_beside_it(
    known: bool, sound: str
) -> None:
    ring = set_of(TW.ringback, SETS)
    burst = Burst(ring, SR, 2 * SR, 0.1, True, stops=known, begins=known, told_apart=known, share=0.33)
    found = Cadence(TW, SETS).push(burst)
    assert [segment.sound for segment in found or []] == [sound]
