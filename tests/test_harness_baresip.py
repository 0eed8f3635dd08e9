"""baresip as the far end: a telephone that is not ours answers, refuses, transfers, holds, and hears our digits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from agency_folder import leave_for, make_agency
from baresip import NUMBER, Baresip
from pbx import SECRET, Asterisk, asterisk
from peers import need

from dsp.tone_plan import load_plan
from harness.caller import place_call
from harness.demo.compare import LOGGED_S, compare
from harness.measure import Measured, measure
from harness.record import CallRecord
from harness.recording import far_side
from harness.scenario import load_scenario
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.softphone.real_call import RealCall
from harness.softphone.signals import RESPONSE, SipSignal
from harness.timeline import build_timeline

pytestmark = pytest.mark.realtime

__all__ = ["asterisk"]

PLAN = load_plan("tw")
SOON_S = 0.05
"""From the command to the message a busy telephone may take so long."""
LIMIT_S = 12.0
RATE = 8000


@pytest.fixture(autouse=True)
def _there(request: pytest.FixtureRequest) -> None:
    need("baresip", request)


def greeting() -> npt.NDArray[np.int16]:
    """Half a second of silence, a voice, and silence for as long as anybody listens."""
    voice = soundfile.read(Path(__file__).parent / "sounds" / "hello.flac", dtype="int16")[0]
    return np.concatenate([np.zeros(RATE // 2, np.int16), voice, np.zeros(30 * RATE, np.int16)])


@pytest.fixture
def telephone(tmp_path: Path) -> Iterator[Baresip]:
    with Baresip(tmp_path / "baresip", greeting()) as running:
        yield running


@pytest.fixture(scope="module")
def pool(request: pytest.FixtureRequest) -> Iterator[WorkerPool]:
    need("baresip", request)
    with WorkerPool(Line(bind="127.0.0.1")) as running:
        running.warm_up()
        yield running


@dataclass
class Placed:
    """A call, and what baresip's side of it returned."""

    record: CallRecord
    measured: Measured
    theirs: float


def place(telephone: Baresip, pool: WorkerPool, folder: Path, they: Callable[[Baresip], float]) -> Placed:
    """Place a measured call while the other side does something in a thread of its own."""
    agency = make_agency(folder / "agency", {NUMBER: telephone.address})
    with ThreadPoolExecutor(1) as thread:
        theirs: Future[float] = thread.submit(they, telephone)
        record = place_call(
            load_scenario("extension-direct"),
            pool,
            leave=leave_for(NUMBER, agency),
            call_id=folder.name,
            folder=folder,
            plan=PLAN,
            started=datetime.now(UTC),
        )
        done = theirs.result(LIMIT_S)
    return Placed(record, measure(build_timeline(record, far_side(record, folder), PLAN)), done)


def rest(seconds: float) -> None:
    threading.Event().wait(seconds)


def dial(telephone: Baresip, pool: WorkerPool, folder: Path) -> tuple[RealCall, list[SipSignal]]:
    """Ring it, and wait until it has answered."""
    agency = make_agency(folder / "agency", {NUMBER: telephone.address})
    call = pool.dial(leave_for(NUMBER, agency), call_id=folder.name, folder=folder, headers={})
    seen = list[SipSignal]()
    telephone.wait_for("CALL_INCOMING")
    telephone.do("accept")
    until(call, seen, lambda: bool(telephone.all("CALL_ESTABLISHED")))
    return call, seen


def until(call: RealCall, seen: list[SipSignal], ready: Callable[[], bool]) -> None:
    end = call.now_s() + LIMIT_S
    while not ready() and not call.over:
        assert call.now_s() < end, [s.to_dict() for s in seen]
        seen += call.advance(0.05)


def listen(call: RealCall, seen: list[SipSignal], seconds: float) -> None:
    end = call.now_s() + seconds
    until(call, seen, lambda: call.now_s() > end)


def test_who_answers_after_some_seconds_is_timed_by_its_own_word(
    telephone: Baresip, pool: WorkerPool, tmp_path: Path
) -> None:
    def answers(they: Baresip) -> float:
        rang = they.wait_for("CALL_INCOMING").at_s
        rest(3.4)
        lifted = they.do("accept")
        rest(4.5)
        they.do("hangup")
        return lifted - rang

    placed = place(telephone, pool, tmp_path, answers)
    (leg,) = placed.measured.legs
    assert (leg.outcome, leg.rings, placed.measured.first_release) == ("answered", (2, 2), "far")
    assert leg.answer_latency_s is not None
    assert leg.answer_latency_s.meet(type(leg.answer_latency_s)(placed.theirs - SOON_S, placed.theirs + SOON_S))
    assert leg.voice_onset_s is not None


def test_who_refuses_is_busy(telephone: Baresip, pool: WorkerPool, tmp_path: Path) -> None:
    def refuses(they: Baresip) -> float:
        they.wait_for("CALL_INCOMING")
        rest(0.8)
        return they.do("hangup")

    placed = place(telephone, pool, tmp_path, refuses)
    assert (placed.measured.outcome, placed.measured.first_release) == ("busy", "far")
    assert placed.measured.legs[0].answer_latency_s is None


def test_a_line_in_use_is_busy(tmp_path: Path, pool: WorkerPool) -> None:
    with Baresip(tmp_path / "baresip", greeting(), most_calls=1) as telephone:
        first, seen = dial(telephone, pool, tmp_path / "first")
        placed = place(telephone, pool, tmp_path / "second", lambda _: 0.0)
        until(first, seen, lambda: True)
        first.finish()
    assert placed.measured.outcome == "busy"


@pytest.mark.parametrize("method", ["rfc4733", "info"])
def test_every_digit_arrives_once(telephone: Baresip, pool: WorkerPool, tmp_path: Path, method: str) -> None:
    call, seen = dial(telephone, pool, tmp_path)
    for digits in ("1", "55", "0289"):
        call.send_digits(digits, method=method)  # type: ignore[arg-type]
    until(call, seen, lambda: len(telephone.all("CALL_DTMF_START")) >= 7)
    listen(call, seen, 0.6)
    call.finish()
    assert "".join(event.detail for event in telephone.all("CALL_DTMF_START")) == "1550289"


def test_a_call_put_on_hold_and_taken_back_goes_on(telephone: Baresip, pool: WorkerPool, tmp_path: Path) -> None:
    def holds(they: Baresip) -> float:
        they.wait_for("CALL_INCOMING")
        they.do("accept")
        they.wait_for("CALL_ESTABLISHED")
        rest(4.2)
        they.do("hold")
        rest(1.0)
        they.do("resume")
        rest(1.0)
        return they.do("hangup")

    placed = place(telephone, pool, tmp_path, holds)
    assert (placed.measured.outcome, placed.measured.first_release) == ("answered", "far")
    assert placed.record.fault == ""
    assert placed.record.wall_s == pytest.approx(placed.record.duration_s, abs=0.3)


@pytest.mark.parametrize("number", ["0204123456", "0227000799"])
def test_a_transfer_to_who_is_not_in_the_directory_rings_nobody(
    telephone: Baresip, pool: WorkerPool, tmp_path: Path, number: str
) -> None:
    with Baresip(tmp_path / "elsewhere", greeting(), number=number) as elsewhere:
        call, seen = dial(telephone, pool, tmp_path)
        telephone.do("transfer", f"sip:{number}@{elsewhere.address}")
        telephone.wait_for("TRANSFER_FAILED")
        listen(call, seen, 0.5)
        call.finish()
        assert elsewhere.events == []


CERTIFICATES = Path(__file__).parent / "certificates"
SCENARIOS = Path(__file__).parent / "asterisk" / "scenarios"
WAYS = {
    "tcp": (Line(bind="127.0.0.1", transport="tcp"), 'transport = "tcp"\n', "", None),
    "tls": (
        Line(bind="127.0.0.1", transport="tls", tls_ca_file=str(CERTIFICATES / "ca.pem"), accept_old_openssl=True),
        'transport = "tls"\n',
        "",
        CERTIFICATES / "by-address.pem",
    ),
    "srtp": (Line(bind="127.0.0.1", srtp="mandatory"), 'srtp = "mandatory"\n', ";mediaenc=srtp-mand", None),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_heard_over_every_transport(tmp_path: Path, way: str) -> None:
    line, settings, more, certificate = WAYS[way]
    with (
        Baresip(tmp_path / "baresip", greeting(), more=more, certificate=certificate) as telephone,
        WorkerPool(line) as own,
    ):
        agency = make_agency(tmp_path / "agency", {NUMBER: telephone.address}, line=settings)
        call = own.dial(leave_for(NUMBER, agency), call_id=way, folder=tmp_path, headers={})
        seen = list[SipSignal]()
        telephone.wait_for("CALL_INCOMING")
        telephone.do("accept")
        until(call, seen, lambda: bool(telephone.all("CALL_ESTABLISHED")))
        listen(call, seen, 2.0)
        recording = call.finish()
        telephone.wait_for("CALL_CLOSED")
    assert [s.status for s in seen if s.kind == RESPONSE and s.method == "INVITE"][-1] == 200
    heard = soundfile.read(recording.far, dtype="int16")[0]
    assert np.abs(heard[round(0.8 * RATE) :].astype(int)).max() > 1000
    assert seen[-1].kind != "fault"


# --- a telephone behind a switchboard, neither of them ours -----------------------------------------------


def registered(asterisk: Asterisk) -> None:
    """Wait until the switchboard knows where its telephone is."""
    end = time.monotonic() + LIMIT_S
    while "phone/sip:" not in (known := asterisk.tell("pjsip show contacts")):
        assert time.monotonic() < end, known
        rest(0.1)


def test_whom_a_telephone_of_the_switchboard_puts_us_through_to_is_timed_as_a_second_leg(
    asterisk: Asterisk, pool: WorkerPool, tmp_path: Path
) -> None:
    """REFER to the switchboard, which rings the unit itself: to us it is one call, and the ear's affair."""
    server = f"127.0.0.1:{asterisk.port}"
    account = f"<sip:phone@{server}>;auth_user=phone;auth_pass={SECRET};regint=60"
    operator, scenario = "0227370000", load_scenario(SCENARIOS / "operator-unit.toml")
    with Baresip(tmp_path / "baresip", greeting(), account=account) as telephone, ThreadPoolExecutor(1) as thread:
        registered(asterisk)

        def puts_through() -> float:
            telephone.wait_for("CALL_INCOMING")
            rest(1.2)
            telephone.do("accept")
            telephone.wait_for("CALL_ESTABLISHED")
            rest(4.5)
            return telephone.do("transfer", f"sip:0227130450@{server}")

        agency = make_agency(tmp_path / "agency", {operator: server})
        theirs = thread.submit(puts_through)
        record = place_call(
            scenario,
            pool,
            leave=leave_for(operator, agency),
            call_id="transferred",
            folder=tmp_path,
            plan=PLAN,
            started=datetime.now(UTC),
        )
        theirs.result(LIMIT_S)
        asterisk.wait_until_idle()
    measured = measure(build_timeline(record, far_side(record, tmp_path), PLAN))
    truth = asterisk.truth()[record.sip_call_id]
    legs = compare(record, measured, truth)
    assert [(leg.leg, leg.outcome) for leg in measured.legs] == [("operator", "answered"), ("unit", "answered")]
    assert [leg.true_outcome for leg in legs] == ["answered", "answered"]
    for leg in legs:
        assert leg.pick_up_s is not None
        # The log is written before the message is sent, on a busy machine by some frames.
        assert leg.true_pick_up_s in leg.pick_up_s.widened(LOGGED_S, 0.010), leg
        assert leg.latency_s is None or leg.true_latency_s in leg.latency_s.widened(LOGGED_S, LOGGED_S), leg
    assert measured.first_release == "far"
    assert asterisk.still_up() == set()
