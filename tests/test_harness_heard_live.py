"""A call is heard once: what its live ear heard is what hearing the kept recording anew gives, or it is heard anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_harness_caller import PLAN, RATE, direct, silent, tone, voice
from test_harness_missing import Recorded
from test_harness_test_call import NOW, agency, answered_after, placed

from dsp.listen import listen
from dsp.segment import Segment
from dsp.tone_plan import load_plan
from harness import timeline
from harness.agency import Agency
from harness.heard_live import HeardLive
from harness.live_ear import LiveEar
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.test_call import judge, plan_call, run_call

__all__ = ["agency"]

SOUND = np.concatenate([silent(0.3), tone("ringback", 7.4), silent(0.8), voice(), silent(0.4)])
ANSWERED = round(8.0 * RATE)
"""Between the last ring and the voice."""


class Cut(Recorded):
    """A call whose sound comes in blocks that end at some samples."""

    def __init__(self, cuts: list[int]) -> None:
        super().__init__(SOUND[:0], [])
        self.blocks = np.split(SOUND, sorted(cuts))


def lived(*cuts: int, answered_at: int | None = ANSWERED, heard: int | None = None) -> HeardLive:
    """What a live ear heard of SOUND, told of the answer when it comes; of so many blocks only, all by default."""
    call = Cut([*cuts, *([] if answered_at is None else [answered_at])])
    ear, at = LiveEar(call, PLAN), 0  # type: ignore[arg-type]
    for _ in range(len(call.blocks) if heard is None else heard):
        if at == answered_at:
            ear.answered_at(at / RATE)
        at += len(call.blocks[0])
        ear.listen()
    return ear.hand_over()


def of(live: HeardLive, samples: np.ndarray = SOUND, **other: object) -> tuple[Segment, ...] | None:
    how = {"plan": PLAN, "answered_at": ANSWERED, "missing": ()} | other
    return live.to_the_end(samples, **how)  # type: ignore[arg-type]


@given(cuts=st.lists(st.integers(1, len(SOUND) - 1), max_size=12))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_what_was_heard_live_is_what_hearing_it_anew_gives(cuts: list[int]) -> None:
    found = of(lived(*cuts))
    assert found is not None
    again = listen(SOUND, sr=RATE, plan=PLAN, answered_at=ANSWERED, found=found)
    assert again == listen(SOUND, sr=RATE, plan=PLAN, answered_at=ANSWERED)
    assert {one.sound for one in again.segments} == {"ringback", "speech"}


def test_what_the_ear_had_not_heard_yet_is_heard_then() -> None:
    longer = np.concatenate([SOUND, silent(1.0)])  # the other side's recording was longer
    found = of(lived(RATE, 4 * RATE, heard=2, answered_at=None), longer, answered_at=None)
    assert found is not None
    assert listen(longer, sr=RATE, plan=PLAN, found=found) == listen(longer, sr=RATE, plan=PLAN)


def changed(at: int) -> np.ndarray:
    samples = SOUND.copy()
    samples[at] += 1
    return samples


@pytest.mark.parametrize(
    "other",
    [
        {"samples": changed(0)},
        {"samples": changed(len(SOUND) - 1)},
        {"samples": SOUND[:-1]},
        {"plan": load_plan("us")},
        {"answered_at": ANSWERED + 1},
        {"answered_at": None},
        {"missing": [(RATE, RATE + 160)]},
        {"missing": [(len(SOUND) - 400, len(SOUND))]},
    ],
    ids=str,
)
def test_anything_else_is_heard_anew(other: dict[str, object]) -> None:
    assert of(lived(), **other) is None  # type: ignore[arg-type]


def test_an_ear_is_spent_by_it() -> None:
    live = lived()
    assert of(live) is not None
    assert of(live) is None


def test_what_was_told_of_the_answer_too_late_is_heard_anew() -> None:
    call = Cut([])
    ear = LiveEar(call, PLAN)  # type: ignore[arg-type]
    ear.listen()
    ear.answered_at(ANSWERED / RATE)
    assert of(ear.hand_over()) is None


def holed(first: int, last: int) -> tuple[np.ndarray, Recorded]:
    samples = SOUND.copy()
    samples[first:last] = 0
    return samples, Recorded(samples, [(first / RATE - 0.05, last / RATE + 0.03)])


def test_what_it_was_told_never_came_is_what_replay_is_told() -> None:
    samples, call = holed(30_000, 30_480)
    ear = LiveEar(call, PLAN)  # type: ignore[arg-type]
    while call.blocks:
        ear.listen()
    found = of(ear.hand_over(), samples, answered_at=None, missing=[(30_000, 30_480)])
    assert found is not None
    how = {"sr": RATE, "plan": PLAN, "missing": [(30_000, 30_480)]}
    assert listen(samples, **how, found=found) == listen(samples, **how)  # type: ignore[arg-type]
    assert any(one.sound == "missing" for one in found)


def test_what_it_learned_too_late_never_came_is_heard_anew() -> None:
    samples, call = holed(30_000, 30_480)
    told, call.windows = call.windows, []
    ear = LiveEar(call, PLAN)  # type: ignore[arg-type]
    while call.blocks:
        ear.listen()
        call.windows, told = (told, []) if not call.blocks[1:] else ([], told)
    assert of(ear.hand_over(), samples, answered_at=None, missing=[(30_000, 30_480)]) is None


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was known already, each time that a recording was to be heard."""
    known: list[object] = []

    def heard(*sound: object, **how: object) -> object:
        known.append(how["found"])
        return listen(*sound, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(timeline, "listen", heard)
    return known


@pytest.mark.parametrize("far", [answered_after(7.5), answered_after(1.2), FarEnd().says(0.1, 180), direct(4.4)])
def test_a_placed_call_is_heard_once_and_judged_as_it_would_be_anew(
    far: FarEnd, agency: Agency, found: list[object]
) -> None:
    test, _ = placed(agency, far)
    again = judge(test.record, plan_call("service-desk", agency), agency)
    assert [one is not None for one in found] == [True, False]
    assert (again.timeline, again.measured, again.facts) == (test.timeline, test.measured, test.facts)


@pytest.mark.parametrize("lost", [{60}, {60, 61, 62, 70}, set(range(20, 400, 37))], ids=len)
def test_one_of_which_packets_are_missing_is_judged_as_it_would_be_anew(
    lost: set[int], agency: Agency, found: list[object]
) -> None:
    plan = plan_call("service-desk", agency)
    test = run_call(plan, agency, ScriptedSoftphone({"301": answered_after(3.0)}, lost=lost.__contains__), now=NOW)
    again = judge(test.record, plan, agency)
    assert test.record.missing
    assert (again.timeline, again.measured, again.facts) == (test.timeline, test.measured, test.facts)
    assert [one is not None for one in found] == [True, False]
