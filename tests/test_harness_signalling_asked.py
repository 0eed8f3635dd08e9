"""What a far end is asked in its dialog, and what it takes no digits as: told as it happens, and the call goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sip_peer import Dialog, Rtp, SipPeer, sdp_of
from telephone import SILENT, dial, finish, of_kind, wait

from harness.softphone.errors import DigitsNotSent
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.softphone.signals import MEDIA, NO_EVENTS, RESPONSE, SipSignal

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(Line(bind="127.0.0.1", codecs=("PCMA/8000",))) as one:
        yield one


def stays(sdp: str = "") -> object:
    def script(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        # The place of the far end's events follows its port.
        peer.respond(
            dialog, 200, "OK", sdp=sdp_of(rtp.port).replace("AVP 8\r\n", f"AVP 8{' 101' if sdp else ''}\r\n") + sdp
        )
        while not peer.stopping.is_set() and "BYE" not in dialog.requests:
            rtp.send(dialog.media, SILENT, 0.1)
        rtp.close()

    return script


@pytest.mark.parametrize("events", [True, False])
def test_a_far_end_without_events_is_told_before_a_key_is_pressed_and_a_key_costs_no_call(
    pool: WorkerPool, tmp_path: Path, events: bool
) -> None:
    sdp = "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n" if events else ""
    with SipPeer(stays(sdp)) as peer:  # type: ignore[arg-type]
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: of_kind(seen, MEDIA))
        assert [NO_EVENTS in one.headers for one in of_kind(seen, MEDIA)] == [not events]
        call.send_digits("1", method="rfc4733")
        if events:
            wait(call, seen, lambda: [one for one in seen if one.kind == "digit" and one.reason == "1"])
        else:
            with pytest.raises(DigitsNotSent):
                wait(call, seen, lambda: False)
        call.ask()
        wait(call, seen, lambda: answers(seen))
        finish(call, seen)
    assert [one.status for one in answers(seen)] == [200]


def answers(seen: list[SipSignal]) -> list[SipSignal]:
    return [one for one in seen if one.kind == RESPONSE and one.method == "OPTIONS"]
