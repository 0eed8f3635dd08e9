"""What the embedded agency logs of what it sends is known as well as the sending is."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.demo.compare import LOGGED_S, Comparison
from harness.interval import Interval
from harness.switchboard.truth import ALERTING, PICK_UP, Truth, read_truth, true_leg


def entry(what: str, at_s: float, until_s: float | None = None) -> Truth:
    return Truth(call="c", site="main", number="0227000201", what=what, leg="unit", at_s=at_s, until_s=until_s)


def compared(measured: Interval, *entries: Truth) -> Comparison:
    true = true_leg(list(entries), "unit")
    assert true is not None
    return Comparison(
        leg="unit",
        outcome="answered",
        true_outcome="answered",
        rings=None,
        true_rings=true.rings,
        latency_s=measured,
        true_latency_s=true.answer_latency_s,
        pick_up_s=None,
        true_pick_up_s=true.pick_up_s,
        provisional=False,
        onset_late_s=true.onset_late_s,
        pick_up_late_s=true.pick_up_late_s,
    )


@pytest.mark.parametrize("late_s", [0.0, 0.3, 0.65])
def test_a_pick_up_holds_wherever_its_message_may_have_gone_out_and_nowhere_else(late_s: float) -> None:
    rang, picked = entry(ALERTING, 10.0, 10.0), entry(PICK_UP, 13.0, 13.0 + late_s)
    for off_s, right in ((-LOGGED_S - 0.01, False), (0.0, True), (late_s, True), (late_s + LOGGED_S + 0.01, False)):
        assert compared(Interval(3.0 + off_s, 3.0 + off_s), rang, picked).right == right, off_s


@pytest.mark.parametrize("late_s", [0.0, 0.3])
def test_a_ring_that_went_out_late_makes_the_wait_shorter(late_s: float) -> None:
    rang, picked = entry(ALERTING, 10.0, 10.0 + late_s), entry(PICK_UP, 13.0, 13.0)
    for off_s, right in ((-late_s - LOGGED_S - 0.01, False), (-late_s, True), (0.0, True), (LOGGED_S + 0.01, False)):
        assert compared(Interval(3.0 + off_s, 3.0 + off_s), rang, picked).right == right, off_s


def test_a_log_of_before_is_read_as_it_was_meant(tmp_path: Path) -> None:
    log = tmp_path / "truth.jsonl"
    log.write_text('{"call": "c", "site": "main", "number": "1", "what": "pick_up", "leg": "unit", "at_s": 3.0}\n')
    (read,) = read_truth(log)["c"]
    assert (read.at_s, read.late_s) == (3.0, 0.0)
