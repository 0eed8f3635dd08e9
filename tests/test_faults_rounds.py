"""A few rounds of each fault; `python -m harness.bench.reliability` runs many and writes docs/reliability.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from left_out import leave_out

from harness.bench.faults import small_disk
from harness.bench.faults.broken_sound import broken_recordings
from harness.bench.faults.clock_set import clock_set
from harness.bench.faults.real_packets import busy_machine
from harness.bench.faults.stopped import database_taken, killed
from harness.bench.faults.tally import COUNTS, Round
from harness.bench.reliability import BEGIN, END, HEAD, REAL, VIRTUAL, put, row

pytestmark = pytest.mark.waits

FULL_AT_COMMIT = 8
"""A seed whose disk is full when the database commits."""


@pytest.mark.parametrize("fault", [killed, clock_set, broken_recordings], ids=lambda one: one.__name__)
def test_nothing_is_lost_doubled_or_wrong(fault: Callable[[int], Round]) -> None:
    found = fault(1)
    assert found.clean, found
    assert found.calls


@pytest.mark.slow
@pytest.mark.parametrize("fault", [database_taken, busy_machine], ids=lambda one: one.__name__)
def test_nothing_is_lost_where_it_takes_longer(fault: Callable[[int], Round]) -> None:
    found = fault(1)
    assert found.clean, found
    assert found.calls


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "seed"), [(small_disk.full, FULL_AT_COMMIT), (small_disk.read_only, 1)], ids=["full", "read-only"]
)
def test_a_disk_that_fails_costs_no_call(fault: Callable[[int], Round], seed: int, pytestconfig: pytest.Config) -> None:
    if not small_disk.can_mount():
        leave_out("disk of its own to fill up", "run the tests as root, where mounting is allowed", pytestconfig)
    found = fault(seed)
    assert found.clean, found
    assert {"trouble", "failed"} & found.told


def test_the_document_says_every_fault_once_and_the_table_goes_between_its_marks(tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    for name in (*VIRTUAL, *REAL):
        assert text.count(f"| {name} |") == 1
    made = row("a fault", [Round(calls=2, lost=1), Round(calls=3)])
    assert made.count("|") == len(HEAD) + 1
    assert made.startswith("| a fault | 2 | 5 | 1 |")
    copy = tmp_path / "copy.md"
    copy.write_text(text, encoding="utf-8")
    put([made], copy)
    before, behind = text.split(BEGIN)[0], text.split(END)[1]
    assert copy.read_text(encoding="utf-8") == f"{before}{BEGIN}\n{made}\n{END}{behind}"
    assert not Round(lost=1).clean
    assert all(getattr(Round(), name) == 0 for name in COUNTS)
