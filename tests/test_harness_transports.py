"""How a line reaches its server: TCP, TLS, SRTP, IPv6, a proxy; whose number it shows; that its secret stays one."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import get_args

import pytest
from agency_folder import make_agency
from pydantic import ValidationError
from sip_peer import Dialog, Rtp, SipPeer, header, sdp_of
from sip_stream_peer import CERTIFICATES, OLD_TLS, SipStreamPeer, speak_old
from telephone import LOUD, NUMBER, dial, finish, loud_s, of_kind, statuses, wait

from harness.errors import EnvironmentFailed, LineError, ThirdringError
from harness.lines import LineSettings, OldOpenssl, line_warnings, softphone_line
from harness.softphone.caller_ids import caller_id
from harness.softphone.certificate import carries_name
from harness.softphone.errors import LineFull, SoftphoneError, WorkerLost
from harness.softphone.ipv6_relay import Relay
from harness.softphone.library import Library, library, version_text
from harness.softphone.line import RTP_PORTS, Line
from harness.softphone.pool import WorkerPool
from harness.softphone.signals import RELEASED, REQUEST, SipSignal

pytestmark = pytest.mark.realtime
SLOW = pytest.mark.slow
"""Some seconds until a connection that is refused is given up."""

CA = str(CERTIFICATES / "ca.pem")
SECRET = "correct-horse-battery-staple"


def answers(peer: SipPeer, dialog: Dialog) -> None:
    """Answer, speak loudly, hang up."""
    rtp = Rtp(peer.host)
    peer.respond(dialog, 180, "Ringing")
    peer.respond(dialog, 200, "OK", sdp=sdp_of(rtp.port, host=peer.host))
    rtp.send(dialog.media, LOUD, 0.8)
    peer.request(dialog, "BYE")
    peer.wait(lambda: any("BYE" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 200")), 2.0)
    rtp.close()


def placed(pool: WorkerPool, peer: SipPeer, folder: Path, line: str = "") -> tuple[list[SipSignal], float]:
    call, seen = dial(pool, peer, folder, line=line), list[SipSignal]()
    wait(call, seen, lambda: False)
    return seen, loud_s(finish(call, seen))


# --- the way there --------------------------------------------------------------------------------------


@pytest.mark.parametrize("certificate", ["", "by-address"])
def test_a_call_over_a_stream_is_the_same_call(tmp_path: Path, certificate: str) -> None:
    transport = "tls" if certificate else "tcp"
    with (
        SipStreamPeer(answers, certificate=certificate) as peer,
        WorkerPool(Line(bind="127.0.0.1", transport=transport, tls_ca_file=CA, accept_old_openssl=True)) as pool,
    ):
        seen, loud = placed(pool, peer, tmp_path, f'transport = "{transport}"\n')
    assert statuses(seen) == [180, 200]
    assert loud > 0.25
    newest = "TLSv1.2" if library().old_openssl else "TLSv1.3"
    assert peer.handshakes == ([newest] if certificate else [])
    (dialog,) = peer.dialogs.values()
    assert dialog.requests == ["ACK"]


def test_tls_goes_by_an_openssl_that_is_mended_and_by_no_other(tmp_path: Path) -> None:
    """Whichever library is here: a telephone without leave to use an old one never opens, and nothing is sent."""
    line = Line(bind="127.0.0.1", transport="tls", tls_ca_file=CA)
    with SipStreamPeer(answers, certificate="by-address") as peer, WorkerPool(line) as pool:
        if library().old_openssl:
            with pytest.raises(WorkerLost, match="make pjsua2"):
                pool.warm_up()
            assert not peer.handshakes
        else:
            assert statuses(placed(pool, peer, tmp_path, 'transport = "tls"\n')[0]) == [180, 200]


@pytest.mark.parametrize("number", [None, 0x100020BF, 0x1010117F, 0x2FFFFFFF])
def test_a_line_of_tls_is_refused_before_its_telephone_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    monkeypatch.setattr("harness.softphone.library.library", lambda: Library(openssl=number, most_calls=4))
    plain, tls = (LineSettings.model_validate({"transport": one}) for one in ("tcp", "tls"))
    assert not softphone_line(plain, folder=tmp_path).accept_old_openssl
    with pytest.raises(SoftphoneError, match="make pjsua2") as told:
        softphone_line(tls, folder=tmp_path)
    for sentence in get_args(OldOpenssl):
        assert sentence in told.value.sentence("zh") + told.value.sentence("en")
        taken = LineSettings.model_validate({"transport": "tls", "accept_old_openssl": sentence})
        assert softphone_line(taken, folder=tmp_path).accept_old_openssl
    with pytest.raises(ValidationError):
        LineSettings.model_validate({"transport": "tls", "accept_old_openssl": "yes"})
    monkeypatch.setattr("harness.softphone.library.library", lambda: Library(openssl=0x30000000, most_calls=4))
    assert not softphone_line(tls, folder=tmp_path).accept_old_openssl


@pytest.mark.parametrize(("number", "text"), [(0x100020BF, "1.0.2k"), (0x1000200F, "1.0.2"), (0x30000130, "3.0.19")])
def test_a_version_of_openssl_is_written_as_openssl_writes_it(number: int, text: str) -> None:
    assert version_text(number) == text


def test_the_library_is_asked_for_itself_and_not_by_its_version() -> None:
    told = library()
    assert told.openssl is not None
    assert told.openssl_text[0] in "13"
    assert told.most_calls >= 4


@pytest.mark.parametrize("certificate", ["unsigned", *(pytest.param(n, marks=SLOW) for n in ("by-name", "expired"))])
def test_a_server_with_a_wrong_certificate_is_told_nothing(tmp_path: Path, certificate: str) -> None:
    line = Line(bind="127.0.0.1", transport="tls", tls_ca_file=CA, accept_old_openssl=True)
    with SipStreamPeer(answers, certificate=certificate) as peer, WorkerPool(line) as pool:
        call, seen = dial(pool, peer, tmp_path, line='transport = "tls"\n'), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        assert not peer.dialogs
    assert of_kind(seen, RELEASED)[0].direction == "own"
    assert statuses(seen) == []


@pytest.mark.parametrize("newest", [pytest.param(OLD_TLS[0], marks=SLOW), *OLD_TLS[1:]])
def test_a_server_that_speaks_nothing_newer_than_tls_1_1_is_told_nothing(
    tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    line = Line(bind="127.0.0.1", transport="tls", tls_ca_file=CA, accept_old_openssl=True)
    with SipStreamPeer(answers, certificate="by-address", newest=newest) as peer, WorkerPool(line) as pool:
        assert speak_old(newest, peer.address) == newest.name.replace("_", ".")
        call, seen = dial(pool, peer, tmp_path, line='transport = "tls"\n'), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        assert len(peer.handshakes) == 1  # the old telephone's
        assert peer.refused
        assert not peer.dialogs
    assert of_kind(seen, RELEASED)[0].direction == "own"
    assert statuses(seen) == []


@pytest.mark.parametrize(("certificate", "name", "right"), [
    ("by-name", "pbx.thirdring.example", True),
    ("by-name", "other.thirdring.example", False),
    ("by-address", "pbx.thirdring.example", False),
    ("unsigned", "127.0.0.1", False),
    ("expired", "127.0.0.1", False),
])  # fmt: skip
def test_a_server_that_is_dialled_by_address_is_known_by_the_name_on_its_certificate(
    tmp_path: Path, certificate: str, name: str, right: bool
) -> None:
    line = Line(bind="127.0.0.1", transport="tls", tls_ca_file=CA, tls_server_name=name, accept_old_openssl=True)
    with SipStreamPeer(answers, certificate=certificate) as peer, WorkerPool(line) as pool:
        if right:
            assert statuses(placed(pool, peer, tmp_path, 'transport = "tls"\n')[0]) == [180, 200]
            return
        faults = set[str]()
        try:
            faults.add(dial(pool, peer, tmp_path, line='transport = "tls"\n').finish().fault)
        except LineError as error:  # the process was gone before it could say that it dialled
            faults.add(error.key)
        assert faults == {"softphone.wrong_certificate"}
        assert not peer.dialogs


def test_a_name_is_read_with_its_wildcard() -> None:
    assert carries_name(["*.example.tw"], "pbx.example.tw")
    assert carries_name(["a", "PBX.example.tw."], "pbx.example.tw")
    for names in (["*.example.tw"], ["*.tw"], ["*"], [], ["xpbx.example.tw"]):
        assert not carries_name(names, "a.pbx.example.tw")
    assert not carries_name(["*.tw"], "example.tw")


def test_a_call_over_ipv6_is_the_same_call(tmp_path: Path) -> None:
    """The wheel's pjsip has no IPv6 media: a relay translates, and the far end sees nothing but IPv6."""
    with SipPeer(answers, host="::1") as peer:
        line = softphone_line(LineSettings.model_validate({"server": peer.address}), folder=tmp_path)
        with WorkerPool(line) as pool:
            seen, loud = placed(pool, peer, tmp_path)
        (dialog,) = peer.dialogs.values()
    assert statuses(seen) == [180, 200]
    assert loud > 0.25
    assert of_kind(seen, RELEASED)[0].direction == "rx"
    assert dialog.invite.startswith(f"INVITE sip:{NUMBER}@{peer.address} SIP/2.0")
    assert "c=IN IP6 ::1" in dialog.invite
    for text in dialog.messages:
        assert "127.0.0.1:" not in text
        assert "IN IP4" not in text
        assert int(header(text, "Content-Length")) == len(text.partition("\r\n\r\n")[2])


def test_what_we_hang_up_and_play_reaches_an_ipv6_server_too(tmp_path: Path) -> None:
    rtp = Rtp("::1")

    def listens(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 200, "OK", sdp=sdp_of(rtp.port, host="::1"))
        rtp.send(dialog.media, LOUD, 1.0)

    with SipPeer(listens, host="::1") as peer:
        line = softphone_line(LineSettings.model_validate({"server": peer.address}), folder=tmp_path)
        with WorkerPool(line) as pool:
            call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
            wait(call, seen, lambda: call.now_s() > 1.5)
            finish(call, seen)
            (dialog,) = peer.dialogs.values()
            assert peer.wait(lambda: "BYE" in dialog.requests)
    rtp.close()
    assert len(rtp.received) > 20


def test_the_ports_of_a_call_that_is_over_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service runs for months: two ports a call would be all that there are."""
    relay = Relay(("::1", 5060))
    body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as worker:
        for n in range(5):
            text = f"INVITE sip:1@x SIP/2.0\r\nCall-ID: c{n}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            worker.sendto(text.encode(), ("127.0.0.1", relay.port))
            relay.turn(1.0)
    assert len(relay.media) == 5
    monkeypatch.setattr("harness.softphone.ipv6_relay.IDLE_S", -1.0)
    relay.turn(0)
    assert not relay.media
    for sock in (relay.inside, *relay.outsides.values()):
        sock.close()
    relay.selector.close()


@pytest.mark.parametrize(
    "how", [{"transport": "tls", "accept_old_openssl": get_args(OldOpenssl)[1]}, {"proxy": "sip:[::1]:5060;lr"}]
)
def test_a_way_over_ipv6_that_there_is_not_is_told_before_anything_starts(tmp_path: Path, how: dict[str, str]) -> None:
    line = softphone_line(LineSettings.model_validate({"server": "[::1]:5060", **how}), folder=tmp_path)
    with pytest.raises(SoftphoneError, match="IPv6"):
        WorkerPool(line)


ASIDE = "127.0.0.2"
"""An address whose ports no other test wants meanwhile."""


@contextmanager
def ports_taken(until: int) -> Iterator[None]:
    """All sound ports of the address up to one are somebody else's."""
    with ExitStack() as held:
        for port in range(RTP_PORTS[0], until):
            held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((ASIDE, port))
        yield


@pytest.mark.parametrize("free_from", [RTP_PORTS[0] + 200, RTP_PORTS[1] - 19])
def test_a_machine_with_hundreds_of_calls_up_has_ports_for_more(tmp_path: Path, free_from: int) -> None:
    """pjsua begins anywhere, tries a hundred pairs and gives up: the free ones are found wherever they lie."""
    with ports_taken(free_from), SipPeer(answers) as peer, WorkerPool(Line(bind=ASIDE)) as pool:
        assert statuses(placed(pool, peer, tmp_path)[0]) == [180, 200]
        (dialog,) = peer.dialogs.values()
        assert free_from <= dialog.media[1] < RTP_PORTS[1]


def test_a_machine_without_a_free_port_dials_nobody(tmp_path: Path) -> None:
    with ports_taken(RTP_PORTS[1] + 2), SipPeer(answers) as peer, WorkerPool(Line(bind=ASIDE)) as pool:
        with pytest.raises(SoftphoneError, match="Address already in use"):
            placed(pool, peer, tmp_path)
        assert not peer.dialogs


def test_an_outbound_proxy_gets_the_call_for_the_server(tmp_path: Path) -> None:
    with (
        SipPeer(lambda peer, dialog: None) as server,
        SipPeer(answers) as proxy,
        WorkerPool(Line(bind="127.0.0.1", proxy=f"sip:{proxy.address};lr")) as pool,
    ):
        seen, _ = placed(pool, server, tmp_path)
        (dialog,) = proxy.dialogs.values()
        assert not server.dialogs
        assert dialog.invite.startswith(f"INVITE sip:{NUMBER}@{server.address} SIP/2.0")
    assert statuses(seen) == [180, 200]


def test_a_server_that_closes_the_connection_ends_no_call_of_ours_without_a_word(tmp_path: Path) -> None:
    """The trunk went away in the early state: released on our side, not by the unit."""

    def closes(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 100, "Trying")
        peer.stopping.wait(0.2)
        assert isinstance(peer, SipStreamPeer)
        peer.hang_up_connections()

    with SipStreamPeer(closes) as peer, WorkerPool(Line(bind="127.0.0.1", transport="tcp")) as pool:
        call, seen = dial(pool, peer, tmp_path, line='transport = "tcp"\n'), list[SipSignal]()
        wait(call, seen, lambda: call.now_s() > 3.0)
        finish(call, seen)
    assert of_kind(seen, RELEASED)[0].direction in ("own", "tx")


# --- encrypted sound ------------------------------------------------------------------------------------

FAR_END = """
import json, os, sys, time, numpy as np
from pathlib import Path
from harness.softphone.growing_wav import write_wav
from harness.softphone.line import line_from_dict
from harness.softphone.own_stdout import claim_stdout
from harness.softphone.pjsip import SipEndpoint
out, folder = claim_stdout(), Path(sys.argv[2])
silence, loud = folder / "silence.wav", folder / "loud.wav"
write_wav(silence, np.zeros(80000, np.int16), sample_rate_hz=8000)
write_wav(loud, np.resize(np.array([20000] * 4 + [-20000] * 4, np.int16), 8000), sample_rate_hz=8000)
legs = []
def incoming(leg, message):
    legs.append(leg)
    endpoint.answer(leg, 200)
endpoint = SipEndpoint(line_from_dict(json.loads(sys.argv[1])), silence_wav=silence, notify=lambda *_: None,
                       incoming=incoming)
os.write(out, f"{endpoint.port}\\n".encode())
end = time.monotonic() + 60
while time.monotonic() < end and os.getppid() == int(sys.argv[3]):
    endpoint.poll(0.01)
    if legs:
        endpoint.play(legs.pop(), loud, tick=lambda: endpoint.poll(0.001), loop=True)
os._exit(0)
"""


@pytest.fixture
def encrypting(tmp_path: Path) -> Iterator[str]:
    """A far end that takes only encrypted sound; its `host:port`."""
    line = Line(bind="127.0.0.1", codecs=("PCMA/8000",), srtp="mandatory").to_dict()
    command = [sys.executable, "-c", FAR_END, json.dumps(line), str(tmp_path), str(os.getpid())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as far:
        assert far.stdout is not None
        yield f"127.0.0.1:{int(far.stdout.readline())}"
        far.kill()


@pytest.mark.parametrize("srtp", ["mandatory", "optional"])
def test_encrypted_sound_is_heard(tmp_path: Path, encrypting: str, srtp: str) -> None:
    agency = make_agency(tmp_path / "agency", {NUMBER: encrypting})
    from agency_folder import leave_for

    with WorkerPool(Line(bind="127.0.0.1", codecs=("PCMA/8000",), srtp=srtp)) as pool:
        call, seen = pool.dial(leave_for(NUMBER, agency), call_id="s", folder=tmp_path, headers={}), list[SipSignal]()
        wait(call, seen, lambda: call.now_s() > 2.5)
        recording = finish(call, seen)
    trace = recording.trace.read_text(encoding="utf-8")
    if srtp == "mandatory":
        assert "RTP/SAVP" in trace
        assert statuses(seen)[-1] == 200
        assert loud_s(recording) > 0.5
    else:
        assert statuses(seen)[-1] in (200, 406, 488)  # RTP/AVP with keys: a strict far end may say no
    assert "inline:removed" in trace
    assert trace.count("inline:") == trace.count("inline:removed")


def test_a_line_that_must_encrypt_speaks_to_nobody_in_clear(tmp_path: Path) -> None:
    with SipPeer(answers) as peer, WorkerPool(Line(bind="127.0.0.1", srtp="mandatory")) as pool:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        assert loud_s(finish(call, seen)) == 0
        (dialog,) = peer.dialogs.values()
    assert "m=audio" in dialog.invite
    assert "RTP/SAVP" in dialog.invite


def test_a_line_that_may_encrypt_speaks_in_clear_to_who_cannot(tmp_path: Path) -> None:
    with SipPeer(answers) as peer, WorkerPool(Line(bind="127.0.0.1", srtp="optional")) as pool:
        seen, loud = placed(pool, peer, tmp_path)
        (dialog,) = peer.dialogs.values()
    assert statuses(seen) == [180, 200]
    assert loud > 0.25
    assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80" in dialog.invite
    assert len(dialog.invite.encode()) < 1300 - 250  # room for a digest, so that UDP does it


# --- how many, and as whom ------------------------------------------------------------------------------


def test_a_line_carries_no_more_calls_than_it_is_said_to(tmp_path: Path) -> None:
    def rings(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 180, "Ringing")

    with SipPeer(rings) as peer, WorkerPool(Line(bind="127.0.0.1", max_calls=1), most_calls=8) as pool:
        first = dial(pool, peer, tmp_path)
        with pytest.raises(LineFull):
            dial(pool, peer, tmp_path)
        first.finish()
        dial(pool, peer, tmp_path).finish()


OWNED = tuple(f"sip:022700090{n}@127.0.0.1" for n in range(3))


@pytest.mark.parametrize("seed", [None, 7])
def test_calls_show_the_lines_numbers_in_turn_or_by_lot(tmp_path: Path, seed: int | None) -> None:
    def busy(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 486, "Busy Here")

    line = Line(bind="127.0.0.1", caller_ids=OWNED, caller_id_seed=seed)
    told = []
    with SipPeer(busy) as peer, WorkerPool(line, turn=1) as pool:
        for n in range(4):
            call, seen = dial(pool, peer, tmp_path, name=f"turn{n}"), list[SipSignal]()
            wait(call, seen, lambda: False)
            finish(call, seen)
            told.append(dict(next(s for s in seen if s.kind == REQUEST and s.method == "INVITE").headers)["from"])
        shown = [header(dialog.invite, "From") for dialog in peer.dialogs.values()]
    numbers = [next(uri for uri in OWNED if uri in text) for text in shown]
    assert told == shown  # the record says as whom it called
    if seed is None:
        assert numbers == [OWNED[1], OWNED[2], OWNED[0], OWNED[1]]
    else:
        assert numbers == [caller_id(line, call_id=f"turn{n}", turn=0) for n in range(4)]


def test_nobody_calls_as_somebody_else(tmp_path: Path) -> None:
    line = Line(bind="127.0.0.1", caller_ids=OWNED)
    with SipPeer(answers) as peer, WorkerPool(line) as pool:
        with pytest.raises(SoftphoneError, match="caller"):
            dial(pool, peer, tmp_path, caller="sip:0223456789@127.0.0.1")
        assert not peer.dialogs


def test_lots_are_fair_and_the_same_again() -> None:
    line = Line(caller_ids=OWNED, caller_id_seed=1)
    drawn = [caller_id(line, call_id=f"c{n}", turn=n) for n in range(600)]
    assert drawn == [caller_id(line, call_id=f"c{n}", turn=0) for n in range(600)]
    assert all(150 < drawn.count(uri) < 250 for uri in OWNED)


def test_a_line_says_what_gives_the_tester_away() -> None:
    inside = LineSettings.model_validate({"from_uri": "sip:301@127.0.0.1"})
    outside = LineSettings.model_validate({"caller_ids": list(OWNED)})
    assert line_warnings(inside) == ("line.inside_number", "line.one_caller")
    assert line_warnings(outside) == ()
    open_keys = LineSettings.model_validate({"caller_ids": list(OWNED), "srtp": "mandatory"})
    assert line_warnings(open_keys) == ("line.keys_in_sight",)


# --- the secret -----------------------------------------------------------------------------------------


class Registrar(SipPeer):
    """Asks who registers or calls, and knows one digest."""

    def __init__(self, *, accepts: bool) -> None:
        super().__init__(self._call)
        self._accepts = accepts
        self.asked: list[str] = []

    def _take(self, text: str, source: tuple[str, int]) -> None:
        if not text.startswith("REGISTER "):
            super()._take(text, source)
            return
        self.asked.append(text)
        known = "Authorization:" in text and self._accepts
        challenge = 'WWW-Authenticate: Digest realm="pbx", nonce="n1", algorithm=MD5, qop="auth"\r\n'
        contact = f"Contact: {header(text, 'Contact')}\r\nExpires: 300\r\n"
        dialog = Dialog(text, source)
        if known:
            self.respond(dialog, 200, "OK", headers=contact)
        else:
            self.respond(dialog, 401, "Unauthorized", headers=challenge)

    def _call(self, peer: SipPeer, dialog: Dialog) -> None:
        self.respond(
            dialog, 407, "Who", headers='Proxy-Authenticate: Digest realm="pbx", nonce="n2", algorithm=MD5\r\n'
        )
        self.wait(lambda: "Proxy-Authorization" in dialog.invite, 3.0)
        self.respond(dialog, 486, "Busy Here", tag="second")


@pytest.mark.parametrize("accepts", [True, False])
@pytest.mark.parametrize("kept_in", ["secret_env", "secret_file"])
def test_the_secret_is_in_nothing_that_a_registration_leaves_behind(
    tmp_path: Path, accepts: bool, kept_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the trace, the record, an error, a repr, a temporary file, a command line or an environment."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("THIRDRING_TEST_SECRET", SECRET if kept_in == "secret_env" else "elsewhere")
    secret_file = tmp_path / "line.secret"
    secret_file.write_text(SECRET + "\n", encoding="utf-8")
    secret_file.chmod(0o600)
    where = {"secret_env": "THIRDRING_TEST_SECRET", "secret_file": "line.secret"}[kept_in]
    left: list[str] = []
    with Registrar(accepts=accepts) as peer:
        settings = LineSettings.model_validate(
            {"server": peer.address, "register": True, "user": "1001", "bind": "127.0.0.1", kept_in: where}
        )
        line = softphone_line(settings, folder=tmp_path)
        assert line.secret == SECRET
        secret_file.unlink()
        left += [repr(line), str(line), repr(settings), repr((line,)), settings.model_dump_json()]
        with WorkerPool(line) as pool:
            try:
                pool.warm_up()
                call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
                left += process_of(call.worker.pid)
                wait(call, seen, lambda: False)
                left += [repr(finish(call, seen)), *(json.dumps(s.to_dict()) for s in seen), repr(call), repr(pool)]
                assert accepts
                assert statuses(seen) == [407, 486]
            except ThirdringError as error:
                assert not accepts
                left += [str(error), repr(error), json.dumps(error.to_dict()), repr(error.__cause__), repr(vars(error))]
        assert any("Authorization:" in text for text in peer.asked)
        digests = [part for text in peer.asked for part in text.split('response="')[1:]]
        digests += [part for d in peer.dialogs.values() for m in d.messages for part in m.split('response="')[1:]]
    left += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert not [text[:200] for text in left if SECRET in text]
    # Nor what would let somebody try passwords at leisure.
    assert len(digests) >= 1 + accepts
    responses = [digest.split('"')[0] for digest in digests]
    assert not [text[:200] for text in left for response in responses if response in text]


def process_of(pid: int) -> list[str]:
    """What everybody on the machine, or its owner, can read of a process."""
    return [Path(f"/proc/{pid}/{name}").read_bytes().decode("latin-1") for name in ("cmdline", "environ")]


def test_the_registration_is_taken_back_when_the_telephone_ends(tmp_path: Path) -> None:
    with Registrar(accepts=True) as peer:
        line = Line(bind="127.0.0.1", registrar=f"sip:{peer.address}", user="1001", secret=SECRET)
        with WorkerPool(line) as pool:
            pool.warm_up()
        assert header(peer.asked[-1], "Expires") == "0" or "expires=0" in header(peer.asked[-1], "Contact")


def test_a_secret_in_the_keyring_is_fetched_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "fake"
    folder.mkdir()
    source = "def get_password(service, user):\n    return {('pbx', '1001'): 'from the keyring'}.get((service, user))\n"
    (folder / "keyring.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    settings = LineSettings.model_validate({"user": "1001", "secret_keyring": "pbx"})
    assert softphone_line(settings, folder=tmp_path).secret == "from the keyring"
    with pytest.raises(EnvironmentFailed, match="1002"):
        softphone_line(settings.model_copy(update={"user": "1002"}), folder=tmp_path)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(EnvironmentFailed, match=r"thirdring\[keyring\]"):
        softphone_line(settings, folder=tmp_path)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
