"""The load bench without telephones: the arithmetic of lateness, what crossed a wire, what processes cost."""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from left_out import leave_out
from test_harness_caller import call, direct

from harness.bench.load import capture as capturing
from harness.bench.load.capture import Capture, Captured, call_id_of
from harness.bench.load.far_sound import RATE_HZ, RINGING_S, alaw, far_sound, write_pcap
from harness.bench.load.lateness import FRAME_S, late_s, slope_of, spread_ms, unwrapped
from harness.bench.load.measurement import Measurement
from harness.bench.load.on_the_wire import our_frames, truth_of
from harness.bench.load.placing import held_s
from harness.bench.load.process_tree import look, memory, tree
from harness.bench.load.ring_buffer import ROW, packet_socket
from harness.cli.bench_calls import to_dict
from harness.cli.program import run
from harness.errors import EnvironmentFailed

SEQUENCES = st.lists(st.integers(-20, 20), min_size=1, max_size=60)
DELAYS = st.lists(st.floats(0, 0.5), min_size=2, max_size=60)


@given(st.integers(0, (1 << 16) - 1), SEQUENCES)
def test_sequence_numbers_go_on_where_they_wrap(first: int, steps: list[int]) -> None:
    true = first + np.cumsum([0, *steps])
    assert (unwrapped(true % (1 << 16)) - first).tolist() == (true - first).tolist()


@given(DELAYS, st.integers(0, (1 << 16) - 1), st.floats(-1e5, 1e5))
def test_a_frame_is_as_late_as_it_was_held_up_against_the_least_that_any_was(
    delays: list[float], first: int, begin_s: float
) -> None:
    sent = np.arange(len(delays))
    late = late_s((first + sent) % (1 << 16), begin_s + sent * FRAME_S + delays)
    assert late == pytest.approx(np.array(delays) - min(delays), abs=1e-9)
    assert late.min() == 0


@given(DELAYS)
def test_frames_that_overtake_each_other_are_as_late_as_before(delays: list[float]) -> None:
    sent = np.arange(len(delays))
    at = sent * FRAME_S + delays
    order = np.argsort(at, kind="stable")
    assert late_s(sent[order], at[order]) == pytest.approx(late_s(sent, at)[order])


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=50))
def test_quantiles_are_of_sizes_and_in_order(errors_s: list[float]) -> None:
    found = spread_ms(errors_s)
    assert found == spread_ms([-one for one in errors_s])
    assert None not in (found.p50, found.p95, found.p99, found.max)
    assert found.p50 <= found.p95 <= found.p99 <= found.max  # type: ignore[operator]
    assert found.max == pytest.approx(max(map(abs, errors_s)) * 1000, abs=0.006)


def test_of_nothing_nothing_is_said() -> None:
    assert set(vars(spread_ms([])).values()) == {None}
    assert late_s([], []).tolist() == []
    assert slope_of([1, 2, 3], [1, 2, 3]) is None


@given(st.floats(-500, 500), st.floats(-1000, 1000), st.integers(12, 90))
def test_what_grows_evenly_has_its_slope_and_no_error(per_hour: float, begin: float, looks: int) -> None:
    at_s = np.arange(looks) * 30.0
    found = slope_of(at_s.tolist(), (begin + per_hour * at_s / 3600).tolist())
    assert found is not None
    assert (found.per_hour, found.error) == pytest.approx((per_hour, 0), abs=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_noise_alone_hardly_passes_for_growth(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(300, 5, 240)
    found = slope_of(np.arange(240) * 15.0, noise)
    assert found is not None
    assert abs(found.per_hour) < 6 * found.error
    grown = slope_of(np.arange(240) * 15.0, noise + np.arange(240) * 15.0 / 3600 * 300)
    assert grown is not None
    assert grown.grows


def test_the_far_end_rings_twice_and_speaks_after_the_answer(tmp_path: Path) -> None:
    sound = far_sound(6.0)
    assert len(sound) >= (RINGING_S + 6.0) * RATE_HZ

    def level(begin_s: float, end_s: float) -> float:
        return float(np.sqrt(np.mean(sound[round(begin_s * RATE_HZ) : round(end_s * RATE_HZ)] ** 2)))

    assert min(level(0, 1), level(3, 4)) > 20 * max(level(1.1, 2.9), level(4.1, 5.3))
    assert level(5.5, 7.0) > 10 * level(4.1, 5.3)
    write_pcap(tmp_path / "far.pcap", alaw(sound))
    packets = list(_packets((tmp_path / "far.pcap").read_bytes()))
    assert b"".join(payload for _, _, payload in packets) == alaw(sound)[: len(packets) * 160]
    assert [sequence for _, sequence, _ in packets] == list(range(len(packets)))
    assert [at for at, _, _ in packets] == pytest.approx(np.arange(len(packets)) * FRAME_S)


def _packets(data: bytes):
    magic, *_, link = struct.unpack_from("=IHHiIII", data)
    assert (magic, link) == (0xA1B2C3D4, 1)
    at = 24
    while at < len(data):
        seconds, micros, length, whole = struct.unpack_from("=IIII", data, at)
        assert length == whole
        frame = data[at + 16 : at + 16 + length]
        ip, udp, rtp = frame[14:34], frame[34:42], frame[42:]
        assert frame[12:14] == b"\x08\x00"
        assert struct.unpack("!H", ip[2:4])[0] == length - 14
        assert struct.unpack("!H", udp[4:6])[0] == length - 34
        assert (rtp[0], rtp[1] & 0x7F) == (0x80, 8)
        yield seconds + micros / 1e6, struct.unpack("!H", rtp[2:4])[0], rtp[12:]
        at += 16 + length


def test_a_capture_sees_sound_and_messages_and_nothing_else(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    _need_right(request)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
    ):
        near.bind(("127.0.0.1", 0))
        far.bind(("127.0.0.1", 0))
        port = far.getsockname()[1]
        message = f"BYE sip:1@127.0.0.1:{port} SIP/2.0\r\nCall-ID: {port}@bench\r\n\r\n"
        with Capture(tmp_path / "wire", port=port) as capture:
            for n in range(40):
                payload = b"\xd5" * 160 if n < 30 else b"\x12" * 160
                near.sendto(struct.pack("!BBHII", 0x80, 8, 65530 + n & 0xFFFF, n * 160, 7) + payload, far.getsockname())
            for other in (b"\x00\x01stun", b"OPTIONS nobody", message.encode()):
                near.sendto(other, far.getsockname())
            time.sleep(0.3)
    assert capture.captured is not None
    sound = capture.captured.sound
    mine = sound[sound["target"] == port]
    assert (mine["ssrc"] == 7).all()
    assert unwrapped(mine["sequence"].astype(np.int64)).tolist() == list(range(65530, 65570))
    assert mine["sounds"].tolist() == [False] * 30 + [True] * 10
    assert [said.text for said in capture.captured.said if said.target == port] == [message]
    assert [said.call for said in capture.captured.said if said.target == port] == [f"{port}@bench"]
    assert capture.captured.lost == 0


def test_who_may_not_capture_is_told_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no CAP_NET_RAW\n", encoding="utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(capturing.sys, "executable", str(python))
    with pytest.raises(EnvironmentFailed) as raised, Capture(tmp_path / "wire"):
        pass
    assert "CAP_NET_RAW" in raised.value.sentence("en")


def _need_right(request: pytest.FixtureRequest) -> None:
    try:
        packet_socket([(6, 0, 0, 0)]).close()
    except PermissionError:
        leave_out("CAP_NET_RAW", "sudo setcap cap_net_raw+ep python3", request.config)


def test_frames_are_counted_by_stream_and_window() -> None:
    rows = np.zeros(300, ROW)
    rows["source"] = np.repeat([4000, 4002, 9000], 100)
    rows["sequence"] = np.tile(np.arange(100), 3)
    rows["at_s"] = 1000 + np.tile(np.arange(100), 3) * FRAME_S
    rows["at_s"][150] += 0.5  # one frame of the second stream is late
    kept = np.delete(rows, 20)  # and one of the first never came
    found = our_frames(Captured(kept, (), 0), [4000, 4002], begin_s=1000, end_s=1002)
    assert (found.streams, found.count, found.late, found.missing) == (2, 199, 1, 1)
    none = our_frames(Captured(kept, (), 0), [4000], begin_s=2000, end_s=2002)
    assert (none.streams, none.count, none.late) == (0, 0, 0)


def test_a_call_whose_invite_was_not_seen_has_no_truth() -> None:
    assert truth_of([], Captured(np.zeros(0, ROW), (), 0)) is None
    assert call_id_of("SIP/2.0 200 OK\r\ni: a@b\r\n\r\n") == "a@b"
    assert call_id_of("SIP/2.0 200 OK\r\n\r\n") == ""


def test_a_tree_has_its_branches_and_what_they_cost() -> None:
    burn = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass\ninput()"
    with subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE) as child:
        try:
            assert child.pid in tree(os.getpid())
            assert child.pid not in tree(os.getpid(), without=(child.pid,))
            limit = time.monotonic() + 60
            while look([child.pid]).processor_s < 0.3 and time.monotonic() < limit:
                time.sleep(0.05)
            assert 0.3 <= look([child.pid]).processor_s < 5
            held, both = memory([child.pid]), memory([child.pid, os.getpid()])
            assert 0 < held.uss_mb <= held.pss_mb <= held.rss_mb < both.rss_mb
        finally:
            child.communicate(b"\n")
    assert look([child.pid]).processes == 0
    assert memory([child.pid]).rss_mb == 0


FOUND = Measurement(
    calls=2,
    seconds=5.0,
    timing_error_ms=spread_ms([0.001, -0.002]),
    stamps=2,
    frames=1000,
    late_frames=1,
    frame_error_ms=spread_ms([0.0]),
    missing_frames=0,
    machine={"p99_s": 0.001, "worst_s": 0.002, "naps": 10, "late": 0},
    cpu_percent_per_call=1.5,
    cpu_percent_talking=1.0,
    closing_s_per_call=0.1,
    slot_ms=spread_ms([0.25, 1.5]),
    memory=None,
    processes=2,
    calls_set_up_per_s=10.0,
    recording_error_ms=12.0,
    wrong=0,
    faults=(),
    capture_lost=0,
    load=0.5,
)
KEYS = {"schema", "calls", "timing_error_ms", "late_frames", "cpu_percent_per_call", "floor_cpu_percent_per_call"}
KEYS |= {"rss_mb", "wrong"}


def test_the_figures_for_programs_have_these_keys_and_no_guess() -> None:
    told = json.loads(json.dumps(to_dict(FOUND, None)))
    assert set(told) == KEYS
    assert (told["schema"], told["calls"], told["late_frames"], told["wrong"]) == ("thirdring.bench/1", 2, 1, 0)
    assert told["timing_error_ms"] == {"p50": 1.5, "p95": 1.95, "p99": 1.99, "max": 2.0}
    assert told["floor_cpu_percent_per_call"] is None
    assert told["rss_mb"] is None
    assert to_dict(replace(FOUND, seconds=None), None)["late_frames"] is None


def test_the_time_per_call_slot_runs_from_the_release_until_the_slot_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record, _ = call(direct(2.0).hangs_up(6.0), tmp_path)
    moved = replace(record, zero_s=100.0)
    assert held_s(moved, 107.25) == pytest.approx(1.25, abs=0.05)
    assert held_s(replace(moved, signals=()), 107.25) is None
    monkeypatch.setattr("harness.bench.load.rising.rise", lambda seconds, sipp: iter([FOUND]))
    monkeypatch.setattr("harness.bench.load.floor.measure_floor", lambda calls, seconds, sipp: None)
    assert run(["bench", "calls", "--lang", "en"]) == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("time per call slot"))
    assert "1500" in row


def test_what_does_not_keep_up() -> None:
    assert FOUND.keeps_up
    assert not replace(FOUND, late_frames=2).keeps_up
    assert not replace(FOUND, timing_error_ms=spread_ms([0.021])).keeps_up
    assert not replace(FOUND, timing_error_ms=spread_ms([])).keeps_up
    assert not replace(FOUND, seconds=None).keeps_up


def test_more_calls_than_the_embedded_agency_takes_want_sipp(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.bench.load.sipp.shutil.which", lambda _: None)
    assert run(["bench", "calls", "--calls", "17"]) == 3
    assert "sip-tester" in capsys.readouterr().err


@pytest.mark.parametrize("as_json", [True, False])
def test_ever_more_calls_are_told_beside_each_other_up_to_what_keeps_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    late = replace(FOUND, calls=8, late_frames=1000)
    monkeypatch.setattr("harness.bench.load.rising.rise", lambda seconds, sipp: iter([FOUND, late]))
    monkeypatch.setattr("harness.bench.load.floor.measure_floor", lambda calls, seconds, sipp: None)
    assert run(["bench", "calls", *(["--json"] if as_json else [])]) == 0
    said = capsys.readouterr().out
    if as_json:
        told = json.loads(said)
        assert (told["schema"], told["most_calls"], len(told["levels"])) == ("thirdring.bench_rising/1", 2, 2)
    else:
        assert "1000 / 1000" in said
