"""What pjsua2 does to who trusts it, each provoked: forks, dead peers, stalls, endings, long INVITEs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from agency_folder import leave_for, make_agency
from sip_peer import FRAME, Dialog, Rtp, SipPeer

from harness.measure import CLOCK_LIMIT_S
from harness.softphone.growing_wav import GrowingWav, write_wav
from harness.softphone.line import CODECS, LEGS_PER_WORKER, Line
from harness.softphone.pool import WorkerPool
from harness.softphone.real_call import RealCall
from harness.softphone.signals import RELEASED, RESPONSE, SipSignal

pytestmark = pytest.mark.realtime

NUMBER = "0227000501"
LOUD = bytes([0x2A, 0xAA] * (FRAME // 2))  # ± full scale, A-law
SILENT = bytes([0xD5] * FRAME)
LIMIT_S = 12.0


def dial(pool: WorkerPool, peer: SipPeer, folder: Path, name: str = "call") -> RealCall:
    agency = make_agency(folder / "agency", {NUMBER: peer.address})
    return pool.dial(leave_for(NUMBER, agency), call_id=name, folder=folder, headers={})


def wait(call: RealCall, seen: list[SipSignal], ready: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not ready() and not call.over:
        assert time.monotonic() < end, [s.to_dict() for s in seen]
        seen += call.advance(0.05)


def statuses(seen: list[SipSignal]) -> list[int]:
    return [s.status for s in seen if s.kind == RESPONSE and s.method == "INVITE"]


def answered(peer: SipPeer, dialog: Dialog) -> None:
    """Ring, answer, send nothing."""
    rtp = Rtp()
    peer.respond(dialog, 180, "Ringing")
    peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
    peer.stopping.wait(20)
    rtp.close()


def test_a_fork_rebuilds_the_stream_and_the_recording_goes_on(tmp_path: Path) -> None:
    """183 of branch A, 183 of branch B, 200 of B: every new stream has lost its listeners."""

    def fork(peer: SipPeer, dialog: Dialog) -> None:
        first, second = Rtp(), Rtp()
        peer.respond(dialog, 183, "Session Progress", tag="a", sdp_port=first.port)
        first.send(dialog.media, LOUD, 0.6)
        peer.respond(dialog, 183, "Session Progress", tag="b", sdp_port=second.port)
        second.send(dialog.media, SILENT, 0.4)
        peer.respond(dialog, 200, "OK", tag="b", sdp_port=second.port)
        second.send(dialog.media, LOUD, 1.0)
        first.close(), second.close()

    with SipPeer(fork) as peer, WorkerPool(Line(bind="127.0.0.1", codecs=("PCMA/8000",))) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: call.now_s() > 2.6)
        recording = call.finish()
    tags = [s.to_tag for s in seen if s.status in (183, 200) and s.method == "INVITE"]
    assert tags == ["a", "b", "b"]
    loud = np.abs(GrowingWav(recording.far).more().astype(int)) > 5000
    before, after = loud[: round(1.1 * 8000)], loud[round(1.2 * 8000) :]
    assert before.sum() > 0.4 * 8000
    assert after.sum() > 0.6 * 8000


def test_the_far_end_hears_what_we_play(tmp_path: Path) -> None:
    heard = Rtp()

    def listens(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 200, "OK", sdp_port=heard.port)
        heard.send(dialog.media, SILENT, 2.5)

    played = tmp_path / "played.wav"
    t = np.arange(8000) / 8000
    write_wav(played, (20000 * np.sin(2 * np.pi * 800 * t)).astype(np.int16), sample_rate_hz=8000)
    with SipPeer(listens) as peer, WorkerPool(Line(bind="127.0.0.1", codecs=("PCMA/8000",))) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 200 in statuses(seen))
        call.play(played)
        wait(call, seen, lambda: call.now_s() > 2.4)
        call.finish()
    heard.close()
    voiced = [payload for payload in heard.received if len(set(payload)) > 3]
    assert 45 <= len(voiced) <= 52  # one second of 20 ms frames


def test_a_peer_that_never_answers_the_bye_releases_us_at_once_and_blocks_no_later_call(tmp_path: Path) -> None:
    """Its slots stay taken for 32 s: the worker is replaced, the next calls go through."""
    with SipPeer(answered, answers_bye=False) as peer, WorkerPool(Line(bind="127.0.0.1")) as pool:
        for n in range(LEGS_PER_WORKER + 1):
            call, seen = dial(pool, peer, tmp_path, f"dead{n}"), list[SipSignal]()
            wait(call, seen, lambda seen=seen: 200 in statuses(seen))
            began = time.monotonic()
            assert call.finish().fault == ""
            assert time.monotonic() - began < 3.0
            seen += call.advance(0)
            assert [s.direction for s in seen if s.kind == RELEASED] == ["tx"]


def test_a_silent_line_is_recorded_for_as_long_as_it_lasted(tmp_path: Path) -> None:
    """A recorder without a source would lose time: 4 s became 2 s."""
    rings = SipPeer(lambda peer, dialog: peer.respond(dialog, 180, "Ringing"))
    with rings as peer, WorkerPool(Line(bind="127.0.0.1")) as pool:
        call = dial(pool, peer, tmp_path)
        wait(call, [], lambda: call.now_s() > 2.0)
        recording = call.finish()
    assert recording.packets == 0
    for side in (recording.far, recording.near):
        assert len(GrowingWav(side).more()) / 8000 == pytest.approx(recording.wall_s, abs=0.06)
    assert recording.wall_s is not None
    assert recording.wall_s > 2.0


def test_a_process_that_was_stalled_says_so_in_its_stamps_and_in_its_recording(tmp_path: Path) -> None:
    """What came while nobody could look has the kernel's stamp; the sound that was lost is seen to be lost."""
    stalled = threading.Event()

    def answers_during_the_stall(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 180, "Ringing")
        stalled.wait(10)
        time.sleep(0.3)
        at.append(time.monotonic())
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        peer.stopping.wait(20)
        rtp.close()

    at: list[float] = []
    with SipPeer(answers_during_the_stall) as peer, WorkerPool(Line(bind="127.0.0.1")) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 180 in statuses(seen))
        os.kill(call.worker.pid, signal.SIGSTOP)
        stalled.set()
        time.sleep(1.0)
        os.kill(call.worker.pid, signal.SIGCONT)
        wait(call, seen, lambda: 200 in statuses(seen))
        recording = call.finish()
    ok = next(s for s in seen if s.status == 200 and s.method == "INVITE")
    assert ok.earliest_s - 0.005 <= at[0] <= ok.latest_s
    assert ok.latest_s - ok.earliest_s < 0.01
    assert recording.wall_s is not None
    shorter = recording.wall_s - len(GrowingWav(recording.far).more()) / 8000
    assert shorter > CLOCK_LIMIT_S or abs(shorter) < 0.03  # lost and seen to be lost, or nothing lost


def test_a_pool_that_is_closed_with_calls_up_hangs_up_and_its_workers_end_well(tmp_path: Path) -> None:
    """Anything alive at libDestroy aborts: the worker says BYE and leaves without it."""
    with SipPeer(answered) as peer:
        with WorkerPool(Line(bind="127.0.0.1")) as pool:
            call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
            wait(call, seen, lambda: 200 in statuses(seen))
            worker = call.worker
        (dialog,) = peer.dialogs.values()
        assert "BYE" in dialog.requests
    assert worker.exit_status == 0


@pytest.mark.parametrize("codecs", [CODECS, CODECS[:2]])
def test_no_invite_is_longer_than_udp_allows(tmp_path: Path, codecs: tuple[str, ...]) -> None:
    """Over 1300 bytes pjsip tries TCP first (RFC 3261 §18.1.1)."""
    rejects = SipPeer(lambda peer, dialog: peer.respond(dialog, 486, "Busy Here"))
    with rejects as peer, WorkerPool(Line(bind="127.0.0.1", codecs=codecs)) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        call.finish()
        (dialog,) = peer.dialogs.values()
    assert len(dialog.invite.encode()) < 1300 - 250  # room for a digest


def test_what_a_callback_raises_is_recorded_on_the_leg() -> None:
    """pjsua2 prints it and goes on: the call would look fine. In a process of its own: one endpoint each."""
    program = (
        "import os, tempfile, numpy as np\n"
        "from pathlib import Path\n"
        "from harness.softphone.growing_wav import write_wav\n"
        "from harness.softphone.line import Line\n"
        "from harness.softphone.pjsip import SipEndpoint\n"
        "wav = Path(tempfile.mkdtemp()) / 's.wav'\n"
        "write_wav(wav, np.zeros(8000, np.int16), sample_rate_hz=8000)\n"
        "told = []\n"
        "e = SipEndpoint(Line(bind='127.0.0.1'), silence_wav=wav, notify=lambda leg, s: told.append((leg, s)))\n"
        "with e.recorded('leg-1'):\n"
        "    raise ValueError('from a callback')\n"
        "print('TOLD', told[-1][0], told[-1][1].kind, 'from a callback' in told[-1][1].reason, flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "TOLD leg-1 fault True" in done.stdout


def test_no_python_runs_in_the_audio_path() -> None:
    """Frame callbacks crashed 10 of 175 processes and made stamps late."""
    room = Path(__file__).parent.parent / "harness" / "softphone" / "pjsip"
    source = "".join(file.read_text(encoding="utf-8") for file in room.glob("*.py"))
    assert "AudioMediaRecorder" in source
    assert not re.search(r"AudioMediaPort|onFrame(Requested|Received)", source)
