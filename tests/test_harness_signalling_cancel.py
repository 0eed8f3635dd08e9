"""Whether a far end of a call that was given up is still there."""

from __future__ import annotations

from harness.softphone.dialogs import Dialogs


def said(start: str, cseq: str, *, tag: str = "") -> str:
    to = f"<sip:301@192.0.2.1>{tag and ';tag=' + tag}"
    return (
        f"{start}\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: <sip:t@192.0.2.9>;tag=a\r\n"
        f"To: {to}\r\nCall-ID: one@192.0.2.9\r\nCSeq: {cseq}\r\nContent-Length: 0\r\n\r\n"
    )


def given_up() -> Dialogs:
    """A leg that rang, and whose INVITE we cancelled."""
    dialogs = Dialogs()
    dialogs.inviting("leg")
    messages = [
        ("tx", said("INVITE sip:301@192.0.2.1 SIP/2.0", "7 INVITE")),
        ("rx", said("SIP/2.0 180 Ringing", "7 INVITE", tag="b")),
        ("tx", said("CANCEL sip:301@192.0.2.1 SIP/2.0", "7 CANCEL")),
    ]
    for direction, text in messages:
        take(dialogs, direction, text)
    return dialogs


def take(dialogs: Dialogs, direction: str, text: str) -> None:
    dialog, message = dialogs.of_message(direction, text)
    assert dialog is not None
    dialog.take(direction, message)


def test_who_says_nothing_to_the_cancel_is_gone() -> None:
    assert given_up().unheard("leg")


def test_who_answers_the_cancel_is_there_however_late_the_invite_ends() -> None:
    dialogs = given_up()
    take(dialogs, "rx", said("SIP/2.0 200 OK", "7 CANCEL", tag="b"))
    assert not dialogs.unheard("leg")
    assert dialogs.unsettled(()) == 1  # the 487 is waited for all the same


def test_who_ends_the_invite_is_there() -> None:
    dialogs = given_up()
    take(dialogs, "rx", said("SIP/2.0 487 Request Terminated", "7 INVITE", tag="b"))
    assert not dialogs.unheard("leg")
