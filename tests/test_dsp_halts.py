"""A sender that halts: nothing is lost, and everything behind the halt comes later."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import voice

from dsp.answering.legs import find_legs
from dsp.listen import listen
from dsp.segment import MUSIC, RINGBACK, Segment
from dsp.tone_plan import load_plan


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("halt_ms", [60, 80, 90, 100, 110, 120, 160, 200, 300])
@pytest.mark.parametrize("at_s", [0.12, 0.3, 0.5, 0.7])
def test_a_sender_that_halts_inside_a_burst_makes_no_ring_of_two(which: int, halt_ms: int, at_s: float) -> None:
    """Nothing is lost, everything behind it comes later: a busy machine's stall."""
    rate = 8000
    t = np.arange(round(7.5 * rate)) / rate
    ring = 0.1 * (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)) * (t % 3 < 1)
    cut, halt = round((3 * which + at_s) * rate), halt_ms / 1000
    wave = np.concatenate([np.zeros(rate // 2), ring[:cut], np.zeros(round(halt * rate)), ring[cut:], np.zeros(rate)])
    wave += np.random.default_rng(1).normal(0, 2e-4, len(wave))
    heard = listen(np.concatenate([wave, voice("personnel")]), sr=rate, plan=load_plan("tw"))
    ringing = [leg for leg in heard.legs if leg.rings]
    assert [leg.rings for leg in ringing] == [3]
    latency = ringing[0].answer_latency
    assert latency is not None
    assert latency.earliest <= (7.5 + halt) * rate <= latency.latest


@pytest.mark.parametrize("note_s", [0.1, 0.18, 0.25])
def test_a_note_behind_a_cut_burst_is_no_certain_rest_of_it(note_s: float) -> None:
    """It did not come out of quiet: it may as well be of who picked up."""
    sr, cut_s = 8000, 7.78
    bursts = [Segment(RINGBACK, at * sr, (at + 1) * sr, stops=True, begins=True) for at in (1, 4)]
    cut = Segment(RINGBACK, 7 * sr, round(cut_s * sr))
    note = Segment(RINGBACK, round(8.04 * sr), round((8.04 + note_s) * sr), begins=False)
    tune = Segment(MUSIC, 9 * sr, 14 * sr)
    (leg,) = find_legs([*bursts, cut, note, tune], sr=sr, plan=load_plan("tw"), end=15 * sr)
    assert leg.rings == 3
    assert leg.pick_up is not None
    assert round(cut_s * sr) in leg.pick_up
