"""Signalling as switchboards really send it, on real SIP: what comes is told in order, and every call is released."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sip_peer import Dialog, Rtp, SipPeer, header, sdp_of
from telephone import LOUD, SILENT, dial, finish, kinds, loud_s, of_kind, settled, statuses, wait

from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.softphone.signals import ASIDE, HOLD, RELEASED, REQUEST, RESPONSE, RESUME, SipSignal

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(Line(bind="127.0.0.1", codecs=("PCMA/8000",))) as one:
        yield one


FINAL = [
    (403, "Forbidden", ""),
    (404, "Not Found", ""),
    (408, "Request Timeout", ""),
    (480, "Temporarily Unavailable", ""),
    (486, "Busy Here", 'Reason: Q.850;cause=17;text="User busy"\r\n'),
    (487, "Request Terminated", ""),
    (488, "Not Acceptable Here", 'Warning: 304 pbx "Media type not available"\r\n'),
    (500, "Server Internal Error", ""),
    (503, "Service Unavailable", "Retry-After: 120\r\n"),
    (600, "Busy Everywhere", ""),
    (603, "Decline", ""),
    (604, "Does Not Exist Anywhere", ""),
]


@pytest.mark.parametrize(("status", "reason", "extra"), FINAL)
def test_every_refusal_is_told_with_its_headers_and_acknowledged(
    pool: WorkerPool, tmp_path: Path, status: int, reason: str, extra: str
) -> None:
    def refuses(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 180, "Ringing")
        peer.respond(dialog, status, reason, headers=extra)

    with SipPeer(refuses) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        (dialog,) = peer.dialogs.values()
        assert peer.wait(lambda: dialog.texts("ACK "))
    assert statuses(seen) == [180, status]
    refused = next(s for s in seen if s.status == status and s.kind == RESPONSE)
    assert refused.reason == reason
    if extra:
        name, _, value = extra.strip().partition(": ")
        assert (name.lower(), value) in refused.headers
    (released,) = of_kind(seen, RELEASED)
    assert (released.direction, released.status) == ("rx", status)


@pytest.mark.parametrize(("status", "name"), [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")])
@pytest.mark.parametrize("known", [True, False])
def test_a_challenge_is_answered_once_by_a_line_that_has_a_secret(
    tmp_path: Path, status: int, name: str, known: bool
) -> None:
    def asks(peer: SipPeer, dialog: Dialog) -> None:
        challenge = f'{name}: Digest realm="pbx", nonce="abc", algorithm=MD5\r\n'
        peer.respond(dialog, status, "Who", headers=challenge)
        if peer.wait(lambda: "uthorization:" in dialog.invite, 3.0):
            peer.respond(dialog, 486, "Busy Here", tag="second")

    secret = {"user": "1001", "secret": "hunter2"} if known else {}
    with SipPeer(asks) as peer, WorkerPool(Line(bind="127.0.0.1", **secret)) as own:
        call, seen = dial(own, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
    assert statuses(seen) == ([status, 486] if known else [status])
    assert [s.method for s in seen if s.kind == REQUEST].count("INVITE") == 1 + known


def test_a_wrong_secret_is_not_tried_for_ever(tmp_path: Path) -> None:
    def asks(peer: SipPeer, dialog: Dialog) -> None:
        for n in range(10):
            challenge = f'WWW-Authenticate: Digest realm="pbx", nonce="n{n}", algorithm=MD5\r\n'
            now = dialog.invite
            peer.respond(dialog, 401, "Unauthorized", headers=challenge, tag=f"t{n}")
            if not peer.wait(lambda now=now: dialog.invite != now, 1.0):
                return

    line = Line(bind="127.0.0.1", user="1001", secret="wrong")
    with SipPeer(asks) as peer, WorkerPool(line) as own:
        call, seen = dial(own, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
    assert of_kind(seen, RELEASED)[0].status == 401
    assert 1 < len(statuses(seen)) < 6


def test_a_far_end_that_wants_a_longer_session_gets_it(pool: WorkerPool, tmp_path: Path) -> None:
    """422 Session Interval Too Small (RFC 4028 §7.3): asked again with the interval that it names."""

    def longer(peer: SipPeer, dialog: Dialog) -> None:
        first = dialog.invite
        peer.respond(dialog, 422, "Session Interval Too Small", headers="Min-SE: 600\r\n")
        peer.wait(lambda: dialog.invite is not first, 3.0)
        peer.respond(dialog, 486, "Busy Here", tag="second")

    with SipPeer(longer) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        (dialog,) = peer.dialogs.values()
    assert statuses(seen) == [422, 486]
    assert header(dialog.invite, "Session-Expires") == "600"


def test_180_then_183_without_sound_then_181_are_told_apart(pool: WorkerPool, tmp_path: Path) -> None:
    def rings(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 180, "Ringing")
        peer.respond(dialog, 183, "Session Progress")
        peer.respond(dialog, 181, "Call Is Being Forwarded", headers="Diversion: <sip:501@pbx>;reason=no-answer\r\n")
        peer.respond(dialog, 182, "Queued")
        peer.respond(dialog, 180, "Ringing")
        peer.respond(dialog, 480, "Temporarily Unavailable")

    with SipPeer(rings) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
    assert statuses(seen) == [180, 183, 181, 182, 180, 480]
    assert not any(s.has_sdp for s in seen if s.status in (180, 183))
    assert ("diversion", "<sip:501@pbx>;reason=no-answer") in next(s for s in seen if s.status == 181).headers


def test_ringing_that_stops_being_told_is_cancelled_by_us(pool: WorkerPool, tmp_path: Path) -> None:
    with SipPeer(lambda peer, dialog: peer.respond(dialog, 180, "Ringing")) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: call.now_s() > 1.0)
        finish(call, seen)
        (dialog,) = peer.dialogs.values()
        assert peer.wait(lambda: "CANCEL" in dialog.requests)
    assert [s.direction for s in of_kind(seen, RELEASED)] == ["tx"]


def test_a_call_hung_up_before_any_response_is_cancelled_when_one_comes(pool: WorkerPool, tmp_path: Path) -> None:
    """CANCEL may not be sent before a provisional response (RFC 3261 §9.1): the 180 comes to a call that is over."""

    def slow(peer: SipPeer, dialog: Dialog) -> None:
        peer.stopping.wait(0.8)
        peer.respond(dialog, 180, "Ringing")
        peer.stopping.wait(10)

    with SipPeer(slow) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        finish(call, seen)
        (dialog,) = peer.dialogs.values()
        assert peer.wait(lambda: "CANCEL" in dialog.requests)


def test_an_answer_that_crosses_our_cancel_is_released_with_bye(pool: WorkerPool, tmp_path: Path) -> None:
    def crosses(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 180, "Ringing")
        peer.wait(lambda: "CANCEL" in dialog.requests)
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        peer.stopping.wait(10)
        rtp.close()

    with SipPeer(crosses, cancels=False) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 180 in statuses(seen))
        finish(call, seen)
        (dialog,) = peer.dialogs.values()
        assert peer.wait(lambda: "BYE" in dialog.requests)


def test_a_telephone_that_ends_before_a_response_came_cancels_it_first(tmp_path: Path) -> None:
    """The process waits for its last words to be understood; else somebody's telephone rings on for nobody."""

    def slow(peer: SipPeer, dialog: Dialog) -> None:
        peer.stopping.wait(0.8)
        peer.respond(dialog, 180, "Ringing")
        peer.stopping.wait(10)

    with SipPeer(slow) as peer:
        with WorkerPool(Line(bind="127.0.0.1")) as own:
            call, seen = dial(own, peer, tmp_path), list[SipSignal]()
            finish(call, seen)
        (dialog,) = peer.dialogs.values()
        assert "CANCEL" in dialog.requests


def test_a_bye_that_is_lost_is_said_again_before_the_telephone_ends(tmp_path: Path) -> None:
    def answers(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        peer.stopping.wait(10)
        rtp.close()

    with SipPeer(answers, answers_bye=False) as peer:
        with WorkerPool(Line(bind="127.0.0.1")) as own:
            call, seen = dial(own, peer, tmp_path), list[SipSignal]()
            wait(call, seen, lambda: 200 in statuses(seen))
            finish(call, seen)
        (dialog,) = peer.dialogs.values()
        assert dialog.requests.count("BYE") >= 3


def test_a_reliable_183_is_acknowledged_by_prack_and_updated(pool: WorkerPool, tmp_path: Path) -> None:
    """RFC 3262 and RFC 3311: what a gateway does that plays an announcement before it connects."""

    def reliable(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        reliably = "Require: 100rel\r\nRSeq: 7\r\nAllow: PRACK, UPDATE\r\n"
        peer.respond(dialog, 183, "Session Progress", sdp_port=rtp.port, headers=reliably)
        peer.wait(lambda: "PRACK" in dialog.requests)
        rtp.send(dialog.media, LOUD, 0.4)
        peer.request(dialog, "UPDATE", sdp=sdp_of(rtp.port, version=2))
        peer.wait(lambda: any("UPDATE" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 200")))
        peer.respond(dialog, 200, "OK")
        rtp.send(dialog.media, LOUD, 0.6)
        peer.request(dialog, "BYE")
        rtp.close()

    with SipPeer(reliable) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        recording = finish(call, seen)
        (dialog,) = peer.dialogs.values()
        assert "100rel" in header(dialog.invite, "Supported")
    assert statuses(seen) == [183, 200]
    requests = [(s.direction, s.method) for s in seen if s.kind == REQUEST]
    assert requests == [("tx", "INVITE"), ("tx", "PRACK"), ("rx", "UPDATE"), ("tx", "ACK"), ("rx", "BYE")]
    assert ("rseq", "7") in next(s for s in seen if s.status == 183).headers
    assert loud_s(recording) > 0.5


def test_an_answer_with_another_description_than_the_early_media_is_heard(pool: WorkerPool, tmp_path: Path) -> None:
    def moves(peer: SipPeer, dialog: Dialog) -> None:
        early, late = Rtp(), Rtp()
        peer.respond(dialog, 183, "Session Progress", sdp_port=early.port)
        early.send(dialog.media, LOUD, 0.5)
        peer.respond(dialog, 200, "OK", sdp=sdp_of(late.port, version=2))
        late.send(dialog.media, LOUD, 0.8)
        peer.request(dialog, "BYE")
        early.close(), late.close()

    with SipPeer(moves) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        recording = finish(call, seen)
    assert statuses(seen) == [183, 200]
    assert loud_s(recording) > 0.85


def test_a_second_branch_that_answers_too_is_acknowledged_and_released(pool: WorkerPool, tmp_path: Path) -> None:
    """RFC 3261 §13.2.2.4: every 2xx of a fork is a call that is up."""

    def both(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 180, "Ringing", tag="a")
        peer.respond(dialog, 180, "Ringing", tag="b")
        peer.respond(dialog, 200, "OK", tag="a", sdp_port=rtp.port)
        peer.respond(dialog, 200, "OK", tag="b", sdp_port=rtp.port)
        rtp.send(dialog.media, SILENT, 1.5)
        rtp.close()

    with SipPeer(both) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: call.now_s() > 1.8)
        finish(call, seen)
        (dialog,) = peer.dialogs.values()

        def released(tag: str) -> bool:
            return any(f"tag={tag}" in header(text, "To") for text in dialog.texts("BYE "))

        assert peer.wait(lambda: released("a") and released("b")), dialog.requests
        assert any("tag=b" in header(text, "To") for text in dialog.texts("ACK "))
    assert [(s.status, s.to_tag) for s in seen if s.kind == RESPONSE and s.status in (180, 200)][:3] == [
        (180, "a"),
        (180, "b"),
        (200, "a"),
    ]
    assert [s.to_tag for s in of_kind(seen, ASIDE) if s.status == 200] == ["b"]


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_a_far_end_that_holds_and_takes_us_back_is_told_and_its_music_heard(
    pool: WorkerPool, tmp_path: Path, direction: str
) -> None:
    def holds(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        rtp.send(dialog.media, SILENT, 0.6)
        peer.request(dialog, "INVITE", sdp=sdp_of(rtp.port, direction=direction, version=2))
        peer.wait(lambda: any("INVITE" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 200")))
        rtp.send(dialog.media, LOUD, 0.6)  # music, where it is allowed
        peer.request(dialog, "INVITE", sdp=sdp_of(rtp.port, version=3))
        peer.wait(lambda: sum("INVITE" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 200")) > 1)
        rtp.send(dialog.media, LOUD, 0.6)
        peer.request(dialog, "BYE")
        rtp.close()

    with SipPeer(holds) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        recording = finish(call, seen)
    assert kinds(seen, HOLD, RESUME, RELEASED) == [HOLD, RESUME, RELEASED]
    assert of_kind(seen, HOLD)[0].reason == direction
    assert loud_s(recording) > (0.75 if direction == "sendonly" else 0.25)


def test_a_hold_with_a_delayed_offer_is_told_too(pool: WorkerPool, tmp_path: Path) -> None:
    """A re-INVITE without a description: we offer, their ACK answers (RFC 3264 §4)."""

    def holds(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        rtp.send(dialog.media, SILENT, 0.4)
        peer.acknowledges_with = sdp_of(rtp.port, direction="sendonly", version=2)
        peer.request(dialog, "INVITE")
        peer.wait(lambda: any("INVITE" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 200")))
        rtp.send(dialog.media, SILENT, 0.5)
        peer.request(dialog, "BYE")
        rtp.close()

    with SipPeer(holds) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
    assert kinds(seen, HOLD, RESUME) == [HOLD]


def test_we_can_hold_and_resume(pool: WorkerPool, tmp_path: Path) -> None:
    def held(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        for n, direction in enumerate(("recvonly", "sendrecv")):
            first = dialog.invite
            peer.wait(lambda first=first: dialog.invite is not first)
            peer.respond(dialog, 200, "OK", sdp=sdp_of(rtp.port, direction=direction, version=2 + n))
        peer.stopping.wait(10)
        rtp.close()

    with SipPeer(held) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 200 in statuses(seen))
        call.hold()
        wait(call, seen, lambda: statuses(seen).count(200) == 2)
        call.resume()
        wait(call, seen, lambda: statuses(seen).count(200) == 3)
        finish(call, seen)
        (dialog,) = peer.dialogs.values()
        assert settled(peer, dialog)
    sent = [s.sdp_direction for s in seen if s.kind == REQUEST and s.method == "INVITE"]
    assert sent == ["sendrecv", "sendonly", "sendrecv"]


def test_a_copy_of_a_message_is_no_second_message(pool: WorkerPool, tmp_path: Path) -> None:
    """UDP repeats: a 200 that comes three times is one answer."""

    def repeats(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        for _ in range(3):
            peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
            time.sleep(0.05)
        peer.stopping.wait(10)
        rtp.close()

    with SipPeer(repeats) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: call.now_s() > 0.8)
        finish(call, seen)
    assert statuses(seen) == [200]
    assert [s.method for s in seen if s.direction == "tx" and s.kind == REQUEST] == ["INVITE", "ACK", "BYE"]
