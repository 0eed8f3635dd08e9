"""The real telephone on loopback: signalling, media, digits, recordings, crashes."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from agency_folder import leave_for, make_agency
from hypothesis import given
from hypothesis import strategies as st

from harness.agency import Agency
from harness.demo.compare import LOGGED_S
from harness.errors import LineError
from harness.softphone.errors import LineFull, SoftphoneError
from harness.softphone.growing_wav import GrowingWav, write_wav
from harness.softphone.line import Line
from harness.softphone.pjsip.bridge import TICK_S, due_at
from harness.softphone.pool import WorkerPool
from harness.softphone.protocol import Recording
from harness.softphone.real_call import RealCall
from harness.softphone.signals import DIGIT, FAULT, RELEASED, RESPONSE, SipSignal
from harness.switchboard.script import load_script
from harness.switchboard.serve import EmbeddedAgency
from harness.switchboard.truth import Truth, read_truth
from harness.timeline import LAG_MOST_S

pytestmark = pytest.mark.realtime

SCRIPT = Path(__file__).parent / "agency_scripts" / "lines.toml"
LIMIT_S = 12.0


@dataclass
class Far:
    """The far end of these tests and the directory that leads to it."""

    agency: Agency
    truth: Path
    folder: Path

    def log(self, call: str) -> list[Truth]:
        return read_truth(self.truth).get(call, [])


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    folder = tmp_path_factory.mktemp("softphone")
    truth = folder / "truth.jsonl"
    truth.touch()
    with EmbeddedAgency(SCRIPT, truth=truth) as embedded:
        numbers = {e.number: embedded.addresses[e.site] for e in load_script(SCRIPT).extension}
        yield Far(make_agency(folder / "agency", numbers), truth, folder)


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(Line(bind="127.0.0.1"), most_calls=8) as one:
        one.warm_up()
        yield one


def wait_for(call: RealCall, seen: list[SipSignal], ready: Callable[[], bool]) -> None:
    """Take signals until `ready` or the call is over; a call that hangs fails the test."""
    end = time.monotonic() + LIMIT_S
    while not ready() and not call.over:
        assert time.monotonic() < end, [s.to_dict() for s in seen]
        seen += call.advance(0.05)


def dial(pool: WorkerPool, far: Far, number: str, name: str, **how: object) -> RealCall:
    return pool.dial(leave_for(number, far.agency), call_id=name, folder=far.folder, headers={}, **how)


def finish(call: RealCall, seen: list[SipSignal]) -> Recording:
    recording = call.finish()
    seen += call.advance(0)
    return recording


def statuses(seen: list[SipSignal]) -> list[int]:
    return [s.status for s in seen if s.kind == RESPONSE and s.method == "INVITE"]


def loud_stretches(path: Path, rate: int) -> list[tuple[float, float]]:
    """Starts and ends, in seconds, of what is loud in a recording, gaps under 0.1 s closed."""
    loud = np.flatnonzero(np.abs(GrowingWav(path).more().astype(int)) > 500)
    if not len(loud):
        return []
    cuts = np.flatnonzero(np.diff(loud) > 0.1 * rate)
    return [(a / rate, b / rate) for a, b in zip(loud[[0, *(cuts + 1)]], loud[[*cuts, -1]], strict=True)]


def test_every_response_is_stamped_with_its_own_status_and_the_far_end_released(pool: WorkerPool, far: Far) -> None:
    call, seen = dial(pool, far, "0227000301", "all"), list[SipSignal]()
    wait_for(call, seen, lambda: False)
    recording = finish(call, seen)
    assert statuses(seen) == [100, 180, 181, 183, 199, 200]
    assert [s.has_sdp for s in seen if s.status in (180, 183)] == [False, True]
    released = [s for s in seen if s.kind == RELEASED]
    assert [s.direction for s in released] == ["rx"]
    assert all(s.earliest_s <= s.latest_s for s in seen)
    assert recording.lost == 0
    # The agency's own log of the same instants, on the same clock.
    log = far.log(next(v for s in seen for k, v in s.headers if k == "call-id"))
    for what, status in (("alerting", 180), ("pick_up", 200)):
        true = next(t.at_s for t in log if t.what == what)
        heard = next(s for s in seen if s.status == status and s.method == "INVITE")
        assert heard.earliest_s - 0.003 <= true <= heard.latest_s + 0.001
        assert heard.latest_s - true < 0.050
    # Early media is in the recording where it was sent, silence before it.
    rings = loud_stretches(recording.far, 8000)
    onset = next(t.at_s for t in log if t.what == "ring_onset") - call.zero_s
    assert onset <= rings[0][0] <= onset + LAG_MOST_S + LOGGED_S


def test_the_recording_begins_before_the_invite_and_lasts_as_long_as_the_call(pool: WorkerPool, far: Far) -> None:
    call, seen = dial(pool, far, "0227000303", "clock"), list[SipSignal]()
    wait_for(call, seen, lambda: False)
    recording = finish(call, seen)
    assert 0 < recording.zero_latest_s - recording.zero_earliest_s < 0.2
    assert recording.zero_latest_s <= seen[0].latest_s
    assert recording.wall_s == pytest.approx(len(GrowingWav(recording.far).more()) / 8000, abs=0.06)
    assert statuses(seen)[-1] == 486
    assert "486 Busy Here" in recording.trace.read_text(encoding="utf-8")
    assert re.search(r"^--- \d+\.\d+ TX .*\nINVITE sip:0227000303@", recording.trace.read_text(encoding="utf-8"))


@given(first_late_s=st.floats(0, 0.1), second_late_s=st.floats(0, 0.1), looks_s=st.floats(0.0005, 0.01))
def test_of_two_ticks_one_in_time_is_enough(first_late_s: float, second_late_s: float, looks_s: float) -> None:
    due = (1.0, 1.0 + TICK_S)
    at = [due[0] + first_late_s, max(due[1] + second_late_s, due[0] + first_late_s)]
    seen = [(one - looks_s / 2, one + looks_s / 2) for one in at]
    earliest, latest = due_at(seen[0], seen[1])
    assert latest <= seen[1][1]
    assert due[1] < latest
    assert earliest <= due[1] + min(first_late_s, at[1] - due[1])


@pytest.mark.parametrize("method", ["rfc4733", "info"])
def test_digits_arrive_once_each_in_order(pool: WorkerPool, far: Far, method: str) -> None:
    call, seen = dial(pool, far, "0227000302", f"digits-{method}"), list[SipSignal]()
    wait_for(call, seen, lambda: 200 in statuses(seen))
    call.send_digits("95", method=method)
    wait_for(call, seen, lambda: False)
    finish(call, seen)
    log = far.log(next(v for s in seen for k, v in s.headers if k == "call-id"))
    assert [t.detail for t in log if t.what == "digit"] == ["9", "5"]
    assert "".join(s.reason for s in seen if s.kind == DIGIT and s.direction == "tx") == "95"


def test_cancel_before_the_answer_releases_from_our_side(pool: WorkerPool, far: Far) -> None:
    call, seen = dial(pool, far, "0227000304", "cancel"), list[SipSignal]()
    wait_for(call, seen, lambda: 180 in statuses(seen))
    recording = finish(call, seen)
    assert "CANCEL" in [s.method for s in seen]
    assert [s.direction for s in seen if s.kind == RELEASED] == ["tx"]
    assert recording.packets == 0


@pytest.mark.parametrize(
    ("number", "line"),
    [
        ("0227000305", Line(transport="tcp", bind="127.0.0.1")),
        ("0227000306", Line(codecs=("PCMU/8000",), bind="127.0.0.1")),
        ("0227000307", Line(codecs=("G722/16000",), bind="127.0.0.1")),
    ],
)
def test_transports_and_codecs_carry_the_same_sound(far: Far, number: str, line: Line) -> None:
    with WorkerPool(line) as own:
        uri_suffix = {"transport": "tcp"} if line.transport == "tcp" else {}
        agency = far.agency
        if uri_suffix:
            server = agency.line(next(u.line for u in agency.units if u.number == number)).server
            how = f'transport = "tcp"\nnumber_template = "sip:{{number}}@{server};transport=tcp"\n'
            agency = make_agency(far.folder / "tcp", {number: server}, line=how)
        call = own.dial(leave_for(number, agency), call_id=f"c{number}", folder=far.folder, headers={})
        seen: list[SipSignal] = []
        heard: list[np.ndarray] = []
        end = time.monotonic() + LIMIT_S
        while sum(map(len, heard)) < 3.0 * line.sample_rate_hz:
            assert time.monotonic() < end
            seen += call.advance(0.1)
            heard.append(call.hear()[0])  # the file gives its samples while it grows
        recording = finish(call, seen)
    bursts = loud_stretches(recording.far, line.sample_rate_hz)
    assert [round(b - a, 1) for a, b in bursts[:2]] == [0.5, 0.5]
    assert next(s.reason for s in seen if s.kind == "media") == line.codecs[0].split("/")[0]


def test_two_calls_of_one_worker_are_bridged_and_what_one_hears_the_other_gets(pool: WorkerPool, far: Far) -> None:
    talker = dial(pool, far, "0227000308", "talker")
    other = dial(pool, far, "0227000308", "listener", beside=talker)
    seen: list[SipSignal] = []
    for call in (talker, other):
        wait_for(call, seen, lambda: statuses(seen).count(200) > 0)
    talker.bridge(other)
    played = far.folder / "played.wav"
    t = np.arange(8000) / 8000
    write_wav(played, (8000 * np.sin(2 * np.pi * 1000 * t)).astype(np.int16), sample_rate_hz=8000)
    talker.play(played)
    wait_for(talker, seen, lambda: any(s.kind == "play" for s in seen))
    wait_for(talker, seen, lambda: talker.now_s() > 3.0)
    near = finish(talker, seen).near
    finish(other, seen)
    # What we played is on our own side of the recording, at the instant that was told.
    start = next(s for s in seen if s.kind == "play")
    sounding = loud_stretches(near, 8000)
    assert sounding[0][0] == pytest.approx(start.latest_s - talker.zero_s, abs=0.021)


def test_a_fifth_call_gets_a_second_worker_and_a_ninth_is_refused(pool: WorkerPool, far: Far) -> None:
    numbers = ["0227000304", "0227000306"] * 4  # two trunks: each takes four calls
    calls = [dial(pool, far, number, f"many{n}") for n, number in enumerate(numbers)]
    try:
        with pytest.raises(LineFull):
            dial(pool, far, "0227000303", "many8")
        assert len({call.worker.pid for call in calls}) == 2
    finally:
        for call in calls:
            call.finish()


def test_a_worker_that_crashes_costs_its_own_calls_only(far: Far) -> None:
    with WorkerPool(Line(bind="127.0.0.1"), most_calls=8) as own:
        own.warm_up()
        doomed = dial(own, far, "0227000308", "doomed")
        spared = dial(own, far, "0227000308", "spared")
        assert doomed.worker is not spared.worker
        seen: list[SipSignal] = []
        wait_for(doomed, seen, lambda: doomed.now_s() > 1.5)
        os.kill(doomed.worker.pid, signal.SIGKILL)
        recording = finish(doomed, seen)
        assert recording.fault == "softphone.worker_lost"
        assert FAULT in [s.kind for s in seen]
        assert loud_stretches(recording.far, 8000)  # its header was mended, its sound is there
        others: list[SipSignal] = []
        wait_for(spared, others, lambda: 200 in statuses(others))
        assert finish(spared, others).fault == ""
        again = dial(own, far, "0227000303", "again")
        wait_for(again, [], lambda: False)
        assert again.finish().fault == ""


def test_an_abort_inside_the_c_library_is_the_same_crash(far: Far) -> None:
    with WorkerPool(Line(bind="127.0.0.1")) as own:
        call = dial(own, far, "0227000304", "abort")
        call.worker.command(do="crash")
        assert call.finish().fault == "softphone.worker_lost"


def test_what_is_not_a_permit_is_never_dialled(pool: WorkerPool, far: Far) -> None:
    with pytest.raises(TypeError, match="Permit"):
        pool.dial("sip:119@127.0.0.1", call_id="x", folder=far.folder, headers={})  # type: ignore[arg-type]


def test_what_the_stack_refuses_is_our_own_error(pool: WorkerPool, far: Far) -> None:
    call, seen = dial(pool, far, "0227000304", "refused"), list[SipSignal]()
    call.play(far.folder / "not-there.wav")
    with pytest.raises(SoftphoneError, match=r"not-there\.wav"):
        wait_for(call, seen, lambda: call.now_s() > 2)
    finish(call, seen)


def test_slots_are_free_again_after_many_calls_and_no_finished_call_hangs_up_a_new_one(
    pool: WorkerPool, far: Far
) -> None:
    """Freeing a finished call whose slot was taken again would release the new one."""
    results: list[int] = []

    def one(worker: int) -> None:
        for n in range(4):
            seen: list[SipSignal] = []
            call = dial(pool, far, "0227000303", f"slot-{worker}-{n}")
            wait_for(call, seen, lambda: False)
            finish(call, seen)
            results.append(statuses(seen)[-1])

    threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [486] * 16


def test_a_line_whose_registrar_is_not_there_says_so_before_anything_is_dialled() -> None:
    line = Line(bind="127.0.0.1", registrar="sip:127.0.0.1:9", user="1001", secret="x")
    with WorkerPool(line) as own, pytest.raises(LineError, match="註冊"):
        own.warm_up()
