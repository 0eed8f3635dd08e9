"""Ears that are heard side by side hear what each would alone, and the fault of one is no other's."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.detector import Detector
from dsp.segment import Segment
from dsp.tone_plan import load_plan
from harness import hearing_together
from harness.assisted import live_call
from harness.assisted.live_call import LOOKED_AT_S, LiveCall
from harness.hearing_together import CROWD, CROWD_GATHER_S, FEW, GATHER_S, LATELY_S, HearingTogether
from harness.walk import progress
from harness.walk.progress import CROWDED_STEP_S, STEP_S, CallInProgress
from harness.walk.watching import Watcher

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


@pytest.fixture
def slept() -> list[float]:
    """How long whoever hears has let others come, each time."""
    return []


@pytest.fixture
def now(slept: list[float], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of whoever hears, in seconds."""
    passed = [0.0]
    monkeypatch.setattr(hearing_together, "time", SimpleNamespace(monotonic=lambda: passed[0], sleep=slept.append))
    return passed


def crowd(together: HearingTogether, count: int) -> None:
    """So many calls have something heard, each from a thread of its own, all of them there at once."""
    here = Barrier(count)

    def heard(_: int) -> None:
        here.wait(30)
        together.feed(Detector(sr=SR, plan=TW), np.zeros(BLOCK, np.int16))

    with ThreadPoolExecutor(count) as threads:
        list(threads.map(heard, range(count)))


@pytest.mark.parametrize("count", [1, CROWD, CROWD + 1])
def test_more_calls_than_so_many_are_a_crowd_until_they_are_over(count: int, now: list[float]):
    together = HearingTogether(gather_s=0.001)
    crowd(together, count)
    assert together.crowded == (count > CROWD)
    now[0] += 2 * LATELY_S
    crowd(together, 1)
    assert not together.crowded


@pytest.mark.parametrize(
    ("others", "gather_s"), [(0, 0.0), (FEW - 1, 0.0), (FEW, GATHER_S), (CROWD - 1, GATHER_S), (CROWD, CROWD_GATHER_S)]
)
@pytest.mark.parametrize("at_once", [False, True])
def test_the_more_calls_are_up_the_longer_sound_is_gathered_but_for_who_is_looked_at(
    others: int, gather_s: float, at_once: bool, now: list[float], slept: list[float]
):
    together = HearingTogether()
    if others:
        crowd(together, others)
    slept.clear()
    together.feed(Detector(sr=SR, plan=TW), np.zeros(BLOCK, np.int16), at_once=at_once)
    assert sum(slept) == (0.0 if at_once else gather_s)


class Waiting:
    """A call in which nothing happens; it keeps how long it was let wait for that."""

    sample_rate_hz, over = SR, False

    def __init__(self) -> None:
        self.let: list[float] = []

    def now_s(self) -> float:
        return 0.0

    def advance(self, seconds: float) -> tuple[()]:
        self.let.append(seconds)
        return ()

    def hear(self) -> tuple[np.ndarray, tuple[()]]:
        return np.zeros(0, np.int16), ()


@pytest.fixture
def live() -> LiveCall:
    """An automated call as it is placed in a run."""
    unit, scenario = SimpleNamespace(unit="tax", name="稅務課"), SimpleNamespace(name="x", steps=())
    plan = SimpleNamespace(unit=unit, scenario=scenario)
    return LiveCall(call_id="one", tester="", plan=plan, number="0227001234", questions=(), muted=True)  # type: ignore[arg-type]


def step_of(watcher: Watcher | None, monkeypatch: pytest.MonkeyPatch, *, crowded: bool = True) -> float:
    """How long a call lets pass between two looks."""
    monkeypatch.setattr(progress, "TOGETHER", SimpleNamespace(crowded=crowded))
    call = CallInProgress(Waiting(), TW, lambda act: None, watcher=watcher)  # type: ignore[arg-type]
    call.pump()
    (let,) = call.call.let  # type: ignore[attr-defined]
    return float(let)


def test_a_caller_looks_up_more_seldom_only_in_a_crowd(live: LiveCall, monkeypatch: pytest.MonkeyPatch):
    for watcher in (None, live):
        assert step_of(watcher, monkeypatch) == CROWDED_STEP_S
        assert step_of(watcher, monkeypatch, crowded=False) == STEP_S


def test_a_call_that_somebody_looks_on_at_is_never_slowed(live: LiveCall, monkeypatch: pytest.MonkeyPatch):
    live.state()
    assert step_of(live, monkeypatch) == STEP_S
    passed = time.monotonic() + LOOKED_AT_S + 1
    monkeypatch.setattr(live_call, "time", SimpleNamespace(monotonic=lambda: passed))
    assert step_of(live, monkeypatch) == CROWDED_STEP_S
    live.mark("transfer", who="王小明")
    assert step_of(live, monkeypatch) == STEP_S


def test_nor_is_one_with_a_tester_or_a_listener(live: LiveCall, monkeypatch: pytest.MonkeyPatch):
    live.tester = "王小明"
    assert step_of(live, monkeypatch) == STEP_S
    live.tester = ""
    live.people.make_desk = lambda telephone, who: SimpleNamespace(ring_beside=lambda call: None)  # type: ignore[assignment, return-value]
    live.people.listen(Waiting(), SimpleNamespace(), "王小明")  # type: ignore[arg-type]
    assert live.looks_on
