"""Every number beside the packets: signalled instants within 10 ms, heard ones held by their intervals."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from agency_folder import leave_for, make_agency
from packets import Capture, Packet, alaw_level

from dsp.tone_plan import load_plan
from harness.caller import place_call
from harness.demo.compare import compare
from harness.measure import Measured, measure
from harness.record import CallRecord
from harness.recording import far_side
from harness.scenario import load_scenario
from harness.softphone.line import Line
from harness.softphone.message import parse_message
from harness.softphone.pool import WorkerPool
from harness.softphone.signals import RESPONSE
from harness.switchboard.script import load_script
from harness.switchboard.serve import EmbeddedAgency
from harness.switchboard.truth import Truth, read_truth
from harness.timeline import build_timeline

pytestmark = pytest.mark.realtime

SCRIPT = Path(__file__).parent / "agency_scripts" / "timing.toml"
PLAN = load_plan("tw")
PCMA = 8
"""Static RTP payload type of G.711 A-law (RFC 3551 §6)."""


@dataclass
class Placed:
    """One measured call with the agency's log and the packets of all calls."""

    record: CallRecord
    measured: Measured
    truth: list[Truth]
    packets: list[Packet]

    def sip(self, status: int) -> float | None:
        """Monotonic instant of the packet that carried this response of this call; None where none was captured."""
        for packet in self.packets:
            said = parse_message(packet.sip) if packet.sip else None
            if said and said.call_id == self.record.sip_call_id and said.status == status and said.method == "INVITE":
                return packet.at_s
        return None

    def media_port(self) -> int | None:
        """The port that the agency's 200 named in its session description."""
        for packet in self.packets:
            said = parse_message(packet.sip) if packet.sip else None
            if said and said.call_id == self.record.sip_call_id and said.status == 200 and said.has_sdp:
                found = re.search(r"m=audio (\d+)", packet.sip)
                return int(found.group(1)) if found else None
        return None


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Placed]:
    folder = tmp_path_factory.mktemp("packets")
    log = folder / "truth.jsonl"
    log.touch()
    capture = Capture() if Capture.allowed() else None
    script = load_script(SCRIPT)
    with EmbeddedAgency(SCRIPT, truth=log) as embedded, WorkerPool(Line(bind="127.0.0.1")) as pool:
        pool.warm_up()
        agency = make_agency(folder / "agency", {e.number: embedded.addresses[e.site] for e in script.extension})

        def one(number: str) -> CallRecord:
            return place_call(
                load_scenario("extension-direct"),
                pool,
                leave=leave_for(number, agency),
                call_id=number,
                folder=folder,
                plan=PLAN,
                started=datetime.now(UTC),
            )

        with capture or nullcontext(), ThreadPoolExecutor(4) as threads:
            records = list(threads.map(one, [e.number for e in script.extension]))
    truth = read_truth(log)
    packets = capture.packets if capture else []
    return {
        r.number: Placed(r, measure(build_timeline(r, far_side(r, folder), PLAN)), truth[r.sip_call_id], packets)
        for r in records
    }


def test_every_interval_holds_the_truth_of_the_agencys_log(placed: dict[str, Placed]) -> None:
    wrong = {n: compare(p.record, p.measured, p.truth) for n, p in placed.items()}
    assert all(leg.right for legs in wrong.values() for leg in legs), wrong
    assert {n: p.measured.outcome for n, p in placed.items()} == dict.fromkeys(placed, "answered")


def test_signalled_instants_are_within_ten_milliseconds_of_their_packets(placed: dict[str, Placed]) -> None:
    for one in placed.values():
        for signal in one.record.signals:
            at_s = one.sip(signal.status) if signal.kind == RESPONSE and signal.method == "INVITE" else None
            if at_s is not None:
                on_clock = at_s - one.record.zero_s
                assert signal.earliest_s - 0.001 <= on_clock <= signal.latest_s + 0.001, signal
                assert signal.latest_s - signal.earliest_s < 0.1, signal
    if Capture.allowed():
        assert placed["0227000401"].sip(200) is not None


def test_the_signalled_answer_latency_is_within_ten_milliseconds_of_the_packets(placed: dict[str, Placed]) -> None:
    one = placed["0227000401"]
    rang, answered = one.sip(180), one.sip(200)
    latency = one.measured.legs[0].answer_latency_s
    assert latency is not None
    if rang is not None and answered is not None:
        assert answered - rang in latency.widened(0.001, 0.001)
        # Within 10 ms where the machine was not stalled; where it was, the interval says by how much.
        assert latency.middle == pytest.approx(answered - rang, abs=max(0.010, latency.width / 2))


def test_a_pick_up_inside_a_burst_is_within_thirty_milliseconds_of_the_packets(placed: dict[str, Placed]) -> None:
    """Behind an early answer nothing is signalled: the packets' own sound is the judge."""
    one = placed["0227000403"]
    leg = one.measured.legs[0]
    assert leg.answer_latency_s is not None
    sound, late_s = _loud_packets(one)
    if sound:
        truth_s = sound[-1] + 0.020 - sound[0]
        latency = leg.answer_latency_s
        assert truth_s in latency.widened(0.030, 0.030)
        # Within 30 ms where the machine was not stalled; where it was, the interval says by how much.
        assert latency.middle == pytest.approx(truth_s, abs=max(0.030, 0.010 + late_s, latency.width / 2))


def _loud_packets(one: Placed) -> tuple[list[float], float]:
    """Instants of this call's ringback packets (from the port that its 200 named, up to the logged pick-up), and how
    far the most belated one was off the sender's beat: a sender that is put off sends what it owes in a heap, and
    whoever hears it plays it at the beat again."""
    end = next(t.at_s for t in one.truth if t.what == "pick_up") + 0.1
    port = one.media_port()
    rtp = [(p.at_s, p.rtp) for p in one.packets if p.source == port and p.rtp and p.at_s < end]
    beat = [at_s - 0.020 * sequence for at_s, (sequence, _, _) in rtp]
    loud = [at_s for at_s, (_, payload_type, payload) in rtp if payload_type == PCMA and alaw_level(payload) > 400]
    return loud, max(beat, default=0.0) - min(beat, default=0.0)
