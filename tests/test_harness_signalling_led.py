"""Where a far end leads a call: 3xx and REFER are followed to numbers that the gate allows, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sip_peer import Dialog, Rtp, SipPeer, header
from telephone import LOUD, NUMBER, OTHER, SILENT, dial, finish, kinds, loud_s, of_kind, settled, statuses, wait

from harness.softphone.follow import MOST_FOLLOWED, contacts_of
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.softphone.signals import (
    ASIDE,
    REDIRECTED,
    REFUSED,
    RELEASED,
    REQUEST,
    TRANSFER_FAILED,
    TRANSFERRED,
    SipSignal,
)

pytestmark = pytest.mark.realtime

Script = Callable[[SipPeer, Dialog], None]


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(Line(bind="127.0.0.1", codecs=("PCMA/8000",))) as one:
        yield one


def answers(peer: SipPeer, dialog: Dialog, *, seconds: float = 1.0) -> None:
    """Ring, answer, speak loudly, hang up."""
    rtp = Rtp()
    peer.respond(dialog, 180, "Ringing")
    peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
    rtp.send(dialog.media, LOUD, seconds)
    peer.request(dialog, "BYE")
    peer.wait(lambda: any("BYE" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 200")), 2.0)
    rtp.close()


def redirects(contact: str, status: int = 302) -> Script:
    def script(peer: SipPeer, dialog: Dialog) -> None:
        if dialog.called == NUMBER:
            peer.respond(dialog, status, "Moved Temporarily", headers=contact.replace("@@", f"@{peer.address}"))
        else:
            answers(peer, dialog)

    return script


def called(peer: SipPeer) -> list[str]:
    return [dialog.called for dialog in peer.dialogs.values()]


def test_a_redirection_within_the_directory_is_followed_in_the_same_recording(pool: WorkerPool, tmp_path: Path) -> None:
    with SipPeer(redirects(f"Contact: <sip:{OTHER}@@>\r\n")) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        recording = finish(call, seen)
        assert called(peer) == [NUMBER, OTHER]
    assert statuses(seen) == [302]
    assert statuses(seen, dialog=1) == [180, 200]
    (told,) = of_kind(seen, REDIRECTED)
    assert (told.status, told.reason) == (302, f"sip:{OTHER}@{peer.address}")
    assert ("contact", f"<sip:{OTHER}@{peer.address}>") in next(s for s in seen if s.status == 302).headers
    assert [s.method for s in seen if s.kind == REQUEST and s.direction == "tx"] == ["INVITE", "ACK", "INVITE", "ACK"]
    assert loud_s(recording) > 0.4
    assert [(s.direction, s.dialog) for s in seen if s.method == "BYE" and s.kind == REQUEST] == [("rx", 1)]


REFUSED_TARGETS = [
    "sip:119@@",
    "sip:0119@@",
    "sip:0227009999@@",
    f"sip:{OTHER}@198.51.100.7",
    f"sip:{OTHER}@@;maddr=198.51.100.7",
    f"sip:{OTHER}@@?Route=%3Csip:198.51.100.7%3E",
    f"sip:{OTHER};ext=119@@",
    "sip:0020000000@@",
    "sip:*72119@@",
    "tel:110",
    "mailto:a@b.example",
    f"sip:{OTHER}%00@@",
]


@pytest.mark.parametrize("target", [t for t in REFUSED_TARGETS if "maddr" not in t])
def test_a_redirection_elsewhere_is_refused_and_the_call_ends_with_it(
    pool: WorkerPool, tmp_path: Path, target: str
) -> None:
    with SipPeer(redirects(f"Contact: <{target}>\r\n")) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        assert called(peer) == [NUMBER]
    assert kinds(seen, REDIRECTED, REFUSED, RELEASED) == [REFUSED, RELEASED]
    (refused,) = of_kind(seen, REFUSED)
    assert refused.reason.strip("<>") == target.replace("@@", f"@{peer.address}")
    assert dict(refused.headers)["why"].startswith("refused.follow")
    assert of_kind(seen, RELEASED)[0].status == 302


def test_a_redirection_around_the_server_rings_the_server_itself(pool: WorkerPool, tmp_path: Path) -> None:
    """The URI that came is read, never dialled: nothing of its parameters is left."""
    with SipPeer(redirects(f"Contact: <sip:{OTHER}@@;maddr=198.51.100.7;transport=tcp>\r\n")) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        assert called(peer) == [NUMBER, OTHER]
    assert "maddr" not in of_kind(seen, REDIRECTED)[0].reason


def test_of_several_contacts_the_first_that_is_allowed_is_followed(pool: WorkerPool, tmp_path: Path) -> None:
    contact = f"Contact: <sip:{OTHER}@@>;q=0.2, <sip:119@@>;q=0.9, <sip:0912345678@@>;q=0.5\r\n"
    with SipPeer(redirects(contact, 300)) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        assert called(peer) == [NUMBER, OTHER]
    assert kinds(seen, REFUSED, REDIRECTED) == [REFUSED, REFUSED, REDIRECTED]


def test_two_telephones_that_are_forwarded_to_each_other_are_not_followed_for_ever(
    pool: WorkerPool, tmp_path: Path
) -> None:
    def loops(peer: SipPeer, dialog: Dialog) -> None:
        contact = f"Contact: <sip:{OTHER}@{peer.address}>\r\n"
        peer.respond(dialog, 302, "Moved Temporarily", headers=contact)

    with SipPeer(loops) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        assert len(peer.dialogs) == MOST_FOLLOWED + 1
    assert dict(of_kind(seen, REFUSED)[0].headers)["why"] == "softphone.followed_too_often"


def test_a_redirected_call_can_be_hung_up_while_it_rings(pool: WorkerPool, tmp_path: Path) -> None:
    def rings(peer: SipPeer, dialog: Dialog) -> None:
        if dialog.called == NUMBER:
            peer.respond(dialog, 302, "Moved", headers=f"Contact: <sip:{OTHER}@{peer.address}>\r\n")
        else:
            peer.respond(dialog, 180, "Ringing")

    with SipPeer(rings) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 180 in statuses(seen, dialog=1))
        finish(call, seen)
        assert all(settled(peer, dialog) for dialog in peer.dialogs.values())


def transfers(target: str, then: Script = answers, *, bye_first: bool = False, extra: str = "") -> Script:
    """Answer, then send the caller to somebody else by REFER and hang up once it got there."""

    def script(peer: SipPeer, dialog: Dialog) -> None:
        if dialog.called != NUMBER:
            then(peer, dialog)
            return
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        rtp.send(dialog.media, SILENT, 0.4)
        refer_to = f"Refer-To: {target.replace('@@', f'@{peer.address}')}\r\n"
        peer.request(dialog, "REFER", headers=f"{refer_to}Referred-By: <sip:peer@{peer.address}>\r\n{extra}")
        peer.wait(lambda: any("REFER" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 ")))
        if not bye_first:
            peer.wait(lambda: any(re.search(r"SIP/2.0 [2-6]", m) for m in dialog.texts("NOTIFY ")), 2.0)
            rtp.send(dialog.media, LOUD, 0.3)
        if any("REFER" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 202")):
            failed = any(re.search(r"SIP/2.0 [4-6]", m) for m in dialog.texts("NOTIFY "))
            if not failed:
                peer.request(dialog, "BYE")
                peer.wait(lambda: any("BYE" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 200")))
        peer.wait(lambda: "BYE" in dialog.requests, 4.0)
        rtp.close()

    return script


@pytest.mark.parametrize("bye_first", [False, True])
def test_a_blind_transfer_within_the_directory_is_followed_in_the_same_recording(
    pool: WorkerPool, tmp_path: Path, bye_first: bool
) -> None:
    with SipPeer(transfers(f"<sip:{OTHER}@@>", bye_first=bye_first)) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        recording = finish(call, seen)
        assert called(peer) == [NUMBER, OTHER]
        new = list(peer.dialogs.values())[1]
        assert "peer@" in header(new.invite, "Referred-By")
    assert statuses(seen) == [200]
    assert statuses(seen, dialog=1) == [180, 200]
    assert kinds(seen, TRANSFERRED, TRANSFER_FAILED, REFUSED) == [TRANSFERRED]
    refer = next(s for s in seen if s.method == "REFER" and s.kind == REQUEST)
    assert ("refer-to", f"<sip:{OTHER}@{peer.address}>") in refer.headers
    # The end of the call that was left is no end of the call.
    assert [s.method for s in of_kind(seen, ASIDE) if s.direction == "rx" and not s.status] == ["BYE"]
    assert [(s.direction, s.dialog) for s in seen if s.method == "BYE" and s.kind == REQUEST] == [("rx", 1)]
    assert of_kind(seen, RELEASED)[0].direction == "rx"
    assert loud_s(recording) > 0.4


def test_an_attended_transfer_takes_its_replaces_along(pool: WorkerPool, tmp_path: Path) -> None:
    target = f"<sip:{OTHER}@@?Replaces=abc%40pbx%3Bto-tag%3D1%3Bfrom-tag%3D2>"
    with SipPeer(transfers(target)) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        assert called(peer) == [NUMBER, OTHER]
        assert header(list(peer.dialogs.values())[1].invite, "Replaces") == "abc@pbx;to-tag=1;from-tag=2"


@pytest.mark.parametrize("target", REFUSED_TARGETS)
def test_a_transfer_elsewhere_is_declined_and_the_call_goes_on(pool: WorkerPool, tmp_path: Path, target: str) -> None:
    with SipPeer(transfers(f"<{target}>", bye_first=True)) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: of_kind(seen, REFUSED))
        dialog = next(iter(peer.dialogs.values()))
        assert peer.wait(lambda: any("REFER" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 603")))
        assert not call.over
        finish(call, seen)
        assert called(peer) == [NUMBER]
    assert [(s.method, s.status) for s in of_kind(seen, REFUSED)] == [("REFER", 603)]
    assert not of_kind(seen, TRANSFERRED)


def test_a_transfer_that_finds_nobody_leaves_the_call_where_it_was(pool: WorkerPool, tmp_path: Path) -> None:
    def busy(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 486, "Busy Here")

    with SipPeer(transfers(f"<sip:{OTHER}@@>", busy)) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: of_kind(seen, TRANSFER_FAILED))
        since = call.now_s()
        wait(call, seen, lambda: call.now_s() > since + 1.0)
        assert not call.over
        recording = finish(call, seen)
        assert all(settled(peer, dialog) for dialog in peer.dialogs.values())
    assert of_kind(seen, TRANSFER_FAILED)[0].status == 486
    assert statuses(seen, dialog=1) == [486]
    assert loud_s(recording) > 0.05


def test_hanging_up_during_a_transfer_leaves_neither_call_up(pool: WorkerPool, tmp_path: Path) -> None:
    def rings(peer: SipPeer, dialog: Dialog) -> None:
        peer.respond(dialog, 180, "Ringing")

    with SipPeer(transfers(f"<sip:{OTHER}@@>", rings)) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 180 in statuses(seen, dialog=1))
        finish(call, seen)
        first, second = peer.dialogs.values()
        assert peer.wait(lambda: "BYE" in first.requests and "CANCEL" in second.requests)


def test_a_transfer_after_we_hung_up_dials_nobody(tmp_path: Path) -> None:
    """pjsua accepts a REFER for which nobody answers: nobody is asked any more once the call is dropped."""

    def late(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        peer.wait(lambda: "BYE" in dialog.requests)
        peer.stopping.wait(0.2)
        peer.request(dialog, "REFER", headers=f"Refer-To: <sip:{OTHER}@{peer.address}>\r\n")
        peer.stopping.wait(2.0)
        rtp.close()

    with SipPeer(late, answers_bye=False) as peer, WorkerPool(Line(bind="127.0.0.1")) as own:
        call, seen = dial(own, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: 200 in statuses(seen))
        finish(call, seen)
        (dialog,) = peer.dialogs.values()
        assert peer.wait(lambda: any("REFER" in header(m, "CSeq") for m in dialog.texts("SIP/2.0 ")), 3.0)
        peer.stopping.wait(0.5)
        assert called(peer) == [NUMBER]


def test_a_telephone_that_nobody_called_takes_no_call_and_no_transfer(pool: WorkerPool, tmp_path: Path) -> None:
    """An INVITE from outside, one that would replace our call (RFC 3891), and a REFER outside a dialog."""
    got: list[str] = []

    def asks(peer: SipPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        tags = [re.search(r"tag=(\S+)", header(t, "From")).group(1) for t in dialog.messages[:1]]  # type: ignore[union-attr]
        replaces = f"Replaces: {dialog.call_id};to-tag={tags[0]};from-tag=peer\r\n"
        peer.stranger(dialog, "INVITE", "stray1")
        peer.stranger(dialog, "INVITE", "stray2", headers=replaces)
        peer.stranger(dialog, "REFER", "stray3", headers=f"Refer-To: <sip:{OTHER}@{peer.address}>\r\n")
        got.extend(peer.answers_to(f"stray{n}") for n in (1, 2))
        peer.stopping.wait(
            0.5
        )  # pjsua answers nothing to a REFER outside a dialog; what counts is that it dials nobody
        peer.request(dialog, "BYE")
        rtp.close()

    with SipPeer(asks) as peer:
        call, seen = dial(pool, peer, tmp_path), list[SipSignal]()
        wait(call, seen, lambda: False)
        finish(call, seen)
        assert called(peer) == [NUMBER]
    assert got[0].startswith("SIP/2.0 403")
    assert [one.split("\r\n")[0] for one in got] == ["SIP/2.0 403 Forbidden", "SIP/2.0 603 Decline"]
    assert [(s.method, s.status) for s in of_kind(seen, REFUSED)] == [("INVITE", 603)]


def test_contacts_are_read_in_the_order_in_which_they_are_wanted() -> None:
    headers = (("contact", '"A, B" <sip:1@x>;q=0.1, <sip:2@x;a=b,c>;q=1.0'), ("server", "x"), ("contact", "sip:3@x"))
    assert contacts_of(headers) == ("<sip:2@x;a=b,c>;q=1.0", "sip:3@x", '"A, B" <sip:1@x>;q=0.1')
