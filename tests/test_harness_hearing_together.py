"""Ears that are heard side by side hear what each would alone, and the fault of one is no other's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.detector import Detector
from dsp.segment import Segment
from dsp.tone_plan import load_plan
from harness.hearing_together import FEW, HearingTogether

TW = load_plan("tw")
BLOCK = 2048


def call(n: int) -> np.ndarray:
    ringing = syn.cadence(TW.ringback, 4.0 + 0.3 * n, sr=SR, level_dbfs=-20)
    parts = [quiet(0.1 + 0.07 * n), ringing, quiet(0.3), voice("hello")]
    return syn.to_int16(with_noise(np.concatenate([*parts, quiet(1)]), -60, seed=n))


def blocks(samples: np.ndarray) -> list[np.ndarray]:
    return [samples[at : at + BLOCK] for at in range(0, len(samples), BLOCK)]


@pytest.mark.parametrize("count", [1, FEW + 3])
def test_calls_in_threads_of_their_own_are_heard_as_each_alone(count):
    together, begin = HearingTogether(gather_s=0.005), Barrier(count)

    def heard(n: int) -> list[Segment]:
        detector = Detector(sr=SR, plan=TW)
        begin.wait(30)
        return [one for block in blocks(call(n)) for one in together.feed(detector, block)] + detector.flush()

    with ThreadPoolExecutor(count) as threads:
        found = list(threads.map(heard, range(count)))
    for n, segments in enumerate(found):
        detector = Detector(sr=SR, plan=TW)
        assert segments == [one for block in blocks(call(n)) for one in detector.feed(block)] + detector.flush()
        assert any(one.sound == "ringback" for one in segments)


class Deaf(Detector):
    """An ear with a fault."""

    def hear(self) -> list[Segment]:
        raise ArithmeticError("deaf")


def test_the_fault_of_one_ear_is_raised_where_it_belongs_and_costs_no_other_call_anything():
    count, ears = FEW + 2, [Deaf(sr=SR, plan=TW), *(Detector(sr=SR, plan=TW) for _ in range(FEW + 1))]
    together, begin = HearingTogether(gather_s=0.01), Barrier(count)

    def heard(n: int) -> list[Segment]:
        begin.wait(30)
        return [one for block in blocks(call(n)) for one in together.feed(ears[n], block)]

    with ThreadPoolExecutor(count) as threads:
        placed = [threads.submit(heard, n) for n in range(count)]
    assert isinstance(placed[0].exception(), ArithmeticError)
    for n in range(1, count):
        assert any(one.sound == "ringback" for one in placed[n].result())
