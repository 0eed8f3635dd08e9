"""A round of each fault of real calls, and what a round is asked; `harness.bench.reliability` runs more of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from left_out import leave_out

from harness.bench.faults.real_calls import differs, still_up, truth_of, until_released
from harness.bench.faults.real_disk import filled_up
from harness.bench.faults.real_packets import busy_machine
from harness.bench.faults.small_disk import can_mount
from harness.bench.faults.tally import Round
from harness.bench.reliability import NEEDS_ROOT, REAL
from harness.switchboard.truth import ALERTING, RELEASED, Truth, read_truth

pytestmark = pytest.mark.realtime

FAULTS = {name: fault for name, fault in REAL.items() if fault is not busy_machine}
"""That one takes all processors: it runs where nothing is held against the clock."""


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_real_calls_meet_with_it_and_nothing_is_lost_doubled_wrong_or_left_up(
    fault: Callable[[int], Round], pytestconfig: pytest.Config
) -> None:
    if fault in NEEDS_ROOT and not can_mount():
        leave_out("disk of its own to fill up", "run the tests as root, where mounting is allowed", pytestconfig)
    found = fault(1)
    assert found.clean, found
    assert found.calls >= 4


@pytest.mark.slow
def test_a_disk_that_is_full_when_calls_are_closed_and_kept_costs_none(pytestconfig: pytest.Config) -> None:
    if not can_mount():
        leave_out("disk of its own to fill up", "run the tests as root, where mounting is allowed", pytestconfig)
    found = filled_up(2)
    assert found.clean, found
    assert found.calls == 4
    assert found.void < 4


def entry(what: str) -> Truth:
    return Truth(call="a", site="main", number="0227000201", what=what, leg="unit", at_s=time.monotonic())


def test_a_release_that_the_far_end_writes_late_is_waited_for_and_a_call_that_is_left_up_is_not(tmp_path: Path) -> None:
    entry(ALERTING).write(truth_of(tmp_path))
    until_released(tmp_path, 0.1)
    assert still_up(read_truth(truth_of(tmp_path))["a"])
    late = threading.Timer(0.2, entry(RELEASED).write, [truth_of(tmp_path)])
    late.start()
    until_released(tmp_path)
    assert not still_up(read_truth(truth_of(tmp_path))["a"])
    late.join()


def test_what_is_kept_must_be_what_the_recording_says() -> None:
    heard = {"outcome": "answered", "legs": ({"rings": (1, 1)},), "prompts": ()}
    kept = {"outcome": "answered", "legs": [{"rings": [1, 1]}], "prompts": []}
    assert not differs(kept, heard)
    assert not differs(None, heard)
    assert differs(kept | {"legs": [{"rings": [1, 2]}]}, heard)
    assert differs(kept | {"outcome": "no_answer"}, heard)
