"""A telephone process that is killed leaves no call up: its commander says what it can say no more."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sip_peer import Dialog, Rtp, SipPeer, header
from sip_stream_peer import CERTIFICATES, SipStreamPeer
from telephone import NUMBER, OTHER, SILENT, dial, of_kind, statuses, wait

from harness.sip_trace import Traced, read_trace
from harness.softphone.digest import answer_challenge
from harness.softphone.farewell import farewells
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.softphone.real_call import RealCall
from harness.softphone.signals import ASIDE, FAULT, RELEASED, SipSignal

pytestmark = pytest.mark.realtime


def killed(call: RealCall) -> list[SipSignal]:
    """Kill the process and see that its call ends with it, once."""
    os.kill(call.worker.pid, signal.SIGKILL)
    recording = call.finish()
    seen = list(call.advance(0))
    assert recording.fault == "softphone.worker_lost"
    assert [s.kind for s in seen].count(FAULT) == 1
    assert [s.direction for s in of_kind(seen, RELEASED)] == ["own"]
    return seen


def answered(peer: SipPeer, dialog: Dialog) -> None:
    rtp = Rtp()
    route = f"Record-Route: <sip:{peer.address};lr>, <sip:second@{peer.address};lr>\r\n"
    peer.respond(dialog, 180, "Ringing")
    peer.respond(dialog, 200, "OK", sdp_port=rtp.port, headers=route)
    peer.stopping.wait(10)
    rtp.close()


@pytest.mark.parametrize("certificate", [None, "", "by-address"])
def test_an_answered_call_is_released_from_the_dead_process_s_own_address(
    tmp_path: Path, certificate: str | None
) -> None:
    far = SipPeer(answered) if certificate is None else SipStreamPeer(answered, certificate=certificate)
    transport = {None: "udp", "": "tcp"}.get(certificate, "tls")
    line = Line(
        bind="127.0.0.1", transport=transport, tls_ca_file=str(CERTIFICATES / "ca.pem"), accept_old_openssl=True
    )
    with far as peer, WorkerPool(line) as pool:
        call, seen = dial(pool, peer, tmp_path, line=f'transport = "{transport}"\n'), list[SipSignal]()
        wait(call, seen, lambda: 200 in statuses(seen))
        seen += killed(call)
        (dialog,) = peer.dialogs.values()
        (bye,) = dialog.texts("BYE ")
    assert [(s.direction, s.method, s.status) for s in of_kind(seen, ASIDE)] == [("tx", "BYE", 0), ("rx", "BYE", 200)]
    assert of_kind(seen, RELEASED)[0].status == 200
    assert bye.startswith(f"BYE sip:peer@{peer.address}{peer.params} SIP/2.0")
    assert header(bye, "To").endswith(";tag=peer")
    assert header(bye, "From") == header(dialog.invite, "From")
    assert int(header(bye, "CSeq").split()[0]) > int(header(dialog.invite, "CSeq").split()[0])
    assert re.findall(r"(?m)^Route: (.*)\r$", bye)[0].startswith("<sip:second@")  # the last recorded comes first
    if certificate is None:
        assert header(bye, "Via").split(";")[0] == header(dialog.invite, "Via").split(";")[0]
    assert any(m.message.method == "BYE" and m.direction == "tx" for m in read_trace(call.trace))


def test_a_telephone_that_rings_stops_ringing(tmp_path: Path) -> None:
    def rings(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 180, "Ringing")

    with SipPeer(rings) as peer, WorkerPool(Line(bind="127.0.0.1")) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 180 in statuses(seen))
        killed(call)
        (dialog,) = peer.dialogs.values()
        assert peer.wait(lambda: dialog.requests == ["CANCEL", "ACK"]), dialog.requests
        (cancel,) = dialog.texts("CANCEL ")
        assert header(cancel, "Via") == header(dialog.invite, "Via")  # else it is another transaction


def test_who_picks_up_after_the_death_is_let_go(tmp_path: Path) -> None:
    def picks_up(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 180, "Ringing")
        peer.wait(lambda: "CANCEL" in dialog.requests)
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        peer.stopping.wait(10)
        rtp.close()

    with SipPeer(picks_up, cancels=False) as peer, WorkerPool(Line(bind="127.0.0.1")) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 180 in statuses(seen))
        killed(call)
        (dialog,) = peer.dialogs.values()
        assert peer.wait(lambda: dialog.requests == ["CANCEL", "ACK", "BYE"]), dialog.requests


def test_a_server_that_asks_who_says_bye_is_told(tmp_path: Path) -> None:
    class Asks(SipPeer):
        def _take(self, text: str, source: tuple[str, int]) -> None:
            if text.startswith("BYE ") and "Authorization" not in text:
                challenge = 'WWW-Authenticate: Digest realm="pbx", nonce="n", algorithm=MD5, qop="auth"\r\n'
                self.respond(Dialog(text, source), 401, "Unauthorized", headers=challenge)
            else:
                super()._take(text, source)

    line = Line(bind="127.0.0.1", user="1001", secret="hunter2")
    with Asks(answered) as peer, WorkerPool(line) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 200 in statuses(seen))
        assert of_kind(killed(call), RELEASED)[0].status == 200
        (dialog,) = peer.dialogs.values()
        (bye,) = dialog.texts("BYE ")
    assert 'username="1001"' in header(bye, "Authorization")
    assert "hunter2" not in bye
    assert 'response="removed"' in call.trace.read_text(encoding="utf-8")


def test_a_far_end_that_is_gone_too_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.softphone.last_words.LONGEST_S", 1.2)
    with SipPeer(answered, answers_bye=False) as peer, WorkerPool(Line(bind="127.0.0.1")) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 200 in statuses(seen))
        assert of_kind(killed(call), RELEASED)[0].status == 408
        (dialog,) = peer.dialogs.values()
        byes = dialog.texts("BYE ")
    assert len(byes) == 2
    assert len(set(byes)) == 1  # said again, not said anew


def test_both_calls_of_a_transfer_are_released(tmp_path: Path) -> None:
    def transfers(peer: SipPeer, dialog: Dialog) -> None:
        if dialog.called == OTHER:
            peer.respond(dialog, 180, "Ringing")
            return
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        rtp.send(dialog.media, SILENT, 0.2)
        peer.request(dialog, "REFER", headers=f"Refer-To: <sip:{OTHER}@{peer.address}>\r\n")
        peer.stopping.wait(10)
        rtp.close()

    with SipPeer(transfers) as peer, WorkerPool(Line(bind="127.0.0.1")) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 180 in statuses(seen, dialog=1))
        killed(call)
        requests = {dialog.called: dialog.requests for dialog in peer.dialogs.values()}
    assert "BYE" in requests[NUMBER]
    assert "CANCEL" in requests[OTHER]


def test_a_process_that_does_not_end_is_killed_and_its_call_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hung in the C library, or stopped: the pool waits so long and no longer."""
    monkeypatch.setattr("harness.softphone.worker_process.QUIT_S", 0.5)
    with SipPeer(answered) as peer:
        with WorkerPool(Line(bind="127.0.0.1")) as pool:
            call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
            wait(call, seen, lambda: 200 in statuses(seen))
            os.kill(call.worker.pid, signal.SIGSTOP)
        call.finish()
        (dialog,) = peer.dialogs.values()
        assert "BYE" in dialog.requests


COMMANDER = """
import sys, time
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from agency_folder import leave_for, make_agency
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
pool = WorkerPool(Line(bind="127.0.0.1"))
agency = make_agency(Path(sys.argv[2]) / "agency", {"0227000501": sys.argv[1]})
pool.dial(leave_for("0227000501", agency), call_id="c", folder=Path(sys.argv[2]), headers={})
print("dialled", flush=True)
time.sleep(60)
"""


def test_a_commander_that_is_killed_leaves_no_call_up_either(tmp_path: Path) -> None:
    """The worker hears that nobody commands it any more, and releases."""
    with SipPeer(answered) as peer:
        command = [sys.executable, "-c", COMMANDER, peer.address, str(tmp_path), str(Path(__file__).parent)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as commander:
            assert commander.stdout is not None
            assert commander.stdout.readline() == "dialled\n"
            assert peer.wait(lambda: any("ACK" in d.requests for d in peer.dialogs.values()))
            commander.kill()
        (dialog,) = peer.dialogs.values()
        assert peer.wait(lambda: "BYE" in dialog.requests)


def test_the_session_timer_bounds_what_nobody_can_release(tmp_path: Path) -> None:
    """Machine and all lost: a far end that keeps RFC 4028 lets go by itself."""
    with SipPeer(lambda peer, dialog: peer.respond(dialog, 486, "Busy")) as peer:
        with WorkerPool(Line(bind="127.0.0.1")) as pool:
            dial(pool, peer, tmp_path).finish()
        (dialog,) = peer.dialogs.values()
    assert header(dialog.invite, "Session-Expires") == "180"
    assert "timer" in header(dialog.invite, "Supported")


# --- read from a trace ----------------------------------------------------------------------------------


def message(direction: str, first: str, *, cseq: str, tag: str = "", call: str = "c") -> Traced:
    to = f"<sip:1@x>;tag={tag}" if tag else "<sip:1@x>"
    text = f"{first}\r\nVia: SIP/2.0/UDP 10.0.0.1:5062;branch=b{cseq}\r\nFrom: <sip:me@x>;tag=me\r\nTo: {to}\r\n"
    return Traced(0.0, direction, "UDP 192.0.2.1:5060", f"{text}Call-ID: {call}\r\nCSeq: {cseq}\r\n\r\n")


INVITE = message("tx", "INVITE sip:1@x SIP/2.0", cseq="1 INVITE")
RINGS = message("rx", "SIP/2.0 180 Ringing", cseq="1 INVITE", tag="a")
ANSWERS = message("rx", "SIP/2.0 200 OK", cseq="1 INVITE", tag="a")
ALSO = message("rx", "SIP/2.0 200 OK", cseq="1 INVITE", tag="b")
BUSY = message("rx", "SIP/2.0 486 Busy", cseq="1 INVITE", tag="a")
BYE = message("tx", "BYE sip:1@x SIP/2.0", cseq="2 BYE", tag="a")
ASKED = message("rx", "SIP/2.0 401 Who", cseq="1 INVITE", tag="q")
AGAIN = message("tx", "INVITE sip:1@x SIP/2.0", cseq="2 INVITE")


@pytest.mark.parametrize(("messages", "methods"), [
    ([], []),
    ([INVITE], ["CANCEL"]),
    ([INVITE, RINGS], ["CANCEL"]),
    ([INVITE, RINGS, ANSWERS], ["BYE"]),
    ([INVITE, RINGS, ANSWERS, ANSWERS], ["BYE"]),
    ([INVITE, ANSWERS, ALSO], ["BYE", "BYE"]),
    ([INVITE, ANSWERS, ALSO, BYE], ["BYE"]),
    ([INVITE, ANSWERS, BYE], []),
    ([INVITE, RINGS, BUSY], []),
    ([INVITE, ASKED], []),
    ([INVITE, ASKED, AGAIN], ["CANCEL"]),
    ([RINGS], []),
])  # fmt: skip
def test_what_is_left_up_is_read_from_the_messages(messages: list[Traced], methods: list[str]) -> None:
    assert [one.method for one in farewells(tuple(messages))] == methods


def test_the_digest_is_the_one_of_the_standard() -> None:
    """RFC 2617 §3.5, without the quality that it names."""
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc"'
    said = answer_challenge(challenge, method="GET", uri="/dir/index.html", user="Mufasa", secret="Circle Of Life")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in said
    assert answer_challenge(challenge + ", algorithm=SHA-256", method="BYE", uri="x", user="a", secret="b") == ""
