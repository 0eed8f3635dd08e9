"""A sender that halts: nothing is lost, and everything behind the halt comes later."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import voice

from dsp.listen import listen
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
