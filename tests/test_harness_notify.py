"""Messages to people go to who was written down, by a way that nobody else reads, and say no secret when they fail."""

from __future__ import annotations

import smtplib
import socketserver
import ssl
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from message_sinks import Mailbox, serving

from harness.programme.events import Event
from harness.programme.notify import Mail, Notify, Told, said, tell_people

NEEDED = Event(at=datetime(2026, 12, 1, 2, tzinfo=UTC), what="unknown", test="2026-12-1-desk", detail={"why": "void"})


def to(settings: Notify) -> Told:
    return Told(agency="測試機關", zone=UTC, settings=settings)


def test_a_message_calls_a_unit_by_its_name_and_one_that_has_left_by_its_id() -> None:
    event = replace(NEEDED, unit="desk")
    assert "服務台 (2026-12-1-desk)" in said(event, UTC, {"desk": "服務台"})
    assert "desk (2026-12-1-desk)" in said(event, UTC, {})


CERTIFICATES = Path(__file__).parent / "certificates"


class TlsMailbox(Mailbox):
    """The same behind TLS, with a certificate that nobody vouches for."""

    def setup(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "by-address.pem")
        with suppress(OSError):  # the client hangs up
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.request.close()


@pytest.mark.parametrize("trusted", [False, True])
def test_who_has_no_certificate_that_counts_gets_neither_mail_nor_password(
    trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    heard: list[object] = []
    lines: list[str] = []
    with serving(socketserver.TCPServer(("127.0.0.1", 0), TlsMailbox), heard=heard, mail=[]) as smtp:
        box = Mail(server="127.0.0.1", port=smtp, security="tls", sender="a@b.example", to=("c@d.example",))
        tell_people([NEEDED], to(Notify(mail=box)), line=lines.append)
    assert bool(heard) is trusted
    assert ["CERTIFICATE_VERIFY_FAILED" in line for line in lines] == ([] if trusted else [True])


def test_starttls_asks_for_a_certificate_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ssl.SSLContext] = []

    def starttls(self: smtplib.SMTP, *, context: ssl.SSLContext) -> None:
        asked.append(context)
        raise ConnectionError

    monkeypatch.setattr(smtplib.SMTP, "starttls", starttls)
    with serving(socketserver.TCPServer(("127.0.0.1", 0), Mailbox), heard=[], mail=[]) as smtp:
        box = Mail(server="127.0.0.1", port=smtp, security="starttls", sender="a@b.example", to=("c@d.example",))
        tell_people([NEEDED], to(Notify(mail=box)), line=lambda _: None)
    assert [(one.verify_mode, one.check_hostname) for one in asked] == [(ssl.CERT_REQUIRED, True)]


@pytest.mark.parametrize("name", ["甲\r\nBcc: x@y.example", "甲\n乙", "甲\u2028乙", "甲\x0b乙"])
def test_an_agency_of_two_lines_is_mailed_all_the_same_and_adds_no_header(name: str) -> None:
    mail: list[object] = []
    lines: list[str] = []
    with serving(socketserver.TCPServer(("127.0.0.1", 0), Mailbox), heard=[], mail=mail) as smtp:
        box = Mail(server="127.0.0.1", port=smtp, security="none", sender="a@b.example", to=("c@d.example",))
        tell_people([NEEDED], replace(to(Notify(mail=box)), agency=name), line=lines.append)
    assert lines == []
    assert not [one for one in mail if str(one).startswith("Bcc")]
    assert any(str(one).startswith("Subject:") for one in mail)


class Elsewhere(BaseHTTPRequestHandler):
    """Sends whoever asks to another path of its own."""

    def do_POST(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/inside")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.taken.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


def test_a_webhook_that_leads_elsewhere_is_not_followed_and_is_told() -> None:
    lines: list[str] = []
    taken: list[object] = []
    with serving(HTTPServer(("127.0.0.1", 0), Elsewhere), taken=taken) as hook:
        tell_people([NEEDED], to(Notify(webhook=f"http://127.0.0.1:{hook}/x")), line=lines.append)
    assert taken == []
    assert "302" in lines[0]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/hush\x7fhush", "http://127.0.0.1:hush/", "http://hush\u2100.x/"]
)
def test_a_webhook_that_cannot_be_read_does_not_stand_in_the_log(address: str) -> None:
    lines: list[str] = []
    tell_people([NEEDED], to(Notify(webhook=address)), line=lines.append)
    assert "webhook" in lines[0]
    assert "hush" not in lines[0]
