"""When a message came, to the packet: the kernel's own stamp, whatever the process was doing."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import numpy as np
import pytest
from packets import Capture
from sip_peer import Dialog, SipPeer
from telephone import dial, finish, wait

from harness.softphone.kernel_stamp import KernelStamp
from harness.softphone.line import Line
from harness.softphone.message import parse_message
from harness.softphone.pool import WorkerPool
from harness.softphone.signals import RELEASED, RESPONSE, SipSignal

pytestmark = pytest.mark.realtime

WITHIN_S = 0.005
"""What a signalled instant may be away from its packet, in 99 of 100."""


def test_signalled_instants_are_within_five_milliseconds_of_their_packets(tmp_path: Path) -> None:
    sent: dict[tuple[str, str], tuple[float, float]] = {}

    def rings(peer: SipPeer, dialog: Dialog) -> None:
        for n in range(30):
            peer.stopping.wait(0.02 + 0.001 * (n % 7))
            before = time.monotonic()
            peer.respond(dialog, 180 if n < 29 else 486, f"number {n}")
            sent[dialog.call_id, f"number {n}"] = (before, time.monotonic())

    signals: list[SipSignal] = []
    captured = Capture() if Capture.allowed() else None
    with SipPeer(rings) as peer, WorkerPool(Line(bind="127.0.0.1")) as pool:
        pool.warm_up()
        if captured is not None:
            captured.__enter__()
        calls = [(dial(pool, peer, tmp_path), list[SipSignal]()) for _ in range(4)]
        for call, seen in calls:
            wait(call, seen, lambda: False)
            finish(call, seen)
            signals += seen
        if captured is not None:
            captured.__exit__(None, None, None)
    came = [s for s in signals if s.kind == RESPONSE and s.reason.startswith("number")]
    assert len(came) == 4 * 30
    errors = []
    packets = {(m.call_id, m.reason): at for at, m in _messages(captured) if m.status}
    for one in came:
        key = (dict(one.headers)["call-id"], one.reason)
        before, after = sent[key]
        assert before <= one.latest_s, one
        assert one.earliest_s <= after + 0.001, one
        at_s = packets.get(key, after)
        errors.append(max(abs(one.latest_s - at_s), abs(one.earliest_s - at_s)) if captured else one.latest_s - before)
        if captured and key in packets:
            assert one.earliest_s - 0.0005 <= at_s <= one.latest_s + 0.0005, one
    assert np.percentile(errors, 99) < WITHIN_S
    # The release of a refused call is its refusal: both have one stamp.
    released = [(s.earliest_s, s.latest_s) for s in signals if s.kind == RELEASED]
    assert released == [(s.earliest_s, s.latest_s) for s in came if s.status == 486]


def _messages(captured: Capture | None):  # type: ignore[no-untyped-def]
    return [(p.at_s, parse_message(p.sip)) for p in captured.packets if p.sip] if captured else []


def test_an_arrival_outside_of_what_is_known_is_not_believed() -> None:
    """The wall clock was set, or another datagram was read: the wider interval stands."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
    ):
        ours.bind(("127.0.0.1", 0))
        kernel = KernelStamp(ours.getsockname()[1])
        before = time.monotonic()
        far.sendto(b"x", ours.getsockname())
        sent = time.monotonic()
        time.sleep(0.05)
        ours.recv(10)
        now = time.monotonic()
        earliest, latest = kernel.window(before - 1.0, now)
        assert before - 0.001 <= latest
        assert earliest <= sent + 0.001
        assert latest - earliest < WITHIN_S
        assert kernel.window(now + 1.0, now + 2.0) == (now + 1.0, now + 2.0)


def test_a_port_that_is_nobody_s_gives_the_interval_that_was_known() -> None:
    assert KernelStamp(1).window(1.0, 2.0) == (1.0, 2.0)
