"""Packets that are lost, late, doubled or out of order, by a pattern, on real RTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from agency_folder import leave_for, make_agency

from dsp.tone_plan import load_plan
from harness.bench.relay import Fate
from harness.bench.relay_process import RelayProcess, Seen
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

pytestmark = pytest.mark.realtime

SCRIPT = Path(__file__).parent / "agency_scripts" / "timing.toml"
NUMBER = "0227000403"
PLAN = load_plan("tw")
PATTERNS: dict[str, Fate] = {
    "one in twenty lost": lambda n: (int(n % 20 != 7), 0.0),
    "five in a row lost": lambda n: (int(not 120 <= n < 125), 0.0),
    "doubled": lambda n: (2, 0.0),
    "late and out of order": lambda n: (1, 0.030 if n % 10 == 3 else 0.0),
}


Placed = tuple[CallRecord, Comparison, Seen]


def pattern(name: str) -> Fate:
    return PATTERNS[name]


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Placed]:
    folder = tmp_path_factory.mktemp("losses")
    log = folder / "truth.jsonl"
    log.touch()
    with ExitStack() as stack:
        embedded = stack.enter_context(EmbeddedAgency(SCRIPT, truth=log))
        pool = stack.enter_context(WorkerPool(Line(bind="127.0.0.1")))
        pool.warm_up()
        process = stack.enter_context(RelayProcess())
        relays = {n: stack.enter_context(process.open(embedded.addresses["main"], pattern, n)) for n in PATTERNS}

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
        found[name] = (record, compare(record, measured, truth[record.sip_call_id])[0], relays[name].seen)
    return found


@pytest.mark.parametrize("name", PATTERNS)
def test_whatever_happens_to_the_packets_the_intervals_hold_the_truth(placed: dict[str, Placed], name: str) -> None:
    _, leg, _ = placed[name]
    assert leg.right, leg
    assert leg.outcome == "answered"


def test_what_was_lost_is_counted_and_its_places_are_marked(
    placed: dict[str, Placed],
) -> None:
    for name, (record, _, seen) in placed.items():
        assert record.lost == pytest.approx(len(seen.lost), abs=1), name  # the last packet's loss cannot be known
        assert sum(m.packets for m in record.missing) == record.lost
    # The jitter buffer ran dry behind them, which is a window without a lost packet of its own.
    record, _, seen = placed["five in a row lost"]
    (row,) = [m for m in record.missing if m.packets]
    assert row.packets == 5
    assert row.start_s <= seen.lost[0] - record.zero_s
    assert seen.lost[-1] - record.zero_s + 0.02 <= row.end_s
    assert row.end_s - row.start_s < 1.0  # on a busy machine the packet behind them comes late
