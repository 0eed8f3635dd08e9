"""Packets that are lost, late, doubled or out of order, by a pattern, on real RTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from agency_folder import leave_for, make_agency
from relay import Fate, Relay

from dsp.tone_plan import load_plan
from harness.caller import place_call
from harness.demo.compare import Comparison, compare
from harness.measure import measure
from harness.record import CallRecord
from harness.recording import far_side
from harness.scenario import load_scenario
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.switchboard.serve import EmbeddedAgency
from harness.switchboard.truth import read_truth
from harness.timeline import build_timeline

SCRIPT = Path(__file__).parent / "agency_scripts" / "timing.toml"
NUMBER = "0227000403"
PLAN = load_plan("tw")
PATTERNS: dict[str, Fate] = {
    "one in twenty lost": lambda n: (int(n % 20 != 7), 0.0),
    "five in a row lost": lambda n: (int(not 120 <= n < 125), 0.0),
    "doubled": lambda n: (2, 0.0),
    "late and out of order": lambda n: (1, 0.030 if n % 10 == 3 else 0.0),
}


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[CallRecord, Comparison, int]]:
    folder = tmp_path_factory.mktemp("losses")
    log = folder / "truth.jsonl"
    log.touch()
    with ExitStack() as stack:
        embedded = stack.enter_context(EmbeddedAgency(SCRIPT, truth=log))
        pool = stack.enter_context(WorkerPool(Line(bind="127.0.0.1")))
        pool.warm_up()
        relays = {n: stack.enter_context(Relay(embedded.addresses["main"], fate)) for n, fate in PATTERNS.items()}

        def one(index: int, name: str) -> CallRecord:
            agency = make_agency(folder / str(index), {NUMBER: relays[name].address})
            return place_call(
                load_scenario("extension-direct"),
                pool,
                leave=leave_for(NUMBER, agency),
                call_id=f"loss{index}",
                folder=folder,
                plan=PLAN,
                started=datetime.now(UTC),
            )

        with ThreadPoolExecutor(4) as threads:
            records = dict(zip(PATTERNS, threads.map(one, range(len(PATTERNS)), PATTERNS), strict=True))
    truth = read_truth(log)
    found = {}
    for name, record in records.items():
        measured = measure(build_timeline(record, far_side(record, folder), PLAN))
        found[name] = (record, compare(record, measured, truth[record.sip_call_id])[0], len(relays[name].lost))
    return found


@pytest.mark.parametrize("name", PATTERNS)
def test_whatever_happens_to_the_packets_the_intervals_hold_the_truth(
    placed: dict[str, tuple[CallRecord, Comparison, int]], name: str
) -> None:
    _, leg, _ = placed[name]
    assert leg.right, leg
    assert leg.outcome == "answered"


def test_what_was_lost_is_counted_and_its_places_are_marked(
    placed: dict[str, tuple[CallRecord, Comparison, int]],
) -> None:
    for name, (record, _, lost) in placed.items():
        assert record.lost == pytest.approx(lost, abs=1), name  # the last packet's loss cannot be known
        assert sum(m.packets for m in record.missing) == record.lost
    row = placed["five in a row lost"][0].missing
    assert [m.packets for m in row] == [5]
    assert 0.1 <= row[0].end_s - row[0].start_s < 0.25
