"""What anybody can send to the telephone's ports: it answers none of it with a call, lives on, and calls afterwards."""

from __future__ import annotations

import random
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sip_peer import Dialog, Rtp, SipPeer
from sip_torture import MESSAGES, addressed, request
from telephone import LOUD, dial, finish, loud_s, statuses, wait

from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.softphone.protocol import Recording
from harness.softphone.signals import SipSignal

pytestmark = pytest.mark.waits

SECTIONS = 49
"""Messages of RFC 4475."""
SPOILT = 400
"""Messages with bytes changed, cut and repeated by lot."""
FLOOD = 200
CSEQ = re.compile(rb"(?im)^cseq\s*:\s*\d+\s+([A-Z]+)")


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(Line(bind="127.0.0.1", codecs=("PCMA/8000",))) as one:
        one.warm_up()
        yield one


class Stranger:
    """A socket that sends to the telephone's port and keeps what it answers."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self._to = ("127.0.0.1", port)
        self.me = "{}:{}".format(*self._socket.getsockname())
        self.to = f"127.0.0.1:{port}"
        self.answers: list[bytes] = []

    def send(self, message: bytes) -> None:
        """Send one datagram; the largest that loopback takes."""
        self._socket.sendto(addressed(message, to=self.to, me=self.me)[:60000], self._to)

    def listen(self, seconds: float = 0.0) -> None:
        """Take what has come."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.answers.append(self._socket.recv(65536))
            except TimeoutError:
                if time.monotonic() >= end:
                    return

    def is_answered(self) -> bool:
        """Whether the telephone's SIP still answers, within 30 s: an OPTIONS outside any dialog."""
        end, before = time.monotonic() + 30, len(self.answers)
        while time.monotonic() < end:
            self.send(request("OPTIONS", name=f"alive-{time.monotonic_ns()}"))
            self.listen()  # what is still answered of before is no answer to this
            if any(one.startswith(b"SIP/2.0 ") and b"alive-" in one for one in self.answers[before:]):
                return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def stranger(pool: WorkerPool) -> Iterator[Stranger]:
    one = Stranger(pool._workers[0].port)
    yield one
    one.close()


def recorded(pool: WorkerPool, script: Callable[[SipPeer, Dialog], None], folder: Path) -> Recording:
    """Place a call to a peer, which answers it and says goodbye, and give what was recorded."""
    with SipPeer(script) as peer:
        call, seen = dial(pool, peer, folder), list[SipSignal]()
        wait(call, seen, lambda: False)
        recording = finish(call, seen)
    assert 200 in statuses(seen)
    return recording


def a_call(pool: WorkerPool, folder: Path) -> None:
    """Place a call that is answered, heard and recorded."""

    def answers(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        rtp.send(dialog.media, LOUD, 0.6)
        peer.request(dialog, "BYE")
        rtp.close()

    assert loud_s(recorded(pool, answers, folder)) > 0.3


def test_there_is_a_message_for_every_section() -> None:
    assert len(MESSAGES) == SECTIONS
    assert all(len(message) > 60 for message in MESSAGES.values())


def taken(stranger: Stranger) -> set[bytes]:
    """Methods that were answered with success, but for the harmless: an INVITE would be a call on our telephone.

    The OPTIONS of 3.1.2.17 says INVITE in its CSeq, and so does its answer.
    """
    done = (one for one in stranger.answers if one.startswith(b"SIP/2.0 2") and b"mismatch01" not in one)
    return {found[1] for one in done for found in [CSEQ.search(one)] if found} - {b"OPTIONS", b"MESSAGE"}


def test_the_torture_messages_are_answered_by_no_call_and_the_next_call_goes_through(
    pool: WorkerPool, stranger: Stranger, tmp_path: Path
) -> None:
    pid = pool._workers[0].pid
    for message in MESSAGES.values():
        stranger.send(message)
        time.sleep(0.005)
    assert stranger.is_answered()
    assert taken(stranger) == set()
    a_call(pool, tmp_path)
    assert pool._workers[0].pid == pid
    assert pool._workers[0].exit_status is None


def spoilt(rng: random.Random) -> bytes:
    """A torture message with some of its bytes changed, cut out or repeated."""
    data = bytearray(rng.choice([*MESSAGES.values()]))
    for _ in range(rng.randrange(1, 12)):
        at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        how = rng.randrange(4)
        if how == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif how == 1:
            del data[at : min(end, at + 40)]
        elif how == 2:
            data[at:at] = data[at : min(end, at + 40)] * rng.randrange(1, 30)
        else:
            data[at:at] = rng.randbytes(rng.randrange(1, 30))
        data = data or bytearray(b"\x00")
    return bytes(data[:20000])


def test_messages_spoilt_by_lot_leave_it_alive(pool: WorkerPool, stranger: Stranger, tmp_path: Path) -> None:
    rng, pid = random.Random(4475), pool._workers[0].pid
    for _ in range(SPOILT):
        stranger.send(spoilt(rng))
        time.sleep(0.001)  # it is not the kernel's queue that is tried
    for size in (0, 1, 4, 60000):
        stranger.send(rng.randbytes(size))
    assert stranger.is_answered()
    a_call(pool, tmp_path)
    assert pool._workers[0].pid == pid


def test_a_scanner_finds_no_extension_and_gets_no_call(pool: WorkerPool, stranger: Stranger, tmp_path: Path) -> None:
    """What scanners of SIP do: OPTIONS, REGISTERs of many extensions, INVITEs to numbers abroad."""
    pid = pool._workers[0].pid
    for n in range(FLOOD):
        name = f"scan{n}"
        stranger.send(request("REGISTER", "sip:{to}", name=f"{name}r", To=f"<sip:{100 + n}@{{to}}>"))
        stranger.send(request("INVITE", f"sip:00972{n:08d}@{{to}}", name=f"{name}i", body="v=0\r\n"))
        time.sleep(0.001)
    assert stranger.is_answered()
    stranger.listen(0.5)
    assert taken(stranger) == set()
    a_call(pool, tmp_path)
    assert pool._workers[0].pid == pid


def broken_rtp(rng: random.Random) -> bytes:
    """A packet that is no RTP, or says of itself what cannot be."""
    header = struct.pack(
        "!BBHII",
        rng.choice([0x80, 0x80 | rng.randrange(64), rng.randrange(256)]),
        rng.choice([8, 8, 101, rng.randrange(256)]),
        rng.randrange(65536),
        rng.randrange(2**32),
        rng.choice([0, 2**32 - 1, rng.randrange(2**32)]),
    )
    extension = struct.pack("!HH", rng.randrange(65536), rng.choice([0, 1, 65535])) if rng.random() < 0.5 else b""
    return (header + extension + rng.randbytes(rng.choice([0, 1, 3, 160, 1400])))[rng.choice([0, 0, 1, 11]) :]


def broken_rtcp(rng: random.Random) -> bytes:
    """A report with counts and lengths that its bytes do not bear out."""
    kind = rng.choice([200, 201, 202, 203, 204, 205, 206, 207])
    first = rng.choice([0x80, 0x81, 0x9F, 0xBF, rng.randrange(256)])
    return struct.pack("!BBH", first, kind, rng.choice([0, 1, 7, 65535])) + rng.randbytes(
        rng.choice([0, 3, 4, 24, 700])
    )


def test_malformed_rtp_and_rtcp_leave_the_call_up_and_its_recording_whole(pool: WorkerPool, tmp_path: Path) -> None:
    rng, pid = random.Random(3550), pool._workers[0].pid

    def hostile(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        rtp.send(dialog.media, LOUD, 0.5)
        host, port = dialog.media
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            for _ in range(500):
                other.sendto(broken_rtp(rng), (host, port))
                other.sendto(broken_rtcp(rng), (host, port + 1))
                time.sleep(0.001)
        rtp.send(dialog.media, LOUD, 0.5)
        peer.request(dialog, "BYE")
        rtp.close()

    assert loud_s(recorded(pool, hostile, tmp_path)) > 0.4
    assert pool._workers[0].pid == pid
    a_call(pool, tmp_path)
