"""Sound that is missing: what the telephone concealed is heard, what it could not is unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_harness_caller import PLAN, RATE, call, silent, tone, voice

from harness.record import CallRecord
from harness.recording import far_side
from harness.softphone.protocol import Missing
from harness.softphone.scripted import FarEnd
from harness.timeline import Timeline, build_timeline

HOLE = (3.7, 3.8)


@pytest.fixture
def rung(tmp_path: Path) -> tuple[CallRecord, np.ndarray]:
    """A gateway that rings three times, and its sound."""
    sound = np.concatenate([tone("ringback", 7.5), silent(0.7), voice()])
    record, _ = call(FarEnd().says(0.1, 200).sounds_like(0.3, sound), tmp_path)
    return record, far_side(record, tmp_path)


def with_window(record: CallRecord, samples: np.ndarray) -> Timeline:
    window = Missing(start_s=HOLE[0], end_s=HOLE[1], packets=1)
    return build_timeline(replace(record, missing=(window,)), samples, PLAN)


def bursts(timeline: Timeline) -> list[tuple[int, int]]:
    return [(s.start, s.end) for s in timeline.heard.segments if s.sound == "ringback"]


def test_what_was_concealed_is_heard_and_its_window_told(rung: tuple[CallRecord, np.ndarray]) -> None:
    """One lost packet makes a window of a tenth of a second, and the telephone filled it with what came before."""
    record, samples = rung
    torn = with_window(record, samples)
    assert bursts(torn) == bursts(build_timeline(record, samples, PLAN))
    told = [(s.start / RATE, s.end / RATE) for s in torn.heard.segments if s.sound == "missing"]
    assert told == [HOLE]


def test_digital_silence_in_a_window_is_unknown_and_ends_no_ring(rung: tuple[CallRecord, np.ndarray]) -> None:
    record, samples = rung
    holed = samples.copy()
    holed[round(3.72 * RATE) : round(3.78 * RATE)] = 0
    assert [leg.rings for leg in with_window(record, holed).heard.legs] == [3]
