"""A switchboard that is not ours: every number beside the PBX's own event log and the packets."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from left_out import leave_out
from packets import Capture, Packet, alaw_level
from pbx import SECRET, Asterisk, asterisk

from dsp.tone_plan import load_plan
from harness.agency import Agency, load_agency
from harness.caller import place_call
from harness.demo.compare import Comparison, compare
from harness.ending import ending_of
from harness.errors import BELOW_STANDARD, DONE
from harness.interval import Interval
from harness.lines import softphone_line
from harness.measure import Measured, measure
from harness.number_gate import permit
from harness.number_gate.called_number import To
from harness.record import CallRecord
from harness.recording import far_side
from harness.scenario import load_scenario
from harness.softphone.errors import SoftphoneError
from harness.softphone.message import parse_message
from harness.softphone.pool import WorkerPool
from harness.softphone.signals import RESPONSE
from harness.switchboard.truth import Truth
from harness.timeline import Timeline, build_timeline

pytestmark = pytest.mark.realtime

__all__ = ["asterisk"]

HERE = Path(__file__).parent / "asterisk"
SITUATIONS: list[dict[str, Any]] = tomllib.loads((HERE / "situations.toml").read_text(encoding="utf-8"))["situation"]
PLAN = load_plan("tw")
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
LINES = {
    "trunk": "",
    "inband": 'from_uri = "sip:inband@127.0.0.1"\n',
    "staff": 'from_uri = "sip:staff@127.0.0.1"\nregister = true\nuser = "staff"\nsecret_env = "PBX_SECRET"\n',
    "wrong": 'from_uri = "sip:staff@127.0.0.1"\nregister = true\nuser = "staff"\nsecret_env = "PBX_WRONG"\n',
    "tcp": 'transport = "tcp"\n',
}
AT_ONCE = 4
"""Calls at once on a line."""
PROMPT_BEGINS_S = 0.08
"""The greeting's file begins with so much silence."""
LOGGED_S = 0.080
"""So long before its message a log may be written on a machine with more to do than processors."""
PCMA = 8
"""Static RTP payload type of G.711 A-law (RFC 3551 §6)."""
VOID = ("fault_ours", "none")
"""Outcomes of an attempt that counts for nothing."""
BEAT_AFTER_BEAT = "0227500150"
"""One telephone rings behind another: where a switchboard that was late begins it on the first one's beat, no ear can
tell that from one ringing that was answered, and a person decides."""
MUSICAL = ("0227331200", "0227360500", "0227430370", "0227470250", BEAT_AFTER_BEAT)
NUMBERS = [one["number"] for one in SITUATIONS]


@dataclass
class Placed:
    """One measured call with the event log and the packets of all calls."""

    record: CallRecord
    timeline: Timeline
    measured: Measured
    truth: list[Truth]
    packets: list[Packet]
    trace: str
    expected: dict[str, Any]

    @property
    def steady(self) -> bool:
        """Whether neither machine stood still: where one did, the numbers are wider or none, and a call may be void."""
        return self.timeline.excess_lag_s <= 0.020 and not self.record.missing

    @property
    def legs(self) -> tuple[Comparison, ...]:
        """Each leg beside the PBX's event log."""
        return compare(self.record, self.measured, self.truth)

    def packets_s(self, status: int) -> list[float]:
        """Instants, on the call's clock, of the packets with this response to the INVITE; none over TCP."""
        name = self.record.sip_call_id.encode()
        said = [(p.at_s - self.record.zero_s, parse_message(p.sip)) for p in self.packets if name in p.data]
        return [at_s for at_s, m in said if (m.status, m.method) == (status, "INVITE")]

    def loud_s(self, begin_s: float, end_s: float) -> list[float]:
        """Instants, monotonic, of the packets with sound that were sent to this call between two others."""
        found = re.search(r"m=audio (\d+)", self.trace)
        port = int(found.group(1)) if found else 0
        here = [p for p in self.packets if p.target == port and begin_s <= p.at_s <= end_s]
        return [p.at_s for p in here if p.rtp and p.rtp[1] == PCMA and alaw_level(p.rtp[2]) > 400]

    def rings_sent(self, leg: str) -> int | None:
        """Bursts of ringback that were sent to this leg before its pick-up; by the time alone without a capture.

        A PBX without a processor for a moment sends its tones late, so that the time alone is not the truth.
        """
        true = next(one for one in self.legs if one.leg == leg)
        rang = next((t.at_s for t in self.truth if t.what == "ring_onset" and t.leg == leg), None)
        if not self.packets or rang is None or true.true_pick_up_s is None:
            return true.true_rings
        loud = self.loud_s(rang, true.true_pick_up_s + 0.01)
        return len(loud) and 1 + sum(later - earlier > 1.0 for earlier, later in pairwise(loud))


@pytest.fixture(scope="module")
def agency(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    folder = tmp_path_factory.mktemp("agency")
    shutil.copytree(HERE / "scenarios", folder / "scenarios")
    text = (HERE / "agency.toml").read_text(encoding="utf-8")
    for line, more in LINES.items():
        text += f'[[lines]]\nid = "{line}"\nserver = "{asterisk.address}"\nbind = "127.0.0.1"\n{more}'
    rows = ["unit,number,site,line,scenario"]
    for one in SITUATIONS:
        number, line = one["number"], one["line"]
        text += f'[[sites]]\nid = "s{number}"\nname = "{number}"\nswitchboard = "{number}"\nline = "{line}"\n'
        rows.append(f"u{number},{number},s{number},{line},{one['scenario']}")
    (folder / "agency.toml").write_text(text, encoding="utf-8")
    (folder / "units.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PBX_SECRET", SECRET)
        patch.setenv("PBX_WRONG", "another")
        yield load_agency(folder)


@pytest.fixture(scope="module")
def placed(asterisk: Asterisk, agency: Agency) -> dict[str, Placed]:
    capture = Capture() if Capture.allowed() else None
    with ExitStack() as stack:
        # The kernel begins to stamp packets a moment after it is asked to: before the telephones are ready.
        stack.enter_context(capture or nullcontext())
        pools = {line: stack.enter_context(_pool(line, agency)) for line in {one["line"] for one in SITUATIONS}}
        for pool in pools.values():
            pool.warm_up()
        threads = {line: stack.enter_context(ThreadPoolExecutor(AT_ONCE)) for line in pools}
        running = [threads[one["line"]].submit(call, one, agency, pools[one["line"]]) for one in SITUATIONS]
        records = [each.result() for each in running]
        asterisk.wait_until_idle()
    truth, packets = asterisk.truth(), capture.packets if capture else []
    timelines = [build_timeline(record, far_side(record, agency.recordings), PLAN) for record in records]
    return {
        one["number"]: Placed(
            record=record,
            timeline=timeline,
            measured=measure(timeline),
            truth=truth[record.sip_call_id],
            packets=packets,
            trace=(agency.recordings / record.files["trace"]).read_text(encoding="utf-8"),
            expected=one,
        )
        for record, timeline, one in zip(records, timelines, SITUATIONS, strict=True)
    }


def _pool(line: str, agency: Agency) -> WorkerPool:
    return WorkerPool(softphone_line(agency.line(line), folder=agency.folder), most_calls=AT_ONCE)


def call(one: dict[str, Any], agency: Agency, pool: WorkerPool) -> CallRecord:
    """Place one call by the product's own way, through the number gate."""
    scenario = load_scenario(one["scenario"], agency_folder=agency.folder)
    to: To = "switchboard" if scenario.dials == "switchboard" else "unit"
    agency.recordings.mkdir(exist_ok=True)
    return place_call(
        scenario,
        pool,
        leave=permit(f"u{one['number']}", agency, now=NOW, to=to),
        call_id=one["number"],
        folder=agency.recordings,
        plan=PLAN,
        started=datetime.now(UTC),
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_every_leg_ends_as_it_did(placed: dict[str, Placed], number: str) -> None:
    one = placed[number]
    ended = [leg.outcome for leg in one.measured.legs]
    void = not one.steady and ended[-1] in VOID and ended[:-1] == one.expected["outcomes"][: len(ended) - 1]
    assert void or ended == one.expected["outcomes"]
    assert one.measured.first_release == one.expected.get("release", one.measured.first_release)
    assert one.record.fault == ""


def _holds(measured: Interval | None, true: float | None) -> bool:
    """The log is written just before the message is sent; how long before is the busy machine's doing, and what the
    packets show is held to a millisecond below."""
    return measured is None or (true is not None and true in measured.widened(LOGGED_S, LOGGED_S))


@pytest.mark.parametrize("number", [n for n in NUMBERS if n not in MUSICAL])
def test_every_interval_holds_the_truth_of_the_event_log(placed: dict[str, Placed], number: str) -> None:
    one = placed[number]
    for leg in one.legs:
        if leg.true_outcome == "answered":
            assert _holds(leg.latency_s, leg.true_latency_s), leg
            assert _holds(leg.pick_up_s, leg.true_pick_up_s), leg
        else:
            assert (leg.latency_s, leg.pick_up_s) == (None, None), leg


def test_heard_rings_are_exact(placed: dict[str, Placed]) -> None:
    """Where the machine was stalled and moved sounds in the jitter buffer, they hold the true number."""
    wrong, heard = {}, 0
    for number, one in placed.items():
        for leg in one.measured.legs:
            if leg.rings_source != "heard" or leg.outcome != "answered" or leg.music or leg.rings is None:
                continue
            heard, sent = heard + 1, one.rings_sent(leg.leg)
            held = sent is not None and leg.rings[0] <= sent <= leg.rings[1]
            if leg.rings != (sent, sent) and not (held and not one.steady):
                wrong[f"{number} {leg.leg}"] = (leg.rings, sent)
    assert heard >= 14
    assert wrong == {}


def test_who_is_given_up_after_three_rings_has_rung_three_times(placed: dict[str, Placed]) -> None:
    """Behind a 200 the next burst is waited for: only it shows that nobody picked up in the last gap."""
    for number in ("0227150000", "0227160000", "0227160001", "0227440150"):
        leg = placed[number].measured.legs[-1]
        behind = leg.waited_s is None
        late = leg.waited_s is not None and leg.waited_s.latest >= 9.0  # a busy machine gives up late
        right = leg.rings in (((3, 3), (3, 4), (4, 4)) if behind or late else ((3, 3),))
        assert right or (not placed[number].steady and leg.rings is not None and leg.rings[1] >= 3), (number, leg)


@pytest.mark.parametrize("number", NUMBERS)
def test_signalled_instants_hold_their_packets(
    placed: dict[str, Placed], number: str, request: pytest.FixtureRequest
) -> None:
    one = placed[number]
    told = [s for s in one.record.signals if s.kind == RESPONSE and s.method == "INVITE"]
    assert told
    if one.expected["line"] == "tcp":
        return
    if not Capture.allowed():
        leave_out("CAP_NET_RAW", "sudo setcap cap_net_raw+ep python3", request.config)
    for signal in told:
        between = (signal.earliest_s - 0.001, signal.latest_s + 0.001)
        assert [at_s for at_s in one.packets_s(signal.status) if between[0] <= at_s <= between[1]], signal


def test_a_signalled_pick_up_is_within_ten_milliseconds_of_the_event_log(placed: dict[str, Placed]) -> None:
    numbers = [n for n in NUMBERS if n[4:6] in ("11", "12", "13")]
    late_s = []
    for number in numbers:
        (leg,) = placed[number].legs
        assert leg.pick_up_s is not None
        assert leg.true_pick_up_s is not None
        assert placed[number].measured.legs[0].pick_up_source == "signalled"
        late_s.append(leg.pick_up_s.earliest - leg.true_pick_up_s)
        assert -leg.pick_up_s.width <= late_s[-1] <= LOGGED_S, number
    assert sorted(late_s)[len(late_s) // 2] <= 0.010  # of a call that the machine left alone


@pytest.mark.parametrize("number", ["0227140060", "0227140650", "0227140960"])
def test_a_pick_up_that_cuts_a_burst_is_where_the_packets_end(placed: dict[str, Placed], number: str) -> None:
    (leg,) = placed[number].measured.legs
    true = next(t.at_s for t in placed[number].truth if t.what == "pick_up")
    assert leg.answer_latency_s is not None
    # A busy machine's jitter buffer moves sounds, and what it moves is left open.
    assert leg.answer_latency_s.width <= 0.25 or not placed[number].steady
    sound = placed[number].loud_s(placed[number].record.zero_s, true + 0.1)  # the port had another call before
    if sound:
        assert sound[-1] + 0.020 - sound[0] in leg.answer_latency_s.widened(0.020, 0.020)


def test_a_pick_up_in_the_gap_is_known_to_lie_in_it(placed: dict[str, Placed]) -> None:
    one = placed["0227140480"]
    latency = one.measured.legs[0].answer_latency_s
    assert latency is not None
    assert latency.earliest < 4.8 < latency.latest
    assert (latency.earliest > 3.9 and latency.latest < 6.0) or not one.steady


@pytest.mark.parametrize("number", [one["number"] for one in SITUATIONS if one["scenario"].startswith("ivr")])
def test_a_digit_arrives_once_and_the_transfer_is_timed_from_it(placed: dict[str, Placed], number: str) -> None:
    one = placed[number]
    assert [t.detail for t in one.truth if t.what == "digit"] == one.expected.get("digits", ["9"])
    operator = one.measured.leg("operator")
    rang = next((t.at_s for t in one.truth if t.what == "ring_onset" and t.leg == "operator"), None)
    pressed = [s.latest_s for s in one.record.signals if s.kind == "digit" and s.direction == "tx"][-1]
    if operator is not None and operator.transfer_delay_s is not None and rang is not None:
        assert rang - one.record.zero_s - pressed in operator.transfer_delay_s.widened(0.005, 0.005)


@pytest.mark.parametrize("number", [n for n in NUMBERS if n[4:6] in ("11", "12", "13", "14")])
def test_a_voice_is_heard_when_somebody_speaks(placed: dict[str, Placed], number: str) -> None:
    one = placed[number]
    (leg,) = one.measured.legs
    spoke = next(t.at_s for t in one.truth if t.what == "voice") - one.record.zero_s
    assert leg.voice_onset_s is not None
    assert spoke + PROMPT_BEGINS_S in leg.voice_onset_s.widened(0.05, 0.05)


@pytest.mark.parametrize("number", MUSICAL)
def test_behind_music_nobody_is_given_a_number(placed: dict[str, Placed], number: str) -> None:
    leg, steady = placed[number].measured.legs[-1], placed[number].steady
    assert leg.answer_latency_s is None or (leg.provisional and (not steady or number == BEAT_AFTER_BEAT))
    assert leg.rings is None or not steady


def test_a_queues_music_is_waited_through(placed: dict[str, Placed]) -> None:
    one = placed["0227331200"]
    assert one.measured.first_release == "far"
    assert one.measured.legs[0].music or not one.steady


def test_ringing_that_begins_anew_at_another_telephone_is_marked(placed: dict[str, Placed]) -> None:
    steady = {number: one for number, one in placed.items() if one.steady}
    marked = [number for number, one in steady.items() if any(leg.forwarded for leg in one.measured.legs)]
    assert marked == [number for number in steady if number == "0227350500"]


def test_an_operator_who_announces_the_call_hides_the_ringing_and_is_said_to(placed: dict[str, Placed]) -> None:
    """An attended transfer by the switchboard: while the operator speaks to the unit, the caller hears music."""
    one = placed["0227470250"]
    operator, unit = one.measured.legs
    assert (operator.provisional, operator.pick_up_source) == (False, "signalled")
    assert (unit.provisional, unit.music, unit.pick_up_s) == (True, True, None)
    said = ending_of(one.timeline, one.measured).sentence
    assert "分機直測" in said["zh"]
    assert "dialled directly" in said["en"]
    heard = [t.at_s for t in one.truth if t.what == "voice" and t.leg == "unit"]
    words = [s.start / one.timeline.heard.sr for s in one.timeline.heard.segments if s.sound == "speech"]
    assert heard[0] + PROMPT_BEGINS_S - one.record.zero_s == pytest.approx(words[-1], abs=0.2)


def test_ringing_that_began_behind_music_is_open_to_where_the_music_began(placed: dict[str, Placed]) -> None:
    """The operator hangs up while it rings: from then on the caller hears it, and the unit has rung for six seconds."""
    one = placed["0227490150"]
    _, unit = one.measured.legs
    true = one.legs[1]
    assert unit.music
    assert None not in (unit.rings, unit.answer_latency_s, true.true_rings, true.true_latency_s)
    assert unit.rings[0] < true.true_rings <= unit.rings[1]  # type: ignore[index,operator]
    assert unit.answer_latency_s.earliest < true.true_latency_s - 5.0  # type: ignore[union-attr,operator]


def test_ringing_that_ends_in_music_is_nobodys_pick_up(placed: dict[str, Placed]) -> None:
    """The switchboard gave up, and tries the operator again: nobody has picked up at the unit."""
    one = placed[BEAT_AFTER_BEAT]
    assert not [t for t in one.truth if t.what == "pick_up" and t.leg == "unit"]
    unit = one.measured.legs[1]
    assert (unit.provisional, unit.music) == (True, True)
    assert unit.rings is None or not one.steady


def test_who_was_taken_back_by_the_operator_has_reached_nobody(placed: dict[str, Placed]) -> None:
    one = placed["0227480150"]
    assert "單位" in ending_of(one.timeline, one.measured).sentence["zh"]
    assert one.measured.legs[1].ring_onset_s is None


def test_no_call_is_left_up_on_the_switchboard(placed: dict[str, Placed], asterisk: Asterisk) -> None:
    assert asterisk.still_up() == set()
    assert asterisk.tell("core show channels concise") == ""


def test_a_wrong_password_is_said_clearly_and_nothing_is_dialled(asterisk: Asterisk, agency: Agency) -> None:
    line = softphone_line(agency.line("wrong"), folder=agency.folder)
    before = len(asterisk.log())
    with WorkerPool(line) as pool, pytest.raises(SoftphoneError) as raised:
        pool.warm_up()
    assert raised.value.key == "softphone.not_registered"
    assert raised.value.values["status"] == 401
    assert len(asterisk.log()) == before


def test_the_command_line_places_a_call_and_writes_its_sheet(agency: Agency, asterisk: Asterisk) -> None:
    command = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "call", "u0227110040", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (DONE, BELOW_STANDARD), done.stderr
    said = json.loads(done.stdout)
    assert said["measured"]["outcome"] == "answered"
    assert "0227110040" in Path(said["page"]).read_text(encoding="utf-8")
