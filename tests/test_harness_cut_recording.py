"""A recording of which a full disk, or a machine that stood still, took a part: nothing in it counts as heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_harness_caller import PLAN, RATE, call, direct, rung

from dsp.segment import MISSING
from harness.ending import ending_of
from harness.record import CUT
from harness.recording import far_side
from harness.redial import VOID
from harness.softphone.growing_wav import write_wav
from harness.softphone.scripted import FarEnd
from harness.timeline import build_timeline

FAR_ENDS = {"signalled": direct(7.5), "a gateway's": FarEnd().says(0.1, 200).sounds_like(0.4, rung(7.5))}


def without(monkeypatch: pytest.MonkeyPatch, start_s: float, end_s: float) -> None:
    """Let the far end's recorder lose what came between, as pjmedia's does: what follows stands that much earlier."""

    def write(path: Path, samples: NDArray[np.int16], **how: Any) -> None:
        hole = slice(round(start_s * RATE), round(end_s * RATE)) if path.name.endswith("far.wav") else slice(0)
        write_wav(path, np.delete(samples, hole), **how)

    monkeypatch.setattr("harness.softphone.scripted.write_wav", write)


@pytest.mark.parametrize("far", FAR_ENDS.values(), ids=FAR_ENDS)
@pytest.mark.parametrize(("start_s", "end_s"), [(2.0, 3.3), (5.0, 60.0), (0.0, 60.0)], ids=["middle", "end", "all"])
def test_the_attempt_is_void_and_no_number_is_told(
    far: FarEnd, start_s: float, end_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, start_s, end_s)
    record, measured = call(far, tmp_path)
    timeline = build_timeline(record, far_side(record, tmp_path), PLAN)
    assert (record.fault, record.missing[-1].start_s) == (CUT, 0.0)
    assert record.missing[-1].end_s >= max(record.duration_s, record.wall_s or 0.0)
    assert {one.sound for one in timeline.heard.segments} <= {MISSING}
    assert [(leg.outcome, leg.rings, leg.answer_latency_s, leg.pick_up_s) for leg in measured.legs] == [
        (VOID, None, None, None)
    ]
    ending = ending_of(timeline, measured)
    assert (ending.case, ending.outcome, ending.whose, ending.retry) == ("recording_cut", VOID, "ours", "later")


def test_a_tenth_of_a_second_that_a_busy_machine_lost_only_widens_what_was_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, 2.0, 2.1)
    record, measured = call(direct(7.5), tmp_path)
    leg = measured.legs[0]
    assert (record.fault, leg.outcome, leg.rings) == ("", "answered", (3, 3))
    assert leg.answer_latency_s is not None
    assert 7.5 in leg.answer_latency_s
